package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// deviceWait is how long a device code lives.
	deviceWait = 15 * time.Minute
	// maxKeyBytes is the longest key that is read from stdin.
	maxKeyBytes = 64 << 10
)

// loginFlags are the flags of login beside the common ones.
type loginFlags struct {
	device, withAPIKey, noBrowser, replace bool
	ports, exchange                        string
	timeout                                time.Duration
}

func (p *program) loginCommand() *cobra.Command {
	var l loginFlags
	c := p.command(spec{
		use: "login", short: "log in with a browser, a code on another device, or a key",
		about: `
The login is stored where the Codex CLI looks for it, and both use it from then
on. On a machine without a browser: --device. With a key:

  printenv OPENAI_API_KEY | signalbox login --with-api-key
`,
		run: func([]string) error { return p.login(&l) },
	})
	set := c.Flags()
	set.BoolVar(&l.device, "device", false, "show a code to enter on any other device")
	set.BoolVar(&l.withAPIKey, "with-api-key", false, "read a Platform key from stdin and store it")
	set.BoolVar(&l.noBrowser, "no-browser", false, "open no browser: print the address, and read the one it ended on from stdin")
	set.BoolVar(&l.replace, "replace", false, "log in although auth.json cannot be read; a copy is kept")
	set.StringVar(&l.ports, "ports", "", "`LIST` of ports to listen on, the first that is free; 0 is any (default 1455,1457)")
	set.StringVar(&l.exchange, "exchange", "auto", "`auto`, never or require: trade the login for a Platform key")
	set.DurationVar(&l.timeout, "timeout", 0, "how long to wait (default 10m, with --device 15m)")
	return c
}

// login logs a person in: with a browser, with a code on another device, or with
// a key from stdin. The exit code is 0 when the login is stored.
func (p *program) login(l *loginFlags) error {
	params, err := l.params()
	if err != nil {
		return err
	}
	if l.withAPIKey {
		key, err := p.readKey()
		if _, ok := errors.AsType[interrupted](err); ok {
			return err
		}
		if err != nil {
			_, _ = fmt.Fprintf(p.stderr, "signalbox: %v\n", err)
			return exited(exitFailure)
		}
		params["apiKey"] = key
	}
	p.flags.atTerminal = true
	s, err := p.open()
	if err != nil {
		return err
	}
	if err := p.sayReplaced(s, params["persist"] == true || !l.withAPIKey); err != nil {
		return exited(max(s.end(), exitFailure))
	}
	result, failure, err := p.awaitLogin(s, params, !l.device && !l.withAPIKey && (l.noBrowser || term.IsTerminal(int(p.stdin.Fd()))))
	code := s.end()
	switch {
	case err != nil, failure != nil && code > exitError: // a signal
		_, _ = fmt.Fprintln(p.stderr, "The login was cancelled; nothing was changed.")
		return exited(max(code, exitFailure))
	case failure != nil:
		p.printFailure(failure)
		return exited(exitFailure)
	}
	p.printLogin(result, l.withAPIKey)
	return nil
}

// params returns the params of auth/login. Its error is a usage error.
func (l *loginFlags) params() (map[string]any, error) {
	switch {
	case l.device && l.withAPIKey, l.device && l.noBrowser, l.withAPIKey && l.noBrowser:
		return nil, errors.New("--device, --with-api-key and --no-browser exclude each other")
	case l.timeout < 0:
		return nil, errors.New("--timeout must be above 0")
	case l.exchange != "auto" && l.exchange != "never" && l.exchange != "require":
		return nil, errors.New("--exchange must be auto, never or require")
	}
	params := map[string]any{"method": protocol.LoginBrowser, "openBrowser": !l.noBrowser, "exchange": l.exchange, "replace": l.replace}
	switch {
	case l.device:
		params["method"] = protocol.LoginDevice
		params["timeoutMs"] = deviceWait.Milliseconds()
	case l.withAPIKey:
		params["method"], params["persist"] = protocol.LoginAPIKey, true
	}
	if l.timeout > 0 {
		params["timeoutMs"] = max(1, l.timeout.Milliseconds())
	}
	if l.ports != "" {
		ports := []int{}
		for _, word := range strings.Split(l.ports, ",") {
			port, err := strconv.ParseUint(strings.TrimSpace(word), 10, 16)
			if err != nil {
				return nil, errors.New("--ports must be a list of port numbers, such as 1455,1457")
			}
			ports = append(ports, int(port))
		}
		params["ports"] = ports
	}
	return params, nil
}

