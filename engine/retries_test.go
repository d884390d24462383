package engine

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

// How often a request is sent whose every answer has this status.
//
// Faults: C14.
func TestAttemptsByStatus(t *testing.T) {
	tests := map[int]int{
		300: 1, 301: 1, 307: 1, 400: 1, 401: 1, 402: 1, 403: 1, 404: 1, 408: 1, 409: 1, 413: 1, 422: 1, 425: 1, 429: 1, 451: 1,
		500: 5, 501: 5, 502: 5, 503: 5, 504: 5, 520: 5, 529: 5, 599: 5,
	}
	for status, want := range tests {
		for _, params := range []string{askChatGPT, askPlatform, `{"model":"gpt-5.2-pro"}`} {
			var sent atomic.Int64
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				assert.NotEmpty(t, body)
				assert.Equal(t, r.ContentLength, int64(len(body)))
				sent.Add(1)
				w.WriteHeader(status)
			})
			host := &host{}
			result, failure := host.failure(t, e, params)
			assert.EqualValues(t, want, sent.Load(), "status %d", status)
			assert.Equal(t, status, failure.Data.HTTPStatus)
			assert.Empty(t, host.started)
			require.Len(t, result.Evidence.Attempts, want)
			for _, attempt := range result.Evidence.Attempts {
				assert.Equal(t, status, *attempt.Status)
				assert.Equal(t, status >= 500, attempt.ErrorKind == "server_error")
			}
			// docs/protocol.md: Errors and retries: false for redirects and every 4xx but 408 and 429.
			assert.Equal(t, status >= 500 || status == 408 || status == 429, failure.Data.Retryable, "status %d", status)
		}
	}
}

func TestRetrySucceeds(t *testing.T) {
	var sent atomic.Int64
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if sent.Add(1) < 5 {
			w.Header().Set("X-Request-Id", "req_of_the_refusal")
			w.WriteHeader(503)
			return
		}
		respond(w, streamOf(created, completed))
	})
	host := &host{}
	result, err := host.create(t, t.Context(), e, askPlatform)
	require.NoError(t, err)
	assert.Equal(t, []string{created, completed}, host.events)
	require.Len(t, result.Evidence.Attempts, 5)
	assert.Equal(t, 200, *result.Evidence.Attempts[4].Status)
	assert.Empty(t, result.Evidence.Attempts[4].ErrorKind)
	assert.Equal(t, 200, *result.Evidence.Status)
	assert.Nil(t, result.Evidence.UpstreamRequestID, "that of the answer that counts")
}

// The pause is the one asked for: the backoff would be an hour.
func TestRetryAfterIsHonoured(t *testing.T) {
	for name, value := range map[string]func() string{
		"Retry-After":    func() string { return "0.12" },
		"Retry-After-Ms": func() string { return "120" },
	} {
		var times []time.Time
		e := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if times = append(times, time.Now()); len(times) == 1 {
				w.Header().Set(name, value())
				w.WriteHeader(500)
				return
			}
			respond(w, streamOf(completed))
		})
		e.waits.firstBackoff = time.Hour
		_, err := (&host{}).create(t, t.Context(), e, askPlatform)
		require.NoError(t, err)
		require.Len(t, times, 2)
		assert.GreaterOrEqual(t, times[1].Sub(times[0]), 120*time.Millisecond)
	}
}

// One that is too long is told, not waited for; nor is any of a 429.
//
// Faults: C13.
func TestRetryAfterIsTold(t *testing.T) {
	for _, tt := range []struct {
		status int
		value  string
		want   int64
	}{
		{503, "31", 31_000},
		{503, "99999999999", 86_400_000_000},
		{503, "Fri, 31 Dec 2100 23:59:59 GMT", -1},
		{429, "2", 2_000},
		{429, "1.5", 1_500},
		{408, "4", 4_000},
		{429, "-1", 0},
		{429, "soon", 0},
		{429, "NaN", 0},
	} {
		var sent atomic.Int64
		e := serve(t, func(w http.ResponseWriter, r *http.Request) {
			sent.Add(1)
			w.Header().Set("Retry-After", tt.value)
			w.WriteHeader(tt.status)
		})
		result, failure := (&host{}).failure(t, e, askPlatform)
		assert.EqualValues(t, 1, sent.Load(), tt.value)
		assert.Len(t, result.Evidence.Attempts, 1)
		if tt.want < 0 {
			assert.Greater(t, failure.Data.RetryAfterMs, int64(86_400_000))
		} else {
			assert.Equal(t, tt.want, failure.Data.RetryAfterMs, tt.value)
		}
	}
}

