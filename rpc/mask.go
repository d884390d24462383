package rpc

import "github.com/signalbox-dev/signalbox/protocol"

// maskEvidence masks what the host has named in its request.
func (s *Server) maskEvidence(e *protocol.Evidence) {
	e.RequestedModel, e.TraceParent = s.cfg.Mask.Mask(e.RequestedModel), s.cfg.Mask.Mask(e.TraceParent)
	for i := range e.Adjustments {
		e.Adjustments[i].Field = s.cfg.Mask.Mask(e.Adjustments[i].Field)
	}
}
