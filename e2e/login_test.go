//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// loggedOut starts a simulator and a process whose home holds nothing.
func loggedOut(t *testing.T, o options) (*host, *simulator.Server, string) {
	t.Helper()
	sim := simulated(t, simulator.Config{Scenario: "logged-out"})
	if o.home == "" {
		o.home = filepath.Join(t.TempDir(), "codex") // not there yet
	}
	o.upstream = sim
	h := spawn(t, o)
	h.begin()
	return h, sim, o.home
}

// until reads until the answer with the id, and returns the notifications before
// it, by method, and the answer.
func (h *host) until(id string) (methods []string, notes map[string]message, answer message) {
	h.t.Helper()
	notes = map[string]message{}
	for {
		m := h.mustNext()
		if m.isAnswer() && string(m.ID) == id {
			return methods, notes, m
		}
		methods, notes[m.Method] = append(methods, m.Method), m
	}
}

// A login with a browser, from the prompt to the file, in both framings.
func TestLoginWithABrowser(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, sim, home := loggedOut(t, options{lsp: framing})
			before := time.Now()
			p := h.beginLogin("7", anyPort)
			assert.Equal(t, "browser", p.Method)
			expires, err := time.Parse(time.RFC3339, p.ExpiresAt)
			require.NoError(t, err)
			assert.WithinDuration(t, before.Add(10*time.Minute), expires, 20*time.Second)

			// The address, as Codex makes it (in the same order).
			u, err := url.Parse(p.AuthURL)
			require.NoError(t, err)
			assert.Equal(t, sim.IssuerURL()+"/oauth/authorize", u.Scheme+"://"+u.Host+u.Path)
			back := redirect(t, p.AuthURL)
			assert.Regexp(t, `^http://127\.0\.0\.1:\d+/auth/callback$`, back.String())
			assert.Regexp(t, `^response_type=code&client_id=app_EMoamEEZ73f0CkXaXp7hrann&redirect_uri=`+regexp.QuoteMeta(url.QueryEscape(back.String()))+
				`&code_challenge=[A-Za-z0-9_-]{43}&code_challenge_method=S256&state=[A-Za-z0-9_-]{43}`+
				`&scope=openid\+profile\+email\+offline_access\+api\.connectors\.read\+api\.connectors\.invoke`+
				`&id_token_add_organizations=true&codex_cli_simplified_flow=true&originator=signalbox$`, u.RawQuery)

			// auth/status repeats the whole prompt.
			var status struct{ Login *loginPrompt }
			require.NoError(t, json.Unmarshal(h.call(`"s"`, "auth/status", "").Result, &status))
			assert.Equal(t, &p, status.Login)

			page := browse(t, http.MethodGet, agree(t, p.AuthURL))
			assert.Equal(t, http.StatusOK, page.status)
			assert.Contains(t, page.body, "You are logged in")
			for name, value := range map[string]string{
				"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
				"X-Content-Type-Options": "nosniff",
			} {
				assert.Equal(t, value, page.header.Get(name), name)
			}
			assert.Contains(t, page.header.Get("Content-Security-Policy"), "default-src 'none'")

			methods, notes, answer := h.until("7")
			want := []string{"auth/changed", "auth/loginCompleted"}
			if !framing { // without initialize only what belongs to the login
				want = want[1:]
			}
			assert.Equal(t, want, methods)
			var done struct {
				LoginID, Status string
				Auth            object
			}
			require.NoError(t, json.Unmarshal(answer.Result, &done), "%s", answer.Raw)
			assert.Equal(t, p.LoginID, done.LoginID)
			assert.Equal(t, "succeeded", done.Status)
			assert.Equal(t, "authenticated", done.Auth["state"])
			assert.NotContains(t, done.Auth, "login")
			var completed struct {
				LoginID string
				Success bool
				Error   json.RawMessage
				Auth    object
			}
			require.NoError(t, json.Unmarshal(notes["auth/loginCompleted"].Params, &completed))
			assert.Equal(t, p.LoginID, completed.LoginID)
			assert.True(t, completed.Success)
			assert.Nil(t, completed.Error)
			assert.Equal(t, done.Auth, completed.Auth)

			// The port is free, and one code was redeemed, with its verifier.
			assert.True(t, isFree(t, back))
			require.Equal(t, 1, atIssuer(sim, "/oauth/token", codeGrant))
			for _, r := range sim.Requests() {
				if r.Path != "/oauth/token" {
					continue
				}
				sent, err := url.ParseQuery(string(r.Body))
				require.NoError(t, err)
				assert.Equal(t, back.String(), sent.Get("redirect_uri"))
				assert.Regexp(t, `^[A-Za-z0-9._~-]{43,128}$`, sent.Get("code_verifier"))
				assert.Empty(t, r.Header.Get("User-Agent"))
			}

			// The file, as Codex writes it.
			info, err := os.Stat(filepath.Join(home, "auth.json"))
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
			folder, err := os.Stat(home)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o700), folder.Mode().Perm())
			file := authFile(t, home)
			assert.Equal(t, "chatgpt", file["auth_mode"])
			assert.Contains(t, file, "OPENAI_API_KEY")
			assert.Nil(t, file["OPENAI_API_KEY"])
			stored := tokens(file)
			assert.Equal(t, sim.Login().AccountID, stored["account_id"])
			assert.Equal(t, object{"issuer": sim.IssuerURL(), "client_id": "app_EMoamEEZ73f0CkXaXp7hrann"}, stored["oauth_provenance"])

			// And it is of use.
			o := h.create("8", `{"model":"gpt-5.2-codex","input":"Hello."}`)
			assert.Equal(t, "completed", o.status())
		})
	}
}