// The pauses between attempts, on a clock that nothing disturbs.
//
// Faults: C14.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		e := newEngine(t, "http://upstream", func(s *setting) {
			s.Transport = transportFunc(func(*http.Request) (*http.Response, error) {
				times = append(times, time.Now())
				return &http.Response{StatusCode: 500, Header: http.Header{}, Body: http.NoBody}, nil
			})
		})
		e.waits.firstBackoff = firstBackoff
		_, _ = (&host{}).failure(t, e, askPlatform)
		require.Len(t, times, 5)
		for i, want := range []time.Duration{200, 400, 800, 1600} {
			got := times[i+1].Sub(times[i])
			assert.InDelta(t, float64(want*time.Millisecond), float64(got), float64(want*time.Millisecond)/10, "pause %d", i+1)
		}
	})
}

// No connection came about, so nothing was sent: it is tried again.
func TestConnectErrors(t *testing.T) {
	const closed = "http://127.0.0.1:1" // no program listens on port 1; the port of a closed server is soon another one's
	refused := func(s *setting) { s.PlatformBaseURL = closed }
	dial := func(err error) func(*setting) {
		return func(s *setting) {
			refused(s)
			s.Transport.(*transport.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, err }
		}
	}
	proxy := func(to string) func(*setting) {
		return func(s *setting) {
			s.PlatformBaseURL = "https://upstream.invalid"
			u, _ := url.Parse(to)
			u.User = url.UserPassword("user", testcheck.Canary)
			s.Transport.(*transport.Transport).Proxy = http.ProxyURL(u)
		}
	}
	proxyServer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer proxyServer.Close()
	for _, tt := range []struct {
		name     string
		reason   protocol.Reason
		attempts int
		edit     func(*setting)
	}{
		{"refused", "connect", 5, refused},
		{"reset", "connect", 5, dial(&net.OpError{Op: "dial", Err: syscall.ECONNRESET})},
		{"unknown host", "dns", 5, dial(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "h"}})},
		{"too slow", "timeout", 1, dial(&net.OpError{Op: "dial", Err: timeoutError{}})},
		{"proxy refused", "proxy", 5, proxy(closed)},
		{"proxy says no", "proxy", 1, proxy(proxyServer.URL)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, "", tt.edit)
			result, failure := (&host{}).failure(t, e, askPlatform)
			assert.Equal(t, protocol.CodeUpstreamUnavailable, failure.Code)
			assert.Equal(t, tt.reason, failure.Data.Reason)
			assert.True(t, failure.Data.Retryable)
			assert.Zero(t, failure.Data.HTTPStatus)
			assert.Nil(t, result.Evidence.Status)
			require.Len(t, result.Evidence.Attempts, tt.attempts)
			for _, attempt := range result.Evidence.Attempts {
				assert.Nil(t, attempt.Status)
				assert.Equal(t, tt.reason, attempt.ErrorKind)
			}
		})
	}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "too slow" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// After the request was sent it may have been served: a connection that ends
// without an answer is not tried again, also not by net/http for the sake of an
// idempotency key, on a new connection or on a kept one that takes its time.
func TestNoRetryOnceSent(t *testing.T) {
	for _, meta := range []string{`{}`, `{"headers":{"idempotency-key":"k"}}`} {
		for _, kept := range []bool{false, true} {
			t.Run(fmt.Sprint(meta, kept), func(t *testing.T) {
				var sent atomic.Int64
				e := serve(t, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.ReadAll(r.Body)
					if kept && sent.Add(1) == 1 {
						_, _ = io.WriteString(w, `{"status":"completed"}`)
						return
					}
					if kept {
						time.Sleep(staleAfter + 100*time.Millisecond) // it works on the request
					} else {
						sent.Add(2)
					}
					panic(http.ErrAbortHandler)
				})
				params := `{"model":"gpt-5.2-pro","_meta":` + meta + `}`
				if kept {
					_, err := (&host{}).create(t, t.Context(), e, params)
					require.NoError(t, err)
				}
				result, failure := (&host{}).failure(t, e, params)
				assert.EqualValues(t, 2, sent.Load())
				assert.Equal(t, protocol.ReasonConnect, failure.Data.Reason)
				assert.Len(t, result.Evidence.Attempts, 1)
			})
		}
	}
}

