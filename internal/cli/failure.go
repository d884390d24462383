package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

// printFailure prints an error object of the server for a person: what went wrong,
// what the upstream said, when it can be tried again, and what to do.
func (p *program) printFailure(failure json.RawMessage) {
	var e protocol.Error
	if json.Unmarshal(failure, &e) != nil {
		_, _ = fmt.Fprintf(p.stderr, "signalbox: %s\n", terminal.Line(string(failure)))
		return
	}
	st := p.styleOf(p.stderr)
	kind := string(e.Data.Kind)
	if e.Data.Reason != "" {
		kind += ", " + string(e.Data.Reason)
	}
	_, _ = fmt.Fprintf(p.stderr, "%s %s\n  kind: %s\n", st.red("error:"), terminal.Line(failureWords(&e)), st.faint(terminal.Line(kind)))
	detail := func(name, text string) {
		if text != "" {
			_, _ = fmt.Fprintf(p.stderr, "  %s\n", strings.Join(p.fitted(p.stderr, name+": "+terminal.Line(text), 4), "\n    "))
		}
	}
	if e.Data.Upstream != nil {
		detail("upstream says", e.Data.Upstream.Message)
	}
	now := time.Now()
	switch {
	case e.Data.ResetsAt != "":
		detail("resets at", when(e.Data.ResetsAt, now))
	case e.Data.RetryAfterMs > 0:
		detail("try again", relative(max(time.Second, time.Duration(e.Data.RetryAfterMs)*time.Millisecond)))
	}
	detail("to do", p.todo(&e))
}

// failureWords returns the message of e, in fewer words where a person has not logged
// in.
func failureWords(e *protocol.Error) string {
	if e.Data.Reason == protocol.ReasonNoCredentials {
		return "You are not logged in."
	}
	return e.Message
}

// todo returns what a person can do about e.
func (p *program) todo(e *protocol.Error) string {
	if e.Data.Reason != protocol.ReasonNoCredentials {
		return strings.ReplaceAll(e.Data.Action, "`", "")
	}
	if e.Data.Need == protocol.CredentialPlatformKey {
		return "Run: signalbox login, or with a key: signalbox login --with-api-key"
	}
	return "Run: signalbox login"
}
