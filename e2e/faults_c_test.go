//go:build unix

package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The rows C1 to C25 of docs/faults.md, against the real binary.

// A stream that is cut anywhere delivers what was whole, and then 1105 cut.
//
// Faults: C1.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	events := []string{firstEvent, secondEvent, lastEvent}
	body := string(sse(events...))
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cut := make(chan int, 1)
			o := rawUpstream(t, func(conn *net.TCPConn, _ *http.Request) { say(conn, streamHead+chunk(body[:<-cut])) })
			o.lsp = framing
			h := spawn(t, o)
			h.begin()
			for at := 1; at < len(body); at++ {
				cut <- at
				got := h.create(fmt.Sprint(at), createPro)
				assertPrefix(t, events, got.events)
				if len(got.events) == len(events) { // only its blank line was missing
					assert.Equal(t, "completed", got.status())
					continue
				}
				// An event that had come except for its blank line may pass.
				whole := strings.Count(body[:at], "\n\n")
				assert.Contains(t, []int{whole, whole + 1}, len(got.events), "cut at %d", at)
				e := refused(t, got.answer, 1105, "stream_broken", "cut")
				require.NotNil(t, e.Data.EventsDelivered)
				assert.Equal(t, len(got.events), *e.Data.EventsDelivered)
				assert.Equal(t, len(got.events) == 0, e.Data.Retryable)
				assert.Equal(t, 1, attempts(t, got.answer))
			}
		})
	}
}

// assertPrefix asserts that the events are the first of want, byte for byte.
func assertPrefix(t *testing.T, want []string, events [][]byte) {
	t.Helper()
	require.LessOrEqual(t, len(events), len(want))
	for i, event := range events {
		require.Equal(t, want[i], string(event))
	}
}

// A body that ends cleanly anywhere never delivers half an event.
//
// Faults: C2.
func TestEndInsideAnEvent(t *testing.T) {
	t.Parallel()
	events := []string{firstEvent, secondEvent}
	body := string(sse(events...))
	cut := make(chan int, 1)
	h := spawn(t, rawUpstream(t, func(conn *net.TCPConn, _ *http.Request) { say(conn, closingHead+chunk(body[:<-cut])+chunk("")) }))
	for at := 1; at <= len(body); at++ {
		cut <- at
		got := h.create(fmt.Sprint(at), createPro)
		for _, event := range got.events {
			require.True(t, json.Valid(event))
		}
		assertPrefix(t, events, got.events)
		refused(t, got.answer, 1105, "stream_broken", got.answer.failure().Data.Reason)
		assert.Contains(t, []string{"cut", "no_terminal_event"}, got.answer.failure().Data.Reason, "end at %d", at)
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

// Faults: C7.
func TestNoTerminalEvent(t *testing.T) {
	t.Parallel()
	for body, delivered := range map[string]int{
		string(sse(firstEvent, secondEvent)): 2, string(sse(firstEvent, "[DONE]")): 1, string(sse("[DONE]")): 0, ": nothing\n\n": 0,
	} {
		h := spawn(t, serving(t, false, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, body)
		}))
		e := refused(t, h.create("1", createPro).answer, 1105, "stream_broken", "no_terminal_event")
		assert.Equal(t, delivered, *e.Data.EventsDelivered, body)
		e = refused(t, h.create("2", `{"model":"gpt-5.2-pro","stream":true,"_meta":{"events":"none"}}`).answer, 1105, "stream_broken", "no_terminal_event")
		assert.True(t, e.Data.Retryable, "nothing was delivered")
	}
}

// A terminal event ends the stream at once; what follows is not looked at, and
// the connection not kept open for it.
//
// Faults: C8.
func TestBytesAfterTheTerminalEvent(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{}, 4)
	h := spawn(t, serving(t, false, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(sse(firstEvent, lastEvent, `{"type":"response.late"}`, "{broken"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		gone <- struct{}{}
	}))
	for _, id := range []string{"1", "2"} {
		got := h.create(id, createPro)
		assert.Equal(t, "completed", got.status())
		assert.Len(t, got.events, 2)
		<-gone
	}
}

