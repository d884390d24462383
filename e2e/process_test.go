//go:build unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The host's process is gone: exit 1 within 5 s, though stdin is held open by
// somebody else (docs/protocol.md: Lifecycle).
func TestProcessIDGone(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		for _, reaped := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/reaped %v", name, reaped), func(t *testing.T) {
				t.Parallel()
				if !reaped && runtime.GOOS != "linux" {
					t.Skip("a zombie is told by /proc")
				}
				sim := simulated(t, simulator.Config{Replay: longStream()})
				parent := exec.Command("sleep", "60")
				require.NoError(t, parent.Start())
				t.Cleanup(func() { _ = parent.Process.Kill(); _ = parent.Wait() })
				h := spawn(t, options{lsp: framing, upstream: sim})
				m := h.call("0", "initialize", fmt.Sprintf(`{"processId":%d}`, parent.Process.Pid))
				require.NotNil(t, m.Result)
				h.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`))
				h.awaitStall()
				start := time.Now()
				require.NoError(t, parent.Process.Kill())
				if reaped {
					_ = parent.Wait()
				}
				assert.Equal(t, 1, h.wait(patience))
				within(t, start, 5*time.Second)
				awaitThat(t, "the abort upstream", aborted(sim, 0))
			})
		}
	}
}

// Without a processId the parent is watched in header framing: its death
// changes getppid.
func TestParentGone(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", `exec 3<&0; signalbox serve <&3 & echo "child $!" >&2; wait`)
	cmd.Env = append(asMain[:len(asMain):len(asMain)], "HOME="+t.TempDir(), "PATH="+binFolder(t)+":"+os.Getenv("PATH"))
	cmd.WaitDelay = patience // stderr is the grandchild's too
	h := run(t, cmd, options{lsp: lsp})
	m := h.call("0", "initialize", `{"processId":null}`)
	require.NotNil(t, m.Result)
	var child int
	_, err := fmt.Sscanf(h.stderr.String(), "child %d", &child)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Kill(child, syscall.SIGKILL) }) // if it is left
	require.NoError(t, cmd.Process.Kill())
	start := time.Now()
	assert.Empty(t, h.rest(), "stdout ends when the orphan does")
	within(t, start, 5*time.Second)
}

// A processId that was not alive may be from another namespace: it is not
// watched. --parent-watch=off watches nothing.
func TestProcessIDNotWatched(t *testing.T) {
	t.Parallel()
	parent := exec.Command("sleep", "60")
	require.NoError(t, parent.Start())
	dead := exec.Command("true")
	require.NoError(t, dead.Run())
	never := spawn(t, options{lsp: lsp})
	never.call("0", "initialize", fmt.Sprintf(`{"processId":%d}`, dead.Process.Pid))
	off := spawn(t, options{lsp: lsp, args: []string{"--parent-watch=off"}})
	off.call("0", "initialize", fmt.Sprintf(`{"processId":%d}`, parent.Process.Pid))
	watched := spawn(t, options{lsp: lsp})
	watched.call("0", "initialize", fmt.Sprintf(`{"processId":%d}`, parent.Process.Pid))
	_ = parent.Process.Kill()
	_ = parent.Wait()
	assert.Equal(t, 1, watched.wait(patience)) // the others had as much time
	awaitThat(t, "the warning", func() bool { return strings.Contains(never.stderr.String(), "not alive") })
	never.ping()
	off.ping()
}

// fds are the targets of a process's file descriptors (proc(5)).
func fds(t *testing.T, pid int) map[string]string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	all := map[string]string{}
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil {
			all[e.Name()] = target
		}
	}
	return all
}

// stdout is private: file descriptor 1 is stderr after the start (docs/protocol.md: Framing).
func TestStdoutIsPrivate(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{})
	h.ping()
	all := fds(t, h.cmd.Process.Pid)
	assert.Equal(t, all["2"], all["1"])
	ours, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", h.out.Fd()))
	require.NoError(t, err)
	assert.NotEqual(t, ours, all["1"])
	var holders []string
	for fd, target := range all {
		if target == ours {
			holders = append(holders, fd)
		}
	}
	assert.Len(t, holders, 1)
}

// Nothing listens without --simulate (docs/credentials.md: Login); with
// it only on loopback.
func TestNothingListens(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"plain": nil, "simulate": {"--simulate"}} {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{args: args})
			h.ping()
			all := fds(t, h.cmd.Process.Pid)
			var listening []string
			for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
				text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", h.cmd.Process.Pid, table))
				if err != nil {
					continue // no IPv6
				}
				for _, line := range strings.Split(string(text), "\n") {
					fields := strings.Fields(line) // local address is the 2nd, state the 4th, inode the 10th
					if len(fields) < 10 || fields[3] != "0A" && fields[3] != "07" {
						continue
					}
					for _, target := range all {
						if target == "socket:["+fields[9]+"]" {
							listening = append(listening, fields[1])
						}
					}
				}
			}
			if args == nil {
				assert.Empty(t, listening)
			} else {
				require.Len(t, listening, 1)
				assert.Contains(t, listening[0], "0100007F:")
			}
		})
	}
}

// The flags of the pipes are left alone (docs/protocol.md: Framing), whatever they are.
func TestPipeFlagsAreLeftAlone(t *testing.T) {
	t.Parallel()
	for _, nonblocking := range []bool{false, true} {
		t.Run(fmt.Sprintf("O_NONBLOCK %v", nonblocking), func(t *testing.T) {
			h := spawn(t, options{nonblocking: nonblocking, keep: true, args: []string{"--simulate"}})
			h.ping()
			h.create("1", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`)
			for _, end := range h.kept {
				assert.Equal(t, nonblocking, isNonblocking(t, end), end.Name())
			}
			require.NoError(t, h.in.Close())
			assert.Equal(t, 0, h.wait(patience))
			for _, end := range h.kept {
				assert.Equal(t, nonblocking, isNonblocking(t, end), end.Name())
			}
		})
	}
}

func isNonblocking(t *testing.T, f *os.File) bool {
	t.Helper()
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_GETFL, 0)
	require.Zero(t, errno)
	return flags&syscall.O_NONBLOCK != 0
}

// Hosts such as Node connect socket pairs instead of pipes.
func TestSocketPairs(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing, sockets: true, args: []string{"--simulate"}})
			h.begin()
			o := h.create("1", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`)
			assert.Equal(t, "completed", o.status())
			require.NoError(t, h.in.Close())
			h.exit()
		})
	}
}

// --simulate leaves nothing behind, however it ends.
func TestSimulateLeavesNoFolder(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *host){
		"end of input":  func(h *host) { _ = h.in.Close() },
		"exit":          func(h *host) { h.send(notification("exit", "")) },
		"SIGTERM":       func(h *host) { _ = h.cmd.Process.Signal(syscall.SIGTERM) },
		"stdout closed": (*host).closeStdout,
	} {
		t.Run(name, func(t *testing.T) {
			temp := t.TempDir()
			h := spawn(t, options{args: []string{"--simulate"}, env: []string{"TMPDIR=" + temp}})
			h.ping()
			left := func() []string {
				entries, err := os.ReadDir(temp)
				require.NoError(t, err)
				var names []string
				for _, e := range entries {
					names = append(names, e.Name())
				}
				return names
			}
			require.Len(t, left(), 1)
			end(h)
			h.wait(patience)
			assert.Empty(t, left())
		})
	}
}
