package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The causes for which an exchange ends its own context.
var (
	errTotalTimeout   = errors.New("the time limit of the request has passed")
	errHeaderTimeout  = errors.New("the response headers did not come in time")
	errRefusalTimeout = errors.New("the body of a refusal did not come in time")
	errIdleTimeout    = errors.New("the stream was silent for too long")
	errErrorGrace     = errors.New("the stream did not end after its error event")
)

// exchange is one run of Create.
type exchange struct {
	engine *Engine
	req    *Request
	sink   Sink
	record *record
	result Result

	// cancel ends the request upstream with a cause.
	cancel context.CancelCauseFunc
	upload upload
	// target that was resolved; its route is "" before.
	target target
	// constraint of the workspace; the base URL of target follows it.
	constraint constraint
	// wasStale: the body was sent once more for a kept connection that had ended.
	wasStale bool
	// headers of the answer that counts.
	headers http.Header
	// said of the limits by this answer of the ChatGPT backend so far.
	said *protocol.ChatGPTLimits
	// delivered counts the events that the sink took.
	delivered int64
	// response holds the members of the response object at hand; see observe.
	response []rawjson.Member
}

func (x *exchange) run(parent context.Context) error {
	defer x.release()
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	x.cancel = cancel
	return x.explain(parent, ctx, x.call(ctx))
}

// call makes the request and hands its answer on. Its error is not explained
// yet.
func (x *exchange) call(ctx context.Context) error {
	if ms := x.req.Meta.TimeoutMs; ms > 0 {
		defer x.endAfter(time.Duration(ms) * time.Millisecond)()
	}
	route, err := x.engine.route(ctx, x.req.Model, x.req.Meta.Route.Name())
	if err != nil {
		return err
	}
	x.record.routed(route.Name)
	// Only a look: a body that is refused costs no network call.
	if x.target, err = x.engine.peek(ctx, route.Name); err != nil {
		return err
	}
	x.record.resolved(x.target.baseURL, x.target.source, x.target.accountID)
	if x.upload.body, err = x.body(); err != nil {
		return err
	}
	if x.target, err = x.engine.target(ctx, route.Name); err != nil {
		x.record.unresolved()
		return err
	}
	x.record.resolved(x.target.baseURL, x.target.source, x.target.accountID)
	x.record.evidence.Refreshed = x.target.login.Refreshed
	if route.Name == protocol.RouteChatGPT {
		x.constraint = x.engine.constrained(ctx, x.target.accountID, x.target.authorize)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		base := x.constraint.place(x.target.baseURL)
		x.target.baseURL, x.record.evidence.BaseURL = base, &base
		x.record.evidence.RoutingOverride = x.constraint.override
	}
	x.req.params, x.req.members = nil, nil // once is enough of what may be 64 MiB
	// The ChatGPT backend only streams; chatgptBody asks it to.
	streamed := route.Name == protocol.RouteChatGPT || x.req.Stream
	if !streamed && x.req.Meta.TimeoutMs == 0 {
		defer x.endAfter(x.engine.waits.body)()
	}
	resp, err := x.send(ctx, streamed)
	if err == nil && resp.StatusCode == http.StatusUnauthorized && route.Name == protocol.RouteChatGPT {
		resp, err = x.sendRenewed(ctx, streamed, resp)
	}
	if err == nil && resp.StatusCode == http.StatusUnauthorized && route.Name == protocol.RoutePlatform {
		x.engine.cfg.Credentials.Rejected(x.target.key)
	}
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	x.release()

	x.headers = resp.Header
	x.record.answered(resp.StatusCode, resp.Header)
	x.noteLimits(resp.Header)
	if resp.StatusCode/100 != 2 {
		return x.rejected(ctx, resp)
	}
	if route.Name == protocol.RouteChatGPT {
		x.engine.cfg.Credentials.Accepted(x.target.login)
	}
	// Contract 4: a mismatch that the header tells is found before the header is
	// delivered, and started would deliver it.
	if x.record.mismatch(x.req.Meta.Expect.Model) {
		return x.modelMismatch()
	}
	x.sink.Started(resp.StatusCode, x.visible(resp.Header), x.record.snapshot())
	body := io.Reader(resp.Body)
	if isGzip(resp.Header) {
		body = &gunzip{src: body}
	} else if encoding := contentEncoding(resp.Header); encoding != "" {
		return x.encoded(encoding)
	}
	// A gateway in place of the Platform may stream though it was not asked to.
	if streamed || isNamedEventStream(resp.Header.Get("Content-Type")) {
		return x.readStream(ctx, body)
	}
	return x.readResponse(ctx, body)
}

