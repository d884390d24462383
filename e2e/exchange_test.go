//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exchangesOf counts the exchanges and refreshes that reached the issuer.
func exchangesOf(sim *simulator.Server) (exchanges, refreshes int) {
	for _, r := range sim.Requests() {
		switch body := string(r.Body); {
		case r.Path != "/oauth/token":
		case strings.Contains(body, "token-exchange"):
			exchanges++
		case strings.Contains(body, `"refresh_token"`):
			refreshes++
		}
	}
	return exchanges, refreshes
}

// storedKey is OPENAI_API_KEY of the auth.json in home, nil for none.
func storedKey(t *testing.T, home string) any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(home, "auth.json"))
	require.NoError(t, err)
	var auth object
	require.NoError(t, json.Unmarshal(text, &auth))
	return auth["OPENAI_API_KEY"]
}

// scenarioHome starts a simulator and writes its home.
func scenarioHome(t *testing.T, scenario string) (*simulator.Server, string) {
	t.Helper()
	sim := simulated(t, simulator.Config{Scenario: scenario})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	return sim, home
}

const proRequest = `{"model":"gpt-5.2-pro","input":"Hello.","stream":true}`

// A model of the Platform without a key: the login is exchanged for one, which
// the evidence says, and the next process has it.
func TestPlatformKeyByExchange(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, home := scenarioHome(t, "no-key")
			h := spawn(t, options{home: home, upstream: sim, lsp: framing})
			h.begin()
			where := h.call("1", "routes/resolve", `{"model":"gpt-5.2-pro"}`)
			assert.Contains(t, string(where.Result), `"credential_source":"codex_token_exchange_api_key"`)
			exchanges, _ := exchangesOf(sim)
			assert.Zero(t, exchanges, "a look sends nothing")
			for i := range 2 {
				o := h.create(fmt.Sprint(2+i), proRequest)
				require.Equal(t, "completed", o.status(), "%s", o.answer.Raw)
				assert.Contains(t, string(o.answer.Result), `"credential_source":"codex_token_exchange_api_key"`)
			}
			key := h.call("5", "auth/exchange", "")
			assert.Regexp(t, `^\{"credential":\{"source":"codex_token_exchange_api_key","hint":"sk-….{4}"\}\}$`, string(key.Result))
			assert.NotNil(t, storedKey(t, home))
			h = spawn(t, options{home: home, upstream: sim, lsp: framing})
			h.begin()
			o := h.create("1", proRequest)
			require.Equal(t, "completed", o.status())
			assert.Contains(t, string(o.answer.Result), `"credential_source":"codex_auth_json_api_key"`)
			exchanges, _ = exchangesOf(sim)
			assert.Equal(t, 1, exchanges)
		})
	}
}

// 12 processes at once, on a login whose id_token has expired: one refresh, one
// exchange, 12 answers.
func TestOneExchangeAmongProcesses(t *testing.T) {
	t.Parallel()
	sim, home := scenarioHome(t, "expired")
	var hosts []*host
	for range 12 {
		h := spawn(t, options{home: home, upstream: sim})
		h.ping()
		hosts = append(hosts, h)
	}
	for _, h := range hosts {
		h.send(request("1", "responses/create", proRequest))
	}
	for _, h := range hosts {
		m := h.answer("1")
		assert.Nil(t, m.Error, "%s", m.Error)
	}
	exchanges, refreshes := exchangesOf(sim)
	assert.Equal(t, []int{1, 1}, []int{exchanges, refreshes})
}

