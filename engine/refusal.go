package engine

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

// rejected explains an answer that is not 2xx. The masked words of the upstream
// travel in data.upstream, never in the message.
func (x *exchange) rejected(ctx context.Context, resp *http.Response) *protocol.Error {
	timer := time.AfterFunc(x.engine.waits.refusal, func() { x.cancel(errRefusalTimeout) })
	text := io.Reader(resp.Body)
	if isGzip(resp.Header) {
		text = &gunzip{src: text}
	}
	body, _ := io.ReadAll(io.LimitReader(text, maxErrorBody))
	timer.Stop()
	said := x.readFailure(body)
	if said.public() == nil {
		said = x.readFailureHeaders(resp.Header)
	}
	failure := x.classify(ctx, resp.StatusCode, said, resp.Header)
	d := &failure.Data
	d.HTTPStatus = resp.StatusCode
	d.Headers = x.visible(resp.Header)
	d.Upstream = said.public()
	if d.RetryAfterMs == 0 && (d.Retryable || failure.Code == protocol.CodeRateLimited) {
		d.RetryAfterMs = retryAfter(resp.Header).Milliseconds()
	}
	return failure
}

// classify maps a status and what was said to a kind and a reason (contract 6).
// Of the 4xx only 408 and 429 may be retried.
func (x *exchange) classify(ctx context.Context, status int, said upstreamFailure, h http.Header) *protocol.Error {
	text := strings.ToLower(said.Message)
	reject := func(reason protocol.Reason, message, action string) *protocol.Error {
		return protocol.NewError(protocol.CodeUpstreamRejected, message, protocol.ErrorData{Reason: reason, Action: action})
	}
	switch {
	case status == http.StatusTooManyRequests, status/100 == 4 && said.is(limitCodes...):
		// The ChatGPT backend says some of these with a 404, the Platform with a 400.
		return x.limited(said, h)
	case status == http.StatusUnauthorized:
		return x.tokenRejected(ctx)
	case status/100 == 3:
		return protocol.NewError(protocol.CodeUpstreamUnavailable, "The upstream answered with a redirect, which is never followed.",
			protocol.ErrorData{Reason: protocol.ReasonRedirect, Action: "Check the base URL."})
	case status == http.StatusRequestTimeout:
		return x.unavailable(protocol.ReasonTimeout, "The upstream gave up waiting for the request.", "Try again.")
	case status >= 500 && said.is("server_is_overloaded", "slow_down", "overloaded_error"):
		return x.unavailable(protocol.ReasonOverloaded, "The upstream is overloaded.", "Try again later, or ask for another model.")
	case status >= 500:
		return x.unavailable(protocol.ReasonServerError, fmt.Sprintf("The upstream failed with status %d.", status), "Try again later.")
	case status == http.StatusForbidden && isHTML(h), h.Get("Cf-Mitigated") == "challenge":
		return reject(protocol.ReasonBlocked, "A firewall in front of the upstream blocked the request.", "Try from another network, or later.")
	case said.is("context_length_exceeded"):
		return reject(protocol.ReasonContextLength, "The input is longer than the model's context window.", "Send less input.")
	case said.is("invalid_prompt"):
		return reject(protocol.ReasonInvalidPrompt, "The upstream refused the prompt.", "Change the input.")
	case strings.Contains(text, "requires a newer version of codex"):
		return reject(protocol.ReasonModelUnavailable, "The upstream serves this model to newer clients only.", "Raise --client-version, or ask for another model.")
	case said.is("model_not_found"), strings.Contains(text, "model not found"), strings.Contains(text, "not supported when using codex"):
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

// tokenRejected is a 401. It never switches to another source (contract 5).
func (x *exchange) tokenRejected(ctx context.Context) *protocol.Error {
	action := "Run `signalbox login`."
	switch {
	case x.target.source == protocol.SourceEnvAccessToken:
		action = "Put a new token into OPENAI_OAUTH_ACCESS_TOKEN, or unset it and run `signalbox login`."
	case x.target.source == protocol.SourceEnvAPIKey:
		action = "Correct the key in OPENAI_API_KEY."
	case x.target.source == protocol.SourceTokenExchangeAPIKey:
		action = "Ask for auth/exchange, which gets a new key."
	case x.target.route == protocol.RoutePlatform:
		action = "Replace the Platform key."
	}
	return protocol.NewError(protocol.CodeLoginRequired, "The upstream did not accept the credential.", protocol.ErrorData{
		Reason:       protocol.ReasonTokenRejected,
		Action:       action,
		Need:         needs(x.target.route),
		Have:         x.engine.have(ctx),
		LoginMethods: loginMethods(x.target.route),
	})
}
