package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// issuerTimeout bounds one request to the issuer, its answer included
	// (contract 5: "POST: 20 s").
	issuerTimeout = 20 * time.Second
	// maxIssuerBody is the longest answer that is read; a real one has 6 KiB.
	maxIssuerBody = 1 << 20
)

// issuerClass is what a failure of the issuer means for the token that was sent.
type issuerClass int

const (
	// issuerTransient: nothing is known of the token; later may be better.
	issuerTransient issuerClass = iota
	// issuerExpired: the refresh token has expired.
	issuerExpired
	// issuerReused: the refresh token was spent before.
	issuerReused
	// issuerRevoked: the refresh token was revoked.
	issuerRevoked
	// issuerInvalidGrant is RFC 6749, 5.2: the grant is no good, for some reason.
	issuerInvalidGrant
	// issuerRefused: anything else that another try does not change.
	issuerRefused
)

// issuerError is a request to the issuer that was not answered with a 2xx and a
// JSON object.
type issuerError struct {
	class issuerClass
	// reason narrows a transient failure: connect, dns, tls, proxy, timeout,
	// redirect, rate_limited, server_error or bad_answer.
	reason protocol.Reason
	// why and action tell it to a person.
	why, action string
	// status of the answer; 0 when none came.
	status int
	// code and message are what the issuer says, not masked.
	code, message string
	// unsent: the request was provably not processed, and may be sent again.
	unsent bool
	// lost: it was sent, and no answer came: it may have been processed.
	lost bool
	// retryAfter is what the issuer asks for; 0 when it does not.
	retryAfter time.Duration
}

// Error implements error; it holds nothing that the issuer said.
func (e *issuerError) Error() string {
	if e.status != 0 {
		return "the issuer answered with status " + strconv.Itoa(e.status)
	}
	return "the issuer could not be reached: " + string(e.reason)
}

// fail sets the reason of a transient failure.
func (e *issuerError) fail(reason protocol.Reason, why, action string) *issuerError {
	e.reason, e.why, e.action = reason, why, action
	return e
}

// unavailable is the 1004 of a failure that says nothing about the token.
func (m *Manager) unavailable(e *issuerError) *protocol.Error {
	return protocol.NewError(protocol.CodeAuthUnavailable, e.why, protocol.ErrorData{
		Reason: e.reason, Action: e.action, HTTPStatus: e.status,
		Retryable:    e.reason != protocol.ReasonTLS && e.reason != protocol.ReasonRedirect && e.reason != protocol.ReasonRefused,
		RetryAfterMs: e.retryAfter.Milliseconds(),
		Upstream:     m.issuerSaid(e),
	})
}

// issuerSaid is what the issuer said, masked; nil when it said nothing.
func (m *Manager) issuerSaid(e *issuerError) *protocol.UpstreamError {
	if e.code == "" && e.message == "" {
		return nil
	}
	return &protocol.UpstreamError{Code: cut(m.masked.Mask(e.code)), Message: cut(m.masked.Mask(e.message))}
}

// cut bounds a text of the issuer to 512 bytes.
func cut(text string) string {
	if len(text) > 512 {
		text = strings.ToValidUTF8(text[:512], "")
	}
	return text
}

// issuerClient posts to the issuer. It follows no redirect: a token or a code
// goes to no other host (RFC 9700, 4.12). Safe for concurrent use.
type issuerClient struct {
	transport http.RoundTripper
	// userAgent and originator are sent with a renewal, as Codex does; the other
	// requests have neither.
	userAgent, originator string
}

// formType is the media type of a form.
const formType = "application/x-www-form-urlencoded"

// postForm posts values as application/x-www-form-urlencoded and gives the JSON
// object of a 2xx answer. ctx bounds it, and issuerTimeout.
func (c *issuerClient) postForm(ctx context.Context, to string, values url.Values) ([]byte, *issuerError) {
	return c.post(ctx, to, formType, []byte(values.Encode()), nil)
}

// postJSON posts an object and gives the JSON object of a 2xx answer; an empty
// body counts as {}. ctx bounds it, and issuerTimeout. named adds User-Agent and
// originator.
func (c *issuerClient) postJSON(ctx context.Context, to string, object map[string]string, named bool) ([]byte, *issuerError) {
	body, err := json.Marshal(object)
	if err != nil {
		panic(err) // the objects are maps of strings
	}
	header := http.Header{}
	if named {
		header.Set("User-Agent", c.userAgent)
		header.Set("originator", c.originator)
	}
	return c.post(ctx, to, "application/json", body, header)
}

