package auth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/internal/baseurl"
	"github.com/signalbox-dev/signalbox/internal/mask"
	seal "github.com/signalbox-dev/signalbox/internal/process"
)

// browserWait is how long an opener may run before it counts as successful:
// some are the browser itself and stay.
const browserWait = 3 * time.Second

// errNoBrowser: the system has no program that opens pages.
var errNoBrowser = errors.New("no program to open a page with was found")

// Browser opens pages with what the system has for it: the programs that BROWSER
// lists, else open on macOS, rundll32 on Windows, and xdg-open or one of its kin
// elsewhere. Its zero value cannot be used; make it with NewBrowser.
type Browser struct {
	environ []string // of the child
	lookup  func(name string) (string, error)
	named   string // the value of BROWSER
}

// NewBrowser makes a Browser for an environment, as os.Environ returns it. What is
// or may be a secret in it is not handed on.
func NewBrowser(environ []string) *Browser {
	b := &Browser{lookup: exec.LookPath}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if name == "BROWSER" {
			b.named = value
		}
		if !isSecretVariable(name, value) {
			b.environ = append(b.environ, pair)
		}
	}
	return b
}

// secretWords in the name of a variable say that it holds a secret, wherever they
// are: MYSQL_PASSWORD_2, GITHUB_TOKEN_OLD, PGPASSFILE. Nothing that a browser needs
// for its display, its session bus or its settings has one of them.
func secretWords() []string {
	return []string{"KEY", "TOKEN", "SECRET", "PASSW", "PASSPHRASE", "PASSFILE", "PASSCODE", "CREDENTIAL", "COOKIE", "BEARER", "JWT", "_PWD"}
}

// isSecretVariable reports whether a browser must not be told the variable:
// those of OpenAI, Codex and signalbox, names that say that they hold a secret,
// URLs with a password, and values that look like a token.
func isSecretVariable(name, value string) bool {
	name = strings.ToUpper(name)
	for _, prefix := range []string{"OPENAI_", "CODEX_", "SIGNALBOX_", "AZURE_OPENAI_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	if name == "XDG_ACTIVATION_TOKEN" { // lets the browser come to the front
		return false
	}
	for _, word := range secretWords() {
		if strings.Contains(name, word) {
			return true
		}
	}
	if u, err := url.Parse(value); err == nil && u.User != nil { // of a proxy
		if _, ok := u.User.Password(); ok {
			return true
		}
	}
	return mask.HasToken(value)
}

// Open opens address, which must be https, or http on loopback. No shell sees
// it, the child has neither our stdin nor our stdout nor our stderr nor our
// terminal, and Open returns as soon as the child has ended well or has run for
// browserWait. The error is that none could open it.
func (b *Browser) Open(ctx context.Context, address string) error {
	if err := checkAddress(address); err != nil {
		return err
	}
	err := errNoBrowser
	for _, command := range b.commands() {
		path, missing := b.lookup(command[0])
		if missing != nil {
			continue
		}
		if err = b.start(ctx, path, place(command[1:], address)); err == nil {
			return nil
		}
	}
	return err
}

// checkAddress lets nothing pass that an opener could take for anything but the
// address of a page: a flag, a file, a scheme of some other program.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return errors.New("the address is not that of a page")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !baseurl.IsLoopback(u.Hostname())) {
		return errors.New("the address is neither https nor http on loopback")
	}
	for _, c := range []byte(address) {
		if c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '`' || c == '\\' {
			return errors.New("the address holds characters that a URL does not")
		}
	}
	return nil
}

// commands lists the programs to try, with their arguments; "%s" in one
// is replaced by the address, which otherwise comes last.
func (b *Browser) commands() [][]string {
	var all [][]string
	for _, entry := range strings.Split(b.named, string(os.PathListSeparator)) {
		words := strings.Fields(entry)
		if n := len(words); n > 0 && words[n-1] == "&" { // "in the background", as we do
			words = words[:n-1]
		}
		if len(words) > 0 {
			all = append(all, words)
		}
	}
	switch runtime.GOOS {
	case "darwin":
		return append(all, []string{"open"})
	case "windows":
		// No shell: in an address, & is a character. Not one of that name on the PATH.
		return append(all, []string{filepath.Join(os.Getenv("SystemRoot"), "System32", "rundll32.exe"), "url.dll,FileProtocolHandler"})
	}
	for _, name := range []string{"xdg-open", "wslview", "x-www-browser", "sensible-browser"} {
		all = append(all, []string{name})
	}
	return append(all, []string{"rundll32.exe", "url.dll,FileProtocolHandler"}) // Linux on Windows
}

// place puts the address where the arguments want it.
func place(args []string, address string) []string {
	args = slices.Clone(args)
	for i, arg := range args {
		if strings.Contains(arg, "%s") {
			args[i] = strings.ReplaceAll(arg, "%s", address)
			return args
		}
	}
	return append(args, address)
}

func (b *Browser) start(ctx context.Context, path string, args []string) error {
	// Not CommandContext: the browser outlives the login.
	cmd := exec.Command(path, args...)
	cmd.Env = b.environ
	if cmd.Env == nil {
		cmd.Env = []string{}
	}
	detach(cmd) // stdin, stdout and stderr are the null device
	started := seal.ForChild()
	err := cmd.Start()
	started()
	if err != nil {
		return fmt.Errorf("start the browser: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("the browser: %w", err)
		}
	case <-time.After(browserWait):
	case <-ctx.Done():
	}
	return nil
}
