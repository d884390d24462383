package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// terminal makes a pseudoterminal: what a program sees, and what a person does
// (pty(7)).
func terminal(t *testing.T) (program, person *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	var unlocked, number int32
	for request, value := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlocked, syscall.TIOCGPTN: &number} {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(value)))
		require.Zero(t, errno)
	}
	program, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = program.Close() })
	return program, person
}

// A person who starts signalbox by hand gets the usage on stderr and the code 2;
// stdout stays clean.
func TestByHandOnATerminal(t *testing.T) {
	t.Parallel()
	stdin, _ := terminal(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(asMain[:len(asMain):len(asMain)], "HOME="+t.TempDir())
	var stdout, stderr strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	require.NoError(t, cmd.Start())
	hangs := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	require.True(t, hangs.Stop(), "it waits for input")
	assert.Equal(t, 2, cmd.ProcessState.ExitCode())
	assert.Empty(t, stdout.String())
	assert.Contains(t, stderr.String(), "Usage: signalbox")
}

// What is a terminal is told by stdin alone: a script may print to one.
func TestScriptOnATerminal(t *testing.T) {
	t.Parallel()
	stdout, person := terminal(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(asMain[:len(asMain):len(asMain)], "HOME="+t.TempDir())
	cmd.Stdin, cmd.Stdout = strings.NewReader(pingOne+"\n"), stdout
	require.NoError(t, cmd.Run())
	got := make([]byte, 200)
	n, err := person.Read(got)
	require.True(t, err == nil || err == io.EOF, err)
	assert.Equal(t, `{"jsonrpc":"2.0","id":1,"result":{}}`, strings.TrimSpace(string(got[:n])))
}
