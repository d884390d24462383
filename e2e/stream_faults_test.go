//go:build unix

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// assertPrefix asserts that the events are the first of want, byte for byte.
func assertPrefix(t *testing.T, want []string, events [][]byte) {
	t.Helper()
	require.LessOrEqual(t, len(events), len(want))
	for i, event := range events {
		require.Equal(t, want[i], string(event))
	}
}

// Whatever the line ends, the comments and the pieces: the same events.
//
// Faults: C3.
func TestShapesOfAStream(t *testing.T) {
	t.Parallel()
	plain := ":hello\n\nevent: response.created\ndata: " + firstEvent + "\n\nid: 7\nretry: 1\ndata:" + secondEvent +
		"\n\nevent: empty\n\ndata\n\ndata: {\"type\":\"response.x\",\ndata: \"y\":1}\n\n: bye\n\ndata: " + lastEvent + "\n\n"
	lines := strings.SplitAfter(plain, "\n")
	mixed := ""
	for i, line := range lines {
		mixed += strings.Replace(line, "\n", []string{"\n", "\r\n", "\r"}[i%3], 1)
	}
	for name, body := range map[string]string{
		"LF": plain, "CRLF": strings.ReplaceAll(plain, "\n", "\r\n"), "CR": strings.ReplaceAll(plain, "\n", "\r"),
		"mixed": mixed, "BOM": "\ufeff" + plain, "no last blank line": strings.TrimSuffix(plain, "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			size := 0
			h := spawn(t, rawUpstream(t, func(conn *net.TCPConn, _ *http.Request) {
				// No Content-Type, and the body ends with the connection.
				say(conn, "HTTP/1.1 200 OK\r\n\r\n")
				for piece := range slices.Chunk([]byte(body), size) {
					say(conn, string(piece))
				}
			}))
			for size = 1; size <= 64; size = size*2 - size/3 {
				got := h.create(fmt.Sprint(size), createPro)
				var events []string
				for _, event := range got.events {
					events = append(events, string(event))
				}
				require.Equal(t, []string{firstEvent, secondEvent, `{"type":"response.x", "y":1}`, lastEvent}, events, "pieces of %d", size)
				assert.Equal(t, "completed", got.status())
			}
		})
	}
}

// Faults: C4.
func TestLargeEventArrivesWhole(t *testing.T) {
	t.Parallel()
	large := fmt.Sprintf(`{"type":"response.image","b64":%q}`, strings.Repeat("QUJD", 5<<18))
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := serving(t, false, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(sse(large, lastEvent)) })
			o.lsp = framing
			h := spawn(t, o)
			h.begin()
			got := h.create("1", createPro)
			require.Len(t, got.events, 2)
			assert.True(t, large == string(got.events[0]), "5 MiB arrive byte for byte")
		})
	}
}

