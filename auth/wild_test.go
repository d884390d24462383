package auth

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// A page that a gateway answers with says nothing about the refresh token, whatever
// its status: the login stays good and is tried again.
func TestAPageIsNotTheIssuersWord(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"a page": "<html>sign in to the network", "no body": "", "an array": "[]", "text": "denied"} {
		t.Run(name, func(t *testing.T) {
			l, posts := answering(t, func(w http.ResponseWriter, n int) {
				if n == 1 {
					w.WriteHeader(http.StatusUnauthorized)
					_, _ = w.Write([]byte(body))
					return
				}
				_, _ = w.Write([]byte(`{"access_token":"` + token("exp=240h") + `","refresh_token":"rt_` + canary + `-next"}`))
			})
			m := l.manager()
			_, err := m.ChatGPT(t.Context())
			assert.Equal(t, "bad_answer", reasonOf(t, err, protocol.CodeAuthUnavailable))
			_, err = m.ChatGPT(t.Context())
			require.NoError(t, err)
			assert.Equal(t, 2, posts())
		})
	}
}

// A clock that is ahead does not make an id_token expire that was issued a moment
// ago by the same clock.
func TestAnIDTokenIssuedAMomentAgoIsExchangedWhateverTheClockSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead, age time.Duration
		expired    bool
	}{
		"right, fresh":        {0, time.Minute, false},
		"right, old":          {0, 2 * time.Hour, true},
		"a day ahead, fresh":  {24 * time.Hour, time.Minute, false},
		"a year ahead, fresh": {365 * 24 * time.Hour, 0, false},
		"a day ahead, old":    {24 * time.Hour, 2 * time.Hour, true},
	} {
		issued := testNow
		id := jwtOf(map[string]any{"iat": issued.Unix(), "exp": issued.Add(time.Hour).Unix()})
		m := NewManager(Config{Now: func() time.Time { return issued.Add(c.ahead + c.age) }})
		s := &store.Snapshot{Login: store.Login{IDToken: secret(id), LastRefresh: issued.Add(c.ahead)}}
		assert.Equal(t, c.expired, m.exchanger.isIDTokenExpired(s), name)
	}
}

// What people paste in place of a key is refused by name.
func TestWhatIsNotAKeyIsRefusedByName(t *testing.T) {
	t.Parallel()
	for value, fault := range map[string]string{
		`"sk-` + canary + `"`: "quotes", `'sk-x`: "quotes", `OPENAI_API_KEY=sk-x`: "name of a variable", `export KEY=sk-x`: "name of a variable",
		`{"key":"sk-x"}`: "quotes", `[sk-x]`: "JSON", "sk-abc****wxyz": "masked", "sk-abc…wxyz": "masked", "sk-...wxyz": "masked",
		"s\x00k\x00-\x00x\x00": "UTF-16", "\xff\xfes\x00": "UTF-16", "at-" + canary: "personal access token", "Bearer sk-x": "Bearer", " ": "blank",
	} {
		assert.Contains(t, keyFault(secret(value)), fault)
		m := NewManager(Config{Home: t.TempDir()})
		err := m.UseAPIKey(t.Context(), secret(value), true, false)
		assert.Equal(t, protocol.CodeInvalidParams, protocol.CodeOf(err))
		if value == " " || value[0] == 's' && value[1] == 0 || value[0] == 0xff {
			continue // no variable of the environment holds it
		}
		m = NewManager(Config{APIKey: secret(value)})
		_, err = m.Platform(t.Context())
		assert.Equal(t, protocol.CodeCredentialMismatch, protocol.CodeOf(err), fault)
		assert.Equal(t, protocol.ReasonWrongKind, protocol.ReasonOf(err))
		assert.NotContains(t, err.Error(), canary)
	}
	assert.Empty(t, keyFault(secret("sk-proj-"+canary)))
	assert.Empty(t, keyFault(secret("some-gateway-key")))
}

// A CODEX_HOME that nobody replaced the shell's signs in is refused by name, before
// anybody is asked, and nothing is created.
func TestABadHomeIsRefusedByName(t *testing.T) {
	t.Chdir(t.TempDir())
	for value, fault := range map[string]string{
		"~/.codex": "~", "$HOME/.codex": "$", `"/x/codex"`: "quotes", "'/x'": "quotes", "/x\n/y": "line break", "rel/codex": "absolute", ".": "absolute",
	} {
		home, err := Home(func(name string) string { return map[string]string{"CODEX_HOME": value, "HOME": "/home/u"}[name] })
		assert.Equal(t, protocol.ReasonBadHome, protocol.ReasonOf(err), value)
		assert.Contains(t, err.Error(), "CODEX_HOME")
		assert.Contains(t, err.Error(), fault)
		m := NewManager(Config{Home: home, HomeError: err, Transport: transportFunc(func(*http.Request) (*http.Response, error) {
			t.Error("somebody was asked")
			return nil, http.ErrServerClosed
		})})
		for name, call := range map[string]func() error{
			"login": func() error {
				_, err := m.BeginLogin(t.Context(), LoginOptions{Method: protocol.LoginDevice})
				return err
			},
			"key":     func() error { return m.UseAPIKey(t.Context(), secret("sk-"+canary), true, false) },
			"chatgpt": func() error { _, err := m.ChatGPT(t.Context()); return err },
		} {
			assert.Equal(t, protocol.ReasonBadHome, protocol.ReasonOf(call()), name)
		}
		assert.Equal(t, protocol.StateError, m.Status(t.Context()).State)
	}
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	assert.Empty(t, entries)
}