// Faults: C9.
func TestAnswerThatIsNoStream(t *testing.T) {
	t.Parallel()
	for _, tt := range [][2]string{
		{"text/html; charset=UTF-8", "<!DOCTYPE html><html><body>Get started</body></html>"},
		{"application/json", `{"id":"resp_1","status":"completed"}`},
	} {
		h := spawn(t, serving(t, false, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", tt[0])
			_, _ = io.WriteString(w, tt[1])
		}))
		e := refused(t, h.create("1", createPro).answer, 1105, "stream_broken", "not_sse")
		assert.Contains(t, e.Message, strings.Split(tt[0], ";")[0])
		assert.NotContains(t, e.Message, tt[1])
	}
}

// gzip is undone while it streams, though nobody asked for it; other codings are
// named.
//
// Faults: C10.
func TestContentEncodings(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	h := spawn(t, serving(t, false, func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header["Accept-Encoding"])
		coding := r.Header.Get("x-client-request-id")
		w.Header().Set("Content-Encoding", coding)
		if coding != "gzip" {
			_, _ = w.Write(sse(firstEvent, lastEvent))
			return
		}
		status, body := 400, []string{`{"error":{"message":"no","type":"t"}}`}
		if strings.Contains(r.Header.Get("tracestate"), "ok") {
			status, body = 200, []string{string(sse(firstEvent)), string(sse(lastEvent))}
		}
		w.WriteHeader(status)
		compressed := gzip.NewWriter(w)
		for i, part := range body {
			if i > 0 {
				<-next
			}
			_, _ = io.WriteString(compressed, part)
			_ = compressed.Flush()
			_ = http.NewResponseController(w).Flush()
		}
		_ = compressed.Close()
	}))
	body := func(coding, state string) string {
		return fmt.Sprintf(`{"model":"gpt-5.2-pro","stream":true,"_meta":{"headers":{"x-client-request-id":%q,"tracestate":%q}}}`, coding, state)
	}
	h.send(request("1", "responses/create", body("gzip", "ok")))
	for h.mustNext().Method != "responses/event" {
	}
	next <- struct{}{} // the first event came before the second was sent
	got := h.outcome("1")
	assert.Equal(t, "completed", got.status())
	assert.Equal(t, lastEvent, string(got.events[len(got.events)-1]))
	refused(t, h.create("2", body("gzip", "no")).answer, 1102, "upstream_rejected", "other")
	for _, coding := range []string{"br", "zstd", "deflate"} {
		e := refused(t, h.create("3", body(coding, "x")).answer, 1104, "upstream_unavailable", "server_error")
		assert.Contains(t, e.Message, coding)
	}
}

// A 401 on a token of the environment is final: no other source takes its place,
// and nothing is sent again.
//
// Faults: C11.
func TestUnauthorized(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{Scenario: "unauthorized"})
	login := sim.Login()
	o := options{upstream: sim, env: []string{"OPENAI_OAUTH_ACCESS_TOKEN=" + login.AccessToken, "OPENAI_API_KEY=" + login.PlatformKey}}
	h := spawn(t, o)
	for i, model := range []string{"gpt-5.2-codex", "gpt-5.2-pro"} {
		got := h.create(fmt.Sprint(i), fmt.Sprintf(`{"model":%q,"input":"hi","stream":true}`, model))
		e := refused(t, got.answer, 1001, "login_required", "token_rejected")
		assert.False(t, e.Data.Retryable)
		assert.Nil(t, got.started)
		assert.Equal(t, 1, attempts(t, got.answer))
		assert.EqualValues(t, 401, errorData(t, got.answer)["httpStatus"])
		assert.Equal(t, "failed", got.status())
	}
	assert.Len(t, sim.Calls(), 2)
}

