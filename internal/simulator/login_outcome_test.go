package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// loginOutcome says what a scenario stores and how its issuer answers.
type loginOutcome struct {
	home              string
	refresh, exchange string // of the stored tokens
	browser, device   string // a login to its end
}

const (
	stored     = "key, good access token, good id_token, account"
	storedOld  = "key null, expired access token, expired id_token, account"
	keyless    = "key null, good access token, good id_token, account"
	notStored  = "no auth.json"
	notKnown   = "401 refresh_token_invalidated"
	notExpired = "400 token_expired"
)

// loginOutcomes says it of the scenarios that do not do as ok.
func loginOutcomes() map[string]loginOutcome {
	issuer := func(all string) loginOutcome { return loginOutcome{storedOld, all, all, all, all} }
	exchange := func(refused string) loginOutcome { return loginOutcome{keyless, "200", refused, "200", "200"} }
	refresh := func(refused string) loginOutcome {
		return loginOutcome{storedOld, refused, notExpired, "200", "200"}
	}
	login := func(browser, device string) loginOutcome {
		return loginOutcome{notStored, notKnown, "400 invalid_id_token", browser, device}
	}
	return map[string]loginOutcome{
		"ok":                   {stored, "200", "200", "200", "200"},
		"logged-out":           login("200", "200"),
		"expired":              refresh("200"),
		"refresh-reused":       refresh("401 refresh_token_reused"),
		"login-denied":         {stored, "200", "200", "302 access_denied: The user denied the request.", "400 access_denied"},
		"report":               {"key empty, good access token, expired id_token, account", "401 refresh_token_reused", "400 invalid_id_token", "200", "200"},
		"no-key":               exchange("200"),
		"business":             exchange("200"),
		"missing-organization": exchange("401 invalid_subject_token"),
		"invalid-id-token":     exchange("400 invalid_id_token"),
		"id-token-expired":     exchange("400 token_expired"),
		"exchange-refused":     exchange("400 token_exchange_user_error"),
		"no-account":           {"key, good access token, good id_token", "200", "200", "200", "200"},
		"refresh-expired":      refresh("401 refresh_token_expired"),
		"refresh-revoked":      refresh("401 refresh_token_invalidated"),
		"issuer-error":         issuer("503 "),
		"issuer-html":          issuer("200 page"),
		"issuer-disconnect":    issuer("closed"),
		"code-refused":         login("400 invalid_grant", "400 invalid_grant"),
		"state-mismatch":       login("302 another state", "200"),
		"workspace-denied":     login("302 access_denied: missing_codex_entitlement: Codex is not enabled for this workspace.", "400 access_denied"),
		"device-disabled":      login("200", "404 not_found"),
		"device-expired":       login("200", "400 expired_token"),
	}
}

func TestEveryScenarioOfTheLogin(t *testing.T) {
	for _, s := range Scenarios() {
		if s.Name == "issuer-slow" {
			continue // see TestSilence
		}
		want, ok := loginOutcomes()[s.Name]
		if !ok {
			want = loginOutcomes()["ok"]
		}
		t.Run(s.Name, func(t *testing.T) {
			c := start(t, Config{Scenario: s.Name})
			refresh := url.Values{"client_id": {defaultClientID}, "grant_type": {"refresh_token"}, "refresh_token": {c.Login().RefreshToken}}
			got := loginOutcome{
				home:     c.home(),
				exchange: c.issuer("/oauth/token", exchangeForm(c.Login().IDToken)).said,
				refresh:  c.issuer("/oauth/token", refresh).said,
				browser:  c.browserLogin(),
				device:   c.deviceLogin(),
			}
			assert.Equal(t, want, got)
		})
	}
}

