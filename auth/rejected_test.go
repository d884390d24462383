package auth

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The status of a login that the backend has refused and that cannot be refreshed
// says so, although its token has not expired; a request may still try it, and once
// it is accepted the status is as before.
//
// Faults: A36.
func TestStatusOfARefusedLogin(t *testing.T) {
	for name, row := range map[string]struct {
		spoil  bool // the refresh token
		reason string
	}{
		"the refresh is refused too": {true, "refresh_revoked"},
		"a fresh token is refused":   {false, "token_rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			l := loginOf(t, simulator.Config{Scenario: "ok"})
			d := store.NewDocument([]byte(textOf(t, l.home)))
			d.SetNull("OPENAI_API_KEY") // with which the other route would work
			if row.spoil {
				d.SetString("rt_"+canary, "tokens", "refresh_token")
			}
			put(t, filepath.Join(l.home, store.FileName), d.Text)
			m := l.manager()
			m.waits.reused = 0
			c, err := m.ChatGPT(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // where the first refresh works, the second 401 counts
				var newer ChatGPTCredential
				if newer, err = m.RefreshRejected(t.Context(), c); err != nil {
					break
				}
				c = newer
			}
			equal(t, "error", reasonOf(t, err, protocol.CodeLoginRequired), row.reason)
			status, text := statusOf(t, m)
			equal(t, "state", string(status.State), "expired")
			equal(t, "reason", string(status.Credentials.ChatGPT.Reason), row.reason)
			equal(t, "available", status.Routes[0].Available, false)
			equal(t, "route", string(status.Routes[0].Reason), row.reason)
			equal(t, "warning", strings.Contains(text, "The backend has refused the access token"), true)
			if _, err := m.PeekChatGPT(t.Context()); err != nil {
				t.Error("it is not tried again", err)
			}
			m.Accepted(c)
			status, _ = statusOf(t, m)
			equal(t, "state once accepted", string(status.State), "authenticated")
			equal(t, "reason once accepted", string(status.Credentials.ChatGPT.Reason), "")
		})
	}
}
