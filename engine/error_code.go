package engine

import (
	"cmp"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
	"github.com/signalbox-dev/signalbox/protocol"
)

// codeWord is a code that can be part of a sentence.
var codeWord = lazyregexp.New(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// sayCode names the code of an upstream that gives no message, since it is then all
// that there is to go by, and an action that does not speak of a message.
func sayCode(failure *protocol.Error, observed upstreamError) {
	code := cmp.Or(observed.Code, observed.Type)
	if observed.Message != "" || !codeWord().MatchString(code) {
		return
	}
	failure.Message = protocol.Sentence(strings.TrimSuffix(failure.Message, ".") + " (" + code + ")")
	switch {
	case code == "deactivated_workspace":
		failure.Data.Action = "Ask the owner of the workspace to activate it, or log in with another account."
	case strings.Contains(failure.Data.Action, "message says"):
		failure.Data.Action = "Look the code up in the upstream's documentation, or ask its support."
	}
}
