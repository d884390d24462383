package engine

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cancelAt is where a request is when it is cancelled: the upstream's handler,
// and whether the sink blocks. reached is closed when the request is there, and
// gone when the upstream has noticed.
type cancelAt struct {
	name, params string
	handler      func(w http.ResponseWriter, r *http.Request, reached func())
	blocked      bool
	status       string // of the evidence
	attempts     int
}

var cancelPlaces = []cancelAt{
	{"headers", askPlatform, func(w http.ResponseWriter, r *http.Request, reached func()) {
		_, _ = io.ReadAll(r.Body)
		reached()
		<-r.Context().Done()
	}, false, "null", 1},
	{"headers of an unstreamed answer", `{"model":"gpt-5.2-pro"}`, func(w http.ResponseWriter, r *http.Request, reached func()) {
		_, _ = io.ReadAll(r.Body)
		reached()
		<-r.Context().Done()
	}, false, "null", 1},
	{"stream", askChatGPT, func(w http.ResponseWriter, r *http.Request, reached func()) {
		respond(w, streamOf(created))
		reached()
		<-r.Context().Done()
	}, false, "200", 1},
	{"body", `{"model":"gpt-5.2-pro"}`, func(w http.ResponseWriter, r *http.Request, reached func()) {
		respond(w, `{"status":`)
		reached()
		<-r.Context().Done()
	}, false, "200", 1},
	{"body of a refusal", askPlatform, func(w http.ResponseWriter, r *http.Request, reached func()) {
		w.WriteHeader(400)
		respond(w, `{"error":`)
		reached()
		<-r.Context().Done()
	}, false, "400", 1},
	{"after an error event", askPlatform, func(w http.ResponseWriter, r *http.Request, reached func()) {
		respond(w, streamOf(errorEvent))
		reached()
		<-r.Context().Done()
	}, false, "200", 1},
	{"a host that does not read", askPlatform, func(w http.ResponseWriter, r *http.Request, _ func()) {
		respond(w, streamOf(created))
		<-r.Context().Done()
	}, true, "200", 1},
}

// A cancel ends Create at once with its cause, wherever the request is, and the
// upstream notices (docs/protocol.md: Cancelling).
func TestCancel(t *testing.T) {
	cause := errors.New("the host has changed its mind")
	for _, tt := range cancelPlaces {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			var at atomic.Pointer[time.Time]
			reached := func() { now := time.Now(); at.Store(&now); cancel(cause) }
			gone := make(chan time.Duration, 1)
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				tt.handler(w, r, reached)
				gone <- time.Since(*at.Load())
			})
			reader := &host{}
			if tt.blocked {
				reader.onEvent = func(ctx context.Context, _ int) error {
					reached()
					<-ctx.Done()
					return ctx.Err()
				}
			}
			result, err := reader.create(t, ctx, e, tt.params)
			took := time.Since(*at.Load())
			assert.Equal(t, cause, err)
			assert.Less(t, took, time.Second)
			assert.Less(t, <-gone, time.Second)
			assert.Empty(t, result.Status)
			assert.Nil(t, result.Response)
			require.Len(t, result.Evidence.Attempts, tt.attempts)
			if tt.status == "null" {
				assert.Nil(t, result.Evidence.Status)
				assert.Equal(t, protocol.ReasonCancelled, result.Evidence.Attempts[0].ErrorKind)
			} else if result.Evidence.Status != nil { // the cancel may come before the headers are read
				assert.Equal(t, tt.status, strconv.Itoa(*result.Evidence.Status))
			}
		})
	}
}

// A cancel ends a pause between attempts, however long that is.
func TestCancelInAPause(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	e := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) })
	e.waits.firstBackoff = time.Hour
	transport := e.cfg.Transport
	e.cfg.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
		resp, err := transport.RoundTrip(r)
		time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
		return resp, err
	})
	result, err := (&host{}).create(t, ctx, e, askPlatform)
	assert.Equal(t, cause, err)
	require.Len(t, result.Evidence.Attempts, 1)
	assert.Equal(t, 503, *result.Evidence.Attempts[0].Status)
}

