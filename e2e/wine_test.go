//go:build wine && linux

package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// wine is the program for Windows, and Wine to run it.
type wine struct {
	loader       string
	environ      []string
	exe          string // where it lies; its path has blanks and umlauts
	hold, orphan string
}

// setUpWine builds and sets up all of it in a temporary folder. Without Wine the test is
// skipped, with a line that says so.
func setUpWine(t *testing.T) *wine {
	t.Helper()
	const compiler = "x86_64-w64-mingw32-gcc"
	loader, err := exec.LookPath("wine64")
	if err != nil {
		loader, err = exec.LookPath("/usr/lib/wine/wine64") // where Debian has it
	}
	if err == nil {
		_, err = exec.LookPath(compiler)
	}
	if err != nil {
		t.Skip("wine64 and " + compiler + " are needed (Debian: apt-get install wine64 wine gcc-mingw-w64-x86-64-win32)")
	}
	folder := t.TempDir()
	programs, prefix := filepath.Join(folder, "Programme für Jürgen"), filepath.Join(folder, "prefix")
	require.NoError(t, os.Mkdir(programs, 0o755))
	w := &wine{
		loader: loader,
		environ: []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "WINEPREFIX=" + prefix, "WINEDEBUG=-all",
			"WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=", "LC_ALL=C.UTF-8",
			"HTTPS_PROXY=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1",
		},
		exe: filepath.Join(programs, "signalbox.exe"), hold: filepath.Join(folder, "hold.exe"), orphan: filepath.Join(folder, "orphan.exe"),
	}
	t.Cleanup(func() { _ = w.command("wineboot", "-k").Run() }) // its server
	build := exec.Command("go", "build", "-o", w.exe, "../cmd/signalbox")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	for _, c := range []*exec.Cmd{
		build,
		exec.Command(compiler, "-municode", "-o", w.hold, "testdata/wine/hold.c"),
		exec.Command(compiler, "-municode", "-o", w.orphan, "testdata/wine/orphan.c"),
		w.command("wineboot", "-i"),
		exec.Command(compiler, "-shared", "-o", filepath.Join(prefix, "drive_c", "windows", "system32", "bcryptprimitives.dll"), "testdata/wine/bcryptprimitives.c", "-ladvapi32"),
	} {
		text, err := c.CombinedOutput()
		require.NoError(t, err, "%v\n%s", c.Args, text)
	}
	return w
}

// windowsPath returns a path as Wine shows it to programs.
func windowsPath(path string) string { return "Z:" + strings.ReplaceAll(path, "/", `\`) }

// command returns a command that runs a program for Windows.
func (w *wine) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(w.loader, append([]string{program}, args...)...)
	c.Env = slices.Clone(w.environ)
	return c
}

// serve starts `signalbox serve`.
func (w *wine) serve(t *testing.T, o options) *host {
	t.Helper()
	plain := serveCommand(t, o)
	c := w.command(w.exe, plain.Args[1:]...)
	c.Env = append(c.Env, o.env...)
	for _, pair := range plain.Env {
		if home, ok := strings.CutPrefix(pair, "CODEX_HOME="); ok {
			c.Env = append(c.Env, "CODEX_HOME="+windowsPath(home))
		}
	}
	return run(t, c, o)
}

// run runs a command of signalbox in a home, and returns what it prints.
func (w *wine) run(t *testing.T, home, stdin string, args ...string) (printed string, err error) {
	t.Helper()
	c := w.command(w.exe, args...)
	c.Env = append(c.Env, "CODEX_HOME="+windowsPath(home))
	c.Stdin = strings.NewReader(stdin)
	text, err := c.CombinedOutput()
	return string(text), err
}

// umlautHome returns a CODEX_HOME whose path has blanks and umlauts.
func umlautHome(t *testing.T) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "Jürgen Müller", ".codex")
	require.NoError(t, os.MkdirAll(home, 0o755))
	return home
}

// holding has a file open in another program for Windows until release is called.
func (w *wine) holding(t *testing.T, path string, args ...string) (release func()) {
	t.Helper()
	c := w.command(w.hold, append([]string{windowsPath(path)}, args...)...)
	stdin, err := c.StdinPipe()
	require.NoError(t, err)
	stdout, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	release = sync.OnceFunc(func() {
		_ = stdin.Close()
		_ = c.Wait()
	})
	t.Cleanup(release)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "open", strings.TrimSpace(line))
	return release
}
