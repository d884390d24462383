package engine

import (
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

// The errors that no single answer of the upstream explains; refusal.go has the
// others.

// unavailable is 1104 before any answer.
func (x *exchange) unavailable(reason protocol.Reason, message, action string) *protocol.Error {
	return protocol.NewError(protocol.CodeUpstreamUnavailable, message,
		protocol.ErrorData{Reason: reason, Action: action, Retryable: true})
}

// broken is 1105: the answer began and did not come to its end. It may be asked
// for again by whoever has seen none of it (contract 6).
func (x *exchange) broken(reason protocol.Reason, message string) *protocol.Error {
	delivered := x.delivered
	d := protocol.ErrorData{
		Reason: reason, Action: "Send the request again.",
		Retryable: delivered == 0, EventsDelivered: &delivered,
		HTTPStatus: *x.record.evidence.Status, Headers: x.visible(x.headers),
	}
	if delivered > 0 {
		d.Action = "Send the request again; what was delivered is incomplete."
	}
	return protocol.NewError(protocol.CodeStreamBroken, message, d)
}

// cut is 1105 for a connection that ended in the middle.
func (x *exchange) cut() *protocol.Error {
	return x.broken(protocol.ReasonCut, "The connection ended in the middle of the answer.")
}

// failed is 1106: the upstream says that the response failed. object is its
// error object, or nothing.
func (x *exchange) failed(object []byte) *protocol.Error {
	said := x.readErrorObject(object)
	return protocol.NewError(protocol.CodeResponseFailed, "The upstream reports that the response failed.", protocol.ErrorData{
		Action:     "Change the request or try again, as the upstream's message says.",
		HTTPStatus: *x.record.evidence.Status,
		Headers:    x.visible(x.headers),
		Upstream:   said.public(),
		PlanType:   said.planType,
		ResetsAt:   rfc3339(said.resetsAt),
	})
}

// rfc3339 writes a moment as the protocol does, "" for none.
func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
