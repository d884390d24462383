package engine

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/internal/httpx"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// maxErrorBody is as much of an error's body as is read.
	maxErrorBody = 64 << 10
	// maxErrorText is as much of the upstream's sentence as is passed on.
	maxErrorText = 512
)

// upstreamError is what the upstream says about an error, masked, in any of its
// shapes: {"error":{…}}, {"error":"…"}, {"detail":"…"}, {"detail":[{…}]},
// {"detail":{…}}, {"code","message"}.
type upstreamError struct {
	protocol.UpstreamError
	planType string
	// resetsAt is when a limit ends; zero for unknown.
	resetsAt time.Time
}

// is reports whether the failure has one of these names as its type or code.
func (f upstreamError) is(names ...string) bool {
	for _, name := range names {
		if strings.EqualFold(f.Type, name) || strings.EqualFold(f.Code, name) {
			return true
		}
	}
	return false
}

// reason returns why a response failed, by the words of the upstream, and what helps
// then; "" for anything else.
func (f upstreamError) reason() (reason protocol.Reason, action string) {
	words := strings.ToLower(f.Message)
	says := func(text string) bool { return strings.Contains(words, text) }
	switch {
	case f.is(quotaCodes...), f.is("402", "insufficient_credits", "insufficient_balance", "budget_exceeded"),
		says("exceeded your current quota"), says("insufficient credits"), says("insufficient balance"):
		return protocol.ReasonQuota, "Check the plan and billing details of the account."
	case f.is("usage_limit_reached"):
		return protocol.ReasonUsageLimit, usageAction("")
	case f.is("usage_not_included"):
		return protocol.ReasonUsageNotIncluded, "Upgrade the plan, or use a Platform key."
	case f.is("context_length_exceeded", "context_window_exceeded", "ContextWindowExceededError"), says("maximum context length"):
		return protocol.ReasonContextLength, "Send less input."
	case f.is("invalid_prompt", "content_filter", "content_policy_violation"):
		return protocol.ReasonInvalidPrompt, "Change the input."
	case f.is("model_not_found", "DeploymentNotFound"):
		return protocol.ReasonModelUnavailable, "Ask for another model."
	case f.is("server_is_overloaded", "slow_down", "overloaded_error", "overloaded", "engine_overloaded_error", "503", "529"):
		return protocol.ReasonOverloaded, "Try again later, or ask for another model."
	case f.is("tokens"), f.isRateLimit() && (says("tokens per min") || says("(tpm)")):
		return protocol.ReasonTokens, "Wait before you try again, or send less."
	case f.is("requests"), f.isRateLimit():
		return protocol.ReasonRequests, "Wait before you try again."
	}
	return "", ""
}

// isRateLimit reports whether the failure is a limit of requests or of tokens, which
// comes back by itself.
func (f upstreamError) isRateLimit() bool {
	return f.is("rate_limit_exceeded", "rate_limit_error", "RateLimitError", "RateLimitReached", "rate_limited",
		"too_many_requests", "Too Many Requests", "throttling_error", "429")
}

// wait returns how long to wait as the words name it, 0 for unknown.
func (f upstreamError) wait() time.Duration {
	if !f.resetsAt.IsZero() {
		return max(0, time.Until(f.resetsAt))
	}
	return waitInWords(f.Message)
}

// public is what a host sees of it; nil if that is nothing.
func (f upstreamError) public() *protocol.UpstreamError {
	if f.UpstreamError == (protocol.UpstreamError{}) {
		return nil
	}
	return &f.UpstreamError
}