// A 401 on a stored login is refreshed once, and the same body sent again.
//
// Faults: C11.
func TestUnauthorizedThenRefreshed(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	to, err := url.Parse(sim.IssuerURL())
	require.NoError(t, err)
	var mu sync.Mutex
	var bodies, tokens []string
	forward := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			mu.Lock()
			bodies, tokens = append(bodies, string(body)), append(tokens, r.Header.Get("Authorization"))
			first := len(bodies) == 1
			mu.Unlock()
			if first {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = io.WriteString(w, `{"detail":"Unauthorized"}`)
				return
			}
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h := spawn(t, options{home: home, args: []string{"--chatgpt-base-url=" + server.URL + "/backend-api/codex", "--issuer=" + sim.IssuerURL()}})
	got := h.create("1", `{"model":"gpt-5.2-codex","input":"hi","stream":true}`)
	assert.Equal(t, "completed", got.status(), "%s", got.answer.Raw)
	evidence := fullEvidence(t, got.answer)
	assert.Equal(t, true, evidence["refreshed"])
	assert.Equal(t, 2, attempts(t, got.answer))
	require.Len(t, bodies, 2)
	assert.Equal(t, bodies[0], bodies[1])
	assert.False(t, tokens[0] == tokens[1], "a renewed token")
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
		{`{"type":"response.failed","response":{"id":"resp_1","error":{"code":"server_is_overloaded","message":"later"}}}`, 1106, "response_failed", ""},
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

// A 429 is reported with all that is known, never slept on and never sent again.
//
// Faults: C13.
func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	const plain = `{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}`
	for _, tt := range []struct {
		name, header, value, body, reason string
		retryable                         bool
		wait                              [2]float64 // ms, from and to
	}{
		{"seconds", "Retry-After", "120", plain, "requests", true, [2]float64{120_000, 120_000}},
		{"milliseconds", "Retry-After-Ms", "1500", plain, "requests", true, [2]float64{1500, 1500}},
		{"a date", "Retry-After", time.Now().Add(24 * time.Hour).UTC().Format(http.TimeFormat), plain, "requests", true, [2]float64{80_000_000, 86_400_000}},
		{"absent", "X-None", "1", plain, "requests", true, [2]float64{}},
		{"no sense", "Retry-After", "soon", plain, "requests", true, [2]float64{}},
		{"tokens", "X-Ratelimit-Reset-Tokens", "6m0s", `{"error":{"message":"m","type":"tokens","code":"rate_limit_exceeded"}}`, "tokens", true, [2]float64{360_000, 360_000}},
		{"quota", "X-None", "1", `{"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}}`, "quota", false, [2]float64{}},
		{"plan", "X-None", "1", fmt.Sprintf(`{"error":{"type":"usage_limit_reached","message":"m","plan_type":"plus","resets_at":%d}}`, time.Now().Unix()+86_400), "usage_limit", false, [2]float64{80_000_000, 86_400_000}},
		{"plan by seconds", "X-None", "1", `{"error":{"type":"usage_limit_reached","message":"m","plan_type":"plus","resets_in_seconds":60}}`, "usage_limit", false, [2]float64{50_000, 60_000}},
		{"plan without it", "X-None", "1", `{"error":{"type":"usage_not_included","message":"m","plan_type":"plus"}}`, "usage_not_included", false, [2]float64{}},
		{"a page", "Retry-After", "3", `<html>`, "requests", true, [2]float64{3000, 3000}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := spawn(t, serving(t, false, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set(tt.header, tt.value)
				w.WriteHeader(429)
				_, _ = io.WriteString(w, tt.body)
			}))
			start := time.Now()
			got := h.create("1", createPro)
			e := refused(t, got.answer, 1103, "rate_limited", tt.reason)
			assert.Less(t, time.Since(start), time.Second+busy)
			assert.Equal(t, tt.retryable, e.Data.Retryable)
			assert.Equal(t, 1, attempts(t, got.answer))
			data := errorData(t, got.answer)
			if tt.wait[1] == 0 {
				assert.NotContains(t, data, "retryAfterMs")
			} else {
				assert.GreaterOrEqual(t, data["retryAfterMs"], tt.wait[0])
				assert.LessOrEqual(t, data["retryAfterMs"], tt.wait[1])
			}
			if strings.HasPrefix(tt.reason, "usage") {
				assert.Equal(t, "plus", data["planType"])
			}
			if tt.reason == "usage_limit" {
				_, err := time.Parse(time.RFC3339, data["resetsAt"].(string))
				assert.NoError(t, err)
			}
			assert.NotEmpty(t, data["action"])
		})
	}
}

