//go:build unix

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// longEvents of 4 KB each are more than what the sockets of the system keep.
const longEvents = 3000

// longStream is a stream that no pipe and no buffer of ours can hold, so that a
// host which does not read stalls it.
func longStream() []byte {
	event := fmt.Sprintf(`data: {"type":"response.output_text.delta","delta":%q}`+"\n\n", bytes.Repeat([]byte("long "), 800))
	return append(bytes.Repeat([]byte(event), longEvents), "data: {\"type\":\"response.completed\",\"response\":{}}\n\n"...)
}

// awaitStall waits until the process has filled its stdout, that is until
// nothing moves any more for a while.
func (h *host) awaitStall() {
	h.t.Helper()
	last, since := 0, time.Now()
	awaitThat(h.t, "a full stdout", func() bool {
		if n := h.unread(); n != last {
			last, since = n, time.Now()
		}
		return last >= 4<<10 && time.Since(since) > 100*time.Millisecond
	})
}

// aborted reports whether the client left request i.
func aborted(sim *simulator.Server, i int) func() bool {
	return func() bool {
		all := sim.Calls()
		return len(all) > i && all[i].Aborted
	}
}

// stall spawns a process whose stream is stalled because nobody reads. It has
// read some of it before, so that the stream itself is blocked in its write.
func stall(t *testing.T, framing, tls bool, args ...string) (*host, *simulator.Server) {
	t.Helper()
	sim := simulated(t, simulator.Config{Replay: longStream(), TLS: tls})
	o := options{lsp: framing, upstream: sim, args: args}
	if tls {
		file := filepath.Join(t.TempDir(), "ca.pem")
		require.NoError(t, os.WriteFile(file, sim.Certificate(), 0o600))
		o.env = []string{"SSL_CERT_FILE=" + file}
	}
	h := spawn(t, o)
	h.begin()
	h.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true,"_meta":{"streamId":"s"}}`))
	for range 5 {
		h.mustNext()
	}
	h.awaitStall()
	if tls {
		require.Equal(t, "HTTP/2.0", sim.Calls()[0].Proto)
	}
	return h, sim
}

// eachStall runs a test for both framings and HTTP versions.
func eachStall(t *testing.T, test func(t *testing.T, framing, tls bool)) {
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, framing, false)
		})
		t.Run(name+"/h2", func(t *testing.T) {
			if runtime.GOOS == "darwin" {
				t.Skip("crypto/x509 does not read SSL_CERT_FILE on macOS")
			}
			t.Parallel()
			test(t, framing, true)
		})
	}
}

// promptly: effect upstream < 100 ms (docs/protocol.md: Cancelling).
const promptly = 100 * time.Millisecond

// Faults: D3.
func TestStalledStdoutThenCancelRequest(t *testing.T) {
	t.Parallel()
	eachStall(t, func(t *testing.T, framing, tls bool) {
		h, sim := stall(t, framing, tls)
		start := time.Now()
		h.send(notification("$/cancelRequest", `{"id":1}`))
		awaitThat(t, "the abort upstream", aborted(sim, 0))
		within(t, start, promptly)
		// Nothing is lost once the host reads again.
		o := h.outcome("1")
		assert.Equal(t, "cancelled", o.status())
		refused(t, o.answer, -32800, "cancelled", "")
		h.ping()
	})
}

// Faults: D3.
func TestStalledStdoutThenResponsesCancel(t *testing.T) {
	t.Parallel()
	eachStall(t, func(t *testing.T, framing, tls bool) {
		h, sim := stall(t, framing, tls)
		start := time.Now()
		h.send(request("2", "responses/cancel", `{"streamId":"s"}`))
		awaitThat(t, "the abort upstream", aborted(sim, 0))
		within(t, start, promptly)
		var answers int
		for answers < 2 {
			m := h.mustNext()
			if !m.isAnswer() {
				continue
			}
			answers++
			if string(m.ID) == "2" {
				assert.JSONEq(t, `{"status":"cancelling"}`, string(m.Result))
			} else {
				assert.Equal(t, `"cancelled"`, string(m.note().Status))
				assert.Nil(t, m.note().Response)
			}
		}
		h.ping()
	})
}

// Both together < 1.5 s (docs/protocol.md: Lifecycle), though nobody reads the answers.
//
// Faults: D2.
func TestStalledStdoutThenShutdownAndExit(t *testing.T) {
	t.Parallel()
	eachStall(t, func(t *testing.T, framing, tls bool) {
		h, sim := stall(t, framing, tls)
		start := time.Now()
		h.send(request("2", "shutdown", ""), notification("exit", ""))
		awaitThat(t, "the abort upstream", aborted(sim, 0))
		within(t, start, promptly)
		assert.Equal(t, 0, h.wait(patience))
		within(t, start, 1500*time.Millisecond)
	})
}

// Header framing: the editor is gone; exit 1 within 5 s. NDJSON: the host has
// nothing more to say and may still read; only the drain timeout ends it.
//
// Faults: D2.
func TestStalledStdoutThenEndOfInput(t *testing.T) {
	t.Parallel()
	eachStall(t, func(t *testing.T, framing, tls bool) {
		h, sim := stall(t, framing, tls, "--drain-timeout=300ms")
		start := time.Now()
		require.NoError(t, h.in.Close())
		awaitThat(t, "the abort upstream", aborted(sim, 0))
		code := 1
		if framing == ndjson {
			code = 3
		}
		assert.Equal(t, code, h.wait(patience))
		within(t, start, 5*time.Second)
	})
}

// Within 2 s (docs/protocol.md: Lifecycle).
func TestStalledStdoutThenSignal(t *testing.T) {
	t.Parallel()
	eachStall(t, func(t *testing.T, framing, tls bool) {
		h, sim := stall(t, framing, tls)
		start := time.Now()
		require.NoError(t, h.cmd.Process.Signal(syscall.SIGTERM))
		awaitThat(t, "the abort upstream", aborted(sim, 0))
		assert.Equal(t, 128+int(syscall.SIGTERM), h.wait(patience))
		within(t, start, 2*time.Second)
	})
}

// A second signal ends the process at once, with its own code.
//
// Faults: D10.
func TestStalledStdoutThenTwoSignals(t *testing.T) {
	t.Parallel()
	h, sim := stall(t, ndjson, false)
	require.NoError(t, h.cmd.Process.Signal(syscall.SIGTERM))
	awaitThat(t, "the abort upstream", aborted(sim, 0)) // the first one was taken
	start := time.Now()
	require.NoError(t, h.cmd.Process.Signal(syscall.SIGINT))
	assert.Equal(t, 128+int(syscall.SIGINT), h.wait(patience))
	within(t, start, time.Second)
}

// A host that closes the pipe which it does not read is gone.
func TestStalledStdoutThenClosed(t *testing.T) {
	t.Parallel()
	eachStall(t, func(t *testing.T, framing, tls bool) {
		h, sim := stall(t, framing, tls)
		start := time.Now()
		require.NoError(t, h.out.Close())
		awaitThat(t, "the abort upstream", aborted(sim, 0))
		assert.Equal(t, 1, h.wait(patience))
		within(t, start, 5*time.Second)
	})
}

// Nothing is dropped: a host that stops for a while gets the whole stream.
//
// Faults: D3.
func TestStalledStdoutThenReadAgain(t *testing.T) { // not beside those that measure time
	eachStall(t, func(t *testing.T, framing, tls bool) {
		if less() && framing != tls {
			return // one of two framings, for each version of HTTP
		}
		h, _ := stall(t, framing, tls)
		o := h.outcome("1")
		assert.Equal(t, "completed", o.status())
		assert.Equal(t, longEvents+2, *o.completed.Seq) // after started, the events and the last one
	})
}
