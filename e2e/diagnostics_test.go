//go:build unix

package e2e

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// server/diagnostics counts what is in flight, and is answered while streams
// run.
func TestDiagnostics(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing, args: []string{"--simulate=idle"}})
			h.begin()
			diagnostics := func(id string) (d protocol.Diagnostics) {
				m := h.call(id, "server/diagnostics", "")
				require.NoError(t, json.Unmarshal(m.Result, &d))
				return d
			}
			before := diagnostics("1")
			assert.Equal(t, h.cmd.Process.Pid, before.PID)
			assert.Zero(t, before.InFlight)
			assert.Greater(t, before.RSSBytes, int64(1<<20))

			h.send(request("2", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`))
			for h.mustNext().Method != "responses/event" {
			}
			during := diagnostics("3")
			assert.Equal(t, 1, during.InFlight.Streams)
			assert.Zero(t, during.InFlight.BodyBytes, "the body has been sent")
			assert.Greater(t, during.Goroutines, before.Goroutines)
			assert.GreaterOrEqual(t, during.UptimeMs, before.UptimeMs)

			h.send(notification("$/cancelRequest", `{"id":2}`))
			refused(t, h.answer("2"), -32800, "cancelled", "")
			awaitThat(t, "nothing in flight", func() bool { return diagnostics("4").InFlight == protocol.InFlight{} })
		})
	}
}

// The lines of the log go to a host that asks for them, and to no other.
func TestLogMessage(t *testing.T) {
	t.Parallel()
	const fails = `{"model":"gpt-5.2-codex","input":"Hello.","_meta":{"headers":{"traceparent":"` + faultPanicEarly + `"}}}`
	for _, c := range []struct {
		params string
		sent   bool
	}{
		{`{"capabilities":{"window":{"logMessage":true}}}`, true},
		{`{"capabilities":{"window":{"logMessage":{}}}}`, true},
		{`{"capabilities":{"window":{"logMessage":true}},"optOutNotifications":["window/logMessage"]}`, false},
		{`{"capabilities":{"window":{"logMessage":false}}}`, false},
		{`{"capabilities":{"window":[]}}`, false},
		{`{}`, false},
	} {
		t.Run(c.params, func(t *testing.T) {
			h := spawn(t, options{args: []string{"--simulate"}})
			h.call("1", "initialize", c.params)
			h.send(request("2", "responses/create", fails))
			var lines []protocol.LogMessage
			for {
				m := h.mustNext()
				if m.Method == "window/logMessage" {
					var line protocol.LogMessage
					require.NoError(t, json.Unmarshal(m.Params, &line))
					lines = append(lines, line)
				}
				if m.isAnswer() {
					break
				}
			}
			if !c.sent {
				assert.Empty(t, lines)
				return
			}
			require.Len(t, lines, 1)
			assert.Equal(t, 1, lines[0].Type)
			assert.Contains(t, lines[0].Message, "panic incidentId=inc_")
			assert.NotContains(t, lines[0].Message, "goroutine", "the stack is for the log alone")
		})
	}
}

// traceparent goes upstream and into the evidence.
func TestTraceParent(t *testing.T) {
	t.Parallel()
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	sim := simulated(t, simulator.Config{})
	h := spawn(t, options{upstream: sim})
	for id, model := range map[string]string{"1": codexModel, "2": proModel} {
		o := h.create(id, `{"model":"`+model+`","input":"Hello.","stream":true,"_meta":{"headers":{"TraceParent":"`+parent+`","tracestate":"a=b"}}}`)
		var r protocol.CreateResult
		require.NoError(t, json.Unmarshal(o.answer.Result, &r))
		assert.Equal(t, parent, r.Evidence.TraceParent)
	}
	for _, r := range sim.Calls() {
		assert.Equal(t, []string{parent}, r.Header["Traceparent"])
		assert.Equal(t, []string{"a=b"}, r.Header["Tracestate"])
	}
}
