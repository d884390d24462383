package auth

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

// The whole status of the validation report's state, as a host sees it.
func TestStatusOfTheReport(t *testing.T) {
	m := managerOf(t, "report-v7")
	modified := time.Date(2026, time.February, 28, 18, 0, 0, 0, time.FixedZone("", 3600))
	if err := os.Chtimes(m.path, modified, modified); err != nil {
		t.Fatal(err)
	}
	_, got := statusOf(t, m)
	want := `{"state":"authenticated","mode":"chatgpt",` +
		`"account":{"email":"user@example.com","planType":"plus","accountId":"acct_1","userId":"user-1"},` +
		`"credentials":{"chatgpt":{"present":true,"source":"codex_auth_json_oauth","expiresAt":"2026-03-01T13:00:00Z",` +
		`"lastRefresh":"2026-02-28T17:19:41Z","refreshable":true},` +
		`"platform":{"present":false,"source":"unknown","hint":null}},` +
		`"routes":[{"route":"chatgpt","api":"responses","base_url":"https://chatgpt.com/backend-api/codex","available":true,` +
		`"credential_source":"codex_auth_json_oauth"},` +
		`{"route":"platform","api":"responses","base_url":"https://api.openai.com/v1","available":true,` +
		`"credential_source":"codex_token_exchange_api_key"}],` +
		`"file":{"path":"PATH","mode":"0600","modified":"2026-02-28T17:00:00Z"},"overrides":[],"warnings":[]}`
	if got = strings.ReplaceAll(got, m.path, "PATH"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestStatusWithoutAnything(t *testing.T) {
	_, got := statusOf(t, NewManager(Config{}))
	want := `{"state":"unauthenticated","mode":null,"account":null,` +
		`"credentials":{"chatgpt":{"present":false,"source":"unknown","expiresAt":null,"lastRefresh":null,"refreshable":false,` +
		`"reason":"no_credentials"},"platform":{"present":false,"source":"unknown","hint":null,"reason":"no_credentials"}},` +
		`"routes":[{"route":"chatgpt","api":"responses","base_url":"https://chatgpt.com/backend-api/codex","available":false,` +
		`"credential_source":"unknown","reason":"no_credentials"},` +
		`{"route":"platform","api":"responses","base_url":"https://api.openai.com/v1","available":false,` +
		`"credential_source":"unknown","reason":"no_credentials"}],` +
		`"file":{"path":"","mode":null,"modified":null},"overrides":[],"warnings":[]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestStatusStates(t *testing.T) {
	good, old, key := token(""), token("exp=-1h"), "sk-"+canary+"-env"
	for _, c := range []struct {
		Login, key, token string
		want              protocol.AuthState
	}{
		{"", "", good, "authenticated"},
		{"", key, "", "authenticated"},
		{"", "", old, "expired"},
		{"", key, old, "authenticated"},
		{"access-expired", "", "", "authenticated"}, // after a refresh
		{"access-expired-alone", "", "", "expired"},
		{"access-expired-alone", key, "", "authenticated"},
		{"access-expired-alone", "", good, "authenticated"},
		{"access-expired-alone", good, "", "expired"}, // a token where a key belongs does not help
		{"codex-chatgpt", "", old, "expired"},         // no source replaces another
		{"broken-array", "", "", "error"},
		{"broken-array", key, "", "authenticated"},
		{"broken-array", "", old, "error"},
		{"foreign-mode-headers", "", good, "authenticated"},
		{"foreign-mode-headers", good, "", "error"},
		{"access-holds-key", "", "", "unauthenticated"},
	} {
		cfg := Config{Now: now, APIKey: secret(c.key), AccessToken: secret(c.token)}
		if c.Login != "" {
			cfg.Home = homeWith(t, fixture(t, c.Login))
		}
		status, _ := statusOf(t, NewManager(cfg))
		equal(t, fmt.Sprintf("%s, key %t, token %t", c.Login, c.key != "", c.token != ""), status.State, c.want)
	}
}

func TestStatusOfAccount(t *testing.T) {
	show := func(m *Manager) string {
		status, _ := statusOf(t, m)
		return string(protocol.Encode(status.Account))
	}
	for name, want := range map[string]string{
		"codex-chatgpt":                 `{"email":"user@example.com","planType":"plus","accountId":"acct_1","userId":"user-1"}`,
		"access-expired":                `{"email":"user@example.com","planType":"plus","accountId":"acct_1","userId":"user-1"}`,
		"id-token-object":               `{"email":"user@example.com","planType":"plus","accountId":"acct_1","userId":"user-1"}`,
		"account-claim-injects":         `{"email":"user@example.com","planType":"plus","accountId":null,"userId":"user-1"}`,
		"account-claim-missing":         `{"email":"user@example.com","planType":"plus","accountId":null,"userId":"user-1"}`,
		"id-token-object-access-opaque": `null`,
		"codex-apikey":                  `null`,
		"foreign-mode-headers":          `null`,
	} {
		equal(t, name, show(managerOf(t, name)), want)
	}
	// The environment's token is another login, of which the file knows nothing.
	home := homeWith(t, fixture(t, "codex-chatgpt"))
	m := NewManager(Config{Home: home, Now: now, AccessToken: secret(token("email=- plan=- user=- account=acct_env"))})
	equal(t, "environment", show(m), `{"email":null,"planType":null,"accountId":"acct_env","userId":null}`)
	status, _ := statusOf(t, m)
	equal(t, "lastRefresh", status.Credentials.ChatGPT.LastRefresh, nil)
	equal(t, "refreshable", status.Credentials.ChatGPT.Refreshable, false)
	// A claim that holds a token by mistake is not shown.
	m = NewManager(Config{Now: now, AccessToken: secret(token("email=sk-" + canary + "-email"))})
	equal(t, "masked", show(m), `{"email":"[redacted]","planType":"plus","accountId":"acct_1","userId":"user-1"}`)
}

func TestStatusTimes(t *testing.T) {
	status, _ := statusOf(t, managerOf(t, "last-refresh-offset"))
	equal(t, "offset", *status.Credentials.ChatGPT.LastRefresh, "2026-02-28T17:19:41Z")
	status, _ = statusOf(t, managerOf(t, "last-refresh-number"))
	equal(t, "number", status.Credentials.ChatGPT.LastRefresh, nil)
	status, _ = statusOf(t, managerOf(t, "access-without-exp"))
	equal(t, "no exp", status.Credentials.ChatGPT.ExpiresAt, nil)
}

func TestHint(t *testing.T) {
	for key, want := range map[string]string{
		"sk-456789012345":     "null", // 15
		"sk-4567890123456":    `"sk-…3456"`,
		"sk-proj-aaaaaaaabcd": `"sk-…abcd"`,
		"x":                   "null",
	} {
		m := NewManager(Config{APIKey: secret(key)})
		status, text := statusOf(t, m)
		equal(t, "hint", string(protocol.Encode(status.Credentials.Platform.Hint)), want)
		if len(key) > 1 && strings.Contains(text, key[len(key)/2:]) {
			t.Error("the status shows half the key")
		}
	}
	// What is no key has no hint.
	for _, value := range []string{token(""), "Bearer sk-" + canary, "ключключключключ"} {
		status, _ := statusOf(t, NewManager(Config{APIKey: secret(value)}))
		equal(t, "present", status.Credentials.Platform.Present, true)
		equal(t, "hint", status.Credentials.Platform.Hint, nil)
		equal(t, "reason", status.Credentials.Platform.Reason, "wrong_kind")
	}
}

// Faults: B1.
func TestStatusWarnings(t *testing.T) {
	with := func(mode, folder os.FileMode) *Manager {
		m := managerOf(t, "codex-apikey")
		if err := os.Chmod(m.path, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(m.path), folder); err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, c := range []struct {
		mode, folder os.FileMode
		want         string
	}{
		{0o600, 0o700, ""},
		{0o400, 0o755, ""},
		{0o644, 0o700, "other users can read or change PATH (mode 0644, 0600 is right)"},
		{0o666, 0o700, "other users can read or change PATH (mode 0666, 0600 is right)"},
		{0o640, 0o777, "other users can read or change PATH (mode 0640, 0600 is right)"},
		{0o600, 0o777, "other users can replace PATH (its folder has mode 0777, 0700 is right)"},
	} {
		m := with(c.mode, c.folder)
		status, _ := statusOf(t, m)
		equal(t, "mode", *status.File.Mode, fmt.Sprintf("%04o", c.mode))
		equal(t, "state", status.State, protocol.StateAuthenticated)
		equal(t, fmt.Sprintf("%o %o", c.mode, c.folder),
			strings.ReplaceAll(strings.Join(status.Warnings, "|"), m.path, "PATH"), protocol.Sentence(c.want))
	}

	// Two sources of one kind: which one is used.
	m := NewManager(Config{
		Home: homeWith(t, fixture(t, "mode-chatgpt-key-and-tokens")), Now: now,
		APIKey: secret("sk-" + canary + "-env"), AccessToken: secret(token("")),
		Warnings:  []string{"from the start with sk-" + canary + "-env"},
		Overrides: []protocol.Override{{Name: "SIGNALBOX_ISSUER", Value: "http://localhost:1", Source: "environment"}},
		ChatGPT:   Endpoint{URL: "http://localhost:2", Override: &protocol.Override{Name: "--chatgpt-base-url", Value: "http://localhost:2", Source: "flag"}},
	})
	for range 2 { // the second status is made from the same configuration
		status, _ := statusOf(t, m)
		equal(t, "warnings", status.Warnings, []string{
			"From the start with [redacted].",
			"OPENAI_OAUTH_ACCESS_TOKEN of the environment is used, not tokens.access_token in " + m.path + ".",
			"OPENAI_API_KEY of the environment is used, not OPENAI_API_KEY in " + m.path + ".",
		})
		equal(t, "overrides", status.Overrides, []protocol.Override{
			{Name: "--chatgpt-base-url", Value: "http://localhost:2", Source: "flag"},
			{Name: "SIGNALBOX_ISSUER", Value: "http://localhost:1", Source: "environment"},
		})
		equal(t, "base_url", status.Routes[0].BaseURL, "http://localhost:2")
	}

	// A blank key in the file is no second source, and nothing to warn of.
	m = NewManager(Config{Home: homeWith(t, fixture(t, "report-v7")), Now: now, APIKey: secret("sk-" + canary + "-env")})
	status, _ := statusOf(t, m)
	equal(t, "warnings", len(status.Warnings), 0)
}