// readFailure reads an error body. Members of unexpected types are left out.
func (c *call) readFailure(body []byte) upstreamError {
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil && len(list) > 0 {
		return c.readFailure(list[0])
	}
	var outer struct {
		Error   json.RawMessage   `json:"error"`
		Errors  []json.RawMessage `json:"errors"`
		Detail  json.RawMessage   `json:"detail"`
		Fault   json.RawMessage   `json:"fault"`
		Message json.RawMessage   `json:"message"`
		Status  json.RawMessage   `json:"statusCode"`
	}
	var wrongType *json.UnmarshalTypeError // of one member; the others are read
	if err := json.Unmarshal(body, &outer); err != nil && !errors.As(err, &wrongType) {
		return upstreamError{}
	}
	if words := c.text(outer.Message); words != "" && c.text(outer.Error) != "" {
		// {"error":"Too Many Requests","message":"…","statusCode":429}
		observed := upstreamError{}
		observed.Message, observed.Type, observed.Code = words, c.text(outer.Error), c.word(outer.Status)
		return observed
	}
	inner := []json.RawMessage{outer.Error, outer.Detail, outer.Fault}
	if len(outer.Errors) > 0 {
		inner = append(inner, outer.Errors[0])
	}
	for _, object := range inner {
		if observed := c.readErrorObject(object); observed.public() != nil {
			return observed
		}
	}
	var details []struct {
		Loc  []json.RawMessage `json:"loc"`
		Msg  json.RawMessage   `json:"msg"`
		Type json.RawMessage   `json:"type"`
	}
	if json.Unmarshal(outer.Detail, &details) == nil && len(details) > 0 {
		// FastAPI's list of what is wrong with the body: the first will do.
		observed := upstreamError{}
		observed.Message, observed.Type = c.text(details[0].Msg), c.text(details[0].Type)
		if at := len(details[0].Loc); at > 0 {
			observed.Param = c.text(details[0].Loc[at-1])
		}
		return observed
	}
	return c.readErrorObject(body)
}

// readFailureHeaders reads what the ChatGPT backend says about an error beside the
// body: an error object in base64, or the code of a refused credential.
func (c *call) readFailureHeaders(h http.Header) upstreamError {
	if text, err := base64.StdEncoding.DecodeString(h.Get("X-Error-Json")); err == nil && len(text) > 0 {
		return c.readFailure(text)
	}
	var observed upstreamError
	observed.Code = c.bounded(h.Get("X-Openai-Authorization-Error"))
	return observed
}

// readErrorObject reads {type, code, message, param, plan_type, resets_at,
// resets_in_seconds}, or a sentence alone.
func (c *call) readErrorObject(object []byte) upstreamError {
	var observed upstreamError
	if observed.Message = c.text(object); observed.Message != "" {
		return observed
	}
	var e struct {
		Msg      json.RawMessage `json:"msg"`
		Fault    json.RawMessage `json:"faultstring"`
		Type     json.RawMessage `json:"type"`
		Code     json.RawMessage `json:"code"`
		Message  json.RawMessage `json:"message"`
		Param    json.RawMessage `json:"param"`
		PlanType json.RawMessage `json:"plan_type"`
		ResetsAt json.RawMessage `json:"resets_at"`
		ResetsIn json.RawMessage `json:"resets_in_seconds"`
	}
	if json.Unmarshal(object, &e) != nil {
		return observed
	}
	observed.Type, observed.Code, observed.Param = named(c.text(e.Type)), named(c.word(e.Code)), named(c.text(e.Param))
	observed.Message = cmp.Or(c.text(e.Message), c.text(e.Msg), c.text(e.Fault))
	observed.planType = c.text(e.PlanType)
	if at := unixTime(string(e.ResetsAt)); !at.IsZero() {
		observed.resetsAt = at
	} else if in := seconds(string(e.ResetsIn)); in > 0 {
		observed.resetsAt = time.Now().Add(in)
	}
	return observed
}

// named returns a name, "" for the words by which some gateways write that there is
// none.
func named(text string) string {
	if text == "None" || text == "null" {
		return ""
	}
	return text
}

// word is text, and for a number, which some gateways give as a code, its digits.
func (c *call) word(raw []byte) string {
	var n json.Number
	if len(raw) > 0 && raw[0] != '"' && json.Unmarshal(raw, &n) == nil && len(n) < 20 {
		return n.String()
	}
	return c.text(raw)
}

