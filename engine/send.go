package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

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

// send posts the body and gives the answer, whatever its status. This is the
// one place that retries (contract 6): connect errors and 5xx, before any event
// can have been delivered; never a 4xx, and a 429 is never slept on. A request
// that was sent and got no answer is not sent again, since it may have been
// served; but for one on a kept connection that had ended, once, see staleAfter.
func (x *exchange) send(ctx context.Context, streamed bool) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		start := time.Now()
		resp, failure := x.post(ctx, streamed)
		note := protocol.Attempt{DurationMs: time.Since(start).Milliseconds()}
		var pause time.Duration
		var again bool
		switch {
		case failure != nil:
			note.ErrorKind, again = failure.Data.Reason, failure.unsent || failure.stale && !x.wasStale
			if failure.stale && again {
				x.wasStale = true
				x.engine.closeIdle() // the others that were kept may have ended, too
			}
			if ctx.Err() != nil {
				note.ErrorKind = ended(ctx)
			}
		case resp.StatusCode >= 500:
			note.Status, note.ErrorKind = &resp.StatusCode, protocol.ReasonServerError
			pause = retryAfter(resp.Header)
			again = pause <= maxRetryAfter
		default:
			note.Status = &resp.StatusCode
		}
		x.record.evidence.Attempts = append(x.record.evidence.Attempts, note)
		switch {
		case failure != nil && ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case again && attempt < maxRetries && ctx.Err() == nil:
		case failure != nil:
			return nil, failure.Error
		default:
			return resp, nil
		}
		if resp != nil {
			// Not read to the end: its body may never end.
			_ = resp.Body.Close()
		}
		if pause == 0 {
			pause = time.Duration(float64(x.engine.waits.firstBackoff<<attempt) * (0.9 + 0.2*rand.Float64()))
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// sendRenewed sends the body once more, with a renewed credential, after a 401:
// once for a request, and never with a credential of another source or account
// (contract 5). Where there is no newer credential to be had, refused is the
// answer that counts.
func (x *exchange) sendRenewed(ctx context.Context, streamed bool, refused *http.Response) (*http.Response, error) {
	login, err := x.engine.cfg.Credentials.Renew(ctx, x.target.login)
	var known *protocol.Error
	if errors.As(err, &known) && known.Data.Reason == protocol.ReasonTokenRejected {
		return refused, nil
	}
	x.record.answered(refused.StatusCode, refused.Header)
	_ = refused.Body.Close()
	if err != nil {
		return nil, err
	}
	baseURL := x.target.baseURL // where the account's region is, which stays
	x.target = x.engine.chatGPTTarget(login)
	x.target.baseURL = baseURL
	x.record.evidence.Refreshed = true
	return x.send(ctx, streamed)
}

// ended is what an attempt came to that its context ended.
func ended(ctx context.Context) protocol.Reason {
	switch context.Cause(ctx) {
	case errTotalTimeout, errHeaderTimeout:
		return protocol.ReasonTimeout
	}
	return protocol.ReasonCancelled
}

// post sends one request.
func (x *exchange) post(ctx context.Context, streamed bool) (*http.Response, *unreachable) {
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
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodPost, x.target.baseURL+"/responses", nil)
	if err != nil {
		return nil, x.unreachable(err, false)
	}
	x.setHeaders(req.Header)
	limit := time.Duration(0)
	if streamed {
		limit = x.engine.waits.headers
	}
	clock := startHeaderClock(limit, func() { x.cancel(errHeaderTimeout) })
	defer clock.stop()
	x.upload.attach(req, clock.touch)
	resp, err := x.engine.cfg.Transport.RoundTrip(req)
	if err != nil {
		failure := x.unreachable(err, connected)
		failure.stale = !kept.IsZero() && !answered.Load() && time.Since(kept) < staleAfter && failure.Data.Reason == protocol.ReasonConnect
		return nil, failure
	}
	return resp, nil
}

// closeIdle gives up the connections that are kept for later.
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

// retryAfter reads how long the upstream asks to wait, 0 for nothing: the
// milliseconds that OpenAI adds, else a number of seconds or a date (RFC 9110
// section 10.2.3).
func retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return span(ms, time.Millisecond)
	}
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		return span(seconds, time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// span is n units, between 0 and a thousand days.
func span(n float64, unit time.Duration) time.Duration {
	if math.IsNaN(n) || n <= 0 {
		return 0
	}
	const most = 1000 * 24 * time.Hour
	return time.Duration(min(n, float64(most/unit)) * float64(unit))
}
