package simulator

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWriteHome(t *testing.T) {
	c := start(t, Config{})
	dir := filepath.Join(t.TempDir(), "a", "codex")
	require.NoError(t, c.WriteHome(dir))
	info, err := os.Stat(dir)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	path := filepath.Join(dir, "auth.json")
	info, err = os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	content, err := os.ReadFile(path)
	require.NoError(t, err)
	written := object(t, content)
	tokens := written["tokens"].(map[string]any)
	owner, refreshed := tokens["login_owner_id"].(string), written["last_refresh"].(string)
	login := c.Login()
	assert.Equal(t, `{
  "auth_mode": "chatgpt",
  "OPENAI_API_KEY": "`+login.PlatformKey+`",
  "tokens": {
    "id_token": "`+login.IDToken+`",
    "access_token": "`+login.AccessToken+`",
    "refresh_token": "`+login.RefreshToken+`",
    "oauth_provenance": {
      "issuer": "`+c.IssuerURL()+`",
      "client_id": "app_EMoamEEZ73f0CkXaXp7hrann"
    },
    "account_id": "`+login.AccountID+`",
    "login_owner_id": "`+owner+`"
  },
  "last_refresh": "`+refreshed+`"
}`, string(content))
	assert.Len(t, owner, 43)
	at, err := time.Parse(time.RFC3339Nano, refreshed)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), at, time.Minute)
	assert.True(t, strings.HasSuffix(refreshed, "Z"))
}

func TestWriteHomeTightensModes(t *testing.T) {
	c := start(t, Config{})
	dir := t.TempDir()
	path := filepath.Join(dir, "auth.json")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	require.NoError(t, os.Chmod(dir, 0o755))
	require.NoError(t, c.WriteHome(dir))
	for name, mode := range map[string]os.FileMode{dir: 0o700, path: 0o600} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm(), name)
	}
	assert.Error(t, c.WriteHome(path), "a file is no folder")
}

func TestTokensHaveTheClaimsOfTheRealOnes(t *testing.T) {
	c := start(t, Config{})
	login := c.Login()
	for name, token := range map[string]string{"id": login.IDToken, "access": login.AccessToken} {
		t.Run(name, func(t *testing.T) {
			var claims jwt.MapClaims
			_, parts, err := jwt.NewParser().ParseUnverified(token, &claims)
			require.NoError(t, err)
			signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
			require.NoError(t, err)
			assert.Len(t, signature, 32)

			auth := claims["https://api.openai.com/auth"].(map[string]any)
			assert.Equal(t, login.AccountID, auth["chatgpt_account_id"])
			assert.Equal(t, login.PlanType, auth["chatgpt_plan_type"])
			assert.NotEmpty(t, auth["chatgpt_user_id"])
			assert.Equal(t, auth["chatgpt_user_id"].(string)+"__"+login.AccountID, auth["chatgpt_account_user_id"])
			assert.Equal(t, login.Email, claims["https://api.openai.com/profile"].(map[string]any)["email"])
			assert.Equal(t, Canary, claims["canary"])
			issuer, err := claims.GetIssuer()
			require.NoError(t, err)
			assert.Equal(t, c.IssuerURL(), issuer)
			subject, err := claims.GetSubject()
			require.NoError(t, err)
			assert.NotEmpty(t, subject)

			audience, err := claims.GetAudience()
			require.NoError(t, err)
			expires, err := claims.GetExpirationTime()
			require.NoError(t, err)
			if name == "id" {
				assert.Equal(t, jwt.ClaimStrings{defaultClientID}, audience)
				assert.Equal(t, login.Email, claims["email"])
				assert.WithinDuration(t, time.Now().Add(time.Hour), expires.Time, time.Minute)
			} else {
				assert.Equal(t, jwt.ClaimStrings{"https://api.openai.com/v1"}, audience)
				assert.WithinDuration(t, time.Now().Add(10*24*time.Hour), expires.Time, time.Minute)
			}
		})
	}
}

func TestEverySecretCarriesTheCanary(t *testing.T) {
	c := start(t, Config{})
	login := c.Login()
	set := c.refresh(login.RefreshToken).tokens(t)
	r := c.json("/api/accounts/deviceauth/usercode", map[string]string{"client_id": defaultClientID})
	device := object(t, []byte(r.body))["device_auth_id"].(string)
	for _, secret := range []string{
		login.AccessToken, login.IDToken, login.RefreshToken, login.PlatformKey, set.Access, set.ID, set.Refresh,
		device, c.code(), c.chatgpt(chatgptBody).Header.Get("set-cookie"),
	} {
		assert.Contains(t, secret, Canary)
	}
	// What a host may see does not.
	who, err := json.Marshal([]string{login.AccountID, login.Email, login.PlanType, c.chatgpt(chatgptBody).body, c.platform(platformBody).body})
	require.NoError(t, err)
	assert.NotContains(t, string(who), Canary)
}

func TestExpiredAccessTokenIsRefused(t *testing.T) {
	c := start(t, Config{Scenario: "expired"})
	assert.False(t, c.accepts(c.Login().AccessToken))
	assert.True(t, c.accepts(c.refresh(c.Login().RefreshToken).tokens(t).Access))
	var claims jwt.MapClaims
	_, _, err := jwt.NewParser().ParseUnverified(c.Login().AccessToken, &claims)
	require.NoError(t, err)
	expired, err := claims.GetExpirationTime()
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(-time.Hour), expired.Time, time.Minute)

	c = start(t, Config{Scenario: "report"})
	assert.True(t, c.accepts(c.Login().AccessToken))

	c = start(t, Config{Scenario: "no-account"})
	assert.Equal(t, `{"detail":"Missing chatgpt-account-id header"}`, c.chatgpt(chatgptBody).body)
}
