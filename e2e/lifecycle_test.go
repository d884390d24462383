//go:build unix

package e2e

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openStream begins a stream that is still running when it returns: nothing but
// its started has been read, so all that comes later is the rest.
func (h *host) openStream(id string) {
	h.t.Helper()
	h.send(request(id, "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true,"_meta":{"events":"none"}}`))
	m := h.mustNext()
	require.Equal(h.t, "responses/started", m.Method, "%.500s", m.Raw)
	require.Equal(h.t, id, string(m.note().RequestID))
}

// cancelledReplies asserts that the messages are those of cancelled streams, a
// completed and then an error each, and perhaps one more answer at the end.
func cancelledReplies(t *testing.T, all []message, ids ...string) {
	t.Helper()
	completed, answered := map[string]bool{}, map[string]bool{}
	for _, m := range all {
		if m.isAnswer() {
			refused(t, m, -32800, "cancelled", "")
			answered[string(m.ID)] = true
			continue
		}
		require.Equal(t, "responses/completed", m.Method)
		require.Equal(t, `"cancelled"`, string(m.note().Status))
		completed[string(m.note().RequestID)] = true
	}
	require.Len(t, all, 2*len(ids))
	for _, id := range ids {
		require.True(t, completed[id] && answered[id], "%s has its completed and its answer", id)
	}
}

// Header framing follows LSP: requests before initialize get -32002,
// notifications are dropped.
func TestBeforeInitialize(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{lsp: lsp, args: []string{"--simulate"}})
	for i, method := range []string{"ping", "auth/status", "responses/create", "shutdown", "nonsense", "rpc.discover"} {
		h.send(request(fmt.Sprint(i), method, ""))
		m := h.mustNext()
		require.Equal(t, fmt.Sprint(i), string(m.ID))
		refused(t, m, -32002, "not_initialized", "")
	}
	h.send(notification("initialized", ""), notification("$/cancelRequest", `{"id":1}`), notification("nonsense", ""))
	h.begin()
	h.ping()
	// The shutdown that was refused had no effect.
	assert.Equal(t, "completed", h.create("1", `{"model":"gpt-5.2-codex","input":"Hello."}`).status())
}

// An initialize that was refused does not count.
func TestRefusedInitializeDoesNotCount(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{lsp: lsp})
	refused(t, h.call("1", "initialize", `{"protocolVersion":2}`), -32602, "invalid_params", "")
	refused(t, h.call("2", "ping", ""), -32002, "not_initialized", "")
	h.begin()
	h.ping()
}

func TestExitBeforeInitialize(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{lsp: lsp})
	h.send(notification("exit", ""))
	assert.Equal(t, 1, h.exit())
}

func TestSecondInitialize(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing})
			if framing == ndjson {
				h.ping() // the implicit one; the first explicit one is taken at any time
			}
			m := h.call("1", "initialize", `{"protocolVersion":1,"processId":null,"clientInfo":{"name":"x"},"capabilities":{"grease":1},"locale":"en"}`)
			require.NotNil(t, m.Result, "%s", m.Raw)
			assert.Equal(t, `["locale"]`, rawMember(t, m.Result, "ignoredOptions"))
			refused(t, h.call("2", "initialize", ""), -32600, "invalid_request", "")
			h.ping()
		})
	}
}

// Codes of shutdown, exit and the end of input. Nothing is in flight.
//
// Faults: D1.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	shutdown, exit := request("1", "shutdown", ""), notification("exit", "")
	for _, row := range []struct {
		name     string
		messages []string
		open     bool // stdin stays open
		lsp      int
		ndjson   int
	}{
		{"shutdown and exit", []string{shutdown, exit}, true, 0, 0},
		{"shutdown, exit and the end", []string{shutdown, exit}, false, 0, 0},
		{"exit", []string{exit}, true, 1, 1},
		{"exit and the end", []string{exit}, false, 1, 1},
		{"the end", nil, false, 1, 0},
		{"shutdown and the end", []string{shutdown}, false, 0, 0},
	} {
		for name, framing := range framings {
			t.Run(row.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				h := spawn(t, options{lsp: framing})
				h.begin()
				start := time.Now()
				if len(row.messages) > 0 {
					h.send(row.messages...)
				}
				if !row.open {
					require.NoError(t, h.in.Close())
				}
				all := h.rest()
				if len(row.messages) > 0 && row.messages[0] == shutdown {
					require.Len(t, all, 1)
					assert.Equal(t, "null", string(all[0].Result))
				} else {
					assert.Empty(t, all)
				}
				want := row.ndjson
				if framing == lsp {
					want = row.lsp
				}
				assert.Equal(t, want, h.exit())
				within(t, start, 5*time.Second)
			})
		}
	}
}

// No input at all.
//
// Faults: D1.
func TestEndOfEmptyInput(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\ufeff", " \r\n\n"} {
		h := spawn(t, options{})
		h.write(text)
		require.NoError(t, h.in.Close())
		require.Empty(t, h.rest(), "nothing is written before the first input byte")
		require.Equal(t, 0, h.exit())
	}
}

