package engine

import (
	"net/http"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// answer is what the upstream answered to a call, from its headers on.
type answer struct {
	*call
	status  int
	headers http.Header
	// limits of the ChatGPT plan as this answer has named them so far.
	limits *protocol.ChatGPTLimits
	// delivered counts the events that the sink took.
	delivered int64
	// response holds the members of the response object at hand; see observe.
	response []rawjson.Member
}

// observeLimits notes what the headers say of the limits, for this evidence and
// for limits/read, and whether they name another catalogue than the one at hand.
func (a *answer) observeLimits() {
	if a.target.route == protocol.RoutePlatform {
		observed := quotas(a.headers)
		a.record.evidence.RateLimits = observed.Evidence()
		a.engine.limits.recordPlatform(observed)
		return
	}
	a.recordLimits(headerLimits(a.headers, a.mask))
	a.engine.chatgptModels.outdate(a.headers.Get("X-Models-Etag"))
}

// recordLimits keeps what the ChatGPT backend says of the limits in this answer.
func (a *answer) recordLimits(observed *protocol.ChatGPTLimits) {
	if observed == nil {
		return
	}
	a.engine.limits.record(a.target.accountID, observed, false)
	a.limits = mergeLimits(a.limits, observed)
	a.record.evidence.RateLimits = a.limits.Evidence()
}

// contentEncoding returns the coding of a body that we could not read, "" for
// none. We ask for none, but a proxy may add one.
func contentEncoding(h http.Header) string {
	coding := strings.ToLower(strings.TrimSpace(strings.Join(h.Values("Content-Encoding"), ", ")))
	if coding == "identity" {
		return ""
	}
	return coding
}