// A kept connection of HTTP/1.1 that ends at once, without a byte of an answer,
// had been closed: the request goes over a new one, once.
func TestRetryOnAKeptConnection(t *testing.T) {
	var sent atomic.Int64
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		if sent.Add(1)%2 == 0 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, `{"status":"completed"}`)
	})
	for i := range 5 {
		result, err := (&host{}).create(t, t.Context(), e, `{"model":"gpt-5.2-pro"}`)
		require.NoError(t, err)
		require.Len(t, result.Evidence.Attempts, 1+min(i, 1))
		if i > 0 {
			assert.Equal(t, protocol.ReasonConnect, result.Evidence.Attempts[0].ErrorKind)
		}
	}

	// Also where many are kept, and all of them end so.
	var begun sync.WaitGroup
	var dying atomic.Bool
	begun.Add(8)
	e = serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		if dying.Load() {
			panic(http.ErrAbortHandler)
		}
		begun.Done()
		begun.Wait() // so that each takes a connection of its own
		_, _ = io.WriteString(w, `{"status":"completed"}`)
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, err := (&host{}).create(t, t.Context(), e, `{"model":"gpt-5.2-pro"}`)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	dying.Store(true)
	result, failure := (&host{}).failure(t, e, `{"model":"gpt-5.2-pro"}`)
	assert.Equal(t, protocol.ReasonConnect, failure.Data.Reason)
	assert.Len(t, result.Evidence.Attempts, 2)
}

// After an event was delivered nothing is sent again, whatever follows.
//
// Faults: C12.
func TestNoRetryAfterAnEvent(t *testing.T) {
	for _, end := range []string{"", streamOf(`{"type":"response.failed","response":{"error":{"code":"server_error"}}}`), "data: {\n\n"} {
		var sent atomic.Int64
		e := serve(t, func(w http.ResponseWriter, r *http.Request) {
			sent.Add(1)
			respond(w, streamOf(created)+end)
			if end == "" {
				panic(http.ErrAbortHandler)
			}
		})
		_, failure := (&host{}).failure(t, e, askPlatform)
		assert.EqualValues(t, 1, sent.Load())
		assert.False(t, failure.Data.Retryable)
	}
}

// A refusal's body that never ends, or has no end in sight, holds nothing up.
func TestRefusalWithoutEnd(t *testing.T) {
	for _, status := range []int{400, 503} {
		e := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"error":{"message":"half`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		e.waits.refusal = 20 * time.Millisecond
		_, failure := (&host{}).failure(t, e, askPlatform)
		assert.Equal(t, status, failure.Data.HTTPStatus)
		assert.Nil(t, failure.Data.Upstream)

		e = serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, strings.Repeat(" ", 4096))
			}
		})
		_, failure = (&host{}).failure(t, e, askPlatform)
		assert.Equal(t, status, failure.Data.HTTPStatus)
	}
}

func TestWaitInWords(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"Rate limit reached for m. Please try again in 1.5s.": 1500 * time.Millisecond,
		"Please Try again in 250ms. Visit":                    250 * time.Millisecond,
		"try again in 20 seconds":                             20 * time.Second,
		"try again in 6m0s":                                   6 * time.Minute,
		"try again in 1 hour":                                 time.Hour,
		"try again in":                                        0,
		"try again in a while":                                0,
		"try again in 5":                                      0,
		"try again in 1.2.3s":                                 0,
		"":                                                    0,
	} {
		assert.Equal(t, want, waitInWords(text), text)
	}
}