// A refused exchange is 1006 with its reason, before anything goes to the
// Platform; the login stays, and the refusal is not asked for twice.
//
// Faults: A28, A33.
func TestRefusedExchange(t *testing.T) {
	t.Parallel()
	for scenario, want := range map[string]struct {
		code         int
		kind, reason string
	}{
		"missing-organization": {1006, "exchange_failed", "missing_organization"},
		"invalid-id-token":     {1006, "exchange_failed", "invalid_id_token"},
		"id-token-expired":     {1006, "exchange_failed", "token_expired"},
		"exchange-refused":     {1006, "exchange_failed", "other"},
		"report":               {1001, "login_required", "refresh_reused"},
		"refresh-expired":      {1001, "login_required", "refresh_expired"},
		"refresh-revoked":      {1001, "login_required", "refresh_revoked"},
		"issuer-error":         {1004, "auth_unavailable", "server_error"},
	} {
		for name, framing := range framings {
			t.Run(scenario+"/"+name, func(t *testing.T) {
				t.Parallel()
				sim, home := scenarioHome(t, scenario)
				before, err := os.ReadFile(filepath.Join(home, "auth.json"))
				require.NoError(t, err)
				h := spawn(t, options{home: home, upstream: sim, lsp: framing})
				h.begin()
				sent := [2]int{}
				for i := range 3 {
					o := h.create(fmt.Sprint(i), proRequest)
					refused(t, o.answer, want.code, want.kind, want.reason)
					assert.Equal(t, "failed", o.status())
					assert.Equal(t, 0, *o.completed.Seq)
					e := o.answer.failure()
					assert.Nil(t, e.Data.Evidence.BaseURL)
					assert.Equal(t, "unknown", e.Data.Evidence.CredentialSource)
					if want.code != 1004 {
						assert.Equal(t, "platformKey", e.Data.Need)
						assert.Equal(t, []string{"chatgpt"}, e.Data.Have)
					}
					exchanges, refreshes := exchangesOf(sim)
					if i > 0 && want.code != 1004 {
						assert.Equal(t, sent, [2]int{exchanges, refreshes}, "it is not asked for again")
					}
					sent = [2]int{exchanges, refreshes}
				}
				if want.code == 1006 && want.reason != "token_expired" { // for which the login was refreshed
					after, err := os.ReadFile(filepath.Join(home, "auth.json"))
					require.NoError(t, err)
					assert.Equal(t, string(before) == string(after), true, "the login is as it was")
				}
				assert.NotContains(t, paths(sim), "/v1/responses")
				if scenario == "report" || want.code == 1006 {
					assert.Equal(t, "completed", h.create("9", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`).status())
				}
			})
		}
	}
}

// exchange of auth/login: auto tries where the plan means the Platform and only
// warns, require answers a refusal and keeps the login, never asks nobody.
//
// Faults: A33.
func TestExchangeOfALogin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scenario, exchange string
		asked              int
		reason             string // of the refusal of the login
	}{
		{"business", "auto", 1, ""},
		{"business", "never", 0, ""},
		{"no-key", "auto", 0, ""},
		{"no-key", "require", 1, ""},
		{"missing-organization", "auto", 0, ""},
		{"missing-organization", "require", 1, "missing_organization"},
		{"exchange-refused", "require", 1, "other"},
	} {
		t.Run(c.scenario+"/"+c.exchange, func(t *testing.T) {
			t.Parallel()
			sim, home := scenarioHome(t, c.scenario)
			h := spawn(t, options{home: home, upstream: sim, lsp: lsp})
			h.begin()
			p := h.beginLogin("1", anyPort+`,"exchange":"`+c.exchange+`"`)
			_ = browse(t, "GET", agree(t, p.AuthURL))
			m := h.answer("1")
			exchanges, _ := exchangesOf(sim)
			assert.Equal(t, c.asked, exchanges)
			if c.reason == "" {
				require.Nil(t, m.Error, "%s", m.Error)
				assert.Equal(t, c.asked == 1, storedKey(t, home) != nil)
				return
			}
			refused(t, m, 1006, "exchange_failed", c.reason)
			text, err := os.ReadFile(filepath.Join(home, "auth.json"))
			require.NoError(t, err)
			assert.Equal(t, false, strings.Contains(string(text), sim.Login().RefreshToken), "the new login is kept")
			assert.Equal(t, "completed", h.create("2", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`).status())
		})
	}
}

// An exchange that is under way is saved, whatever becomes of who asked for it:
// its request is answered at once, and only the exit waits.
func TestExchangeIsFinished(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *host){
		"cancelled":    func(h *host) { h.send(notification("$/cancelRequest", `{"id":1}`)) },
		"shut down":    func(h *host) { h.send(request("2", "shutdown", ""), notification("exit", "")) },
		"end of input": func(h *host) { require.NoError(h.t, h.in.Close()) },
		"SIGTERM":      func(h *host) { require.NoError(h.t, h.cmd.Process.Signal(os.Interrupt)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, home := scenarioHome(t, "no-key")
			issuer := startSlowIssuer(t, sim, time.Second)
			h := spawn(t, options{home: home, lsp: lsp, args: []string{
				"--issuer=" + issuer.URL, "--platform-base-url=" + sim.PlatformURL(), "--chatgpt-base-url=" + sim.ChatGPTURL(),
			}})
			setIssuer(t, home, issuer.URL)
			h.begin()
			h.send(request("1", "responses/create", proRequest))
			awaitThat(t, "the exchange being sent", func() bool { return issuer.asked() > 0 })
			start := time.Now()
			end(h)
			refused(t, h.answer("1"), -32800, "cancelled", "")
			within(t, start, 500*time.Millisecond)
			awaitThat(t, "the key being saved", func() bool { return storedKey(t, home) != nil })
			exchanges, _ := exchangesOf(sim)
			assert.Equal(t, 1, exchanges)
		})
	}
}

// setIssuer makes the login in home one of the issuer.
func setIssuer(t *testing.T, home, issuer string) {
	t.Helper()
	path := filepath.Join(home, "auth.json")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var auth object
	require.NoError(t, json.Unmarshal(text, &auth))
	tokens(auth)["oauth_provenance"].(object)["issuer"] = issuer
	text, err = json.Marshal(auth)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o600))
}

