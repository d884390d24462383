package engine

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	incomplete = `{"type":"response.incomplete","response":{"id":"resp_1","incomplete_details":{"reason":"max_output_tokens"}}}`
	failed     = `{"type":"response.failed","response":{"id":"resp_1","error":{"code":"server_error","message":"sorry"}}}`
	errorEvent = `{"type":"error","code":"rate_limit_exceeded","message":"slow down","param":null}`
	nested     = `{"type":"error","error":{"type":"insufficient_quota","code":"insufficient_quota","message":"no money"}}`
)

// How a stream ends, by what its body holds (docs/protocol.md: Ends of a stream).
// After the body the connection ends cleanly, is torn down, or stays open.
//
// Faults: C7, C8, C20, G12, G13.
func TestEndsOfAStream(t *testing.T) {
	const clean, torn, open = "clean", "torn", "open"
	tests := []struct {
		name, body, after string
		status            protocol.Status
		reason            string // of the 1105; or the message of the 1106
		events            []string
	}{
		{"completed", streamOf(created, completed), clean, "completed", "", []string{created, completed}},
		{"completed, the socket stays open", streamOf(created, completed), open, "completed", "", []string{created, completed}},
		{"completed, then torn", streamOf(created, completed), torn, "completed", "", []string{created, completed}},
		{"nothing after it is read", streamOf(completed, delta, "{", failed), clean, "completed", "", []string{completed}},
		{"incomplete", streamOf(created, incomplete), open, "incomplete", "", []string{created, incomplete}},
		{"failed", streamOf(created, failed), open, "failed", "sorry", []string{created, failed}},
		{"failed without an error", streamOf(`{"type":"response.failed"}`), open, "failed", "", []string{`{"type":"response.failed"}`}},
		{"failed after an error", streamOf(nested, failed), open, "failed", "sorry", []string{nested, failed}},
		{"failed without an error after one", streamOf(nested, `{"type":"response.failed","response":{"error":null}}`), open, "failed", "no money", []string{nested, `{"type":"response.failed","response":{"error":null}}`}},
		{"completed after an error", streamOf(errorEvent, delta, completed), open, "completed", "", []string{errorEvent, delta, completed}},
		{"an error, then the end", streamOf(created, errorEvent), clean, "failed", "slow down", []string{created, errorEvent}},
		{"an error, then torn", streamOf(nested), torn, "failed", "no money", []string{nested}},
		{"an error, then half an event", streamOf(nested) + "data: {", clean, "failed", "no money", []string{nested}},
		{"two errors", streamOf(nested, errorEvent), clean, "failed", "no money", []string{nested, errorEvent}},
		{"an error of another shape", streamOf(`{"type":"error","error":"words"}`), clean, "failed", "", []string{`{"type":"error","error":"words"}`}},
		{"escaped type", streamOf(`{"\u0074ype":"response\u002ecompleted","response":{}}`), open, "completed", "", []string{`{"\u0074ype":"response\u002ecompleted","response":{}}`}},

		{"the end without one", streamOf(created, delta), clean, "", "no_terminal_event", []string{created, delta}},
		{"torn", streamOf(created, delta), torn, "", "cut", []string{created, delta}},
		{"torn in a line", streamOf(created) + "data: {\"type\":", torn, "", "cut", []string{created}},
		{"torn before the blank line", streamOf(created) + "data: " + completed + "\n", torn, "", "cut", []string{created}},
		{"the end in a line", streamOf(created) + "data: {\"type\":", clean, "", "cut", []string{created}},
		{"the end inside a block that is whole", streamOf(created) + "data: " + completed, clean, "completed", "", []string{created, completed}},
		{"the end inside a block that is whole and not the last", streamOf(created) + "data: " + delta + "\n", clean, "", "no_terminal_event", []string{created, delta}},
		{"nothing", "", clean, "", "no_terminal_event", nil},
		{"nothing but torn", "", torn, "", "cut", nil},
		{"only DONE", streamOf("[DONE]"), clean, "", "no_terminal_event", nil},
		{"only DONE without its blank line", "data: [DONE]", clean, "", "no_terminal_event", nil},
		{"DONE in between", streamOf(created, "[DONE]", completed), clean, "completed", "", []string{created, completed}},
		{"only comments", ": keep-alive\n\n: keep-alive\n\n", clean, "", "no_terminal_event", nil},
		{"not JSON", streamOf(created, "{\"a\":1,}", completed), clean, "", "bad_event", []string{created}},
		{"not UTF-8", streamOf("{\"a\":\"\xff\"}", completed), clean, "", "bad_event", nil},
		{"two values", streamOf(`{"type":"x"} {"jsonrpc":"2.0","id":7,"result":{}}`), clean, "", "bad_event", nil},
		{"a forged frame", streamOf(`1},"id":7,"result":{`), clean, "", "bad_event", nil},
		{"no object", streamOf("1", `"text"`, "null", `[1, 2]`, "true", completed), clean, "completed", "", []string{"1", `"text"`, "null", `[1, 2]`, "true", completed}},
		{"unknown events", streamOf(`{}`, `{"type":7}`, `{"type":"codex.rate_limits","x":1}`, `{"type":"response.completed.not"}`, completed), clean, "completed", "",
			[]string{`{}`, `{"type":7}`, `{"type":"codex.rate_limits","x":1}`, `{"type":"response.completed.not"}`, completed}},
		{"bytes as they are", "data:  {\"a\":1.50,\ndata: \t\"b\":\"\\u00e9\u2028\"}\n\n" + streamOf(completed), clean, "completed", "",
			[]string{" {\"a\":1.50,\n\t\"b\":\"\\u00e9\u2028\"}", completed}},
		{"an event of 5 MiB", streamOf(`{"type":"x","b":"`+strings.Repeat("y", 5<<20)+`"}`, completed), clean, "completed", "",
			[]string{`{"type":"x","b":"` + strings.Repeat("y", 5<<20) + `"}`, completed}},
		{"an event above the limit", streamOf(created, `{"b":"`+strings.Repeat("y", MaxEventBytes)+`"}`), clean, "", "too_large", []string{created}},
		{"too deep", streamOf(strings.Repeat("[", 10_001)+strings.Repeat("]", 10_001), completed), clean, "", "bad_event", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			over := make(chan struct{})
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				respond(w, tt.body)
				switch tt.after {
				case torn:
					panic(http.ErrAbortHandler)
				case open:
					<-r.Context().Done() // until we hang up
					close(over)
				}
			})
			host := &host{}
			result, err := host.create(t, t.Context(), e, askPlatform)
			require.Equal(t, len(tt.events), len(host.events))
			for i := range tt.events {
				require.True(t, tt.events[i] == host.events[i], "event %d", i)
			}
			assert.Equal(t, tt.status, result.Status)
			assert.Len(t, host.started, 1)
			assert.Nil(t, result.Response)
			if tt.after == open {
				<-over
			}
			var known *protocol.Error
			switch {
			case tt.status == "failed":
				require.ErrorAs(t, err, &known)
				assert.Equal(t, protocol.CodeResponseFailed, known.Code)
				assert.False(t, known.Data.Retryable)
				if tt.reason != "" {
					assert.Equal(t, tt.reason, known.Data.Upstream.Message)
				}
			case tt.reason != "":
				require.ErrorAs(t, err, &known)
				assert.Equal(t, protocol.CodeStreamBroken, known.Code)
				assert.EqualValues(t, tt.reason, known.Data.Reason)
				assert.EqualValues(t, len(tt.events), *known.Data.EventsDelivered)
				assert.Equal(t, len(tt.events) == 0 && tt.reason != "bad_event", known.Data.Retryable)
			default:
				require.NoError(t, err)
			}
		})
	}
}