// A request that is cancelled before it begins sends nothing.
func TestCancelledBefore(t *testing.T) {
	cause := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	e := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request came") })
	for _, params := range []string{askPlatform, `{"model":"gpt-5.2-codex","seed":1}`, `{"model":"gpt-5.2-pro","_meta":{"route":"chatgpt"}}`} {
		_, err := (&host{}).create(t, ctx, e, params)
		assert.Equal(t, cause, err)
	}
}

// A cancel beside a terminal event changes nothing any more.
func TestCancelAfterTheEnd(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) { respond(w, streamOf(completed)) })
	ctx, cancel := context.WithCancelCause(t.Context())
	reader := &host{onEvent: func(context.Context, int) error { cancel(errors.New("late")); return nil }}
	result, err := reader.create(t, ctx, e, askPlatform)
	require.NoError(t, err)
	assert.EqualValues(t, "completed", result.Status)
}

// The body's memory is given back when the headers are there, though net/http
// holds on to its request until the stream ends (docs/protocol.md: Limits).
func TestBodyIsReleasedAfterTheHeaders(t *testing.T) {
	for _, params := range []string{askPlatform, askChatGPT} {
		finish := make(chan struct{})
		e := serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			respond(w, streamOf(created))
			<-finish
			respond(w, streamOf(completed))
		})
		body := []byte(strings.Replace(params, `"hi"`, `"`+strings.Repeat("x", 1<<20)+`"`, 1))
		held := weak.Make(&body[0])
		req, failure := NewRequest(body, nil)
		require.Nil(t, failure)
		body = nil
		released := 0
		req.Release = func() { released++ }
		reader := &host{onStarted: func() { assert.Equal(t, 1, released) }}
		reader.onEvent = func(_ context.Context, n int) error {
			if n == 1 {
				for range 100 {
					if runtime.GC(); held.Value() == nil {
						break
					}
					runtime.Gosched() // the transport may still be on its way out
				}
				assert.Nil(t, held.Value(), "the params are still held")
				close(finish)
			}
			return nil
		}
		_, err := e.Create(t.Context(), req, reader)
		require.NoError(t, err)
		assert.Equal(t, 1, released)
	}
}

// While the upstream takes its time there is one copy of the body, not also the
// params that it was cut out of: hosts send bodies of many megabytes.
func TestParamsAreGivenBackOnceTheBodyIsBuilt(t *testing.T) {
	for _, params := range []string{askPlatform, askChatGPT} {
		params = strings.Replace(params, `"hi"`, `"`+strings.Repeat("x", 1<<20)+`"`, 1)
		body := []byte(strings.Replace(params, "{", `{"_meta":{},`, 1))
		held := weak.Make(&body[0])
		req, failure := NewRequest(body, nil)
		require.Nil(t, failure)
		body = nil
		e := serve(t, func(w http.ResponseWriter, r *http.Request) {
			runtime.GC()
			assert.Nil(t, held.Value(), "the params are still held")
			_, _ = io.ReadAll(r.Body)
			respond(w, streamOf(completed))
		})
		_, err := e.Create(t.Context(), req, &host{})
		require.NoError(t, err)
	}
}

// Nothing reads the answer before the body has been sent, and a server may
// answer without reading it at all.
func TestAnswerBeforeTheBody(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		respond(w, streamOf(created))
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Len(t, body, 8<<20+len(`{"model":"gpt-5.2-pro","stream":true,"input":""}`))
		respond(w, streamOf(completed))
	})
	reader := &host{}
	_, err := reader.create(t, t.Context(), e, `{"model":"gpt-5.2-pro","stream":true,"input":"`+strings.Repeat("x", 8<<20)+`"}`)
	require.NoError(t, err)
	assert.Len(t, reader.events, 2)
}
