package engine

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

// The codes by which limits are told that no wait of seconds ends.
var (
	quotaCodes = []string{"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
	limitCodes = append([]string{"usage_limit_reached", "usage_not_included"}, quotaCodes...)
)

// limited explains a limit. It is never slept on (contract 6); only requests and
// tokens, which come back by themselves, may be tried again.
func (x *exchange) limited(said upstreamFailure, h http.Header) *protocol.Error {
	d := protocol.ErrorData{PlanType: said.planType}
	message, resetsAt := "The upstream's rate limit has been reached.", said.resetsAt
	switch {
	case said.is("usage_limit_reached"):
		d.Reason, message = protocol.ReasonUsageLimit, "The usage limit of the ChatGPT plan has been reached."
		d.Action = usageAction(h.Get("X-Codex-Rate-Limit-Reached-Type"))
		d.PlanType = cmp.Or(d.PlanType, x.mask(h.Get("X-Codex-Plan-Type")))
		full := fullWindow(h)
		d.Window = full.name
		if resetsAt.IsZero() {
			resetsAt = full.resetsAt
		}
	case said.is("usage_not_included"):
		d.Reason, message = protocol.ReasonUsageNotIncluded, "The ChatGPT plan does not include Codex."
		d.Action = "Upgrade the plan, or use a Platform key."
		d.PlanType = cmp.Or(d.PlanType, x.mask(h.Get("X-Codex-Plan-Type")))
	case said.is(quotaCodes...):
		d.Reason, message = protocol.ReasonQuota, "The quota of the Platform account is used up."
		d.Action = "Check the plan and billing details of the Platform account."
	case said.is("tokens") || !said.is("requests") && h.Get("X-Ratelimit-Remaining-Tokens") == "0":
		d.Reason, d.Retryable, d.Action = protocol.ReasonTokens, true, "Wait before you try again, or send less."
	default:
		d.Reason, d.Retryable, d.Action = protocol.ReasonRequests, true, "Wait before you try again."
	}
	d.ResetsAt = rfc3339(resetsAt)
	d.RetryAfterMs = x.retryAfterLimit(d.Reason, said, resetsAt, h).Milliseconds()
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

// retryAfterLimit is how long a limit holds: what the upstream asks to wait, else
// until its reset; 0 for unknown.
func (x *exchange) retryAfterLimit(reason protocol.Reason, said upstreamFailure, resetsAt time.Time, h http.Header) time.Duration {
	if pause := retryAfter(h); pause > 0 {
		return pause
	}
	if !resetsAt.IsZero() {
		return max(0, time.Until(resetsAt))
	}
	if reason == protocol.ReasonRequests || reason == protocol.ReasonTokens {
		if pause := waitInWords(said.Message); pause > 0 {
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
	_, rest, found := strings.Cut(strings.ToLower(message), "try again in ")
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
		return span(n, time.Millisecond)
	case strings.HasPrefix(unit, "s"):
		return span(n, time.Second)
	case strings.HasPrefix(unit, "m"): // 6m0s, 1 minute
		return span(n, time.Minute)
	case strings.HasPrefix(unit, "h"):
		return span(n, time.Hour)
	}
	return 0
}

// window is one of the two windows in which the use of a ChatGPT plan is counted.
type window struct {
	name     string
	resetsAt time.Time
}

// fullWindow gives the window that is used up; of both the secondary one, which
// is longer. x-codex-active-limit names the family of headers that matters, as
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
	return span(n, time.Second)
}
