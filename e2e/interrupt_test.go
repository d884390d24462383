//go:build unix

package e2e

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
)

// shellCode is the exit code as a shell sees it: a signal before the process has
// said that it wants to see it counts as well.
func shellCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

// A command that waits for its stdin, or for the demo's server, ends at a signal.
func TestSignalWhileWaiting(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"call ping - --simulate", "ask -m gpt-5.2-codex - --simulate", "login --with-api-key --simulate", "demo",
	} {
		for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
			cmd := exec.Command(os.Args[0], strings.Fields(command)...)
			cmd.Env = slices.Concat(asMain, []string{"HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()})
			stdin, err := cmd.StdinPipe()
			require.NoError(t, err)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			require.NoError(t, cmd.Start())
			hangs := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
			time.Sleep(300 * time.Millisecond) // it waits then, or a signal finds it on its way there
			require.NoError(t, cmd.Process.Signal(signal))
			start := time.Now()
			_ = cmd.Wait()
			assert.True(t, hangs.Stop(), command)
			within(t, start, 2*time.Second)
			assert.Equal(t, code, shellCode(cmd.ProcessState), "%s: %s", command, stderr.String())
			assert.Empty(t, stderr.String())
			_ = stdin.Close()
		}
	}
}

// What is at work ends at a signal, quietly: no error, no row of what was not asked.
func TestSignalAtWork(t *testing.T) {
	t.Parallel()
	for command, printed := range map[string]string{
		"ask -m gpt-5.2-codex hello --simulate=idle":     "",
		"ask -m gpt-5.2-codex hello --simulate=idle -v":  "",
		"ask --json -m gpt-5.2-codex hi --simulate=idle": "",
		"validate --simulate=idle":                       "Each pinned model is asked: What is 2+2?\n",
		"validate --json --simulate=idle":                "",
	} {
		for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
			cmd := exec.Command(os.Args[0], strings.Fields(command)...)
			cmd.Env = slices.Concat(asMain, []string{"HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()})
			var stdout, stderr syncBuffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			require.NoError(t, cmd.Start())
			hangs := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
			for start := time.Now(); stdout.String() != printed && time.Since(start) < patience; {
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(500 * time.Millisecond) // the model is silent then, or a signal finds it on its way there
			require.NoError(t, cmd.Process.Signal(signal))
			_ = cmd.Wait()
			assert.True(t, hangs.Stop(), command)
			assert.Equal(t, code, shellCode(cmd.ProcessState), "%s: %s", command, stderr.String())
			assert.Equal(t, printed, stdout.String(), command)
			assert.Empty(t, stderr.String(), command)
		}
	}
}

// So do those that ask a backend which never answers: a signal once it was asked.
func TestSignalWhileABackendIsSilent(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	require.NoError(t, simulated(t, simulator.Config{}).WriteHome(home))
	for _, command := range []string{"ask hello", "models", "models --json", "limits", "limits --watch", "limits --json", "doctor", "doctor --json"} {
		for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
			silent, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			t.Cleanup(func() { _ = silent.Close() })
			base := "http://" + silent.Addr().String()
			cmd := exec.Command(os.Args[0], append(strings.Fields(command), "--chatgpt-base-url="+base, "--platform-base-url="+base, "--issuer="+base)...)
			cmd.Env = slices.Concat(asMain, []string{"HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "CODEX_HOME=" + home})
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			require.NoError(t, cmd.Start())
			hangs := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
			asked, err := silent.Accept()
			require.NoError(t, err)
			_, err = asked.Read(make([]byte, 1)) // the question
			require.NoError(t, err)
			require.NoError(t, cmd.Process.Signal(signal))
			_ = cmd.Wait()
			_ = asked.Close()
			assert.True(t, hangs.Stop(), command)
			assert.Equal(t, code, shellCode(cmd.ProcessState), "%s: %s", command, stderr.String())
			assert.Empty(t, stdout.String(), command)
			assert.Empty(t, stderr.String(), command)
		}
	}
}