// home writes a home, checks it against Login and describes it.
func (c client) home() string {
	c.t.Helper()
	dir := c.t.TempDir()
	path := filepath.Join(dir, "auth.json")
	require.NoError(c.t, os.WriteFile(path, []byte("old"), 0o600))
	require.NoError(c.t, c.WriteHome(dir))
	content, err := os.ReadFile(path)
	login := c.Login()
	if os.IsNotExist(err) {
		assert.Empty(c.t, login.AccessToken+login.IDToken+login.RefreshToken+login.PlatformKey)
		return notStored
	}
	require.NoError(c.t, err)
	var file struct {
		Key    *string `json:"OPENAI_API_KEY"`
		Tokens struct {
			ID        string  `json:"id_token"`
			Access    string  `json:"access_token"`
			Refresh   string  `json:"refresh_token"`
			AccountID *string `json:"account_id"`
		}
		LastRefresh time.Time `json:"last_refresh"`
	}
	require.NoError(c.t, json.Unmarshal(content, &file))
	assert.Equal(c.t, [3]string{login.IDToken, login.AccessToken, login.RefreshToken},
		[3]string{file.Tokens.ID, file.Tokens.Access, file.Tokens.Refresh})

	said := "key"
	switch {
	case file.Key == nil:
		said += " null"
	case *file.Key == "":
		said += " empty"
	}
	account := ""
	for _, token := range []struct{ name, is string }{{"access token", file.Tokens.Access}, {"id_token", file.Tokens.ID}} {
		var claims jwt.MapClaims
		_, _, err := jwt.NewParser().ParseUnverified(token.is, &claims)
		require.NoError(c.t, err)
		issued, err := claims.GetIssuedAt()
		require.NoError(c.t, err)
		assert.WithinDuration(c.t, issued.Time, file.LastRefresh, time.Minute)
		expires, err := claims.GetExpirationTime()
		require.NoError(c.t, err)
		state := "good"
		if expires.Before(time.Now()) {
			state = "expired"
		}
		said += ", " + state + " " + token.name
		account, _ = claims["https://api.openai.com/auth"].(map[string]any)["chatgpt_account_id"].(string)
	}
	if file.Tokens.AccountID != nil {
		assert.Equal(c.t, *file.Tokens.AccountID, account)
		said += ", account"
	} else {
		assert.Empty(c.t, account)
	}
	return said
}

// issued is an answer of the issuer: its status and code, and its members.
type issued struct {
	said         string
	Code         string `json:"authorization_code"`
	DeviceAuthID string `json:"device_auth_id"`
	UserCode     string `json:"user_code"`
	Verifier     string `json:"code_verifier"`
}

// issuer posts a form.
func (c client) issuer(path string, form url.Values) issued {
	c.t.Helper()
	r, err := c.http.Do(c.request(c.t.Context(), http.MethodPost, c.IssuerURL()+path, form.Encode(), "content-type", "application/x-www-form-urlencoded"))
	if err != nil {
		require.ErrorIs(c.t, err, io.EOF)
		return issued{said: "closed"}
	}
	defer r.Body.Close()
	content, err := io.ReadAll(r.Body)
	require.NoError(c.t, err)
	if strings.HasPrefix(string(content), "<") {
		return issued{said: fmt.Sprintf("%d page", r.StatusCode)}
	}
	var answer issued
	require.NoError(c.t, json.Unmarshal(content, &answer))
	if r.StatusCode == http.StatusOK {
		answer.said = "200"
		return answer
	}
	var failed struct{ Error any }
	require.NoError(c.t, json.Unmarshal(content, &failed))
	code, ok := failed.Error.(string)
	if !ok {
		code, _ = failed.Error.(map[string]any)["code"].(string)
	}
	answer.said = fmt.Sprintf("%d %s", r.StatusCode, code)
	return answer
}

func (c client) browserLogin() string {
	c.t.Helper()
	r := c.do(http.MethodGet, c.IssuerURL()+"/oauth/authorize?"+authorizeQuery().Encode(), "")
	location, err := r.Location()
	require.NoError(c.t, err)
	back := location.Query()
	switch {
	case back.Get("error") != "":
		assert.Equal(c.t, "st&te", back.Get("state"))
		assert.False(c.t, back.Has("code"))
		return fmt.Sprintf("%d %s: %s", r.StatusCode, back.Get("error"), back.Get("error_description"))
	case back.Get("state") != "st&te":
		return fmt.Sprintf("%d another state", r.StatusCode)
	}
	return c.issuer("/oauth/token", redeemForm(back.Get("code"))).said
}

func (c client) deviceLogin() string {
	c.t.Helper()
	begun := c.issuer("/api/accounts/deviceauth/usercode", url.Values{"client_id": {defaultClientID}})
	if begun.DeviceAuthID == "" {
		return begun.said
	}
	poll := url.Values{"device_auth_id": {begun.DeviceAuthID}, "user_code": {begun.UserCode}}
	done := c.issuer("/api/accounts/deviceauth/token", poll)
	for range pendingPolls {
		if strings.HasPrefix(done.said, "403 ") {
			done = c.issuer("/api/accounts/deviceauth/token", poll)
		}
	}
	if done.Code == "" {
		return done.said
	}
	form := redeemForm(done.Code)
	form.Set("redirect_uri", c.IssuerURL()+"/deviceauth/callback")
	form.Set("code_verifier", done.Verifier)
	return c.issuer("/oauth/token", form).said
}
