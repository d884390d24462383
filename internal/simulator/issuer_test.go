package simulator

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	verifier = "abcdefghijklmnopqrstuvwxyz0123456789-._~ABCDEFG"
	callback = "http://127.0.0.1:1455/auth/callback"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func authorizeQuery() url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {defaultClientID}, "redirect_uri": {callback},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}, "state": {"st&te"},
		"scope": {"openid profile email offline_access"}, "codex_cli_simplified_flow": {"true"},
	}
}

// code is a fresh authorization code.
func (c client) code() string {
	c.t.Helper()
	r := c.do(http.MethodGet, c.IssuerURL()+"/oauth/authorize?"+authorizeQuery().Encode(), "")
	require.Equal(c.t, http.StatusFound, r.StatusCode, r.body)
	location, err := r.Location()
	require.NoError(c.t, err)
	require.Equal(c.t, callback, strings.SplitN(location.String(), "?", 2)[0])
	require.Equal(c.t, "st&te", location.Query().Get("state"))
	return location.Query().Get("code")
}

// form posts a form to the token endpoint.
func (c client) form(values url.Values) reply {
	c.t.Helper()
	return c.do(http.MethodPost, c.IssuerURL()+"/oauth/token", values.Encode(), "content-type", "application/x-www-form-urlencoded")
}

func (c client) json(path string, v any) reply {
	c.t.Helper()
	body, err := json.Marshal(v)
	require.NoError(c.t, err)
	return c.do(http.MethodPost, c.IssuerURL()+path, string(body), "content-type", "application/json")
}

func redeemForm(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "client_id": {defaultClientID}, "code": {code},
		"redirect_uri": {callback}, "code_verifier": {verifier},
	}
}

func (c client) refresh(token string) reply {
	c.t.Helper()
	return c.json("/oauth/token", map[string]string{
		"client_id": defaultClientID, "grant_type": "refresh_token", "refresh_reason": "proactive_expiry", "refresh_token": token,
	})
}

func (r reply) tokens(t *testing.T) tokenSet {
	t.Helper()
	require.Equal(t, http.StatusOK, r.StatusCode, r.body)
	var set tokenSet
	require.NoError(t, json.Unmarshal([]byte(r.body), &set))
	return set
}

// accepts reports whether the ChatGPT backend takes a token.
func (c client) accepts(accessToken string) bool {
	c.t.Helper()
	return c.chatgpt(chatgptBody, "authorization", "Bearer "+accessToken).StatusCode == http.StatusOK
}

func TestBrowserLogin(t *testing.T) {
	c := start(t, Config{})
	code := c.code()
	assert.Contains(t, code, Canary)
	r := c.form(redeemForm(code))
	assert.Equal(t, "no-store", r.Header.Get("cache-control"))
	set := r.tokens(t)
	assert.True(t, c.accepts(set.Access))
	assert.NotEqual(t, c.Login().AccessToken, set.Access)

	again := c.form(redeemForm(code))
	assert.Equal(t, http.StatusBadRequest, again.StatusCode, "a code works once")
	assert.Equal(t, "invalid_grant", object(t, []byte(again.body))["error"])
}

func TestRedeemRefuses(t *testing.T) {
	c := start(t, Config{})
	for name, change := range map[string]url.Values{
		"PKCE":            {"code_verifier": {strings.Repeat("x", 43)}},
		"no verifier":     {"code_verifier": {""}},
		"redirect_uri":    {"redirect_uri": {"http://localhost:1455/auth/callback"}},
		"client":          {"client_id": {"app_other"}},
		"unknown code":    {"code": {"ac_nothing"}},
		"repeated member": {"code": {"a", "b"}},
		"grant":           {"grant_type": {"password"}},
		"no client":       {"client_id": {""}},
	} {
		t.Run(name, func(t *testing.T) {
			code := c.code()
			form := redeemForm(code)
			maps.Copy(form, change)
			r := c.form(form)
			assert.Contains(t, []int{http.StatusBadRequest, http.StatusUnauthorized}, r.StatusCode)
			answer := object(t, []byte(r.body))
			assert.NotEmpty(t, answer["error"])
			assert.NotEmpty(t, answer["error_description"])
			assert.NotContains(t, r.body, Canary, "an error repeats no secret")
		})
	}
	code := c.code()
	form := redeemForm(code)
	form.Set("code_verifier", strings.Repeat("x", 43))
	require.Equal(t, http.StatusBadRequest, c.form(form).StatusCode)
	assert.Equal(t, http.StatusBadRequest, c.form(redeemForm(code)).StatusCode, "a failed attempt consumes the code")

	asJSON := map[string]string{}
	for name, values := range redeemForm(c.code()) {
		asJSON[name] = values[0]
	}
	assert.Equal(t, http.StatusBadRequest, c.json("/oauth/token", asJSON).StatusCode, "a code is redeemed by a form")
	assert.Equal(t, http.StatusBadRequest, c.do(http.MethodPost, c.IssuerURL()+"/oauth/token", redeemForm(c.code()).Encode()).StatusCode, "without a content type")
}