// shutdown cancels what runs and answers after the cancelled replies; then
// every request gets -32600.
func TestShutdownCancels(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := spawn(t, options{lsp: framing, args: []string{"--simulate=idle"}})
			h.begin()
			h.openStream("1")
			h.openStream(`"two"`)
			start := time.Now()
			h.send(request("3", "shutdown", ""))
			var all []message
			for len(all) == 0 || string(all[len(all)-1].ID) != "3" {
				all = append(all, h.mustNext())
			}
			assert.Equal(t, "null", string(all[len(all)-1].Result))
			cancelledReplies(t, all[:len(all)-1], "1", `"two"`)
			for i, method := range []string{"ping", "responses/create", "initialize", "shutdown", "nonsense"} {
				refused(t, h.call(fmt.Sprint(10+i), method, `{"model":"gpt-5.2-codex"}`), -32600, "invalid_request", "")
			}
			h.send(notification("$/cancelRequest", `{"id":1}`), notification("nonsense", ""), notification("exit", ""))
			assert.Empty(t, h.rest())
			assert.Equal(t, 0, h.exit())
			within(t, start, 1500*time.Millisecond)
		})
	}
}

// NDJSON: after the end of input what is in flight is finished and answered.
// Header framing: it is cancelled.
//
// Faults: D1.
func TestEndOfInputWithStreams(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scenario := map[bool]string{ndjson: "slow", lsp: "idle"}[framing] // has an end, has none
			h := spawn(t, options{lsp: framing, args: []string{"--simulate=" + scenario}})
			h.begin()
			h.openStream("1")
			h.openStream("2")
			require.NoError(t, h.in.Close())
			start := time.Now()
			all := h.rest()
			if framing == lsp {
				cancelledReplies(t, all, "1", "2")
				assert.Equal(t, 1, h.exit())
				within(t, start, 5*time.Second)
				return
			}
			require.Len(t, all, 4)
			for _, m := range all {
				assert.Equal(t, `"completed"`, string(m.note().Status))
			}
			assert.Equal(t, 0, h.exit())
		})
	}
}

// Past the drain timeout: cancelled replies, and exit 3.
func TestDrainTimeout(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{args: []string{"--simulate=idle", "--drain-timeout=300ms"}})
	h.openStream("1")
	require.NoError(t, h.in.Close())
	cancelledReplies(t, h.rest(), "1")
	assert.Equal(t, 3, h.exit())
}

// A signal ends what runs as cancelled, within 2 s.
//
// Faults: D9, D10.
func TestSignals(t *testing.T) {
	t.Parallel()
	for signal, code := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 130, syscall.SIGHUP: 129} {
		for name, framing := range framings {
			for _, draining := range []bool{false, true} {
				if draining && framing == lsp {
					continue // the end of input ends it by itself
				}
				t.Run(fmt.Sprint(signal, "/", name, "/", draining), func(t *testing.T) {
					t.Parallel()
					h := spawn(t, options{lsp: framing, args: []string{"--simulate=idle"}})
					h.begin()
					h.openStream("1")
					h.openStream("2")
					if draining {
						require.NoError(t, h.in.Close())
					}
					start := time.Now()
					require.NoError(t, h.cmd.Process.Signal(signal))
					cancelledReplies(t, h.rest(), "1", "2")
					assert.Equal(t, code, h.exit())
					within(t, start, 2*time.Second)
				})
			}
		}
	}
}

// An idle process, before any input, ends on a signal too.
func TestSignalBeforeInput(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{nonblocking: true})
	h.ping() // the handler is in place
	require.NoError(t, h.cmd.Process.Signal(syscall.SIGINT))
	assert.Equal(t, 130, h.exit())
}

// A host that closes our stdout is gone: exit 1, upstream left at once.
func TestStdoutClosed(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		for _, draining := range []bool{false, true} {
			t.Run(fmt.Sprint(name, "/", draining), func(t *testing.T) {
				t.Parallel()
				sim := simulated(t, simulator.Config{Scenario: "slow"})
				h := spawn(t, options{lsp: framing, upstream: sim})
				h.begin()
				h.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`))
				h.mustNext()
				require.NoError(t, h.out.Close())
				start := time.Now()
				if draining && framing == ndjson {
					require.NoError(t, h.in.Close())
				}
				assert.Equal(t, 1, h.wait(patience))
				within(t, start, 5*time.Second)
				awaitThat(t, "the abort upstream", aborted(sim, 0))
			})
		}
	}
}

// A stderr that is closed or never read does not hold anything up.
//
// Faults: D12.
func TestStderrIsNeverWaitedFor(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{args: []string{"--simulate", "--log-level=debug"}, stderr: stderrFull})
	for i := range 300 {
		refused(t, h.create(fmt.Sprint(i), `{"model":"gpt-5.2-codex","input":"Hello.","_meta":{"headers":{"traceparent":"`+faultPanicEarly+`"}}}`).answer, -32603, "internal_error", "")
	}
	require.NoError(t, h.in.Close())
	assert.Equal(t, 0, h.exit())
	h = spawn(t, options{args: []string{"--simulate"}, stderr: stderrClosed})
	refused(t, h.create("1", `{"model":"gpt-5.2-codex","input":"Hello.","_meta":{"headers":{"traceparent":"`+faultPanicEarly+`"}}}`).answer, -32603, "internal_error", "")
	assert.Equal(t, "completed", h.create("2", `{"model":"gpt-5.2-codex","input":"Hello."}`).status())
	require.NoError(t, h.in.Close())
	assert.Equal(t, 0, h.exit())
}