// A folder that cannot be created is found before anybody is asked.
func TestAHomeThatCannotBeCreatedIsFoundFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "link")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	for _, home := range []string{filepath.Join(dir, "link"), filepath.Join(dir, "link", "codex"), filepath.Join(dir, "file", "codex"), "/proc/codex"} {
		m := NewManager(Config{Home: home, Transport: transportFunc(func(*http.Request) (*http.Response, error) {
			t.Error("somebody was asked")
			return nil, http.ErrServerClosed
		})})
		_, err := m.BeginLogin(t.Context(), LoginOptions{Method: protocol.LoginDevice})
		assert.Equal(t, protocol.CodeCredentialStore, protocol.CodeOf(err), home)
		assert.Equal(t, protocol.CodeCredentialStore, protocol.CodeOf(m.UseAPIKey(t.Context(), secret("sk-"+canary), true, false)), home)
	}
	m := NewManager(Config{Home: filepath.Join(dir, "a", "b")})
	require.NoError(t, m.UseAPIKey(t.Context(), secret("sk-"+canary), true, false))
}

// Credentials that only Codex serves stay beside a login, of which a copy is kept,
// and a logout works beside them: it revokes first only what it can then remove.
func TestLoginAndLogoutBesideForeignCredentials(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"agent identity":        `{"OPENAI_API_KEY":null,"agent_identity":{"agent_runtime_id":"a"},"tokens":TOKENS}`,
		"personal access token": `{"OPENAI_API_KEY":null,"personal_access_token":"at-` + canary + `","tokens":TOKENS}`,
		"bedrock":               `{"auth_mode":"bedrockApiKey","bedrock_api_key":{"api_key":"` + canary + `","region":"x"},"tokens":TOKENS}`,
		"headers":               `{"auth_mode":"headers","x_headers":{"a":"` + canary + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			tokens := `{"id_token":"` + token("") + `","access_token":"` + token("") + `","refresh_token":"rt_` + canary + `"}`
			text := strings.Replace(text, "TOKENS", tokens, 1)
			for _, member := range []string{"agent_identity", "personal_access_token", "bedrock_api_key", "x_headers"} {
				if !strings.Contains(text, `"`+member+`"`) {
					continue
				}
				home := homeWith(t, []byte(text))
				m := NewManager(Config{Home: home, Now: now})
				revoked := 0
				removed, err := m.removeLogin(t.Context(), func(*store.Snapshot) { revoked++ })
				require.NoError(t, err)
				assert.True(t, removed)
				assert.Equal(t, strings.Count(text, `"tokens"`), revoked)
				left := store.NewDocument([]byte(textOf(t, home)))
				assert.NotNil(t, left.Value(member))
				assert.Nil(t, left.Value("tokens"))

				home = homeWith(t, []byte(text))
				m = NewManager(Config{Home: home, Now: now})
				require.NoError(t, m.replaceLogin(t.Context(), aLogin(""), false))
				after := store.NewDocument([]byte(textOf(t, home)))
				assert.Equal(t, "chatgpt", str(after, "auth_mode"))
				assert.NotNil(t, after.Value(member))
				kept, err := os.ReadFile(filepath.Join(home, "auth.json.bak"))
				require.NoError(t, err)
				assert.Equal(t, text, string(kept))
				assert.Equal(t, protocol.StateAuthenticated, m.Status(t.Context()).State)
			}
		})
	}
}

// A logout finds what a killed process left beside the store, and says when there
// was nothing to forget.
func TestLogoutFindsWhatWasLeftBeside(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	left := `{"tokens":{"id_token":"` + token("") + `","access_token":"` + token("") + `","refresh_token":"rt_` + canary + `-left"},"last_refresh":"2026-02-01T00:00:00Z"}`
	require.NoError(t, os.WriteFile(filepath.Join(home, ".auth-abcdef"), []byte(left), 0o600))
	m := NewManager(Config{Home: home, Now: now})
	var revoked []string
	revoke := func(s *store.Snapshot) { revoked = append(revoked, s.Login.RefreshToken.Reveal()) }
	removed, err := m.removeLogin(t.Context(), revoke)
	require.NoError(t, err)
	assert.True(t, removed)
	assert.Len(t, revoked, 1)
	assert.Empty(t, litter(t, home))
	removed, err = m.removeLogin(t.Context(), revoke)
	require.NoError(t, err)
	assert.False(t, removed)
	require.NoError(t, os.WriteFile(filepath.Join(home, "auth.json.bak"), []byte("{}"), 0o600))
	require.NoError(t, m.UseAPIKey(t.Context(), secret("sk-"+canary), true, false))
	_, err = m.Logout(t.Context(), true)
	require.NoError(t, err)
	assert.Contains(t, strings.Join(m.Status(t.Context()).Warnings, " "), "auth.json.bak")
}