// noteLimits notes what headers say of the limits, for this evidence and for
// limits/read, and whether they name another catalogue than the one at hand.
func (x *exchange) noteLimits(h http.Header) {
	if x.target.route == protocol.RoutePlatform {
		said := quotas(h)
		x.record.evidence.RateLimits = said.Evidence()
		x.engine.limits.learnPlatform(said)
		return
	}
	x.learned(headerLimits(h, x.mask))
	x.engine.chatgptModels.outdate(h.Get("X-Models-Etag"))
}

// learned takes what the ChatGPT backend said of the limits in this answer.
func (x *exchange) learned(said *protocol.ChatGPTLimits) {
	if said == nil {
		return
	}
	x.engine.limits.learn(x.target.accountID, said, false)
	x.said = mergeLimits(x.said, said)
	x.record.evidence.RateLimits = x.said.Evidence()
}

// endAfter ends the request after d, unless stop is called before.
func (x *exchange) endAfter(d time.Duration) (stop func()) {
	timer := time.AfterFunc(d, func() { x.cancel(errTotalTimeout) })
	return func() { timer.Stop() }
}

// body builds what is sent.
func (x *exchange) body() ([]byte, error) {
	if x.req.background {
		return nil, protocol.NewError(protocol.CodeUnsupportedParameter,
			"Background responses are not supported.",
			protocol.ErrorData{Field: "background", Route: x.target.route, Action: "Remove \"background\" and read the stream instead."})
	}
	if x.target.route == protocol.RoutePlatform {
		return platformBody(x.req.params, x.req.members), nil
	}
	x.record.evidence.ClientVersion = x.engine.cfg.ClientVersion
	body, adjustments, err := chatgptBody(x.req.params, x.req.members, x.req.Meta.OnUnsupported == protocol.UnsupportedDrop)
	x.record.evidence.Adjustments = append(x.record.evidence.Adjustments, adjustments...)
	if err != nil { // not a nil *protocol.Error in an error
		return nil, err
	}
	return body, nil
}

// release gives the body back once it can no longer be sent again.
func (x *exchange) release() {
	x.upload.drop()
	x.req.params, x.req.members = nil, nil
	if release := x.req.Release; release != nil {
		x.req.Release = nil
		release()
	}
}

// explain turns the end of a context into what ended it. A cancel from outside
// wins over what it broke.
func (x *exchange) explain(parent, ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if parent.Err() != nil {
		return context.Cause(parent)
	}
	// What auth says of a context that ended while it read is not the story.
	var known *protocol.Error
	if errors.As(err, &known) && known.Code != protocol.CodeCancelled {
		return known
	}
	switch context.Cause(ctx) {
	case errTotalTimeout:
		if x.headers == nil {
			return x.unavailable(protocol.ReasonTimeout, tookTooLong, "Raise _meta.timeoutMs.")
		}
		return x.broken(protocol.ReasonTimeout, tookTooLong)
	case errHeaderTimeout:
		return x.unavailable(protocol.ReasonTimeout, "The upstream did not answer in time.", "Try again later.")
	case errIdleTimeout:
		return x.broken(protocol.ReasonIdle, "The stream was silent for longer than its idle limit.")
	}
	return err // the sink's
}

const tookTooLong = "The request took longer than its time limit."

func (x *exchange) mask(text string) string { return x.engine.cfg.Mask.Mask(text) }

// contentEncoding gives the coding of a body that we could not read, "" for
// none. We ask for none, but a proxy may add one.
func contentEncoding(h http.Header) string {
	coding := strings.ToLower(strings.TrimSpace(strings.Join(h.Values("Content-Encoding"), ", ")))
	if coding == "identity" {
		return ""
	}
	return coding
}

// encoded is the end of a 2xx whose body is compressed.
func (x *exchange) encoded(coding string) error {
	failure := x.unavailable(protocol.ReasonServerError,
		fmt.Sprintf("The upstream's answer has the content encoding %q, which was not asked for.", short(x.mask(coding))),
		"Check the proxy in front of the upstream.")
	failure.Data.HTTPStatus = *x.record.evidence.Status
	failure.Data.Headers = x.visible(x.headers)
	return failure
}

// modelMismatch is the end of a request with expect.model.
func (x *exchange) modelMismatch() error {
	return protocol.NewError(protocol.CodeModelMismatch,
		"The upstream answered with another model than the expected one.",
		protocol.ErrorData{
			Action:     "Remove _meta.expect to take the answer of any model.",
			HTTPStatus: *x.record.evidence.Status,
			Headers:    x.visible(x.headers),
		})
}