// An event above the limit ends the stream, and costs no more than the limit.
//
// Faults: C5.
func TestEndlessEvent(t *testing.T) {
	t.Parallel()
	block := bytes.Repeat([]byte("x"), 1<<20)
	h := spawn(t, serving(t, false, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `data: {"type":"x","d":"`)
		for range 200 {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	got := h.create("1", createPro)
	e := refused(t, got.answer, 1105, "stream_broken", "too_large")
	assert.Equal(t, 0, *e.Data.EventsDelivered)
	if !slowBinary {
		assert.Less(t, h.kilobytes("VmHWM"), 100<<10)
	}
	h.ping()
}

// Silence ends a stream; comments are life, and a cancel works meanwhile.
//
// Faults: C6.
func TestIdleStream(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{}, 10)
	o := serving(t, false, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(sse(firstEvent))
		control := http.NewResponseController(w)
		_ = control.Flush()
		beats := map[string]int{"silent": 0, "beating": 12}[r.Header.Get("x-client-request-id")]
		for range beats {
			time.Sleep(100 * time.Millisecond) // the beat itself
			_, _ = io.WriteString(w, ": beat\n\n")
			_ = control.Flush()
		}
		if beats > 0 {
			_, _ = w.Write(sse(lastEvent))
			return
		}
		<-r.Context().Done()
		gone <- struct{}{}
	})
	h := spawn(t, o)
	body := func(id string, idle int) string {
		return fmt.Sprintf(`{"model":"gpt-5.2-pro","stream":true,"_meta":{"idleTimeoutMs":%d,"streamId":%q,"headers":{"x-client-request-id":%q}}}`, idle, fmt.Sprint("s", idle), id)
	}
	start := time.Now()
	e := refused(t, h.create("1", body("silent", 300)).answer, 1105, "stream_broken", "idle")
	assert.GreaterOrEqual(t, time.Since(start), 300*time.Millisecond)
	assert.Equal(t, 1, *e.Data.EventsDelivered)
	assert.False(t, e.Data.Retryable)
	<-gone
	assert.Equal(t, "completed", h.create("2", body("beating", 1000)).status())

	h.send(request("3", "responses/create", body("silent", 600_000)))
	for h.mustNext().Method != "responses/event" {
	}
	h.send(request("4", "responses/cancel", `{"streamId":"s600000"}`))
	assert.Equal(t, "cancelled", h.outcome("3").status())
	<-gone
}

// What fails after events were delivered is never sent again.
//
// Faults: C12.
func TestFailureAfterEvents(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		last         string
		code         int
		kind, reason string
	}{
		{`{"type":"response.failed","response":{"id":"resp_1","error":{"code":"token_expired","message":"401"}}}`, 1106, "response_failed", ""},
		{`{"type":"response.failed","response":{"id":"resp_1","error":{"code":"server_is_overloaded","message":"later"}}}`, 1106, "response_failed", "overloaded"},
		{`{"type":"error","error":{"type":"invalid_request_error","code":"forbidden","message":"403"}}`, 1106, "response_failed", ""},
		{``, 1105, "stream_broken", "cut"},
	} {
		var sent atomic.Int64
		h := spawn(t, serving(t, false, func(w http.ResponseWriter, _ *http.Request) {
			sent.Add(1)
			_, _ = w.Write(sse(firstEvent))
			_ = http.NewResponseController(w).Flush()
			if tt.last == "" {
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write(sse(tt.last))
		}))
		got := h.create("1", createPro)
		e := refused(t, got.answer, tt.code, tt.kind, tt.reason)
		assert.False(t, e.Data.Retryable)
		h.ping()
		assert.EqualValues(t, 1, sent.Load())
	}
}

// Bytes that come slowly: headers run into their limit, data does not while it
// flows.
//
// Faults: C16.
func TestOneByteAtATime(t *testing.T) {
	t.Parallel()
	h := spawn(t, rawUpstream(t, func(conn *net.TCPConn, r *http.Request) {
		if r.Header.Get("x-client-request-id") == "headers" {
			for range 1000 {
				if !say(conn, "X") {
					return
				}
				time.Sleep(20 * time.Millisecond) // the slowness itself
			}
			return
		}
		// Without chunks: net/http hands out a chunk when all of it is there.
		for _, b := range []byte("HTTP/1.1 200 OK\r\n\r\n" + string(sse(firstEvent, lastEvent))) {
			if !say(conn, string(b)) {
				return
			}
			time.Sleep(3 * time.Millisecond) // the slowness itself
		}
	}))
	got := h.create("1", `{"model":"gpt-5.2-pro","stream":true,"_meta":{"timeoutMs":500,"headers":{"x-client-request-id":"headers"}}}`)
	refused(t, got.answer, 1104, "upstream_unavailable", "timeout")
	assert.Equal(t, 1, attempts(t, got.answer))
	got = h.create("2", `{"model":"gpt-5.2-pro","stream":true,"_meta":{"idleTimeoutMs":500}}`)
	assert.Equal(t, "completed", got.status(), "%s", got.answer.Raw)
}

