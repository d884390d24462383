//go:build unix

package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever ends a login frees its port before it is answered (conformance 85).
//
// Faults: E16.
func TestCancelFreesThePort(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *host, p loginPrompt){
		"cancelRequest": func(h *host, p loginPrompt) {
			h.send(notification("$/cancelRequest", `{"id":1}`))
			methods, notes, answer := h.until("1")
			assert.Equal(h.t, []string{"auth/loginCompleted"}, methods)
			refused(h.t, answer, -32800, "cancelled", "")
			assert.Contains(h.t, string(notes["auth/loginCompleted"].Params), `"success":false`)
		},
		"auth/login/cancel": func(h *host, p loginPrompt) {
			h.send(request("2", "auth/login/cancel", fmt.Sprintf(`{"loginId":%q}`, p.LoginID)))
			methods, answers := []string{}, map[string]message{}
			for len(answers) < 2 {
				if m := h.mustNext(); m.isAnswer() {
					answers[string(m.ID)] = m
				} else {
					methods = append(methods, m.Method)
				}
			}
			assert.Equal(h.t, []string{"auth/loginCompleted"}, methods)
			refused(h.t, answers["1"], 1005, "login_failed", "cancelled")
			assert.JSONEq(h.t, `{"status":"cancelled"}`, string(answers["2"].Result))
			assert.JSONEq(h.t, `{"status":"notFound"}`, string(h.call("3", "auth/login/cancel", "").Result))
		},
		"auth/logout": func(h *host, p loginPrompt) {
			h.send(request("2", "auth/logout", ""))
			_, _, answer := h.until("1")
			refused(h.t, answer, 1005, "login_failed", "cancelled")
		},
		"shutdown": func(h *host, p loginPrompt) {
			h.send(request("2", "shutdown", ""))
			_, _, answer := h.until("1")
			refused(h.t, answer, -32800, "cancelled", "")
			assert.Equal(h.t, "null", string(h.answer("2").Result))
		},
		"the host is gone": func(h *host, p loginPrompt) {
			require.NoError(h.t, h.in.Close())
			assert.Equal(h.t, 1, h.exit())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _, home := loggedOut(t, options{lsp: true})
			p := h.beginLogin("1", anyPort)
			end(h, p)
			assert.True(t, isFree(t, redirect(t, p.AuthURL)))
			assert.Nil(t, authFile(t, home))
		})
	}
	t.Run("a cancel right behind its request", func(t *testing.T) {
		t.Parallel()
		h, _, _ := loggedOut(t, options{lsp: true})
		for i := range 50 {
			id := fmt.Sprint(i)
			h.send(request(id, "auth/login", `{"method":"browser",`+anyPort+`}`), notification("$/cancelRequest", `{"id":`+id+`}`))
			refused(t, h.answer(id), -32800, "cancelled", "")
		}
		assert.NotContains(t, string(h.call(`"s"`, "auth/status", "").Result), `"login":`)
	})
}
