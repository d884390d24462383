package rpc

import (
	"bytes"
	"encoding/json"

	"github.com/signalbox-dev/signalbox/protocol"
)

// masked returns an error without the secrets that it may repeat: a method, a member,
// a header or a model that the host has named. The id of the stream stays: the host
// finds its stream by it.
func (s *Server) masked(e *protocol.Error) *protocol.Error {
	text := e.Encode()
	clean := s.cfg.Mask.JSON(text)
	if bytes.Equal(clean, text) {
		return e
	}
	var public protocol.Error
	if json.Unmarshal(clean, &public) != nil {
		return internalError("")
	}
	public.Data.StreamID = e.Data.StreamID
	return &public
}

// maskEvidence masks what the host has named in its request.
func (s *Server) maskEvidence(e *protocol.Evidence) {
	e.RequestedModel, e.TraceParent = s.cfg.Mask.Mask(e.RequestedModel), s.cfg.Mask.Mask(e.TraceParent)
	for i := range e.Adjustments {
		e.Adjustments[i].Field = s.cfg.Mask.Mask(e.Adjustments[i].Field)
	}
}
