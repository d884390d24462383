package auth

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/protocol"
)

func TestAuthorize(t *testing.T) {
	ctx := t.Context()
	for name, fedRAMP := range map[string]bool{
		"codex-chatgpt": false, "fedramp": true, "fedramp-of-the-other-token": false, "fedramp-without-id-token": true,
	} {
		m := managerOf(t, name)
		c, err := m.ChatGPT(ctx)
		equal(t, name, outcome(t, err), "")
		want := map[string]string{"authorization": "as expected", "chatgpt-account-id": "acct_1"}
		if fedRAMP {
			want["x-openai-fedramp"] = "true"
		}
		access := m.view.load(ctx).Login.AccessToken.Reveal()
		equal(t, name, headersOf(c, access), want)
		equal(t, "source", c.Source, protocol.SourceAuthJSONOAuth)
		if !c.ExpiresAt.Equal(testNow.Add(time.Hour)) {
			t.Errorf("expires at %v", c.ExpiresAt)
		}

		// What another credential left behind does not stay.
		h := http.Header{"Authorization": {"a", "b"}, "Chatgpt-Account-Id": {"x"}, "X-Openai-Fedramp": {"true"}}
		c.Authorize(h)
		equal(t, "headers", len(h), len(want))
		equal(t, "Authorization", len(h["Authorization"]), 1)
	}
	p, err := managerOf(t, "codex-apikey").Platform(ctx)
	equal(t, "Platform", outcome(t, err), "")
	equal(t, "source", p.Source, protocol.SourceAuthJSONAPIKey)
	equal(t, "headers", headersOf(p, "sk-"+canary+"-key-0001"), map[string]string{"authorization": "as expected"})
}

// Printing shows no secret, also where fmt does not ask the methods of a field.
func TestPrintingShowsNothing(t *testing.T) {
	cfg := Config{
		Home: homeWith(t, fixture(t, "mode-chatgpt-key-and-tokens")), Now: now,
		APIKey: secret("sk-" + canary + "-env-0001"), AccessToken: secret(token("")),
	}
	m := NewManager(cfg)
	chatGPT, err1 := m.ChatGPT(t.Context())
	platform, err2 := m.Platform(t.Context())
	if err1 != nil || err2 != nil {
		t.Fatal("no credentials")
	}
	type hidden struct{ v any }
	for _, v := range []any{chatGPT, &chatGPT, platform, m, cfg, hidden{chatGPT}, hidden{platform},
		[]any{chatGPT, platform}, map[string]any{"m": m},
		struct{ a ChatGPTCredential }{chatGPT}, struct{ b PlatformCredential }{platform}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, canary) ||
				strings.Contains(out, fmt.Sprintf("%x", canary)) {
				t.Errorf("%s of %s shows a secret", verb, reflect.TypeOf(v))
			}
		}
	}
}

