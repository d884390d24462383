//go:build unix

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A request and its cancel in one write: the cancel always finds the request
// (docs/protocol.md: Cancelling), which is answered once.
//
// Faults: D6.
func TestRequestAndItsCancelInOneWrite(t *testing.T) { // not beside those that measure time
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const room = 200 // keeps the requests in flight below the limit
			pairs := 5000
			if framing == lsp {
				pairs = 1000
			}
			if less() {
				pairs /= 5
			}
			h := spawn(t, options{lsp: framing, args: []string{"--simulate=idle"}})
			h.begin()
			tickets := make(chan struct{}, room)
			stop := make(chan struct{})
			written := make(chan error, 1)
			go func() {
				for id := range pairs {
					select {
					case tickets <- struct{}{}:
					case <-stop:
						return
					}
					model := []string{"gpt-5.2-codex", "gpt-5.2-pro"}[id%2]
					pair := h.frame(request(fmt.Sprint(id), "responses/create", `{"model":"`+model+`","input":"Hello.","stream":true}`)) +
						h.frame(notification("$/cancelRequest", fmt.Sprintf(`{"id":%d}`, id)))
					_ = h.in.SetWriteDeadline(time.Now().Add(patience))
					if _, err := h.in.WriteString(pair); err != nil {
						written <- err
						return
					}
				}
				written <- nil
			}()
			defer close(stop)
			answers, completed := map[string]int{}, map[string]int{}
			for len(answers) < pairs {
				m := h.mustNext()
				switch {
				case m.Method == "responses/completed":
					n := m.note()
					completed[string(n.RequestID)]++
					require.Equal(t, `"cancelled"`, string(n.Status))
				case m.isAnswer():
					refused(t, m, -32800, "cancelled", "")
					answers[string(m.ID)]++
					<-tickets
				}
			}
			require.NoError(t, <-written)
			h.ping() // nothing but its answer is left to come
			require.Len(t, completed, pairs)
			for id := range pairs {
				require.Equal(t, 1, answers[fmt.Sprint(id)], "answers to %d", id)
				require.Equal(t, 1, completed[fmt.Sprint(id)], "completed of %d", id)
			}
			require.NoError(t, h.in.Close())
			h.rest()
		})
	}
}

// pingNumbers writes n pings with the ids 0 to n-1.
func pingNumbers(h *host, n int) string {
	var all strings.Builder
	for id := range n {
		all.WriteString(h.frame(request(fmt.Sprint(id), "ping", "")))
	}
	return all.String()
}

// pongs reads the answers to n pings, which come in order.
func (h *host) pongs(n int) {
	h.t.Helper()
	for id := range n {
		m := h.mustNext()
		require.Equal(h.t, fmt.Sprint(id), string(m.ID))
		require.Equal(h.t, "{}", string(m.Result))
	}
}

// A single-threaded client writes 5,000 pings and only then reads: stdin must
// be read although stdout is full.
func TestManyPingsThenRead(t *testing.T) { // not beside those that measure time
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing})
			h.begin()
			h.write(pingNumbers(h, 5000))
			h.pongs(5000)
			h.ping()
		})
	}
}

// More answers than the look-ahead holds (docs/protocol.md: Limits): stdin waits
// until the host reads, and nothing is lost.
func TestMorePingsThanTheLookAhead(t *testing.T) { // not beside those that measure time
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const pings = 30_000 // more than the look-ahead and both pipes hold
			h := spawn(t, options{lsp: framing})
			h.begin()
			text := pingNumbers(h, pings)
			written := make(chan error, 1)
			go func() {
				_ = h.in.SetWriteDeadline(time.Now().Add(patience))
				_, err := h.in.WriteString(text)
				written <- err
			}()
			h.awaitStall()
			select {
			case err := <-written:
				t.Fatalf("all of stdin was read while nobody read stdout: %v", err)
			case <-time.After(time.Second): // that it does not happen shows only in time
			}
			for id := range pings {
				m := h.mustNext()
				require.Equal(t, fmt.Sprint(id), string(m.ID))
				if id%1000 == 0 {
					time.Sleep(time.Millisecond) // a slow reader
				}
			}
			require.NoError(t, <-written)
			h.ping()
		})
	}
}

// A panic in mid-stream ends one stream, with one completed and one -32603;
// the process goes on (docs/protocol.md: Order on the pipe).
//
// Faults: D7, D8.
func TestPanicInMidStream(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		for _, fault := range []string{faultPanic, faultPanicEarly} {
			t.Run(name+"/"+fault, func(t *testing.T) {
				t.Parallel()
				h := spawn(t, options{lsp: framing, args: []string{"--simulate"}})
				h.begin()
				for _, id := range []string{"1", `"two"`} {
					o := h.create(id, `{"model":"gpt-5.2-codex","input":"Hello.","stream":true,"_meta":{"headers":{"traceparent":"`+fault+`"}}}`)
					assert.Equal(t, fault == faultPanic, o.started != nil)
					if fault == faultPanic {
						assert.NotEmpty(t, o.events, "the panic comes in mid-stream")
					}
					assert.Equal(t, "failed", o.status())
					e := refused(t, o.answer, -32603, "internal_error", "")
					assert.NotEmpty(t, e.Data.IncidentID)
					assert.NotContains(t, string(o.answer.Raw), "mid-stream", "the value of a panic is for the log")
					require.NotNil(t, e.Data.Evidence)
					assert.Equal(t, "gpt-5.2-codex", e.Data.Evidence.RequestedModel)
					awaitThat(t, "the stack in the log", func() bool {
						log := h.stderr.String()
						return strings.Contains(log, e.Data.IncidentID) && strings.Contains(log, "main_test.go")
					})
					// The next request works, and the stream id is free again.
					o = h.create(id, `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`)
					assert.Equal(t, "completed", o.status())
				}
				h.ping()
			})
		}
	}
}

// stdout carries frames only: what anything in the process prints to file
// descriptor 1 goes to stderr (docs/protocol.md: Framing).
func TestPrintsGoToStderr(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing, args: []string{"--simulate"}})
			h.begin()
			o := h.create("1", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true,"_meta":{"headers":{"traceparent":"`+faultPrint+`"}}}`)
			assert.Equal(t, "completed", o.status())
			assert.NotContains(t, h.stdout.String(), "printed to stdout")
			awaitThat(t, "both prints on stderr", func() bool { return strings.Count(h.stderr.String(), printed) == 2 })
		})
	}
}
