package engine

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/signalbox-dev/signalbox/engine/memory"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The causes for which a call ends its own context.
var (
	errTotalTimeout   = errors.New("the time limit of the request has passed")
	errHeaderTimeout  = errors.New("the response headers did not come in time")
	errRefusalTimeout = errors.New("the body of a refusal did not come in time")
	errIdleTimeout    = errors.New("the stream was silent for too long")
	errErrorGrace     = errors.New("the stream did not end after its error event")
)

// call is one run of Create. Not safe for concurrent use.
type call struct {
	engine *Engine
	req    *Request
	sink   Sink
	record *record
	result Result

	// cancel ends the request upstream with a cause.
	cancel context.CancelCauseFunc
	upload upload
	// streamed: the upstream is asked to stream.
	streamed bool
	// target that was resolved; its route is "" before.
	target target
	// constraint of the workspace; the base URL of target follows it.
	constraint constraint
	// wasStale: the body was sent once more because a kept connection had ended.
	wasStale bool
	// conversation that is remembered with the response; nil without _meta.memory.
	conversation *memory.Conversation
	hasTurnState bool
	// answer that counts; nil until it is there.
	answer *answer
}

// run makes the call. Its error is the one that Create returns.
func (c *call) run(parent context.Context) error {
	defer c.release()
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	c.cancel = cancel
	return c.explain(parent, ctx, c.steps(ctx))
}

// steps prepares the request, sends it and delivers the answer. Its error is not
// explained yet.
func (c *call) steps(ctx context.Context) error {
	if ms := c.req.Meta.TimeoutMs; ms > 0 {
		defer c.endAfter(time.Duration(ms) * time.Millisecond)()
	}
	if err := c.prepare(ctx); err != nil {
		return err
	}
	if !c.streamed && c.req.Meta.TimeoutMs == 0 {
		defer c.endAfter(c.engine.waits.body)()
	}
	resp, err := c.sendOnce(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	c.release()
	return c.deliver(ctx, resp)
}

// prepare chooses the route, builds the body and resolves the credential and the
// region.
func (c *call) prepare(ctx context.Context) error {
	route, err := c.engine.route(ctx, c.req.Model, c.req.Meta.Route.Name())
	if err != nil {
		return err
	}
	c.record.routed(route.Name)
	// Only a look: a body that is refused costs no network call.
	if c.target, err = c.engine.peek(ctx, route.Name); err != nil {
		if route.Name == protocol.RouteChatGPT && protocol.ReasonOf(err) == protocol.ReasonNoCredentials {
			c.engine.Forget() // somebody has logged out
		}
		return err
	}
	c.record.resolved(c.target.baseURL, c.target.source, c.target.accountID)
	if err = c.recall(); err != nil {
		return err
	}
	if c.upload.body, err = c.body(); err != nil {
		return err
	}
	c.sentConversation()
	if c.target, err = c.engine.target(ctx, route.Name); err != nil {
		c.record.unresolved()
		return err
	}
	c.record.resolved(c.target.baseURL, c.target.source, c.target.accountID)
	c.record.evidence.Refreshed = c.target.login.Refreshed
	if route.Name == protocol.RouteChatGPT {
		c.constraint = c.engine.constrained(ctx, c.target.accountID, c.target.authorize)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		base := c.constraint.place(c.target.baseURL)
		c.target.baseURL, c.record.evidence.BaseURL = base, &base
		c.record.evidence.RoutingOverride = c.constraint.override
	}
	c.req.params, c.req.members = nil, nil // once is enough of what may be 64 MiB
	// The ChatGPT backend only streams; chatgptBody asks it to.
	c.streamed = route.Name == protocol.RouteChatGPT || c.req.Stream
	return nil
}

// body builds what is sent.
func (c *call) body() ([]byte, error) {
	if c.req.background {
		return nil, protocol.NewError(protocol.CodeUnsupportedParameter,
			"Background responses are not supported.",
			protocol.ErrorData{Field: "background", Route: c.target.route, Action: "Remove \"background\" and read the stream instead."})
	}
	if c.target.route == protocol.RoutePlatform {
		return platformBody(c.req.params, c.req.members), nil
	}
	c.record.evidence.ClientVersion = c.engine.cfg.ClientVersion
	body, adjustments, err := chatgptBody(c.req.params, c.req.members, c.req.Meta.OnUnsupported == protocol.UnsupportedDrop)
	c.record.evidence.Adjustments = append(c.record.evidence.Adjustments, adjustments...)
	return body, err
}

// sendOnce returns the answer that counts. After a 401 on the chatgpt route the
// request is sent once more, with a refreshed credential.
func (c *call) sendOnce(ctx context.Context) (*http.Response, error) {
	resp, err := c.send(ctx)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	if c.target.route == protocol.RoutePlatform {
		c.engine.cfg.Credentials.Rejected(c.target.key)
		return resp, nil
	}
	return c.sendRefreshed(ctx, resp)
}

// deliver hands the answer to the sink.
func (c *call) deliver(ctx context.Context, resp *http.Response) error {
	a := &answer{call: c, status: resp.StatusCode, headers: resp.Header}
	c.answer = a
	c.record.answered(resp.StatusCode, resp.Header)
	a.observeLimits()
	c.noteTurnState(resp.Header.Get(turnStateHeader))
	if resp.StatusCode/100 != 2 {
		return c.rejected(ctx, resp)
	}
	if c.target.route == protocol.RouteChatGPT {
		c.engine.cfg.Credentials.Accepted(c.target.login)
	}
	// A mismatch that the header names is found before the header is delivered, and
	// started would deliver it (docs/protocol.md: Evidence).
	if c.record.mismatch(c.req.Meta.Expect.Model) {
		return a.modelMismatch()
	}
	c.sink.Started(resp.StatusCode, c.visible(resp.Header), c.record.snapshot())
	body := io.Reader(resp.Body)
	if isGzip(resp.Header) {
		body = &gunzip{src: body}
	} else if encoding := contentEncoding(resp.Header); encoding != "" {
		return a.encoded(encoding)
	}
	// A gateway in place of the Platform may stream though it was not asked to.
	if c.streamed || isNamedEventStream(resp.Header.Get("Content-Type")) {
		return a.readStream(ctx, body)
	}
	return a.readResponse(ctx, body)
}

// endAfter ends the request after d, unless stop is called before.
func (c *call) endAfter(d time.Duration) (stop func()) {
	timer := time.AfterFunc(d, func() { c.cancel(errTotalTimeout) })
	return func() { timer.Stop() }
}

// release returns the body to the host once it can no longer be sent again.
func (c *call) release() {
	c.upload.drop()
	c.req.params, c.req.members = nil, nil
	if release := c.req.Release; release != nil {
		c.req.Release = nil
		release()
	}
}

func (c *call) mask(text string) string { return c.engine.cfg.Mask.Mask(text) }