// The environment goes first, blank counts as absent, and no source replaces
// a bad one before it.
func TestSources(t *testing.T) {
	const envKey = "sk-" + canary + "-env"
	good := token("account=acct_env")
	for _, c := range []struct {
		name, Login, key, token string
		chatGPT, platform       string // source, or reason
	}{
		{"file only", "mode-chatgpt-key-and-tokens", "", "", "codex_auth_json_oauth", "codex_auth_json_api_key"},
		{"both", "mode-chatgpt-key-and-tokens", envKey, good, "env_oauth_access_token", "env_openai_api_key"},
		{"blank environment", "mode-chatgpt-key-and-tokens", " \t", "\n", "codex_auth_json_oauth", "codex_auth_json_api_key"},
		{"blanks around", "empty-object", envKey + "\n", " " + good + " ", "env_oauth_access_token", "env_openai_api_key"},
		{"report-v7 and a key", "report-v7", envKey, "", "codex_auth_json_oauth", "env_openai_api_key"},
		{"environment swapped", "mode-chatgpt-key-and-tokens", good, envKey, "wrong_kind", "wrong_kind"},
		{"bearer", "mode-chatgpt-key-and-tokens", "Bearer " + envKey, "Bearer " + good, "wrong_kind", "wrong_kind"},
		{"line break", "mode-chatgpt-key-and-tokens", envKey + "\r\nx: y", good + "\nx: y", "wrong_kind", "wrong_kind"},
		{"not ASCII", "mode-chatgpt-key-and-tokens", envKey + "é", good + "\u00a0x", "wrong_kind", "wrong_kind"},
		{"expired", "mode-chatgpt-key-and-tokens", "", token("exp=-1s"), "token_expired", "codex_auth_json_api_key"},
		{"expires now", "mode-chatgpt-key-and-tokens", "", token("exp=0s"), "token_expired", "codex_auth_json_api_key"},
		{"expires soon", "empty-object", "", token("exp=1s"), "env_oauth_access_token", "wrong_kind"},
		{"opaque token", "mode-chatgpt-key-and-tokens", "", "opaque-" + canary, "missing_account_id", "codex_auth_json_api_key"},
		{"huge token", "mode-chatgpt-key-and-tokens", "", good + strings.Repeat("a", issuer.MaxTokenBytes), "missing_account_id", "codex_auth_json_api_key"},
		// tokens.account_id belongs to the tokens of the file, not to this one.
		{"another account", "codex-chatgpt", "", good, "env_oauth_access_token", "codex_token_exchange_api_key"},
		{"opaque key", "empty-object", "key-" + canary, "", "wrong_kind", "env_openai_api_key"},
		{"token in the place of the key", "empty-object", good, "", "wrong_kind", "wrong_kind"},
		{"key in the place of the token", "empty-object", "", envKey, "wrong_kind", "wrong_kind"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := NewManager(Config{
				Home: homeWith(t, fixture(t, c.Login)), Now: now, APIKey: secret(c.key), AccessToken: secret(c.token),
			})
			chatGPT, err := m.ChatGPT(t.Context())
			equal(t, "ChatGPT", string(chatGPT.Source)+outcome(t, err), c.chatGPT)
			platform, err := m.PeekPlatform(t.Context())
			equal(t, "Platform", string(platform.Source)+outcome(t, err), c.platform)
			status, _ := statusOf(t, m)
			for i, row := range status.Routes {
				got := string(row.CredentialSource)
				if !row.Available {
					equal(t, "source of a route that is not available", got, "unknown")
					got = string(row.Reason)
				}
				equal(t, "status", got, []string{c.chatGPT, c.platform}[i])
			}
		})
	}
}

