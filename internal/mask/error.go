package mask

import (
	"bytes"
	"encoding/json"

	"github.com/signalbox-dev/signalbox/protocol"
)

// Error returns an error without the secrets that it may repeat: a method, a member, a
// header or a model that somebody has named. The id of the stream stays: a host finds
// its stream by it.
func (m *Masker) Error(e *protocol.Error) *protocol.Error {
	text := e.Encode()
	clean := m.JSON(text)
	if bytes.Equal(clean, text) {
		return e
	}
	var public protocol.Error
	if json.Unmarshal(clean, &public) != nil {
		return protocol.NewError(protocol.CodeInternalError, "Something went wrong inside signalbox.", protocol.ErrorData{})
	}
	public.Data.StreamID = e.Data.StreamID
	return &public
}