// A 200 that is no event stream is told apart by its type, but only where it has
// no event: some upstreams stream under another type.
//
// Faults: C9, G13.
func TestNotAStream(t *testing.T) {
	tests := []struct {
		kind, body string
		reason     protocol.Reason
	}{
		{"text/html; charset=utf-8", "<html>data: x\n\n</html>", "not_sse"},
		{"application/json", `{"id":"resp_1","status":"completed"}`, "not_sse"},
		{"application/json", "", "not_sse"},
		{"text/event-stream;charset=utf-8", "<html>", "no_terminal_event"},
		{"Text/Event-Stream", "", "no_terminal_event"},
		{"", "<html>", "no_terminal_event"},
		{"application/json", streamOf(completed), ""},
		{"", streamOf(completed), ""},
		{"text/html", streamOf(delta), "no_terminal_event"},
	}
	for _, tt := range tests {
		for _, params := range []string{askPlatform, askChatGPT, `{"model":"gpt-5.2-codex"}`} {
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = nil
				if tt.kind != "" {
					w.Header().Set("Content-Type", tt.kind)
				}
				_, _ = io.WriteString(w, tt.body)
			})
			host := &host{}
			if tt.reason == "" {
				_, err := host.create(t, t.Context(), e, params)
				assert.NoError(t, err)
				continue
			}
			_, failure := host.failure(t, e, params)
			assert.Equal(t, protocol.CodeStreamBroken, failure.Code)
			assert.Equal(t, tt.reason, failure.Data.Reason, "%s %s", tt.kind, tt.body)
			assert.Len(t, host.started, 1)
			if tt.reason == protocol.ReasonNotSSE {
				assert.Contains(t, failure.Message, tt.kind)
			}
		}
	}
}

