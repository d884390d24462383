package engine

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// probeTimeout bounds one probe as a whole.
	probeTimeout = 20 * time.Second
	// maxProbeBody is as much of a probe's answer as is looked at.
	maxProbeBody = 1 << 20
)

// Probe is a GET on the ChatGPT backend that asks no model and changes nothing:
// it tells whether the login is taken there. The four are those by which the
// login was first shown to work.
type Probe struct {
	// Name of the gate.
	Name string
	// API that is asked, as it stands in the URL.
	API string

	query url.Values
	// below the base of the route itself; else below its parent.
	below bool
}

// Probes in the order in which they are tried.
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
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(probeTimeout, func() { cancel(errTotalTimeout) })
	defer timer.Stop()

	target, err := e.target(ctx, protocol.RouteChatGPT)
	if err != nil {
		return result, err
	}
	result.BaseURL, result.Source = target.baseURL, target.source
	if !p.below {
		result.BaseURL = backendBase(target.baseURL)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, result.BaseURL+"/"+p.API, nil)
	if err != nil {
		return result, err
	}
	request.URL.RawQuery = p.query.Encode()
	e.chatgptHeaders(request.Header)
	request.Header.Del("Content-Type")
	request.Header.Set("Accept", "application/json")
	target.authorize(request.Header)

	req := &Request{}
	x := &exchange{engine: e, req: req, record: newRecord(req, e.cfg.Mask.Mask), target: target, cancel: cancel}
	resp, err := e.cfg.Transport.RoundTrip(request)
	switch {
	case parent.Err() != nil:
		return result, context.Cause(parent)
	case err != nil:
		why := transport.Explain(err, "the ChatGPT backend", false)
		if ctx.Err() != nil {
			why = transport.Failure{Reason: protocol.ReasonTimeout, Message: "The ChatGPT backend did not answer in time.", Action: "Try again later."}
		}
		return result, x.unavailable(why.Reason, why.Message, why.Action)
	}
	defer func() { _ = resp.Body.Close() }()
	result.Status = resp.StatusCode
	if resp.StatusCode/100 != 2 {
		return result, x.rejected(ctx, resp)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxProbeBody))
	if err != nil {
		return result, x.unavailable(protocol.ReasonConnect, "The answer of the ChatGPT backend did not come to its end.", "Try again.")
	}
	// A page in place of JSON comes from something in between.
	if text := bytes.TrimSpace(body); len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return result, x.unavailable(protocol.ReasonServerError, "The answer of the ChatGPT backend is not JSON.", "Check the base URL and the proxy.")
	}
	return result, nil
}

// backendBase gives the part of the ChatGPT backend that is not Codex's alone:
// the parent of the route's base (contract 9).
func backendBase(base string) string {
	if at := strings.LastIndexByte(base, '/'); at > len("https://") {
		return base[:at]
	}
	return base
}