// Failures of the server, with a page or a long text: 1104, and at most 512
// bytes of it.
//
// Faults: C14.
func TestServerErrors(t *testing.T) {
	t.Parallel()
	for status, body := range map[int]string{
		500: `{"error":{"message":"` + strings.Repeat("long ", 2000) + `","type":"server_error"}}`,
		502: "<html><head><title>502 Bad Gateway</title></head></html>",
		503: `{"error":{"code":"server_is_overloaded","message":"later"}}`,
		504: "",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			h := spawn(t, serving(t, false, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "0.001")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			}))
			got := h.create("1", createPro)
			reason := "server_error"
			if status == 503 {
				reason = "overloaded"
			}
			e := refused(t, got.answer, 1104, "upstream_unavailable", reason)
			assert.True(t, e.Data.Retryable)
			assert.Equal(t, 5, attempts(t, got.answer))
			data := errorData(t, got.answer)
			assert.EqualValues(t, status, data["httpStatus"])
			if upstream, ok := data["upstream"].(map[string]any); ok {
				assert.LessOrEqual(t, len(upstream["message"].(string)), 512+len("…"))
			}
			assert.NotContains(t, string(got.answer.Raw), "<html>")
			assert.Less(t, len(got.answer.Raw), 4<<10)
		})
	}
}

// Bad certificates are named and never accepted; SSL_CERT_FILE counts.
//
// Faults: C15.
func TestUpstreamThatCannotBeReached(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		names   []net.IP
		expired bool
		trusted bool
		good    bool
	}{
		{"good", []net.IP{{127, 0, 0, 1}}, false, true, true},
		{"unknown authority", []net.IP{{127, 0, 0, 1}}, false, false, false},
		{"expired", []net.IP{{127, 0, 0, 1}}, true, true, false},
		{"another host", []net.IP{{127, 0, 0, 2}}, false, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				sent.Add(1)
				_, _ = w.Write(sse(lastEvent))
			}))
			pair, authority := certificateFor(t, tt.names, tt.expired)
			server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			t.Cleanup(server.Close)
			o := options{env: []string{"OPENAI_API_KEY=sk-" + testcheck.Canary}, args: []string{"--platform-base-url=" + server.URL}}
			if tt.trusted {
				file := t.TempDir() + "/ca.pem"
				require.NoError(t, os.WriteFile(file, authority, 0o600))
				o.env = append(o.env, "CODEX_CA_CERTIFICATE="+file)
			}
			got := spawn(t, o).create("1", createPro)
			if tt.good {
				assert.Equal(t, "completed", got.status())
				return
			}
			e := refused(t, got.answer, 1104, "upstream_unavailable", "tls")
			assert.False(t, e.Data.Retryable)
			assert.Equal(t, 1, attempts(t, got.answer))
			assert.Zero(t, sent.Load())
		})
	}
	for name, base := range map[string]string{"connect": "http://127.0.0.1:1", "dns": "https://no-such-host.invalid"} {
		o := options{env: []string{"OPENAI_API_KEY=sk-" + testcheck.Canary, "NO_PROXY=.invalid"}, args: []string{"--platform-base-url=" + base}}
		e := refused(t, spawn(t, o).create("1", createPro).answer, 1104, "upstream_unavailable", name)
		assert.True(t, e.Data.Retryable)
	}
}

