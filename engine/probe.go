package engine

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

// probeTimeout bounds one probe as a whole.
const probeTimeout = 20 * time.Second

// Probe is a GET on the ChatGPT backend that asks no model and changes nothing: it
// shows whether the login is accepted there.
type Probe struct {
	// Name of the gate.
	Name string
	// API is the path that is asked.
	API string

	query url.Values
	// below the base of the route itself; else below its parent.
	below bool
}

// Probes returns all probes, in the order in which they are tried.
func (e *Engine) Probes() []Probe {
	return []Probe{
		{Name: "chatgpt.models", API: "models", query: url.Values{"client_version": {e.cfg.ClientVersion}}, below: true},
		{Name: "chatgpt.accounts_check", API: "wham/accounts/check"},
		{Name: "chatgpt.me", API: "me"},
		{Name: "chatgpt.conversations", API: "conversations", query: url.Values{"offset": {"0"}, "limit": {"1"}}},
	}
}

// ProbeResult is what a probe came to.
type ProbeResult struct {
	// BaseURL is "" when no credential could be resolved.
	BaseURL string
	Source  protocol.CredentialSource
	// Status is 0 when no answer came.
	Status int
}

// Probe sends one probe, once, with the login of the chatgpt route. It passes,
// without an error, on a 2xx answer in JSON. The error is a *protocol.Error, or
// context.Cause(ctx).
func (e *Engine) Probe(ctx context.Context, p Probe) (ProbeResult, error) {
	result := ProbeResult{Source: protocol.SourceUnknown}
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	target, err := e.target(ctx, protocol.RouteChatGPT)
	if err != nil {
		return result, err
	}
	result.BaseURL, result.Source = target.baseURL, target.source
	if !p.below {
		result.BaseURL = parentURL(target.baseURL)
	}
	where := result.BaseURL + "/" + p.API
	if len(p.query) > 0 {
		where += "?" + p.query.Encode()
	}
	found, err := e.getWithin(ctx, probeTimeout, where, func(h http.Header) {
		e.chatgptHeaders(h)
		h.Del("Content-Type") // there is no content
		h.Set("Accept", "application/json")
		target.authorize(h)
	})
	result.Status = found.status
	req := &Request{}
	c := &call{engine: e, req: req, record: newRecord(req, e.cfg.Mask.Mask), target: target}
	switch {
	case parent.Err() != nil:
		return result, context.Cause(parent)
	case found.status == 0 && errors.Is(err, context.DeadlineExceeded):
		return result, c.unavailable(protocol.ReasonTimeout, "The ChatGPT backend did not answer in time.", "Try again later.")
	case found.status == 0:
		why := transport.Explain(err, "the ChatGPT backend", false)
		return result, c.unavailable(why.Reason, why.Message, why.Action)
	case found.status/100 != 2:
		return result, c.refusal(ctx, found.status, found.header, found.body)
	case err != nil:
		return result, c.unavailable(protocol.ReasonConnect, "The answer of the ChatGPT backend broke off.", "Try again.")
	}
	// A page in place of JSON comes from something in between.
	if text := bytes.TrimSpace(found.body); len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return result, c.unavailable(protocol.ReasonServerError, "The answer of the ChatGPT backend is not JSON.", "Check the base URL and the proxy.")
	}
	return result, nil
}
