package engine

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

// overTLS makes an engine trust the certificate of a simulator, which speaks
// HTTP/2 then.
func overTLS(server *simulator.Server, e *Engine) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(server.Certificate())
	e.cfg.Transport.(*transport.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
}

// The names, values and presence of all headers, as the server sees them.
//
// Faults: F17s.
func TestHeaders(t *testing.T) {
	agent := "signalbox/0.1.0 (" + runtime.GOOS + "; " + runtime.GOARCH + ")"
	for _, secure := range []bool{false, true} {
		server, e := simulate(t, simulator.Config{TLS: secure}, func(s *setting) { s.Organization, s.Project = "org-1", "proj_1" })
		if secure {
			overTLS(server, e)
		}
		login := server.Login()
		chatgpt := http.Header{
			"Authorization":      {"Bearer " + login.AccessToken},
			"Chatgpt-Account-Id": {login.AccountID},
			"Originator":         {"signalbox"},
			"User-Agent":         {agent},
			"Version":            {"0.169.0"},
			"Session-Id":         {e.session()},
			"Accept":             {"text/event-stream"},
			"Content-Type":       {"application/json"},
		}
		platform := http.Header{
			"Authorization":       {"Bearer " + login.PlatformKey},
			"Version":             {"0.1.0"},
			"Openai-Organization": {"org-1"},
			"Openai-Project":      {"proj_1"},
			"Content-Type":        {"application/json"},
		}
		for _, tt := range []struct {
			name, params, path string
			want               http.Header
			more               http.Header
		}{
			{"chatgpt", askChatGPT, "/backend-api/codex/responses", chatgpt, nil},
			{"chatgpt, not streamed", `{"model":"gpt-5.2-codex"}`, "/backend-api/codex/responses", chatgpt, nil},
			{"platform", askPlatform, "/v1/responses", platform, nil},
			{"platform, not streamed", `{"model":"gpt-5.2-pro"}`, "/v1/responses", platform, nil},
			{"of the host", `{"model":"gpt-5.2-pro","_meta":{"headers":{"traceparent":"00-1","TraceState":"a=b","x-client-request-id":"r 1","Idempotency-Key":"k"}}}`,
				"/v1/responses", platform, http.Header{"Traceparent": {"00-1"}, "Tracestate": {"a=b"}, "X-Client-Request-Id": {"r 1"}, "Idempotency-Key": {"k"}}},
			{"of the simulator", `{"model":"gpt-5.2-pro","_meta":{"simulate":"ok"}}`, "/v1/responses", platform, http.Header{"X-Signalbox-Simulate": {"ok"}}},
		} {
			_, _ = (&host{}).create(t, t.Context(), e, tt.params)
			requests := server.Calls()
			got := requests[len(requests)-1]
			want := tt.want.Clone()
			for name, values := range tt.more {
				want[name] = values
			}
			want.Set("Content-Length", strconv.Itoa(len(got.Body)))
			assert.Equal(t, want, got.Header, tt.name)
			assert.Equal(t, http.MethodPost, got.Method)
			assert.Equal(t, tt.path, got.Path)
			assert.Empty(t, got.Query)
			assert.Equal(t, secure, got.Proto == "HTTP/2.0", got.Proto)
		}
	}
}

// What is set elsewhere: other names and versions, no organisation, the
// environment of the government.
func TestHeadersBySetting(t *testing.T) {
	var got http.Header
	handler := func(w http.ResponseWriter, r *http.Request) { got = r.Header }
	e := serve(t, handler, func(s *setting) {
		s.Originator, s.ClientVersion = "editor", "0.200.1"
		s.auth.AccessToken = protocol.NewSecret(fakeToken(`,"chatgpt_account_is_fedramp":true`))
	})
	_, _ = (&host{}).create(t, t.Context(), e, askChatGPT)
	assert.Equal(t, "true", got.Get("X-Openai-Fedramp"))
	assert.Equal(t, "editor", got.Get("Originator"))
	assert.Regexp(t, `^editor/0\.1\.0 \(`, got.Get("User-Agent"))
	assert.Equal(t, "0.200.1", got.Get("Version"))
	session := got.Get("Session-Id")
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, session)
	_, _ = (&host{}).create(t, t.Context(), e, askChatGPT)
	assert.Equal(t, session, got.Get("Session-Id"), "one session for the life of the engine")

	_, _ = (&host{}).create(t, t.Context(), e, askPlatform)
	var names []string
	for name := range got {
		names = append(names, name)
	}
	slices.Sort(names)
	assert.Equal(t, []string{"Authorization", "Content-Length", "Content-Type", "Version"}, names)
}