func TestAuthorizeRefuses(t *testing.T) {
	c := start(t, Config{})
	for name, change := range map[string]url.Values{
		"response_type":    {"response_type": {"token"}},
		"client_id":        {"client_id": {"other"}},
		"plain challenge":  {"code_challenge_method": {"plain"}},
		"no challenge":     {"code_challenge": {""}},
		"short challenge":  {"code_challenge": {"abc"}},
		"no state":         {"state": {""}},
		"other host":       {"redirect_uri": {"http://example.com:1455/auth/callback"}},
		"other path":       {"redirect_uri": {"http://127.0.0.1:1455/callback"}},
		"https":            {"redirect_uri": {"https://127.0.0.1:1455/auth/callback"}},
		"no port":          {"redirect_uri": {"http://127.0.0.1/auth/callback"}},
		"userinfo":         {"redirect_uri": {"http://a@127.0.0.1:1455/auth/callback"}},
		"query":            {"redirect_uri": {callback + "?x=1"}},
		"repeated members": {"state": {"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			query := authorizeQuery()
			maps.Copy(query, change)
			r := c.do(http.MethodGet, c.IssuerURL()+"/oauth/authorize?"+query.Encode(), "")
			assert.Equal(t, http.StatusBadRequest, r.StatusCode)
			assert.Empty(t, r.Header.Get("location"))
		})
	}
	query := authorizeQuery()
	query.Set("redirect_uri", "http://localhost:1457/auth/callback")
	query.Set("client_id", "app_Other1")
	assert.Equal(t, http.StatusFound, c.do(http.MethodGet, c.IssuerURL()+"/oauth/authorize?"+query.Encode(), "").StatusCode)
}

func TestRefresh(t *testing.T) {
	c := start(t, Config{})
	old := c.Login().RefreshToken
	set := c.refresh(old).tokens(t)
	assert.NotEqual(t, old, set.Refresh)
	assert.NotEqual(t, c.Login().AccessToken, set.Access)
	assert.NotEqual(t, c.Login().IDToken, set.ID)
	assert.True(t, c.accepts(set.Access))
	assert.True(t, c.accepts(c.Login().AccessToken), "the old one lives until it expires")

	reused := c.refresh(old)
	assert.Equal(t, http.StatusUnauthorized, reused.StatusCode)
	failure := object(t, []byte(reused.body))["error"].(map[string]any)
	assert.Equal(t, "refresh_token_reused", failure["code"])
	assert.Equal(t, "invalid_request_error", failure["type"])
	assert.Nil(t, failure["param"])
	assert.Contains(t, failure, "param")
	assert.NotEmpty(t, failure["message"])

	next := c.form(url.Values{"client_id": {defaultClientID}, "grant_type": {"refresh_token"}, "refresh_token": {set.Refresh}}).tokens(t)
	assert.True(t, c.accepts(next.Access), "a form will do, and reuse has not ended the session")

	for token, code := range map[string]string{"unknown": "refresh_token_invalidated", "": "refresh_token_invalidated"} {
		r := c.refresh(token)
		assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
		assert.Contains(t, r.body, code)
	}
	other := c.json("/oauth/token", map[string]string{"client_id": "app_Other1", "grant_type": "refresh_token", "refresh_token": next.Refresh})
	assert.Equal(t, http.StatusUnauthorized, other.StatusCode)
	assert.Contains(t, other.body, "invalid_client")
	assert.Equal(t, http.StatusOK, c.refresh(next.Refresh).StatusCode, "which did not use the token up")
}

func TestRefreshRace(t *testing.T) {
	c := start(t, Config{})
	const n = 16
	statuses := make(chan int, n)
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			body := `{"client_id":"` + defaultClientID + `","grant_type":"refresh_token","refresh_token":"` + c.Login().RefreshToken + `"}`
			response, err := c.http.Post(c.IssuerURL()+"/oauth/token", "application/json", strings.NewReader(body))
			if err != nil {
				statuses <- 0
				return
			}
			_ = response.Body.Close()
			statuses <- response.StatusCode
		})
	}
	all.Wait()
	close(statuses)
	count := map[int]int{}
	for status := range statuses {
		count[status]++
	}
	assert.Equal(t, map[int]int{http.StatusOK: 1, http.StatusUnauthorized: n - 1}, count)
}

func exchangeForm(token string) url.Values {
	return url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "client_id": {defaultClientID},
		"requested_token": {"openai-api-key"}, "subject_token": {token},
		"subject_token_type": {"urn:ietf:params:oauth:token-type:id_token"},
	}
}