// A connection or a stream that is reset after its first event is 1105 cut.
//
// Faults: C17.
func TestReset(t *testing.T) {
	t.Parallel()
	h := spawn(t, rawUpstream(t, func(conn *net.TCPConn, _ *http.Request) {
		say(conn, streamHead+chunk(string(sse(firstEvent))))
		time.Sleep(50 * time.Millisecond) // so that the event is read before the reset overtakes it
		_ = conn.SetLinger(0)
	}))
	got := h.create("1", createPro)
	e := refused(t, got.answer, 1105, "stream_broken", "cut")
	assert.Equal(t, len(got.events), *e.Data.EventsDelivered)

	h = spawn(t, serving(t, true, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		_, _ = w.Write(sse(firstEvent))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // RST_STREAM
	}))
	got = h.create("1", createPro)
	e = refused(t, got.answer, 1105, "stream_broken", "cut")
	assert.Equal(t, 1, *e.Data.EventsDelivered)
	assert.Equal(t, 1, attempts(t, got.answer))
}

// Odd events pass as they came, in their order.
//
// Faults: C19.
func TestOddEventsPass(t *testing.T) {
	t.Parallel()
	events := []string{
		firstEvent, firstEvent, `{"type":"response.unknown.thing","sequence_number":9,"x":[1.0e+2,"\u0041"]}`, `{"sequence_number":0}`,
		`{"type":7}`, `{"type":"codex.response.metadata","headers":{}}`, `{"type":"responsesapi.websocket_timing"}`, `[1]`, `7`, `"text"`, `null`, `{}`,
		lastEvent,
	}
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := serving(t, false, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(sse(events...)) })
			o.lsp = framing
			h := spawn(t, o)
			h.begin()
			got := h.create("1", createPro)
			require.Len(t, got.events, len(events))
			assertPrefix(t, events, got.events)
			assert.Equal(t, "completed", got.status())
		})
	}
}

// failed and incomplete are ends of their own, with the usage that they name.
//
// Faults: C20.
func TestFailedAndIncomplete(t *testing.T) {
	t.Parallel()
	const incomplete = `{"id":"resp_1","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"usage":{"total_tokens":5}}`
	half := spawn(t, serving(t, false, func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); bytes.Contains(body, []byte(`"stream":true`)) {
			_, _ = w.Write(sse(firstEvent, `{"type":"response.incomplete","response":`+incomplete+`}`))
			return
		}
		_, _ = io.WriteString(w, incomplete)
	}))
	none := spawnScenario(t, "failed")
	for i, stream := range []bool{true, false} {
		got := half.create(fmt.Sprint(i), fmt.Sprintf(`{"model":"gpt-5.2-pro","stream":%t}`, stream))
		require.NotNil(t, got.answer.Result)
		assert.Equal(t, "incomplete", got.status())
		assert.Equal(t, `"incomplete"`, rawMember(t, got.answer.Result, "status"))
		assert.Equal(t, `{"total_tokens":5}`, rawMember(t, got.answer.Result, "usage"))
		for _, model := range []string{"gpt-5.2-codex", "gpt-5.2-pro"} {
			got = none.create(fmt.Sprintf("%q", fmt.Sprint(model, i)), fmt.Sprintf(`{"model":%q,"input":"hi","stream":%t}`, model, stream))
			e := refused(t, got.answer, 1106, "response_failed", "")
			assert.False(t, e.Data.Retryable)
			assert.Equal(t, "server_error", errorData(t, got.answer)["upstream"].(map[string]any)["code"])
			assert.Equal(t, "failed", got.status())
		}
	}
}

// spawnScenario starts a process against a simulator of its own in a scenario.
func spawnScenario(t *testing.T, scenario string) *host {
	t.Helper()
	sim := simulated(t, simulator.Config{Scenario: scenario})
	return spawn(t, options{upstream: sim})
}
