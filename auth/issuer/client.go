// Package issuer is the OAuth client of OpenAI's issuer: authorization URL, code,
// refresh, exchange, device code and revocation, as Codex sends them. It keeps no
// token and knows no store.
package issuer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/signalbox-dev/signalbox/internal/httpx"
	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// Timeout bounds one request to the issuer, its answer included: time in which
	// this process runs.
	Timeout = 20 * time.Second
	// maxBody is the longest answer that is read; a real one has 6 KiB.
	maxBody = 1 << 20
	// maxDepth is how deep an answer may nest.
	maxDepth = 64
	// maxRetryAfter bounds the pause that the issuer may ask for.
	maxRetryAfter = time.Hour
)

// formType is the media type of a form.
const formType = "application/x-www-form-urlencoded"

// Tokens are the issuer's answer to a grant. A token that the answer to a refresh
// lacks keeps its old value (RFC 6749, 6).
type Tokens struct {
	ID, Access, Refresh protocol.Secret
	// RequestID is the id of a refresh at the issuer; "" where the answer has none.
	RequestID string
}

// answer is the JSON object of a 2xx, and the id of its request.
type answer struct {
	text      []byte
	requestID string
}

// Client sends requests to one issuer. It follows no redirect: a token or a code goes to no
// other host (RFC 9700, 4.12). The error of its methods is an *Error, also when
// ctx ends. Safe for concurrent use.
type Client struct {
	Endpoint  Endpoint
	Transport http.RoundTripper
	// UserAgent and Originator are sent with a refresh and a revocation, as Codex
	// does, Originator also with the browser; the other requests have neither.
	UserAgent, Originator string
	// Limit of one request; 0: Timeout. Tests shorten it.
	Limit time.Duration
}

// postJSON posts an object and returns the JSON object of a 2xx answer; an empty
// body counts as {}. ctx bounds it, and Timeout. named adds User-Agent and
// originator.
func (c *Client) postJSON(ctx context.Context, to string, object map[string]string, named bool) (answer, error) {
	body, err := json.Marshal(object)
	if err != nil {
		panic(err) // the objects are maps of strings
	}
	header := http.Header{}
	if named {
		header.Set("User-Agent", c.UserAgent)
		header.Set("originator", c.Originator)
	}
	return c.post(ctx, to, "application/json", body, header)
}

func (c *Client) post(ctx context.Context, to, contentType string, body []byte, header http.Header) (answer, error) {
	ctx, cancel := withRunningTime(ctx, cmp.Or(c.Limit, Timeout))
	defer cancel()
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}
	e := &Error{}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		e.unsent = true
		return answer{}, e.fail(protocol.ReasonConnect, "The URL of the issuer cannot be used.", "Correct the issuer's URL.")
	}
	// Without GetBody the transport sends no request a second time on its own:
	// what is in it may be good only once.
	req.GetBody = nil
	req.Header.Set("User-Agent", "") // no header at all
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	resp, err := c.Transport.RoundTrip(req)
	if err != nil {
		why := transport.Explain(timedOut(ctx, err), "the issuer", connected.Load())
		e.unsent, e.lost = why.Unsent || !connected.Load(), connected.Load()
		return answer{}, e.fail(why.Reason, why.Message, why.Action)
	}
	defer func() { _ = resp.Body.Close() }()
	e.RequestID = httpx.RequestID(resp.Header)
	e.Status, e.RetryAfter = resp.StatusCode, min(httpx.RetryAfter(resp.Header), maxRetryAfter)
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil && resp.StatusCode/100 == 2:
		why := transport.Explain(timedOut(ctx, err), "the issuer", true)
		e.Status, e.lost = 0, true // what the status means is lost
		return answer{}, e.fail(why.Reason, why.Message, why.Action)
	case len(text) > maxBody, encoded(resp.Header):
		return answer{}, e.badAnswer()
	case resp.StatusCode/100 == 2:
		text, err := e.accept(text)
		return answer{text, e.RequestID}, err
	}
	e.readRefusal(text)
	return answer{}, e
}

// timedOut returns err as the timeout that it is, if the limit of ctx ended the
// request.
func timedOut(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, context.DeadlineExceeded) {
		return errors.Join(cause, err)
	}
	return err
}

// accept takes the body of a 2xx: a JSON object that names no error.
func (e *Error) accept(text []byte) ([]byte, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}")
	}
	members, _, err := rawjson.Object(text, maxDepth, nil)
	if err != nil {
		return nil, e.badAnswer()
	}
	if m, ok := rawjson.Find(members, "error"); ok && string(m.Value) != "null" {
		e.Code, e.Message = refusalOf(text)
		return nil, e.badAnswer()
	}
	return text, nil
}

// encoded reports whether a body is compressed, which we never ask for: it is
// not unpacked, so that a small one cannot become a large one.
func encoded(h http.Header) bool {
	coding := strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding")))
	return coding != "" && coding != "identity"
}
