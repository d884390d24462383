package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

// A code without a message is said, with an action that does not speak of a message.
func TestCodeWithoutAMessageIsSaid(t *testing.T) {
	for _, tt := range []struct {
		upstream              protocol.UpstreamError
		wantMessage, wantDoIt string
	}{
		{protocol.UpstreamError{Code: "deactivated_workspace"}, "It failed (deactivated_workspace).", "Ask the owner of the workspace to activate it, or log in with another account."},
		{protocol.UpstreamError{Type: "odd_thing"}, "It failed (odd_thing).", "Look the code up in the upstream's documentation, or ask its support."},
		{protocol.UpstreamError{Code: "odd", Message: "Words."}, "It failed.", "Do as the upstream's message says."},
		{protocol.UpstreamError{Code: "not a word\n"}, "It failed.", "Do as the upstream's message says."},
		{protocol.UpstreamError{}, "It failed.", "Do as the upstream's message says."},
	} {
		e := protocol.NewError(protocol.CodeUpstreamRejected, "It failed.", protocol.ErrorData{Action: "Do as the upstream's message says."})
		sayCode(e, upstreamError{UpstreamError: tt.upstream})
		require.Equal(t, tt.wantMessage, e.Message)
		require.Equal(t, tt.wantDoIt, e.Data.Action)
	}
}
