package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/signalbox-dev/signalbox/internal/httpx"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// maxRetries after the first attempt.
	maxRetries = 4
	// maxRetryAfter is the longest Retry-After that is waited for.
	maxRetryAfter = 30 * time.Second
	// staleAfter: a kept connection of HTTP/1.1 that ends this soon after a request
	// was written to it, without a byte of an answer, was closed before the request
	// arrived.
	staleAfter = time.Second
)

// send posts the body and returns the answer, whatever its status. This is the
// one place that retries (docs/protocol.md: Errors and retries): connect errors
// and 5xx, before any event can have been delivered; never a 4xx, and a 429 is
// never slept on.
func (c *call) send(ctx context.Context) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		start := time.Now()
		resp, err := c.post(ctx)
		c.recordAttempt(ctx, time.Since(start), resp, err)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case attempt < maxRetries && ctx.Err() == nil && c.maySendAgain(resp, err):
		case err != nil:
			return nil, errors.Unwrap(err)
		default:
			return resp, nil
		}
		pause := time.Duration(float64(c.engine.waits.firstBackoff<<attempt) * (0.9 + 0.2*rand.Float64()))
		if resp != nil {
			if asked := httpx.RetryAfter(resp.Header); asked > 0 {
				pause = asked
			}
			// Not read to the end: its body may never end.
			_ = resp.Body.Close()
		}
		c.sink.SendingAgain(c.retry(attempt, pause, resp))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// retry describes what comes after an attempt that failed; resp may be nil.
func (c *call) retry(attempt int, pause time.Duration, resp *http.Response) Retry {
	attempts := c.record.evidence.Attempts
	r := Retry{Attempt: attempt + 2, Of: maxRetries + 1, Pause: pause, Reason: attempts[len(attempts)-1].ErrorKind}
	if resp != nil {
		r.Status, r.UpstreamRequestID = resp.StatusCode, httpx.RequestID(resp.Header)
	}
	return r
}

// maySendAgain reports whether the same request may be sent again after this end
// of an attempt. A request that was sent and got no answer may not, since it may
// have been served; except, once, on a kept connection that had ended, see
// staleAfter.
func (c *call) maySendAgain(resp *http.Response, err error) bool {
	if err == nil {
		return resp.StatusCode >= 500 && httpx.RetryAfter(resp.Header) <= maxRetryAfter
	}
	failure, ok := errors.AsType[*unreachable](err)
	switch {
	case !ok:
		return false
	case failure.stale && !c.wasStale:
		c.wasStale = true
		c.engine.closeIdle() // the others that were kept may have ended as well
		return true
	}
	return failure.unsent
}

// recordAttempt adds an attempt to the evidence.
func (c *call) recordAttempt(ctx context.Context, took time.Duration, resp *http.Response, err error) {
	note := protocol.Attempt{DurationMs: took.Milliseconds()}
	failure, _ := errors.AsType[*unreachable](err)
	switch {
	case err != nil && ctx.Err() != nil:
		note.ErrorKind = ended(ctx)
	case failure != nil:
		note.ErrorKind = failure.error.Data.Reason
	default:
		note.Status = &resp.StatusCode
		if resp.StatusCode >= 500 {
			note.ErrorKind = protocol.ReasonServerError
		}
	}
	c.record.evidence.Attempts = append(c.record.evidence.Attempts, note)
}

// sendRefreshed sends the body once more, with a refreshed credential, after a
// 401: once for a request, and never with a credential of another source or
// account (docs/credentials.md: Refresh). Where no newer credential exists,
// refused is the answer that counts.
func (c *call) sendRefreshed(ctx context.Context, refused *http.Response) (*http.Response, error) {
	login, err := c.engine.cfg.Credentials.RefreshRejected(ctx, c.target.login)
	if known, ok := errors.AsType[*protocol.Error](err); ok && known.Data.Reason == protocol.ReasonTokenRejected {
		return refused, nil
	}
	c.record.answered(refused.StatusCode, refused.Header)
	_ = refused.Body.Close()
	if err != nil {
		return nil, err
	}
	baseURL := c.target.baseURL // where the account's region is, which stays
	c.target = c.engine.chatGPTTarget(login)
	c.target.baseURL = baseURL
	c.record.evidence.Refreshed = true
	return c.send(ctx)
}

// ended returns the reason of an attempt that its context ended.
func ended(ctx context.Context) protocol.Reason {
	switch context.Cause(ctx) {
	case errTotalTimeout, errHeaderTimeout:
		return protocol.ReasonTimeout
	}
	return protocol.ReasonCancelled
}

// post sends one request. Its error is an *unreachable.
func (c *call) post(ctx context.Context) (*http.Response, error) {
	connected := false
	var kept time.Time // when a kept connection of HTTP/1.1 was taken
	var answered atomic.Bool
	trace := &httptrace.ClientTrace{
		// The transport starts over when a kept connection turns out to be gone
		// before anything was written to it.
		GetConn: func(string) { connected, kept = false, time.Time{} },
		GotConn: func(info httptrace.GotConnInfo) {
			if connected = true; info.Reused && !isHTTP2(info.Conn) {
				kept = time.Now()
			}
		},
		GotFirstResponseByte: func() { answered.Store(true) },
	}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodPost, c.target.baseURL+"/responses", nil)
	if err != nil {
		return nil, c.unreachable(err, false)
	}
	c.setHeaders(req.Header)
	limit := time.Duration(0)
	if c.streamed {
		limit = c.engine.waits.headers
	}
	clock := startHeaderClock(limit, func() { c.cancel(errHeaderTimeout) })
	defer clock.stop()
	c.upload.attach(req, clock.touch)
	resp, err := c.engine.cfg.Transport.RoundTrip(req)
	if err != nil {
		failure := c.unreachable(err, connected)
		failure.stale = !kept.IsZero() && !answered.Load() && time.Since(kept) < staleAfter && failure.error.Data.Reason == protocol.ReasonConnect
		return nil, failure
	}
	return resp, nil
}

// closeIdle closes the connections that are kept for later.
func (e *Engine) closeIdle() {
	if t, ok := e.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// isHTTP2 reports whether a connection speaks HTTP/2, which says itself which
// requests it has not served.
func isHTTP2(conn net.Conn) bool {
	c, ok := conn.(*tls.Conn)
	return ok && c.ConnectionState().NegotiatedProtocol == "h2"
}