func (c *issuerClient) post(ctx context.Context, to, contentType string, body []byte, header http.Header) ([]byte, *issuerError) {
	ctx, cancel := context.WithTimeout(ctx, issuerTimeout)
	defer cancel()
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}
	e := &issuerError{}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		e.unsent = true
		return nil, e.fail(protocol.ReasonConnect, "The URL of the issuer cannot be used.", "Correct the issuer's URL.")
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
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		why := transport.Explain(err, "the issuer", connected.Load())
		e.unsent, e.lost = why.Unsent || !connected.Load(), connected.Load()
		return nil, e.fail(protocol.Reason(why.Reason), why.Message, why.Action)
	}
	defer func() { _ = resp.Body.Close() }()
	e.status, e.retryAfter = resp.StatusCode, retryAfter(resp.Header)
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxIssuerBody+1))
	switch {
	case err != nil && resp.StatusCode/100 == 2:
		why := transport.Explain(err, "the issuer", true)
		e.status, e.lost = 0, true // what the status stands for is lost
		return nil, e.fail(protocol.Reason(why.Reason), why.Message, why.Action)
	case len(text) > maxIssuerBody, encoded(resp.Header):
		return nil, e.misunderstood()
	case resp.StatusCode/100 == 2:
		return e.accept(text)
	}
	e.readRefusal(text)
	return nil, e
}

// misunderstood is an answer that is not of the issuer, or makes no sense.
func (e *issuerError) misunderstood() *issuerError {
	return e.fail(protocol.ReasonBadAnswer, "The answer of the issuer could not be understood.",
		"Check the issuer's URL and the proxy in front of it.")
}

// accept takes the body of a 2xx: a JSON object that names no error.
func (e *issuerError) accept(text []byte) ([]byte, *issuerError) {
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}")
	}
	members, _, err := rawjson.Object(text, store.MaxFileDepth, nil)
	if err != nil {
		return nil, e.misunderstood()
	}
	if m, ok := rawjson.Find(members, "error"); ok && string(m.Value) != "null" {
		e.code, e.message = refusalOf(text)
		return nil, e.misunderstood()
	}
	return text, nil
}

// readRefusal classifies an answer that is not 2xx, as Codex does: by the code
// of the body, whatever the status, then by the status.
func (e *issuerError) readRefusal(text []byte) {
	e.code, e.message = refusalOf(text)
	switch strings.ToLower(e.code) {
	case "refresh_token_expired":
		e.class = issuerExpired
		return
	case "refresh_token_reused":
		e.class = issuerReused
		return
	case "refresh_token_invalidated":
		e.class = issuerRevoked
		return
	}
	switch {
	case e.status/100 == 3:
		_ = e.fail(protocol.ReasonRedirect, "The issuer answered with a redirect, which is never followed.", "Check the issuer's URL.")
	case e.status == http.StatusTooManyRequests:
		_ = e.fail(protocol.ReasonRateLimited, "The issuer asks to slow down.", "Try again later.")
	case e.status >= 500, e.status == http.StatusRequestTimeout:
		_ = e.fail(protocol.ReasonServerError, fmt.Sprintf("The issuer failed with status %d.", e.status), "Try again later.")
	case strings.EqualFold(e.code, "invalid_grant"):
		e.class = issuerInvalidGrant
	case e.status/100 == 4:
		e.class = issuerRefused
		_ = e.fail(protocol.ReasonRefused, fmt.Sprintf("The issuer refused the request with status %d.", e.status), "Try another network, or log in again.")
	default:
		_ = e.misunderstood()
	}
}

// refusalOf reads an error body: RFC 6749, 5.2 has error and error_description;
// OpenAI has an object error with code and message, or code beside it.
func refusalOf(text []byte) (code, message string) {
	members, _, err := rawjson.Object(text, store.MaxFileDepth, nil)
	if err != nil {
		return "", ""
	}
	word := func(in []rawjson.Member, name string) string {
		m, _ := rawjson.Find(in, name)
		s, _ := rawjson.Unquote(m.Value)
		return strings.TrimSpace(s)
	}
	failure, _ := rawjson.Find(members, "error")
	inner, _, _ := rawjson.Object(failure.Value, store.MaxFileDepth, nil)
	for _, s := range []string{word(members, "error"), word(inner, "code"), word(members, "code"), word(inner, "type")} {
		if code = s; code != "" {
			break
		}
	}
	for _, s := range []string{word(members, "error_description"), word(inner, "message"), word(members, "message"), word(members, "detail")} {
		if message = s; message != "" {
			break
		}
	}
	return code, message
}

// encoded reports whether a body is compressed, which we never ask for: it is
// not unpacked, so that a small one cannot become a large one.
func encoded(h http.Header) bool {
	coding := strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding")))
	return coding != "" && coding != "identity"
}

// retryAfter reads Retry-After (RFC 9110, 10.2.3), 0 for none, at most an hour.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, time.Hour)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(0, time.Until(at)), time.Hour)
	}
	return 0
}