// certificateFor makes a certificate that signs itself.
func certificateFor(t *testing.T, names []net.IP, expired bool) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "fault"}, IPAddresses: names, DNSNames: []string{"upstream.invalid"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if expired {
		template.NotAfter = time.Now().Add(-24 * time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pemOf(der)
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

// No redirect is followed, with a body or without, to another host or the same.
//
// Faults: C18, F8s.
func TestRedirectOfACall(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		var sent atomic.Int64
		h := spawn(t, serving(t, false, func(w http.ResponseWriter, r *http.Request) {
			sent.Add(1)
			to := other.URL
			if r.Header.Get("x-client-request-id") == "same" {
				to = "/elsewhere"
			}
			w.Header().Set("Location", to)
			w.WriteHeader(status)
		}))
		for i, where := range []string{"other", "same"} {
			body := fmt.Sprintf(`{"model":"gpt-5.2-pro","stream":true,"_meta":{"headers":{"x-client-request-id":%q}}}`, where)
			e := refused(t, h.create(fmt.Sprint(i), body).answer, 1104, "upstream_unavailable", "redirect")
			assert.False(t, e.Data.Retryable)
		}
		assert.EqualValues(t, 2, sent.Load())
	}
	assert.Zero(t, arrived.Load())
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

// Another model than the requested one is delivered and flagged, never hidden;
// with expect.model it is refused before it is delivered.
//
// Faults: C21.
func TestAnotherModelAnswers(t *testing.T) {
	t.Parallel()
	h := spawnScenario(t, "mismatch")
	for i, model := range []string{"gpt-5.2-codex", "gpt-5.2-pro"} {
		for j, stream := range []bool{true, false} {
			got := h.create(fmt.Sprint(i*2+j), fmt.Sprintf(`{"model":%q,"input":"hi","stream":%t}`, model, stream))
			assert.Equal(t, "completed", got.status())
			evidence := fullEvidence(t, got.answer)
			assert.Equal(t, model, evidence["requested_model"])
			assert.Equal(t, "gpt-5.2", evidence["effective_model"])
			assert.Equal(t, false, evidence["model_match"])

			got = h.create(fmt.Sprint(10+i*2+j), fmt.Sprintf(`{"model":%q,"input":"hi","stream":%t,"_meta":{"expect":{"model":%q}}}`, model, stream, model))
			refused(t, got.answer, 1107, "model_mismatch", "")
			assert.Empty(t, got.events)
		}
	}
}

// HTTPS_PROXY and NO_PROXY count; a proxy that refuses is named, and its password
// stays out of every message (the canary is in it).
//
// Faults: C22.
func TestProxyIsHonoured(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header["Proxy-Authorization"])
		_, _ = w.Write(sse(firstEvent, lastEvent))
	}))
	pair, authority := certificateFor(t, nil, false)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	t.Cleanup(server.Close)
	file := t.TempDir() + "/ca.pem"
	require.NoError(t, os.WriteFile(file, authority, 0o600))
	targets := make(chan string, 10)
	proxy := proxyFor(t, server.Listener.Addr().String(), "me:"+testcheck.Canary, targets)
	begin := func(base string, env ...string) *host {
		return spawn(t, options{
			env:  append(env, "OPENAI_API_KEY=sk-"+testcheck.Canary, "CODEX_CA_CERTIFICATE="+file),
			args: []string{"--platform-base-url=" + base},
		})
	}
	const base = "https://upstream.invalid/v1"
	got := begin(base, "HTTPS_PROXY=http://me:"+testcheck.Canary+"@"+proxy).create("1", createPro)
	assert.Equal(t, "completed", got.status(), "%s", got.answer.Raw)
	assert.Equal(t, "upstream.invalid:443", <-targets)

	e := refused(t, begin(base, "HTTPS_PROXY=http://me:wrong-"+testcheck.Canary+"@"+proxy).create("1", createPro).answer, 1104, "upstream_unavailable", "proxy")
	assert.NotContains(t, e.Message, proxy)
	refused(t, begin(base, "HTTPS_PROXY=http://me:"+testcheck.Canary+"@127.0.0.1:1").create("1", createPro).answer, 1104, "upstream_unavailable", "proxy")
	refused(t, begin(base, "HTTPS_PROXY=http://"+proxy, "NO_PROXY=.invalid").create("1", createPro).answer, 1104, "upstream_unavailable", "dns")
	assert.Empty(t, targets)
}

