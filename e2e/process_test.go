//go:build unix

package e2e

import (
	"fmt"
	"io"
	"net/http"
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

// below starts `signalbox serve` at the end of a row of processes: ours, a shell, a
// shell, signalbox. It returns the process id of the first shell, the host of
// initialize, which is reaped or not when it ends. The exit code of signalbox is
// printed to stderr.
func below(t *testing.T, o options, reaped bool) (h *host, ancestor int) {
	t.Helper()
	dir := t.TempDir()
	script := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	child := script("child.sh", `signalbox "$@" <&3; echo "code $?" >&2`)
	parent := script("host.sh", `sh `+child+` "$@" & echo "host $$" >&2; wait`)
	end := "wait"
	if !reaped {
		end = "exec sleep 60"
	}
	cmd := serveCommand(t, o)
	cmd.Args = append([]string{"sh", "-c", "exec 3<&0; sh " + parent + ` "$@" & ` + end, "sh"}, cmd.Args[1:]...)
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	cmd.Path = shell
	cmd.Env = append(cmd.Env, "PATH="+binFolder(t)+":"+os.Getenv("PATH"))
	cmd.WaitDelay = patience // stderr is the grandchild's as well
	h = run(t, cmd, o)
	awaitThat(t, "the host's process id", func() bool {
		_, err := fmt.Sscanf(h.stderr.String(), "host %d", &ancestor)
		return err == nil
	})
	t.Cleanup(func() { _ = syscall.Kill(ancestor, syscall.SIGKILL) })
	return h, ancestor
}

// awaitCode waits for the exit code of a signalbox that below has started.
func (h *host) awaitCode(code int) {
	h.t.Helper()
	awaitThat(h.t, "the exit code", func() bool {
		return strings.Contains(h.stderr.String(), fmt.Sprintf("code %d\n", code))
	})
}

// The host's process, an ancestor, is gone: exit 1 within 5 s, though stdin is held
// open by somebody else (docs/protocol.md: Lifecycle).
//
// Faults: D4.
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
				h, ancestor := below(t, options{lsp: framing, upstream: sim}, reaped)
				m := h.call("0", "initialize", fmt.Sprintf(`{"processId":%d}`, ancestor))
				require.NotNil(t, m.Result)
				h.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`))
				h.awaitStall()
				start := time.Now()
				require.NoError(t, syscall.Kill(ancestor, syscall.SIGKILL))
				h.awaitCode(1)
				within(t, start, 5*time.Second)
				awaitThat(t, "the abort upstream", aborted(sim, 0))
			})
		}
	}
}

// Without a processId the parent is watched in header framing: its death changes
// getppid. With processId:null nothing is watched, as in LSP.
//
// Faults: D4.
func TestParentGone(t *testing.T) {
	t.Parallel()
	start := func(params string) (h *host, child int) {
		cmd := exec.Command("sh", "-c", `exec 3<&0; signalbox serve <&3 & echo "child $!" >&2; wait`)
		cmd.Env = append(asMain[:len(asMain):len(asMain)], "HOME="+t.TempDir(), "PATH="+binFolder(t)+":"+os.Getenv("PATH"))
		cmd.WaitDelay = patience // stderr is the grandchild's too
		h = run(t, cmd, options{lsp: lsp})
		m := h.call("0", "initialize", params)
		require.NotNil(t, m.Result)
		_, err := fmt.Sscanf(h.stderr.String(), "child %d", &child)
		require.NoError(t, err)
		t.Cleanup(func() { _ = syscall.Kill(child, syscall.SIGKILL) }) // if it is left
		return h, child
	}
	watching, _ := start(`{}`)
	indifferent, child := start(`{"processId":null}`)
	require.NoError(t, indifferent.cmd.Process.Kill())
	require.NoError(t, watching.cmd.Process.Kill())
	begin := time.Now()
	assert.Empty(t, watching.rest(), "stdout ends when the orphan does")
	within(t, begin, 5*time.Second)
	indifferent.ping() // it had as much time
	require.NoError(t, syscall.Kill(child, syscall.SIGKILL))
}

// A processId that is not an ancestor's is not watched: one that is not alive may be
// of another PID namespace, and a live one a stranger's, whose end says nothing about
// the host. --parent-watch=off watches nothing.
//
// Faults: G4.
func TestProcessIDNotWatched(t *testing.T) {
	t.Parallel()
	dead := exec.Command("true")
	require.NoError(t, dead.Run())
	for name, framing := range framings {
		stranger := exec.Command("sleep", "60")
		require.NoError(t, stranger.Start())
		watched, ancestor := below(t, options{lsp: framing}, true)
		off, unwatched := below(t, options{lsp: framing, args: []string{"--parent-watch=off"}}, true)
		never := spawn(t, options{lsp: framing})
		other := spawn(t, options{lsp: framing})
		for h, pid := range map[*host]int{watched: ancestor, off: unwatched, never: dead.Process.Pid, other: stranger.Process.Pid} {
			require.NotNil(t, h.call("0", "initialize", fmt.Sprintf(`{"processId":%d}`, pid)).Result, name)
		}
		require.NoError(t, stranger.Process.Kill())
		_ = stranger.Wait()
		for _, pid := range []int{ancestor, unwatched} {
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		}
		watched.awaitCode(1) // the others had as much time
		for _, h := range []*host{never, other} {
			awaitThat(t, "the warning", func() bool {
				return strings.Contains(h.stderr.String(), "not a living ancestor of this process; it is not watched")
			})
			h.ping()
		}
		off.ping()
		require.NoError(t, off.in.Close())
	}
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
	h := spawn(t, options{env: []string{dumpableVariable + "=1"}})
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
//
// Faults: D11, F14s.
func TestNothingListens(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"plain": nil, "simulate": {"--simulate"}} {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{args: args, env: []string{dumpableVariable + "=1"}})
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

// The upstream learns at once that the host is gone in the middle of a stream.
//
// Faults: D5.
func TestHostDiesInMidStream(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun, gone := make(chan struct{}), make(chan struct{})
			o := serving(t, false, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				close(begun)
				defer close(gone)
				for r.Context().Err() == nil {
					_, _ = w.Write(sse(secondEvent))
					_ = http.NewResponseController(w).Flush()
					time.Sleep(10 * time.Millisecond) // the rate of the stream
				}
			})
			o.lsp = framing
			h := spawn(t, o)
			h.begin()
			h.send(request("1", "responses/create", createPro))
			<-begun
			start := time.Now()
			_, _ = h.in.Close(), h.out.Close()
			<-gone
			within(t, start, time.Second)
			h.wait(patience)
		})
	}
}