// wait:false: the pending prompt is the result, right behind its notification;
// the login goes on, beyond the end of stdin (docs/protocol.md: Lifecycle).
func TestLoginWithoutWaiting(t *testing.T) {
	t.Parallel()
	h, _, _ := loggedOut(t, options{})
	h.send(request("1", "auth/login", `{"method":"browser","wait":false,`+anyPort+`}`))
	m := h.mustNext()
	require.Equal(t, "auth/loginPrompt", m.Method)
	answer := h.mustNext()
	var p, pending loginPrompt
	require.NoError(t, json.Unmarshal(m.Params, &p))
	require.NoError(t, json.Unmarshal(answer.Result, &pending))
	pending.Method = p.Method // which the result has no need of
	assert.Equal(t, p, pending)
	assert.Contains(t, string(answer.Result), `"status":"pending"`)
	require.NoError(t, h.in.Close())
	browse(t, http.MethodGet, agree(t, p.AuthURL))
	m = h.mustNext()
	require.Equal(t, "auth/loginCompleted", m.Method)
	assert.Contains(t, string(m.Params), `"success":true`)
	assert.Equal(t, 0, h.exit())
}

// A device login: page and code, and the tokens in the end. The code is not
// asked of the issuer more often than it wants.
func TestLoginWithADeviceCode(t *testing.T) {
	t.Parallel()
	h, sim, home := loggedOut(t, options{lsp: true})
	h.send(request("1", "auth/login", `{"method":"device"}`))
	p := h.promptOf()
	assert.Equal(t, sim.IssuerURL()+"/codex/device", p.VerificationURL)
	assert.Regexp(t, `^[0-9A-F]{4}-[0-9A-F]{5}$`, p.UserCode)
	assert.Empty(t, p.AuthURL)
	methods, _, answer := h.until("1")
	assert.Equal(t, []string{"auth/changed", "auth/loginCompleted"}, methods)
	assert.Contains(t, string(answer.Result), `"status":"succeeded"`)
	assert.Equal(t, sim.Login().AccountID, tokens(authFile(t, home))["account_id"])
	assert.Equal(t, 3, atIssuer(sim, "/api/accounts/deviceauth/token", ""))
}

// A key: for this process, or written; alone, or beside tokens, which stay.
func TestLoginWithAKey(t *testing.T) {
	t.Parallel()
	const key = "sk-proj-" + testcheck.Canary + "-0123456789"
	params := func(more string) string { return fmt.Sprintf(`{"method":"apiKey","apiKey":%q%s}`, key, more) }

	t.Run("for this process", func(t *testing.T) {
		h, _, home := loggedOut(t, options{lsp: true})
		h.send(request("1", "auth/login", params("")))
		methods, _, answer := h.until("1")
		assert.Equal(t, []string{"auth/changed", "auth/loginCompleted"}, methods)
		assert.Contains(t, string(answer.Result), `"source":"explicit_api_key","hint":"sk-…6789"`)
		assert.Nil(t, authFile(t, home))
		// The same once more: it is told again.
		h.send(request("2", "auth/login", params("")))
		methods, _, _ = h.until("2")
		assert.Equal(t, []string{"auth/changed", "auth/loginCompleted"}, methods)
	})
	t.Run("written alone", func(t *testing.T) {
		h, _, home := loggedOut(t, options{})
		answer := h.call("1", "auth/login", params(`,"persist":true`))
		assert.Contains(t, string(answer.Result), `"source":"codex_auth_json_api_key"`)
		assert.Equal(t, object{"auth_mode": "apikey", "OPENAI_API_KEY": key}, authFile(t, home))
	})
	t.Run("written beside tokens", func(t *testing.T) {
		sim := simulated(t, simulator.Config{Scenario: "no-key"})
		home := t.TempDir()
		require.NoError(t, sim.WriteHome(home))
		before := authFile(t, home)
		h := spawn(t, options{upstream: sim, home: home})
		answer := h.call("1", "auth/login", params(`,"persist":true`))
		require.NotNil(t, answer.Result, "%s", answer.Raw)
		before["OPENAI_API_KEY"] = key
		assert.Equal(t, before, authFile(t, home))
	})
	t.Run("no key", func(t *testing.T) {
		h, _, home := loggedOut(t, options{})
		for _, bad := range []string{`""`, `"  "`, `null`, `"sk-a\nb"`, `"sk-abc\n"`, `"sk-a b"`, `"Bearer sk-abcdef"`, `"bearer x"`,
			`"sk-\u0000"`, `"sk-é"`, fmt.Sprintf("%q", fakeToken(time.Now().Add(time.Hour)))} {
			e := refused(t, h.call("1", "auth/login", `{"method":"apiKey","persist":true,"apiKey":`+bad+`}`), -32602, "invalid_params", "")
			assert.Equal(t, "apiKey", e.Data.Field, bad)
		}
		assert.Nil(t, authFile(t, home))
	})
}

