package engine

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The times of docs/protocol.md: Errors and retries, by a clock that stops while something runs. No
// socket takes part: the upstream is a pipe.

// line is the connection on which an upstream writes an answer.
type line struct {
	ctx context.Context
	*io.PipeWriter
}

// write writes text; false means that the other end has hung up.
func (l line) write(text string) bool {
	_, err := io.WriteString(l, text)
	return err == nil
}

// wait waits, but not for longer than the other end does.
func (l line) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-l.ctx.Done():
	}
}

// upstreamPipe makes an engine whose upstream reads the body, answers after
// headers and then does what body does; the answer ends with it.
func upstreamPipe(t *testing.T, headers time.Duration, body func(line)) *Engine {
	return newEngine(t, "http://upstream", func(s *setting) {
		s.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodGet { // a lookup
				return &http.Response{StatusCode: 404, Header: http.Header{}, Body: http.NoBody}, nil
			}
			_, _ = io.ReadAll(r.Body)
			select {
			case <-time.After(headers):
			case <-r.Context().Done():
				return nil, context.Cause(r.Context())
			}
			out, in := io.Pipe()
			context.AfterFunc(r.Context(), func() { _ = in.CloseWithError(context.Cause(r.Context())) })
			go func() {
				body(line{r.Context(), in})
				_ = in.CloseWithError(context.Cause(r.Context())) // nil: io.EOF
			}()
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: out}, nil
		})
	})
}

// Faults: C6, C16.
func TestTimeouts(t *testing.T) {
	never := 1000 * time.Hour
	tests := []struct {
		name, params string
		headers      time.Duration
		body         func(l line)
		code         protocol.Code // 0: it is completed
		reason       protocol.Reason
		after        time.Duration
	}{
		{"headers of a stream", askPlatform, never, nil, 1104, "timeout", 60 * time.Second},
		{"headers on the ChatGPT route", `{"model":"gpt-5.2-codex"}`, never, nil, 1104, "timeout", 60 * time.Second},
		{"headers just in time", askPlatform, 59 * time.Second, func(l line) { l.write(streamOf(completed)) }, 0, "", 59 * time.Second},
		{"unstreamed", `{"model":"gpt-5.2-pro"}`, never, nil, 1104, "timeout", 15 * time.Minute},
		{"unstreamed, in time", `{"model":"gpt-5.2-pro"}`, 14 * time.Minute, func(l line) { l.write("{}") }, 0, "", 14 * time.Minute},
		{"unstreamed, longer", `{"model":"gpt-5.2-pro","_meta":{"timeoutMs":3600000}}`, never, nil, 1104, "timeout", time.Hour},
		{"unstreamed, half a body", `{"model":"gpt-5.2-pro"}`, 0, func(l line) { l.write("{"); l.wait(never) }, 1105, "timeout", 15 * time.Minute},
		{"unstreamed has no idle limit", `{"model":"gpt-5.2-pro","_meta":{"idleTimeoutMs":10}}`, 0, func(l line) { l.write("{"); l.wait(time.Minute); l.write("}") }, 0, "", time.Minute},
		{"the whole request, before headers", `{"model":"gpt-5.2-pro","stream":true,"_meta":{"timeoutMs":5000}}`, never, nil, 1104, "timeout", 5 * time.Second},
		{"the whole request, in the stream", `{"model":"gpt-5.2-pro","stream":true,"_meta":{"timeoutMs":5000}}`, 0, func(l line) {
			for {
				l.wait(time.Second)
				if !l.write(streamOf(delta)) {
					return
				}
			}
		}, 1105, "timeout", 5 * time.Second},
		{"idle from the start", askPlatform, 0, func(l line) { l.wait(never) }, 1105, "idle", 300 * time.Second},
		{"idle in between", askPlatform, 0, func(l line) { l.write(streamOf(created)); l.wait(never) }, 1105, "idle", 300 * time.Second},
		{"idle as the host says", `{"model":"gpt-5.2-pro","stream":true,"_meta":{"idleTimeoutMs":1500}}`, 0, func(l line) { l.wait(never) }, 1105, "idle", 1500 * time.Millisecond},
		{"comments are life", askPlatform, 0, func(l line) {
			for range 10 {
				l.wait(299 * time.Second)
				l.write(": keep-alive\n\n")
			}
			l.write(streamOf(completed))
		}, 0, "", 2990 * time.Second},
		{"an error and silence", askPlatform, 0, func(l line) { l.write(streamOf(errorEvent)); l.wait(never) }, 1106, "requests", 5 * time.Second},
		{"an error and a flood", askPlatform, 0, func(l line) {
			l.write(streamOf(errorEvent))
			for {
				l.wait(300 * time.Millisecond)
				if !l.write(streamOf(delta, errorEvent)) {
					return
				}
			}
		}, 1106, "requests", 5 * time.Second},
		{"an error and a shorter idle limit", `{"model":"gpt-5.2-pro","stream":true,"_meta":{"idleTimeoutMs":1500}}`, 0,
			func(l line) { l.write(streamOf(errorEvent)); l.wait(never) }, 1106, "requests", 1500 * time.Millisecond},
		{"an error and its terminal event", askPlatform, 0, func(l line) {
			l.write(streamOf(errorEvent))
			l.wait(4 * time.Second)
			l.write(streamOf(completed))
		}, 0, "", 4 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := upstreamPipe(t, tt.headers, tt.body)
				start := time.Now()
				result, err := (&host{}).create(t, t.Context(), e, tt.params)
				assert.Equal(t, tt.after, time.Since(start))
				assert.Equal(t, tt.after.Milliseconds(), result.Evidence.DurationMs)
				assert.Len(t, result.Evidence.Attempts, 1, "it is not tried again")
				if tt.code == 0 {
					require.NoError(t, err)
					return
				}
				var known *protocol.Error
				require.ErrorAs(t, err, &known)
				assert.Equal(t, tt.code, known.Code)
				assert.Equal(t, tt.reason, known.Data.Reason)
				if tt.code == 1104 {
					assert.True(t, known.Data.Retryable)
					assert.Equal(t, protocol.ReasonTimeout, result.Evidence.Attempts[0].ErrorKind)
				}
			})
		})
	}
}