// readKey reads a key from stdin; on a terminal it is not echoed.
func (p *program) readKey() (string, error) {
	if fd := int(p.stdin.Fd()); term.IsTerminal(fd) {
		_, _ = fmt.Fprint(p.stderr, "Platform key (it is not shown): ")
		shown, _ := term.GetState(fd)
		key, err := p.read(func() ([]byte, error) { return term.ReadPassword(fd) })
		if err != nil && shown != nil {
			_ = term.Restore(fd, shown)
		}
		_, _ = fmt.Fprintln(p.stderr)
		return strings.TrimSpace(string(key)), err
	}
	key, err := p.read(func() ([]byte, error) { return io.ReadAll(io.LimitReader(p.stdin, maxKeyBytes+1)) })
	switch {
	case err != nil:
		return "", fmt.Errorf("read stdin: %w", err)
	case len(strings.TrimSpace(string(key))) == 0:
		return "", errors.New("there is no key on stdin; try: printenv OPENAI_API_KEY | signalbox login --with-api-key")
	}
	return strings.TrimSpace(string(key)), nil
}

// awaitLogin sends auth/login, shows what the person has to do, and waits for the
// outcome. With paste, each line of stdin is taken as the address of the page that
// the browser ended on. The error is errServerEnded: Ctrl-C.
func (p *program) awaitLogin(s *session, params map[string]any, paste bool) (result, failure json.RawMessage, err error) {
	// A line that is updated would overwrite what is pasted.
	wait := &waiting{out: p.stdout, live: !paste && p.isScreen()}
	defer wait.stop()
	s.send("1", protocol.MethodLogin, protocol.Encode(params))
	for {
		m, err := s.receive()
		if err != nil {
			return nil, nil, err
		}
		switch {
		case m.method == protocol.NotificationLoginPrompt:
			var prompt protocol.LoginPrompt
			if json.Unmarshal(m.params, &prompt) != nil {
				continue
			}
			p.printPrompt(prompt, params["openBrowser"] == true, paste)
			wait.start(prompt)
			if paste {
				go p.paste(s, prompt.LoginID)
			}
		case m.id == "1":
			return m.result, m.error, nil
		case m.error != nil: // about what was pasted
			wait.clear()
			p.printFailure(m.error)
		}
	}
}

// paste sends each line of stdin as the address of the browser's last page.
func (p *program) paste(s *session, loginID string) {
	lines := bufio.NewReader(p.stdin)
	for n := 2; ; n++ {
		line, err := lines.ReadString('\n')
		if line = strings.TrimSpace(line); line != "" {
			s.send(strconv.Itoa(n), protocol.MethodLoginComplete, protocol.Encode(map[string]any{"loginId": loginID, "redirectUrl": line}))
		}
		if err != nil {
			return
		}
	}
}

// isScreen reports whether stdout is a terminal that can be drawn on.
func (p *program) isScreen() bool {
	return term.IsTerminal(int(os.Stdout.Fd())) && p.getenv("TERM") != "dumb"
}

// printPrompt prints what the person has to do. An address or a code has a line to
// itself, without indentation, so that it is easy to copy.
func (p *program) printPrompt(prompt protocol.LoginPrompt, opens, paste bool) {
	st := p.styleOf(p.stdout)
	say := func(format string, values ...any) { _, _ = fmt.Fprintf(p.stdout, format+"\n", values...) }
	if prompt.Method == protocol.LoginDevice {
		if p.isScreen() { // first, since it may scroll away
			say("%s", qrText(prompt.VerificationURL))
		}
		say("Open this page on any device:\n\n%s\n\nand enter this code:\n\n%s\n", terminal.Line(prompt.VerificationURL), st.bold(terminal.Line(prompt.UserCode)))
		say("Enter it only if you have started this login yourself: whoever sends you a code")
		say("wants your account.\n")
		return
	}
	if opens {
		say("Your browser opens. If it does not, open this page:\n")
	} else {
		say("Open this page in a browser:\n")
	}
	say("%s\n", terminal.Line(prompt.AuthURL))
	if paste {
		say("Is the browser on another machine? Its last page will not load there: paste the")
		say("address of that page here and press Enter.\n")
	} else {
		say("Without a browser on this machine: signalbox login --device\n")
	}
}