// auth/login/complete, for a browser on another machine: a wrong state or code
// fails that call alone.
//
// Faults: E20.
func TestCompleteLogin(t *testing.T) {
	t.Parallel()
	for name, params := range map[string]string{"listening": anyPort, "not listening": `"ports":[]`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, sim, _ := loggedOut(t, options{lsp: true})
			p := h.beginLogin("1", params)
			back := agree(t, p.AuthURL)
			complete := func(id, member, value string) message {
				return h.call(id, "auth/login/complete", fmt.Sprintf(`{"loginId":%q,%q:%q}`, p.LoginID, member, value))
			}
			refused(t, complete("2", "redirectUrl", with(t, back, "state", "another")), 1005, "login_failed", "state_mismatch")
			refused(t, complete("3", "redirectUrl", with(t, back, "state", "")), 1005, "login_failed", "state_mismatch")
			e := refused(t, complete("4", "redirectUrl", with(t, back, "code", "ac_wrong")), 1005, "login_failed", "code_exchange_failed")
			assert.False(t, e.Data.Retryable)
			for id, bad := range map[string]string{"5": "nonsense", "6": "http://127.0.0.1/auth/callback"} {
				assert.Equal(t, "redirectUrl", refused(t, complete(id, "redirectUrl", bad), -32602, "invalid_params", "").Data.Field)
			}
			e = refused(t, h.call("7", "auth/login/complete", `{"loginId":"another","code":"c","state":"s"}`), -32602, "invalid_params", "")
			assert.Equal(t, "loginId", e.Data.Field)
			refused(t, h.call("8", "auth/login/complete", fmt.Sprintf(`{"loginId":%q}`, p.LoginID)), -32602, "invalid_params", "")
			assert.Equal(t, 1, atIssuer(sim, "/oauth/token", codeGrant), "a wrong state redeems nothing")

			u, err := url.Parse(back)
			require.NoError(t, err)
			h.send(request("9", "auth/login/complete", fmt.Sprintf(`{"loginId":%q,"code":%q,"state":%q}`,
				p.LoginID, u.Query().Get("code"), u.Query().Get("state"))))
			var methods []string
			answers := map[string]message{}
			for len(answers) < 2 {
				if m := h.mustNext(); m.isAnswer() {
					answers[string(m.ID)] = m
				} else {
					methods = append(methods, m.Method)
				}
			}
			assert.Equal(t, []string{"auth/changed", "auth/loginCompleted"}, methods)
			for _, id := range []string{"1", "9"} {
				assert.Contains(t, string(answers[id].Result), `"status":"succeeded"`)
			}
		})
	}
}

// A second login ends the first, which leaves what was stored as it was; a third
// that is refused at once ends nothing.
//
// Faults: E17.
func TestLoginIsSuperseded(t *testing.T) {
	t.Parallel()
	h, _, home := loggedOut(t, options{lsp: true})
	first := h.beginLogin("1", anyPort)
	refused(t, h.call("2", "auth/login", `{"method":"apiKey","apiKey":" "}`), -32602, "invalid_params", "")
	h.send(request("3", "auth/login", `{"method":"browser",`+anyPort+`}`))
	var second loginPrompt
	seen := []string{}
	for len(seen) < 3 {
		switch m := h.mustNext(); {
		case m.Method == "auth/loginCompleted":
			assert.Contains(t, string(m.Params), first.LoginID)
			assert.Contains(t, string(m.Params), `"reason":"superseded"`)
			seen = append(seen, m.Method)
		case m.Method == "auth/loginPrompt":
			require.NoError(t, json.Unmarshal(m.Params, &second))
			seen = append(seen, m.Method)
		default:
			require.Equal(t, "1", string(m.ID))
			refused(t, m, 1005, "login_failed", "superseded")
			require.Contains(t, seen, "auth/loginCompleted", "told before it is answered")
			seen = append(seen, "answer")
		}
	}
	assert.True(t, isFree(t, redirect(t, first.AuthURL)))
	browse(t, http.MethodGet, agree(t, second.AuthURL))
	_, _, answer := h.until("3")
	assert.Contains(t, string(answer.Result), second.LoginID)
	assert.NotNil(t, authFile(t, home))
}

