package engine

import (
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

// unreachable is why no answer came.
type unreachable struct {
	*protocol.Error
	// unsent: there was no connection, so that nothing was sent and the same
	// request may be sent again.
	unsent bool
	// stale: a kept connection ended at once, see staleAfter.
	stale bool
}

// unreachable explains the error of a transport. connected tells that there was
// a connection, so that the request may have been served.
func (x *exchange) unreachable(err error, connected bool) *unreachable {
	why := transport.Explain(err, "the upstream", connected)
	failure := x.unavailable(why.Reason, why.Message, why.Action)
	failure.Data.Retryable = !why.Permanent
	return &unreachable{Error: failure, unsent: why.Unsent}
}
