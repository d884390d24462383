//go:build unix

package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
	assert.False(t, tokens[0] == tokens[1], "a refreshed token")
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