// auth/logout takes the login out of the file and tells the issuer, unless it
// shall not; what others have put into the file stays.
func TestLogout(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		params  string
		foreign bool
		revokes int
	}{
		"telling the issuer":  {params: `{}`, revokes: 1},
		"on this machine":     {params: `{"revoke":false}`},
		"with foreign things": {params: `{}`, foreign: true, revokes: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{})
			home := editedHome(t, sim, func(auth object) {
				if row.foreign {
					auth["x_other"] = "kept"
				}
			})
			h := spawn(t, options{upstream: sim, home: home, lsp: true})
			h.begin()
			h.send(request("1", "auth/logout", row.params))
			methods, _, answer := h.until("1")
			assert.Equal(t, []string{"auth/changed"}, methods)
			assert.Contains(t, string(answer.Result), `"state":"unauthenticated"`)
			if row.foreign {
				assert.Equal(t, object{"x_other": "kept"}, authFile(t, home))
			} else {
				assert.Nil(t, authFile(t, home))
			}
			require.Equal(t, row.revokes, atIssuer(sim, "/oauth/revoke", ""))
			for _, r := range sim.Requests() {
				if r.Path == "/oauth/revoke" {
					assert.JSONEq(t, fmt.Sprintf(`{"token":%q,"token_type_hint":"refresh_token","client_id":"app_EMoamEEZ73f0CkXaXp7hrann"}`,
						sim.Login().RefreshToken), string(r.Body))
				}
			}
			// Once more: nothing to forget is no error.
			assert.NotNil(t, h.call("2", "auth/logout", "").Result)
		})
	}
	t.Run("the issuer fails", func(t *testing.T) {
		t.Parallel()
		sim := simulated(t, simulator.Config{Scenario: "issuer-error"})
		home := t.TempDir()
		require.NoError(t, sim.WriteHome(home))
		h := spawn(t, options{upstream: sim, home: home})
		answer := h.call("1", "auth/logout", "")
		assert.Contains(t, string(answer.Result), "may still be valid")
		assert.Nil(t, authFile(t, home))
	})
	t.Run("the environment counts", func(t *testing.T) {
		t.Parallel()
		h, _, _ := loggedOut(t, options{env: []string{"OPENAI_API_KEY=sk-proj-" + testcheck.Canary}})
		answer := h.call("1", "auth/logout", "")
		assert.Contains(t, string(answer.Result), `"source":"env_openai_api_key"`)
		assert.Contains(t, string(answer.Result), `"state":"authenticated"`)
	})
}

// auth/refresh refreshes; the host is told before it is answered.
func TestRefresh(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	h := spawn(t, options{upstream: sim, home: home, lsp: true})
	h.begin()
	h.send(request("1", "auth/refresh", "{}"))
	methods, _, answer := h.until("1")
	assert.Equal(t, []string{"auth/changed"}, methods)
	assert.Contains(t, string(answer.Result), `{"refreshed":true,"auth":{"state":"authenticated"`)
	assert.NotEqual(t, sim.Login().RefreshToken, tokens(authFile(t, home))["refresh_token"])
	require.NoError(t, os.Remove(filepath.Join(home, "auth.json")))
	refused(t, h.call("2", "auth/refresh", ""), 1001, "login_required", "no_credentials")
}

// auth/changed when another program changes the file, to a host that has
// called initialize, and only when something has changed for it.
func TestAuthChangedByAnotherProgram(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home := filepath.Join(t.TempDir(), "codex")
	require.NoError(t, os.Mkdir(home, 0o700))
	h := spawn(t, options{upstream: sim, home: home, lsp: true})
	h.begin()
	require.NoError(t, sim.WriteHome(home))
	m := h.mustNext()
	require.Equal(t, "auth/changed", m.Method)
	assert.Contains(t, string(m.Params), `"state":"authenticated"`)
	require.NoError(t, os.Remove(filepath.Join(home, "auth.json")))
	m = h.mustNext()
	require.Equal(t, "auth/changed", m.Method)
	assert.Contains(t, string(m.Params), `"state":"unauthenticated"`)
	assert.False(t, strings.Contains(string(m.Params), testcheck.Canary))
}