// A refusal names the place and both kinds.
func TestRefusals(t *testing.T) {
	key, jwt := secret("sk-"+canary+"-env"), secret(token(""))
	for _, c := range []struct {
		name     string
		cfg      Config
		Login    string
		platform bool
		message  string // without the path
		have     []protocol.CredentialKind
		action   string
	}{
		{"JWT as a key", Config{APIKey: jwt}, "empty-object", true,
			"OPENAI_API_KEY of the environment must hold a Platform API key, but it holds a ChatGPT access token",
			[]protocol.CredentialKind{"chatgpt"}, "Correct or remove OPENAI_API_KEY of the environment"},
		{"JWT as a key, on the other route", Config{APIKey: jwt}, "empty-object", false,
			"OPENAI_API_KEY of the environment must hold a Platform API key, but it holds a ChatGPT access token",
			[]protocol.CredentialKind{"chatgpt"}, "Correct or remove OPENAI_API_KEY of the environment"},
		{"key as a token", Config{AccessToken: key}, "empty-object", false,
			"OPENAI_OAUTH_ACCESS_TOKEN of the environment must hold a ChatGPT access token, but it holds a Platform API key",
			[]protocol.CredentialKind{"platformKey"}, "Correct or remove OPENAI_OAUTH_ACCESS_TOKEN of the environment"},
		{"JWT as a key in the file", Config{}, "key-holds-jwt", true,
			"OPENAI_API_KEY in PATH must hold a Platform API key, but it holds a ChatGPT access token",
			[]protocol.CredentialKind{"chatgpt"}, "Correct or remove OPENAI_API_KEY in PATH"},
		{"key as a token in the file", Config{}, "access-holds-key", false,
			"tokens.access_token in PATH must hold a ChatGPT access token, but it holds a Platform API key",
			[]protocol.CredentialKind{"platformKey"}, "Correct or remove tokens.access_token in PATH"},
		{"Bearer", Config{}, "key-with-bearer", true,
			"OPENAI_API_KEY in PATH must hold a Platform API key, but it holds whitespace or control characters, so it cannot be a token or a key",
			nil, "Correct or remove OPENAI_API_KEY in PATH"},
		{"only a token", Config{AccessToken: jwt}, "empty-object", true,
			"a Platform API key is needed, and there is only a ChatGPT access token",
			[]protocol.CredentialKind{"chatgpt"}, "Set OPENAI_API_KEY to a Platform API key"},
		{"only a key", Config{}, "codex-apikey", false,
			"a ChatGPT access token is needed, and there is only a Platform API key",
			[]protocol.CredentialKind{"platformKey"}, "Run `signalbox login`"},
		{"expired", Config{}, "access-expired-alone-and-key", false,
			"tokens.access_token in PATH expired at 2026-03-01T11:00:00Z",
			[]protocol.CredentialKind{"chatgpt", "platformKey"}, "Run `signalbox login`"},
		{"expired in the environment", Config{AccessToken: secret(token("exp=-24h"))}, "empty-object", false,
			"OPENAI_OAUTH_ACCESS_TOKEN of the environment expired at 2026-02-28T12:00:00Z",
			[]protocol.CredentialKind{"chatgpt"}, "Put a new token into OPENAI_OAUTH_ACCESS_TOKEN, or unset it and run `signalbox login`"},
		{"malformed account", Config{}, "account-claim-injects", false,
			"the claims of the ChatGPT login in PATH name a malformed account id",
			[]protocol.CredentialKind{"chatgpt"}, "Run `signalbox login`"},
		{"only an organisation", Config{}, "account-claim-organisation-only", false,
			"the claims of the ChatGPT login in PATH name no account id",
			[]protocol.CredentialKind{"chatgpt"}, "Run `signalbox login`"},
		{"another account", Config{}, "account-id-contradicts", false,
			"tokens.account_id in PATH names another account than the tokens beside it",
			[]protocol.CredentialKind{"chatgpt"}, "Run `signalbox login`"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.cfg.Home, c.cfg.Now = homeWith(t, fixture(t, c.Login)), now
			m := NewManager(c.cfg)
			need, methods := protocol.CredentialChatGPT, []string{"browser", "device"}
			_, err := m.ChatGPT(t.Context())
			if c.platform {
				need, methods = protocol.CredentialPlatformKey, []string{"apiKey", "browser"}
				_, err = m.Platform(t.Context())
			}
			e := asError(t, err)
			equal(t, "message", strings.ReplaceAll(e.Message, m.path, "PATH"), protocol.Sentence(c.message))
			equal(t, "action", strings.ReplaceAll(e.Data.Action, m.path, "PATH"), protocol.Sentence(c.action))
			equal(t, "need", e.Data.Need, need)
			equal(t, "have", e.Data.Have, append([]protocol.CredentialKind{}, c.have...))
			equal(t, "loginMethods", e.Data.LoginMethods, methods)
		})
	}
}

func TestOpaqueAccessTokenNeverExpires(t *testing.T) {
	for _, name := range []string{"access-opaque", "access-without-exp"} {
		c, err := managerOf(t, name).ChatGPT(t.Context())
		equal(t, name, outcome(t, err), "")
		equal(t, name, c.ExpiresAt.IsZero(), true)
		equal(t, name, c.AccountID, "acct_1")
	}
}