func TestTokenExchange(t *testing.T) {
	c := start(t, Config{})
	r := c.form(exchangeForm(c.Login().IDToken))
	require.Equal(t, http.StatusOK, r.StatusCode, r.body)
	key := object(t, []byte(r.body))["access_token"].(string)
	assert.Regexp(t, `^sk-.*`+Canary, key)
	assert.Equal(t, http.StatusOK, c.platform(platformBody, "authorization", "Bearer "+key).StatusCode)

	for name, change := range map[string]url.Values{
		"access token":   {"subject_token": {c.Login().AccessToken}},
		"token type":     {"subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}},
		"what is wanted": {"requested_token": {""}},
		"other client":   {"client_id": {"app_Other1"}},
	} {
		t.Run(name, func(t *testing.T) {
			form := exchangeForm(c.Login().IDToken)
			maps.Copy(form, change)
			r := c.form(form)
			assert.Equal(t, http.StatusBadRequest, r.StatusCode)
			assert.NotEmpty(t, object(t, []byte(r.body))["error"])
		})
	}
}

func TestRevoke(t *testing.T) {
	c := start(t, Config{})
	other := c.form(redeemForm(c.code())).tokens(t)
	r := c.json("/oauth/revoke", map[string]string{"token": c.Login().RefreshToken, "token_type_hint": "refresh_token", "client_id": defaultClientID})
	require.Equal(t, http.StatusOK, r.StatusCode)
	refused := c.refresh(c.Login().RefreshToken)
	assert.Equal(t, http.StatusUnauthorized, refused.StatusCode)
	assert.Contains(t, refused.body, "refresh_token_invalidated")
	assert.False(t, c.accepts(c.Login().AccessToken), "the session is over")
	assert.Equal(t, http.StatusBadRequest, c.form(exchangeForm(c.Login().IDToken)).StatusCode)
	assert.True(t, c.accepts(other.Access), "another session is not")

	c.json("/oauth/revoke", map[string]string{"token": other.Access, "token_type_hint": "access_token"})
	assert.False(t, c.accepts(other.Access))
	assert.Equal(t, http.StatusOK, c.refresh(other.Refresh).StatusCode)

	c.json("/oauth/revoke", map[string]string{"token": c.Login().PlatformKey})
	assert.Equal(t, http.StatusUnauthorized, c.platform(platformBody).StatusCode)
	assert.Equal(t, http.StatusOK, c.json("/oauth/revoke", map[string]string{"token": "unknown"}).StatusCode, "RFC 7009, 2.2")
	assert.Equal(t, http.StatusBadRequest, c.json("/oauth/revoke", map[string]string{}).StatusCode)
}

func TestTokensExpire(t *testing.T) {
	l := newLedger("http://127.0.0.1:1")
	set := l.login(defaultClientID, time.Now())
	require.True(t, l.acceptsAccess(set.Access))
	past := time.Now().Add(-time.Second)
	l.access[set.Access] = grant{l.access[set.Access].session, past}
	l.ids[set.ID] = grant{l.ids[set.ID].session, past}
	assert.False(t, l.acceptsAccess(set.Access))
	_, refused := l.exchange(set.ID, defaultClientID)
	require.NotNil(t, refused)
	assert.Equal(t, "token_expired", refused.code)

	code := l.authorize(defaultClientID, callback, challengeOf(verifier))
	g := l.codes[code]
	g.expires = past
	l.codes[code] = g
	_, refused = l.redeem(code, defaultClientID, callback, verifier)
	require.NotNil(t, refused)
	assert.Equal(t, "invalid_grant", refused.code)
}

func TestDeviceLogin(t *testing.T) {
	c := start(t, Config{})
	r := c.json("/api/accounts/deviceauth/usercode", map[string]string{"client_id": defaultClientID})
	require.Equal(t, http.StatusOK, r.StatusCode)
	begun := object(t, []byte(r.body))
	assert.Equal(t, "1", begun["interval"], "a string")
	assert.NotContains(t, begun["user_code"], Canary, "the user reads it")
	poll := map[string]any{"device_auth_id": begun["device_auth_id"], "user_code": begun["user_code"]}

	wrong := map[string]any{"device_auth_id": begun["device_auth_id"], "user_code": "AAAA-0000"}
	assert.Equal(t, http.StatusBadRequest, c.json("/api/accounts/deviceauth/token", wrong).StatusCode)
	assert.Equal(t, http.StatusForbidden, c.json("/api/accounts/deviceauth/token", poll).StatusCode)
	assert.Equal(t, http.StatusForbidden, c.json("/api/accounts/deviceauth/token", poll).StatusCode)
	r = c.json("/api/accounts/deviceauth/token", poll)
	require.Equal(t, http.StatusOK, r.StatusCode)
	done := object(t, []byte(r.body))
	assert.Equal(t, done["code_challenge"], challengeOf(done["code_verifier"].(string)))
	assert.Equal(t, http.StatusBadRequest, c.json("/api/accounts/deviceauth/token", poll).StatusCode, "once")

	set := c.form(url.Values{
		"grant_type": {"authorization_code"}, "client_id": {defaultClientID}, "code": {done["authorization_code"].(string)},
		"redirect_uri": {c.IssuerURL() + "/deviceauth/callback"}, "code_verifier": {done["code_verifier"].(string)},
	}).tokens(t)
	assert.True(t, c.accepts(set.Access))
	assert.Equal(t, http.StatusBadRequest, c.json("/api/accounts/deviceauth/usercode", map[string]string{"client_id": "x"}).StatusCode)
}