// A key of an exchange that was revoked stays the one that counts, and
// auth/exchange gets another one in its place.
func TestRevokedKeyOfAnExchange(t *testing.T) {
	t.Parallel()
	sim, home := scenarioHome(t, "no-key")
	h := spawn(t, options{home: home, upstream: sim})
	require.Equal(t, "completed", h.create("1", proRequest).status())
	revoked := storedKey(t, home).(string)
	resp, err := http.PostForm(sim.IssuerURL()+"/oauth/revoke", url.Values{"token": {revoked}})
	require.NoError(t, err)
	_ = resp.Body.Close()
	for i := range 2 {
		o := h.create(fmt.Sprint(2+i), proRequest)
		refused(t, o.answer, 1001, "login_required", "token_rejected")
	}
	exchanges, _ := exchangesOf(sim)
	assert.Equal(t, 1, exchanges)
	m := h.call("5", "auth/exchange", "")
	require.Nil(t, m.Error, "%s", m.Error)
	assert.Equal(t, false, storedKey(t, home) == revoked)
	o := h.create("6", proRequest)
	require.Equal(t, "completed", o.status())
	exchanges, _ = exchangesOf(sim)
	assert.Equal(t, 2, exchanges)
}

// A body that is refused costs neither a refresh nor an exchange.
func TestRefusedBodyCostsNothing(t *testing.T) {
	t.Parallel()
	sim, home := scenarioHome(t, "expired")
	h := spawn(t, options{home: home, upstream: sim})
	for i, body := range []string{
		`{"model":"gpt-5.2-pro","input":"Hello.","background":true}`,
		`{"model":"gpt-5.2-codex","input":"Hello.","previous_response_id":"resp_1"}`,
	} {
		refused(t, h.create(fmt.Sprint(i), body).answer, 1101, "unsupported_parameter", "")
	}
	assert.Empty(t, paths(sim))
}

// Under --account-mode=plan the plan of the account sends any model to the
// Platform, with a key that the login is exchanged for: the OAuth plan's second
// mode.
func TestBusinessPlanGoesToThePlatform(t *testing.T) {
	t.Parallel()
	sim, home := scenarioHome(t, "business")
	h := spawn(t, options{home: home, upstream: sim, args: []string{"--account-mode=plan"}})
	o := h.create("1", `{"model":"gpt-5.5","input":"What is 2+2?"}`)
	require.Equal(t, "completed", o.status(), "%s", o.answer.Raw)
	assert.Contains(t, string(o.answer.Result), `"credential_source":"codex_token_exchange_api_key"`)
	where := string(h.call("2", "routes/resolve", `{"model":"gpt-5.5"}`).Result)
	assert.Contains(t, where, `"route":"platform"`)
	assert.Contains(t, where, `"rule":"mode"`)
	assert.Equal(t, []string{"/oauth/token", "/v1/responses"}, paths(sim))
	// Without the flag Codex's auth_mode decides.
	h = spawn(t, options{home: home, upstream: sim})
	assert.Contains(t, string(h.call("1", "routes/resolve", `{"model":"gpt-5.5"}`).Result), `"route":"chatgpt"`)
}
