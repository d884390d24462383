package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/internal/httpx"
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

// This file judges what went wrong; upstream_error.go reads what the upstream says
// of it.

const tookTooLong = "The request took longer than its time limit."

// explain turns the end of a context into what ended it. A cancel from outside
// wins over what it broke.
func (c *call) explain(parent, ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if parent.Err() != nil {
		return context.Cause(parent)
	}
	// What auth says of a context that ended while it read is not the story.
	if known, ok := errors.AsType[*protocol.Error](err); ok && known.Code != protocol.CodeCancelled {
		return known
	}
	switch context.Cause(ctx) {
	case errTotalTimeout:
		if c.answer == nil {
			return c.unavailable(protocol.ReasonTimeout, tookTooLong, "Raise _meta.timeoutMs.")
		}
		return c.answer.broken(protocol.ReasonTimeout, tookTooLong)
	case errHeaderTimeout:
		return c.unavailable(protocol.ReasonTimeout, "The upstream did not answer in time.", "Try again later.")
	case errIdleTimeout:
		return c.answer.broken(protocol.ReasonIdle, "The stream was silent for longer than its idle limit.")
	}
	return err // the sink's
}

// unavailable is 1104 before any answer.
func (c *call) unavailable(reason protocol.Reason, message, action string) *protocol.Error {
	return protocol.NewError(protocol.CodeUpstreamUnavailable, message,
		protocol.ErrorData{Reason: reason, Action: action, Retryable: true})
}

// unreachable is why no answer came.
type unreachable struct {
	error *protocol.Error
	// unsent: there was no connection, so that nothing was sent and the same
	// request may be sent again.
	unsent bool
	// stale: a kept connection ended at once, see staleAfter.
	stale bool
}

// unreachable explains the error of a transport. connected says that there was a
// connection, so that the request may have been served.
func (c *call) unreachable(err error, connected bool) *unreachable {
	why := transport.Explain(err, "the upstream", connected)
	failure := c.unavailable(why.Reason, why.Message, why.Action)
	failure.Data.Retryable = !why.Permanent
	return &unreachable{error: failure, unsent: why.Unsent}
}

// Error implements error.
func (u *unreachable) Error() string { return u.error.Error() }

// Unwrap returns the error for the host.
func (u *unreachable) Unwrap() error { return u.error }

// broken is 1105: the answer began and did not come to its end
// (docs/protocol.md: Errors and retries). It may be asked for again by whoever has
// seen none of it, unless it would end in the same way again.
func (a *answer) broken(reason protocol.Reason, message string) *protocol.Error {
	d := protocol.ErrorData{
		Reason: reason, Action: "Send the request again.",
		Retryable: a.delivered == 0, EventsDelivered: new(a.delivered),
		HTTPStatus: a.status, Headers: a.visible(a.headers),
	}
	switch {
	case reason == protocol.ReasonBadEvent, reason == protocol.ReasonNotSSE:
		d.Retryable, d.Action = false, "Check the base URL, and the proxy or gateway in front of the upstream."
	case a.delivered > 0:
		d.Action = "Send the request again; what was delivered is incomplete."
	case reason == protocol.ReasonNoTerminalEvent && (!a.req.Events() || a.record.evidence.FirstEventMs != nil):
		d.Retryable, d.Action = false, "Check the proxy or gateway in front of the upstream, which may end answers too early."
	}
	return protocol.NewError(protocol.CodeStreamBroken, message, d)
}

// tooLarge is 1105 for more than we hold.
func (a *answer) tooLarge(message, action string) *protocol.Error {
	failure := a.broken(protocol.ReasonTooLarge, message)
	failure.Data.Retryable, failure.Data.Action, failure.Data.Limit = false, action, MaxEventBytes
	return failure
}

// missing is 1105 for an answer that ends as complete and is not. what says what is
// missing, as the end of a sentence.
func (a *answer) missing(what string) *protocol.Error {
	return a.broken(protocol.ReasonMissingEvents, "The stream ended, but a part of the answer never arrived: "+what+".")
}

// cut is 1105 for a connection that ended in the middle.
func (a *answer) cut() *protocol.Error {
	return a.broken(protocol.ReasonCut, "The connection ended in the middle of the answer.")
}

// failed is 1106: the upstream says that the response failed, or answers 2xx with
// an error. began says that a part of the output had come, so that waiting alone
// does not help (docs/protocol.md: Errors and retries).
func (a *answer) failed(observed upstreamError, began bool) *protocol.Error {
	d := protocol.ErrorData{
		Action:     "Change the request or try again, as the upstream's message says.",
		HTTPStatus: a.status,
		Headers:    a.visible(a.headers),
		Upstream:   observed.public(),
		PlanType:   observed.planType,
		ResetsAt:   rfc3339(observed.resetsAt),
	}
	reason, action := observed.reason()
	isPassing := reason == protocol.ReasonRequests || reason == protocol.ReasonTokens || reason == protocol.ReasonOverloaded
	if reason != "" && !(isPassing && began) {
		d.Reason, d.Action = reason, action
	}
	if isPassing && !began {
		d.RetryAfterMs = observed.wait().Milliseconds()
	}
	failure := protocol.NewError(protocol.CodeResponseFailed, "The upstream reports that the response failed.", d)
	sayCode(failure, observed)
	return failure
}