// text reads a JSON string, masked and bounded; anything else is "".
func (c *call) text(raw []byte) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return c.bounded(s)
}

// bounded masks and bounds what the upstream says.
func (c *call) bounded(s string) string { return bound(c.mask, s, maxErrorText) }

// retryAfterLimit is how long a limit holds: what the upstream asks to wait, else
// until its reset; 0 for unknown.
func (c *call) retryAfterLimit(reason protocol.Reason, observed upstreamError, resetsAt time.Time, h http.Header) time.Duration {
	if pause := httpx.RetryAfter(h); pause > 0 {
		return pause
	}
	if !resetsAt.IsZero() {
		return max(0, time.Until(resetsAt))
	}
	if reason == protocol.ReasonRequests || reason == protocol.ReasonTokens {
		if pause := waitInWords(observed.Message); pause > 0 {
			return pause
		}
		pause, err := time.ParseDuration(h.Get("X-Ratelimit-Reset-" + string(reason)))
		if err == nil {
			return max(0, pause)
		}
	}
	return 0
}

// waitInWords reads how long to wait from a sentence such as "Rate limit reached
// … Please try again in 1.5s.", 0 for nothing.
func waitInWords(message string) time.Duration {
	words := strings.ToLower(message)
	rest, found := "", false
	for _, before := range []string{"try again in ", "try again after ", "retry after ", "retry in "} {
		if _, rest, found = strings.Cut(words, before); found {
			break
		}
	}
	if !found {
		return 0
	}
	rest = strings.TrimSpace(rest)
	end := 0
	for end < len(rest) && (rest[end] >= '0' && rest[end] <= '9' || rest[end] == '.') {
		end++
	}
	n, err := strconv.ParseFloat(rest[:end], 64)
	unit := strings.TrimSpace(rest[end:])
	switch {
	case err != nil:
		return 0
	case strings.HasPrefix(unit, "ms"):
		return httpx.Duration(n, time.Millisecond)
	case strings.HasPrefix(unit, "s"):
		return httpx.Duration(n, time.Second)
	case strings.HasPrefix(unit, "m"): // 6m0s, 1 minute
		return httpx.Duration(n, time.Minute)
	case strings.HasPrefix(unit, "h"):
		return httpx.Duration(n, time.Hour)
	}
	return 0
}

// window is one of the two windows in which the use of a ChatGPT plan is counted.
type window struct {
	name     string
	resetsAt time.Time
}

// fullWindow returns the window that is used up, the secondary one, which is
// longer, if both are. x-codex-active-limit names the family of headers that matters, as
// x-<limit>-primary-used-percent; without it that is codex.
func fullWindow(h http.Header) window {
	family := strings.ReplaceAll(cmp.Or(h.Get("X-Codex-Active-Limit"), "codex"), "_", "-")
	for _, name := range []string{"secondary", "primary"} {
		prefix := "X-" + family + "-" + name
		used, err := strconv.ParseFloat(h.Get(prefix+"-Used-Percent"), 64)
		if err != nil || used < 100 {
			continue
		}
		full := window{name: name, resetsAt: unixTime(h.Get(prefix + "-Reset-At"))}
		if in := seconds(h.Get(prefix + "-Reset-After-Seconds")); full.resetsAt.IsZero() && in > 0 {
			full.resetsAt = time.Now().Add(in)
		}
		return full
	}
	return window{}
}

// unixTime reads seconds since 1970; zero for anything that is not a moment of
// our time.
func unixTime(text string) time.Time {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(0 < n && n < 1e11) {
		return time.Time{}
	}
	return time.Unix(int64(n), 0)
}

// seconds reads a number of seconds; 0 for anything else.
func seconds(text string) time.Duration {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return httpx.Duration(n, time.Second)
}

// rfc3339 writes a moment as the protocol does, "" for none.
func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