// proxyFor is a CONNECT proxy that asks for a password and leads every tunnel to
// one address.
func proxyFor(t *testing.T, to, credentials string, targets chan<- string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") != want {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		targets <- r.Host
		tunnel(w, to)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// tunnel joins the connection of w with one to an address.
func tunnel(w http.ResponseWriter, to string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	up, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = up.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(up, conn) }()
	_, _ = io.Copy(conn, up)
}

// 1,000 requests at once: each is answered, by its own stream, or told busy. With
// few file descriptors they fail cleanly.
//
// Faults: C23.
func TestThousandRequestsAtOnce(t *testing.T) {
	if testing.Short() {
		t.Log("SKIP: a thousand streams take a while")
		return
	}
	n := 1000
	if slowBinary {
		n = 300
	}
	serve := func(t *testing.T) options {
		return serving(t, false, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(sse(firstEvent, lastEvent)) })
	}
	outcomes := func(h *host) map[string]int {
		var mu sync.Mutex
		counts := map[string]int{}
		go func() {
			for i := range n {
				_, _ = io.WriteString(h.in, h.frame(request(fmt.Sprint(i), "responses/create", createPro)))
			}
		}()
		for range n {
			m := h.mustNext()
			for !m.isAnswer() {
				m = h.mustNext()
			}
			mu.Lock()
			counts[m.failure().Data.Kind]++
			mu.Unlock()
		}
		return counts
	}
	h := spawn(t, serve(t))
	counts := outcomes(h)
	assert.Equal(t, n, counts[""]+counts["busy"], "%v", counts)
	assert.Positive(t, counts[""])
	if !slowBinary {
		assert.Less(t, h.kilobytes("VmHWM"), 200<<10)
	}

	o := serve(t)
	cmd := exec.Command("sh", append([]string{"-c", `ulimit -n 64 && exec "$0" "$@"`, os.Args[0], "serve"}, o.args...)...)
	cmd.Env = slices.Concat(asMain, []string{"HOME=" + t.TempDir(), "CODEX_HOME=" + t.TempDir()}, o.env)
	h = run(t, cmd, o)
	counts = outcomes(h)
	assert.Equal(t, n, counts[""]+counts["upstream_unavailable"]+counts["busy"], "%v", counts)
	h.ping()
}

// What the edge adds to an answer is of no effect: dates of another year, cookies,
// early hints.
//
// Faults: C25.
func TestOdditiesOfTheEdge(t *testing.T) {
	t.Parallel()
	var cookies atomic.Int64
	h := spawn(t, serving(t, false, func(w http.ResponseWriter, r *http.Request) {
		cookies.Add(int64(len(r.Header["Cookie"])))
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusProcessing)
		w.Header().Set("Date", "Mon, 01 Jan 1990 00:00:00 GMT")
		w.Header().Set("Set-Cookie", "__cf_bm="+testcheck.Canary+"; path=/")
		_, _ = w.Write(sse(firstEvent, lastEvent))
	}))
	for i := range 3 {
		got := h.create(fmt.Sprint(i), createPro)
		assert.Equal(t, "completed", got.status())
		assert.Equal(t, 1, attempts(t, got.answer))
	}
	assert.Zero(t, cookies.Load())
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