// encoded is the end of a 2xx whose body is compressed.
func (a *answer) encoded(coding string) *protocol.Error {
	failure := a.unavailable(protocol.ReasonServerError,
		fmt.Sprintf("The upstream's answer has the content encoding %q, which was not asked for.", short(a.mask(coding))),
		"Check the proxy in front of the upstream.")
	failure.Data.HTTPStatus = a.status
	failure.Data.Headers = a.visible(a.headers)
	failure.Data.Retryable = false // a proxy compresses the next answer too
	return failure
}

// modelMismatch is the end of a request with expect.model.
func (a *answer) modelMismatch() *protocol.Error {
	return protocol.NewError(protocol.CodeModelMismatch,
		"The upstream answered with another model than the expected one.",
		protocol.ErrorData{
			Action:     "Remove _meta.expect to take the answer of any model.",
			HTTPStatus: a.status,
			Headers:    a.visible(a.headers),
		})
}

// rejected explains an answer that is not 2xx.
func (c *call) rejected(ctx context.Context, resp *http.Response) *protocol.Error {
	timer := time.AfterFunc(c.engine.waits.refusal, func() { c.cancel(errRefusalTimeout) })
	text := io.Reader(resp.Body)
	if isGzip(resp.Header) {
		text = &gunzip{src: text}
	}
	body, _ := io.ReadAll(io.LimitReader(text, maxErrorBody))
	timer.Stop()
	return c.refusal(ctx, resp.StatusCode, resp.Header, body)
}

// refusal explains an answer that is not 2xx by its status, headers and body. The
// masked words of the upstream travel in data.upstream, never in the message.
func (c *call) refusal(ctx context.Context, status int, h http.Header, body []byte) *protocol.Error {
	observed := c.readFailure(body[:min(len(body), maxErrorBody)])
	if observed.public() == nil {
		observed = c.readFailureHeaders(h)
	}
	failure := c.classify(ctx, status, observed, h)
	sayCode(failure, observed)
	d := &failure.Data
	d.HTTPStatus = status
	d.Headers = c.visible(h)
	d.Upstream = observed.public()
	if d.RetryAfterMs == 0 && (d.Retryable || failure.Code == protocol.CodeRateLimited) {
		d.RetryAfterMs = httpx.RetryAfter(h).Milliseconds()
	}
	return failure
}

// classify maps a status and what the upstream said to a kind and a reason
// (docs/protocol.md: Errors and retries). Of the 4xx only 408 and 429 may be
// retried.
func (c *call) classify(ctx context.Context, status int, observed upstreamError, h http.Header) *protocol.Error {
	text := strings.ToLower(observed.Message)
	reject := func(reason protocol.Reason, message, action string) *protocol.Error {
		return protocol.NewError(protocol.CodeUpstreamRejected, message, protocol.ErrorData{Reason: reason, Action: action})
	}
	switch {
	case status == http.StatusTooManyRequests, status/100 == 4 && observed.is(limitCodes...):
		// The ChatGPT backend says some of these with a 404, the Platform with a 400.
		return c.limited(observed, h)
	case status == http.StatusUnauthorized:
		return c.tokenRejected(ctx)
	case status/100 == 3:
		return protocol.NewError(protocol.CodeUpstreamUnavailable, "The upstream answered with a redirect, which is never followed.",
			protocol.ErrorData{Reason: protocol.ReasonRedirect, Action: "Check the base URL."})
	case status == http.StatusRequestTimeout:
		return c.unavailable(protocol.ReasonTimeout, "The upstream gave up waiting for the request.", "Try again.")
	case status >= 500 && observed.is("server_is_overloaded", "slow_down", "overloaded_error"):
		return c.unavailable(protocol.ReasonOverloaded, "The upstream is overloaded.", "Try again later, or ask for another model.")
	case status >= 500:
		return c.unavailable(protocol.ReasonServerError, fmt.Sprintf("The upstream failed with status %d.", status), "Try again later.")
	case status == http.StatusForbidden && isHTML(h), h.Get("Cf-Mitigated") == "challenge":
		return reject(protocol.ReasonBlocked, "A firewall in front of the upstream blocked the request.", "Try from another network, or later.")
	case observed.is("context_length_exceeded"):
		return reject(protocol.ReasonContextLength, "The input is longer than the model's context window.", "Send less input.")
	case observed.is("invalid_prompt"):
		return reject(protocol.ReasonInvalidPrompt, "The upstream refused the prompt.", "Change the input.")
	case strings.Contains(text, "requires a newer version of codex"):
		return reject(protocol.ReasonModelUnavailable, "The upstream serves this model to newer clients only.", "Raise --client-version, or ask for another model.")
	case observed.is("model_not_found"), strings.Contains(text, "model not found"), strings.Contains(text, "not supported when using codex"):
		return reject(protocol.ReasonModelUnavailable, "The upstream does not serve this model to this account.", "Ask for another model, or choose another route with _meta.route.")
	case status == http.StatusNotFound:
		return reject(protocol.ReasonNotFound, "The upstream does not know what was asked for.", "Check the ids in the request and the base URL.")
	case status == http.StatusForbidden:
		return reject(protocol.ReasonForbidden, "The upstream forbids this request to this account.", "Check the rights of the account or the key.")
	}
	return reject("other", fmt.Sprintf("The upstream rejected the request with status %d.", status), "Correct the request as the upstream's message says.")
}

