package e2e

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watched is a command on a terminal, and what a person has seen of it.
type watched struct {
	t      *testing.T
	cmd    *exec.Cmd
	person *os.File
	seen   syncBuffer
	ended  chan struct{}
}

// watch starts a command with stdout and stderr on a terminal of 80 columns.
func watch(t *testing.T, term, line string, env ...string) *watched {
	t.Helper()
	program, person := terminal(t)
	w := &watched{t: t, person: person, ended: make(chan struct{}), cmd: exec.Command(os.Args[0], strings.Fields(line)...)}
	w.resize(80)
	w.cmd.Env = slices.Concat(asMain, []string{"HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "TERM=" + term}, env)
	w.cmd.Stdout, w.cmd.Stderr = program, program
	require.NoError(t, w.cmd.Start())
	require.NoError(t, program.Close())
	t.Cleanup(func() { _ = w.cmd.Process.Kill(); <-w.ended })
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := person.Read(buffer)
			_, _ = w.seen.Write(buffer[:n])
			if err != nil { // EIO: the program is gone
				_ = w.cmd.Wait()
				close(w.ended)
				return
			}
		}
	}()
	return w
}

// resize gives the terminal another width.
func (w *watched) resize(columns uint16) {
	size := [4]uint16{24, columns}
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, w.person.Fd(), syscall.TIOCSWINSZ, uintptr(unsafe.Pointer(&size)))
	require.Zero(w.t, errno)
}

// until waits until the person has seen text.
func (w *watched) until(text string) {
	w.t.Helper()
	for start := time.Now(); !strings.Contains(w.seen.String(), text); time.Sleep(10 * time.Millisecond) {
		require.Less(w.t, time.Since(start), patience, "%q in %q", text, w.seen.String())
	}
}

// end waits for the end and returns the exit code.
func (w *watched) end() int {
	w.t.Helper()
	select {
	case <-w.ended:
	case <-time.After(patience):
		require.Fail(w.t, "it does not end")
	}
	return shellCode(w.cmd.ProcessState)
}

// A terminal shows what is waited for, within its width, and the line is gone with
// the end.
func TestProgressIsShown(t *testing.T) {
	t.Parallel()
	w := watch(t, "xterm", "ask -m gpt-5.2-codex hello --simulate=slow-headers")
	w.until("\r\x1b[K\x1b[2mconnecting…\x1b[0m")
	require.NoError(t, w.cmd.Process.Signal(syscall.SIGINT))
	assert.Equal(t, 130, w.end())
	assert.True(t, strings.HasSuffix(w.seen.String(), "\r\x1b[K"), "%q", w.seen.String())

	w = watch(t, "xterm", "ask -m gpt-5.2-codex hello --simulate=idle")
	w.until("reasoning…")
	require.NoError(t, w.cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 143, w.end())

	w = watch(t, "xterm", "ask -m gpt-5.2-codex hello --simulate=server-error")
	w.until("trying again, 3 of 5, in ")
	require.NoError(t, w.cmd.Process.Signal(syscall.SIGINT))
	assert.Equal(t, 130, w.end())

	w = watch(t, "xterm", "validate --simulate=idle")
	w.until("asking gpt-5.2-codex…")
	require.NoError(t, w.cmd.Process.Signal(syscall.SIGINT))
	assert.Equal(t, 130, w.end())
	assert.NotContains(t, w.seen.String(), "FAIL")
}

// The line follows the terminal's width, down to 40 columns.
func TestProgressFitsTheTerminal(t *testing.T) {
	t.Parallel()
	w := watch(t, "xterm", "ask -m gpt-5.2-codex hello --simulate=slow-headers")
	w.until("connecting…")
	w.resize(30) // nothing breaks
	w.until("connecting…\x1b[0m\r\x1b[K\x1b[2mconnecting…")
	require.NoError(t, w.cmd.Process.Signal(syscall.SIGINT))
	assert.Equal(t, 130, w.end())
}

// A pipe and a dumb terminal see nothing of it.
func TestProgressIsForTerminals(t *testing.T) {
	t.Parallel()
	for _, term := range []string{"dumb", ""} {
		w := watch(t, term, "ask -m gpt-5.2-codex hello --simulate=slow")
		assert.Equal(t, 0, w.end())
		assert.NotContains(t, w.seen.String(), "\x1b", term)
		assert.NotContains(t, w.seen.String(), "waiting", term)
		assert.Contains(t, w.seen.String(), "hello", "the answer")
	}
	out := runCommand(t, []string{"TERM=xterm"}, "ask", "-m", "gpt-5.2-codex", "hello", "--simulate=slow")
	assert.Equal(t, 0, out.code)
	assert.Empty(t, out.stderr)
	assert.NotContains(t, out.stdout, "\x1b")
}

// The line goes before the first word, which begins where a line begins.
func TestProgressGivesWayToTheAnswer(t *testing.T) {
	t.Parallel()
	w := watch(t, "xterm", "ask -m gpt-5.2-codex hello --simulate=slow")
	assert.Equal(t, 0, w.end())
	seen := w.seen.String()
	if at := strings.LastIndex(seen, "\x1b[2m"); at >= 0 { // the answer may be quicker than the line
		assert.Contains(t, seen[at:], "\x1b[0m\r\x1b[KYou asked")
	}
	assert.True(t, strings.HasSuffix(seen, "\r\n"), "%q", seen)
}