// The idle clock stops while the host does not read, for however long.
func TestIdleClockStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := upstreamPipe(t, 0, func(l line) {
			l.write(streamOf(created))
			l.wait(200 * time.Second)
			l.write(streamOf(completed))
		})
		host := &host{onEvent: func(context.Context, int) error { time.Sleep(time.Hour); return nil }}
		_, err := host.create(t, t.Context(), e, askPlatform)
		require.NoError(t, err)
	})
}

// The five seconds after an error event do not take away the terminal event that
// a host is slow to read, and do end a wait for it to read any other.
func TestGraceAndASlowHost(t *testing.T) {
	slow := func(ctx context.Context, n int) error {
		if n == 1 {
			return nil
		}
		select {
		case <-time.After(time.Minute):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for last, events := range map[string]int{completed: 2, delta: 1} {
		synctest.Test(t, func(t *testing.T) {
			e := upstreamPipe(t, 0, func(l line) { l.write(streamOf(errorEvent, last)); l.wait(time.Hour) })
			host := &host{onEvent: slow}
			start := time.Now()
			_, err := host.create(t, t.Context(), e, askPlatform)
			assert.Len(t, host.events, events)
			if last == completed {
				require.NoError(t, err)
				return
			}
			var known *protocol.Error
			require.ErrorAs(t, err, &known)
			assert.Equal(t, protocol.CodeResponseFailed, known.Code)
			assert.Equal(t, errorGrace, time.Since(start))
		})
	}
}

// A total limit also ends a wait for the host.
func TestTimeoutAndASlowHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := upstreamPipe(t, 0, func(l line) { l.write(streamOf(created)) })
		host := &host{onEvent: func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }}
		_, failure := host.failure(t, e, `{"model":"gpt-5.2-pro","stream":true,"_meta":{"timeoutMs":1000}}`)
		assert.Equal(t, protocol.ReasonTimeout, failure.Data.Reason)
		assert.Equal(t, protocol.CodeStreamBroken, failure.Code)
	})
}

// Sending a large body over a slow line is not waiting for the headers: their
// time starts again with each piece. A line that stalls is.
func TestSlowUpload(t *testing.T) {
	for _, tt := range []struct {
		piece  time.Duration // until the next one is taken
		reason protocol.Reason
	}{{59 * time.Second, ""}, {61 * time.Second, "timeout"}} {
		synctest.Test(t, func(t *testing.T) {
			e := newEngine(t, "http://upstream", func(s *setting) {
				s.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
					piece := make([]byte, 16)
					for {
						if _, err := r.Body.Read(piece); err == io.EOF {
							break
						}
						select {
						case <-time.After(tt.piece):
						case <-r.Context().Done():
							return nil, context.Cause(r.Context())
						}
					}
					return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(streamOf(completed)))}, nil
				})
			})
			start := time.Now()
			result, err := (&host{}).create(t, t.Context(), e, askPlatform)
			if tt.reason == "" {
				require.NoError(t, err)
				assert.Greater(t, time.Since(start), 2*headerTimeout)
				return
			}
			var known *protocol.Error
			require.ErrorAs(t, err, &known)
			assert.Equal(t, protocol.CodeUpstreamUnavailable, known.Code)
			assert.Equal(t, tt.reason, known.Data.Reason)
			assert.Equal(t, headerTimeout, time.Since(start))
			assert.Len(t, result.Evidence.Attempts, 1)
		})
	}
}

// The limit of the whole request holds from its beginning: while auth.json is
// read, which takes as long as another program writes it.
func TestTimeoutBeforeTheRequest(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, "auth.json"), []byte(`{"auth_mode":`), 0o600))
	e := newEngine(t, "http://127.0.0.1:1", func(s *setting) { s.auth = auth.Config{Home: home} })
	result, failure := (&host{}).failure(t, e, `{"model":"gpt-5.2-pro","_meta":{"timeoutMs":1}}`)
	assert.Equal(t, protocol.CodeUpstreamUnavailable, failure.Code)
	assert.Equal(t, protocol.ReasonTimeout, failure.Data.Reason)
	assert.Empty(t, result.Evidence.Attempts)
}
