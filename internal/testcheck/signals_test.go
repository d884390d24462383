//go:build unix

package testcheck

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// waitVariable makes TestUntilASignal wait.
const waitVariable = "SIGNALBOX_TEST_WAIT"

// TestUntilASignal is what TestSignalEndsBothProcesses runs.
func TestUntilASignal(t *testing.T) {
	if os.Getenv(waitVariable) == "" {
		return // nobody sends a signal
	}
	fmt.Println("pid", os.Getpid())
	time.Sleep(time.Minute)
	t.Fatal("there was no signal")
}

// Whoever signals the process that `go test` has started also ends the tests.
func TestSignalEndsBothProcesses(t *testing.T) {
	signals := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT}
	if runtime.GOOS == "linux" {
		signals = append(signals, syscall.SIGKILL) // which cannot be passed on
	}
	for _, sig := range signals {
		t.Run(sig.String(), func(t *testing.T) {
			front := exec.Command(os.Args[0], "-test.run=^TestUntilASignal$")
			front.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
				return strings.HasPrefix(v, childVariable+"=")
			}), waitVariable+"=1")
			stdout, err := front.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, front.Start())
			t.Cleanup(func() { _ = front.Process.Kill(); _ = front.Wait() })
			var pid int
			lines := bufio.NewScanner(stdout)
			for pid == 0 && lines.Scan() {
				_, _ = fmt.Sscanf(lines.Text(), "pid %d", &pid)
			}
			require.NotZero(t, pid, "the tests run")
			require.NotEqual(t, front.Process.Pid, pid, "in another process")
			require.NoError(t, front.Process.Signal(sig))
			require.Error(t, front.Wait())
			require.Eventually(t, func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH }, 10*time.Second, time.Millisecond)
		})
	}
}
