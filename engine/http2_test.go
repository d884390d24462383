package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/transport"
)

// serveHTTP2 is serve over TLS and HTTP/2.
func serveHTTP2(t *testing.T, handler http.HandlerFunc) *Engine {
	server := httptest.NewUnstartedServer(callsOnly(handler))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return newEngine(t, server.URL, func(s *setting) {
		transport := s.Transport.(*transport.Transport)
		transport.TLSClientConfig = &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	})
}

// A host that does not read one stream makes the upstream of that stream wait,
// within the window and not in our memory; other streams on the same connection
// go on, and a cancel acts.
//
// Faults: C24.
func TestStalledStream(t *testing.T) {
	var stalled, conns atomic.Int64
	gone := make(chan struct{})
	big := strings.Repeat("x", 64<<10)
	endless := streamOf(`{"type":"x","d":"` + big + `"}`)
	e := serveHTTP2(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "HTTP/2.0", r.Proto)
		if r.Header.Get("X-Client-Request-Id") != "stalled" {
			respond(w, strings.Repeat(endless, 128)+streamOf(completed)) // 8 MiB
			return
		}
		defer close(gone)
		for {
			n, err := io.WriteString(w, endless)
			stalled.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	dial := e.cfg.Transport.(*transport.Transport).DialContext
	e.cfg.Transport.(*transport.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conns.Add(1)
		return dial(ctx, network, address)
	}

	cause := errors.New("cannot keep up")
	ctx, cancel := context.WithCancelCause(t.Context())
	blocked := make(chan struct{})
	ended := make(chan error, 1)
	slow := &host{onEvent: func(ctx context.Context, _ int) error {
		close(blocked)
		<-ctx.Done()
		return ctx.Err()
	}}
	req := slow.request(t, `{"model":"gpt-5.2-pro","stream":true,"_meta":{"headers":{"x-client-request-id":"stalled"}}}`)
	go func() {
		_, err := e.Create(ctx, req, slow)
		ended <- err
	}()
	<-blocked
	for range 4 {
		reader := &host{}
		_, err := reader.create(t, t.Context(), e, askPlatform)
		require.NoError(t, err)
		assert.Len(t, reader.events, 129)
	}
	// The window, and beside it the buffers of reader, transport and server.
	assert.Less(t, stalled.Load(), int64(1<<20))
	assert.EqualValues(t, 1, conns.Load(), "all of it was one connection")

	cancel(cause)
	assert.Equal(t, cause, <-ended)
	<-gone
}

// Resets and refusals of HTTP/2: a stream that was cut is not asked for again.
//
// Faults: C17.
func TestHTTP2Cut(t *testing.T) {
	var sent atomic.Int64
	e := serveHTTP2(t, func(w http.ResponseWriter, r *http.Request) {
		sent.Add(1)
		if r.Header.Get("X-Client-Request-Id") == "headers" {
			panic(http.ErrAbortHandler)
		}
		respond(w, streamOf(created))
		panic(http.ErrAbortHandler)
	})
	_, failure := (&host{}).failure(t, e, askPlatform)
	assert.Equal(t, protocol.ReasonCut, failure.Data.Reason)
	assert.EqualValues(t, 1, *failure.Data.EventsDelivered)
	assert.EqualValues(t, 1, sent.Load())

	result, failure := (&host{}).failure(t, e, `{"model":"gpt-5.2-pro","stream":true,"_meta":{"headers":{"x-client-request-id":"headers","idempotency-key":"k"}}}`)
	assert.Equal(t, protocol.ReasonConnect, failure.Data.Reason)
	assert.EqualValues(t, 2, sent.Load())
	assert.Len(t, result.Evidence.Attempts, 1)
}

// A connection that has died without a word, as after the sleep of a laptop, is
// noticed by its ping, long before the idle limit of the stream.
func TestHTTP2DeadConnection(t *testing.T) {
	e := serveHTTP2(t, func(w http.ResponseWriter, r *http.Request) {
		respond(w, streamOf(created))
		<-r.Context().Done()
	})
	tr := e.cfg.Transport.(*transport.Transport)
	require.NotZero(t, tr.HTTP2.SendPingTimeout)
	tr.HTTP2.SendPingTimeout, tr.HTTP2.PingTimeout = 100*time.Millisecond, 100*time.Millisecond
	dial := tr.DialContext
	frozen := make(chan struct{})
	tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return &freezing{Conn: conn, frozen: frozen, closed: make(chan struct{})}, err
	}
	h := &host{onEvent: func(context.Context, int) error { close(frozen); return nil }}
	_, failure := h.failure(t, e, askPlatform)
	assert.Equal(t, protocol.ReasonCut, failure.Data.Reason)
	assert.EqualValues(t, 1, *failure.Data.EventsDelivered)
}

// freezing is a connection on which nothing arrives any more once it is frozen.
type freezing struct {
	net.Conn
	frozen chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (c *freezing) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	select {
	case <-c.frozen:
		<-c.closed
		return 0, net.ErrClosed
	default:
		return n, err
	}
}

func (c *freezing) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