func TestSessionID(t *testing.T) {
	now := time.UnixMilli(0x0123456789ab)
	id := newSessionID(now)
	assert.Regexp(t, `^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, id)
	assert.NotEqual(t, id, newSessionID(now))
}

// The bytes of the body on the wire.
func TestBodyOnTheWire(t *testing.T) {
	server, e := simulate(t, simulator.Config{})
	for _, tt := range []struct{ params, want string }{
		{"{ \"model\" : \"gpt-5.2-pro\",\n\"n\":1.50e+1,\"_meta\":{\"events\":\"none\"}, \"input\":\"\\u00e9\u2028é\" }", "{ \"model\" : \"gpt-5.2-pro\",\n\"n\":1.50e+1, \"input\":\"\\u00e9\u2028é\" }"},
		{`{"model":"gpt-5.2-pro","background":false,"temperature":1.0,"store":true}`, `{"model":"gpt-5.2-pro","background":false,"temperature":1.0,"store":true}`},
		{`{"model":"gpt-5.2-codex","input":[{"role":"system","content":"a"}],"background":false,"reasoning":{"effort" : "low"}}`,
			`{"model":"gpt-5.2-codex","input":[{"role":"developer","content":"a"}],"reasoning":{"effort" : "low"},"store":false,"stream":true,"instructions":""}`},
	} {
		_, err := (&host{}).create(t, t.Context(), e, tt.params)
		require.NoError(t, err)
		requests := server.Calls()
		assert.Equal(t, tt.want, string(requests[len(requests)-1].Body))
	}
}

// A redirect is never followed, whatever its status: neither token nor body
// reach the second server, be it the same host or another.
func TestRedirectIsNotFollowed(t *testing.T) {
	var second atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { second.Add(1) }))
	defer other.Close()
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308} {
		for _, location := range []string{other.URL + "/v1/responses", "/elsewhere", "://" + testcheck.Canary, ""} {
			for _, params := range []string{askChatGPT, askPlatform, `{"model":"gpt-5.2-pro"}`} {
				var first atomic.Int64
				e := serve(t, func(w http.ResponseWriter, r *http.Request) {
					first.Add(1)
					w.Header().Set("Location", location)
					w.WriteHeader(status)
				})
				host := &host{}
				result, err := host.failure(t, e, params)
				assert.EqualValues(t, 1, first.Load())
				assert.JSONEq(t, `{"kind":"upstream_unavailable","reason":"redirect","action":"Check the base URL.","retryable":false,"httpStatus":`+strconv.Itoa(status)+`}`,
					string(protocol.Encode(err.Data)))
				assert.Empty(t, host.started)
				assert.Len(t, result.Evidence.Attempts, 1)
			}
		}
	}
	assert.Zero(t, second.Load())
}

// Headers of the answer that a host may see, and none of the others.
func TestVisibleHeaders(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"X-Request-Id": "req_1", "OpenAI-Version": "2020", "X-RateLimit-Remaining-Tokens": "9", "X-Codex-Plan-Type": "plus",
			"Retry-After": "3", "Set-Cookie": "a=" + testcheck.Canary, "Cf-Ray": "r", "Server": "s", "X-Request-Id-2": "x", "X-Codex": "x",
			"OpenAI-Echo": r.Header.Get("Authorization"), "X-Codex-Echo": "key sk-proj-" + testcheck.Canary + "zzzz",
		} {
			w.Header().Set(name, value)
		}
		w.Header().Add("OpenAI-Twice", "1")
		w.Header().Add("OpenAI-Twice", "2")
		respond(w, streamOf(completed))
	})
	host := &host{}
	_, err := host.create(t, t.Context(), e, askPlatform)
	require.NoError(t, err)
	assert.Equal(t, protocol.Headers{
		"x-request-id": "req_1", "openai-version": "2020", "x-ratelimit-remaining-tokens": "9", "x-codex-plan-type": "plus",
		"retry-after": "3", "openai-twice": "1, 2", "openai-echo": "Bearer [redacted]", "x-codex-echo": "key [redacted]",
	}, host.headers)
	assert.Equal(t, 200, host.status)
	assert.False(t, bytes.Contains(protocol.Encode(host.started), []byte(testcheck.Canary)))
}