// All that was cut off is a prefix of the truth, cut it where you will.
//
// Faults: C1, C2.
func TestEveryCut(t *testing.T) {
	events := []string{created, delta, completed}
	body := streamOf(events...)
	at := 0
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		respond(w, body[:at])
		if strings.Contains(r.Header.Get("X-Client-Request-Id"), "torn") {
			panic(http.ErrAbortHandler)
		}
	})
	for at = range len(body) {
		for _, how := range []string{"torn", "ended"} {
			host := &host{}
			result, err := host.create(t, t.Context(), e, `{"model":"gpt-5.2-pro","stream":true,"_meta":{"headers":{"x-client-request-id":"`+how+`"}}}`)
			require.LessOrEqual(t, len(host.events), len(events))
			require.Equal(t, events[:len(host.events)], append([]string{}, host.events...), "%s at %d", how, at)
			require.Equal(t, len(host.events) == len(events), err == nil, "%s at %d", how, at)
			if err == nil {
				assert.Equal(t, protocol.StatusCompleted, result.Status)
				continue
			}
			// An event that lacks only its blank line may pass.
			whole := strings.Count(body[:at], "\n\n")
			assert.Contains(t, []int{whole, whole + 1}, len(host.events), "%s at %d", how, at)
			failure, ok := errors.AsType[*protocol.Error](err)
			require.True(t, ok, err)
			assert.Equal(t, protocol.CodeStreamBroken, failure.Code)
			reasons := []protocol.Reason{protocol.ReasonCut}
			if how == "ended" {
				reasons = append(reasons, protocol.ReasonNoTerminalEvent)
			}
			assert.Contains(t, reasons, failure.Data.Reason, "%s at %d", how, at)
			require.NotNil(t, failure.Data.EventsDelivered)
			assert.EqualValues(t, len(host.events), *failure.Data.EventsDelivered)
			assert.Equal(t, len(host.events) == 0, failure.Data.Retryable)
			assert.Len(t, result.Evidence.Attempts, 1)
		}
	}
}

// What the sink says ends the stream, as it is.
func TestSinkFails(t *testing.T) {
	gone := make(chan struct{})
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		respond(w, streamOf(created, delta))
		<-r.Context().Done()
		close(gone)
	})
	broken := errors.New("nobody reads")
	host := &host{onEvent: func(_ context.Context, n int) error {
		if n == 2 {
			return broken
		}
		return nil
	}}
	result, err := host.create(t, t.Context(), e, askPlatform)
	assert.Equal(t, broken, err)
	assert.Empty(t, result.Status)
	<-gone
}

// A sink that panics takes nothing along: the body is given back, the upstream
// hung up on.
func TestSinkPanics(t *testing.T) {
	gone := make(chan struct{})
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		respond(w, streamOf(created))
		<-r.Context().Done()
		close(gone)
	})
	host := &host{onEvent: func(context.Context, int) error { panic("at the disco") }}
	req := host.request(t, askPlatform)
	assert.PanicsWithValue(t, "at the disco", func() { _, _ = e.Create(t.Context(), req, host) })
	assert.Equal(t, 1, host.released)
	<-gone
}

// Everything is flushed before a read that may wait, and only then.
func TestFlushBeforeAWait(t *testing.T) {
	read := make(chan struct{})
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		respond(w, streamOf(created, delta))
		<-read
		respond(w, streamOf(completed))
	})
	host := &host{}
	host.onEvent = func(_ context.Context, n int) error {
		switch n {
		case 2:
			assert.Zero(t, host.flushed, "the second event was there already")
			close(read)
		case 3:
			assert.Equal(t, 2, host.flushed)
		}
		return nil
	}
	_, err := host.create(t, t.Context(), e, askPlatform)
	require.NoError(t, err)
}