func isHTML(h http.Header) bool {
	return strings.Contains(strings.ToLower(h.Get("Content-Type")), "html")
}

// tokenRejected is a 401. It never switches to another source (docs/protocol.md: Routing).
func (c *call) tokenRejected(ctx context.Context) *protocol.Error {
	action := "Run `signalbox login`."
	switch {
	case c.target.source == protocol.SourceEnvAccessToken:
		action = "Put a new token into OPENAI_OAUTH_ACCESS_TOKEN, or unset it and run `signalbox login`."
	case c.target.source == protocol.SourceEnvAPIKey:
		action = "Correct the key in OPENAI_API_KEY."
	case c.target.source == protocol.SourceTokenExchangeAPIKey:
		action = "Ask for auth/exchange, which gets a new key."
	case c.target.route == protocol.RoutePlatform:
		action = "Replace the Platform key."
	}
	return protocol.NewError(protocol.CodeLoginRequired, "The upstream did not accept the credential.", protocol.ErrorData{
		Reason:       protocol.ReasonTokenRejected,
		Action:       action,
		Need:         needs(c.target.route),
		Have:         c.engine.have(ctx),
		LoginMethods: loginMethods(c.target.route),
	})
}

// The codes by which limits are told that no wait of seconds ends.
var (
	quotaCodes = []string{"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
	limitCodes = append([]string{"usage_limit_reached", "usage_not_included"}, quotaCodes...)
)

// limited explains a limit. It is never slept on; only requests and
// tokens, which come back by themselves, may be tried again.
func (c *call) limited(observed upstreamError, h http.Header) *protocol.Error {
	d := protocol.ErrorData{PlanType: observed.planType}
	message, resetsAt := "The upstream's rate limit has been reached.", observed.resetsAt
	switch {
	case observed.is("usage_limit_reached"):
		d.Reason, message = protocol.ReasonUsageLimit, "The usage limit of the ChatGPT plan has been reached."
		d.Action = usageAction(h.Get("X-Codex-Rate-Limit-Reached-Type"))
		d.PlanType = cmp.Or(d.PlanType, c.mask(h.Get("X-Codex-Plan-Type")))
		full := fullWindow(h)
		d.Window = full.name
		if resetsAt.IsZero() {
			resetsAt = full.resetsAt
		}
	case observed.is("usage_not_included"):
		d.Reason, message = protocol.ReasonUsageNotIncluded, "The ChatGPT plan does not include Codex."
		d.Action = "Upgrade the plan, or use a Platform key."
		d.PlanType = cmp.Or(d.PlanType, c.mask(h.Get("X-Codex-Plan-Type")))
	case observed.is(quotaCodes...):
		d.Reason, message = protocol.ReasonQuota, "The quota of the Platform account is used up."
		d.Action = "Check the plan and billing details of the Platform account."
	case observed.is("tokens") || !observed.is("requests") && h.Get("X-Ratelimit-Remaining-Tokens") == "0":
		d.Reason, d.Retryable, d.Action = protocol.ReasonTokens, true, "Wait before you try again, or send less."
	default:
		d.Reason, d.Retryable, d.Action = protocol.ReasonRequests, true, "Wait before you try again."
	}
	d.ResetsAt = rfc3339(resetsAt)
	d.RetryAfterMs = c.retryAfterLimit(d.Reason, observed, resetsAt, h).Milliseconds()
	return protocol.NewError(protocol.CodeRateLimited, message, d)
}

// usageAction is what helps against a usage limit, by what the backend says has
// run out.
func usageAction(reached string) string {
	switch reached {
	case "workspace_owner_credits_depleted":
		return "Add credits to the workspace, or use a Platform key."
	case "workspace_member_credits_depleted", "workspace_member_usage_limit_reached":
		return "Ask the owner of the workspace for more usage, or use a Platform key."
	}
	return "Wait for the reset, or use a Platform key."
}
