package auth

import (
	"fmt"
	"testing"

	"github.com/signalbox-dev/signalbox/protocol"
)

func TestModeByPlan(t *testing.T) {
	plans := map[string]string{
		// docs/credentials.md: Account mode.
		"free": "chatgpt", "go": "chatgpt", "plus": "chatgpt", "pro": "chatgpt", "prolite": "chatgpt",
		"promax": "chatgpt", "team": "chatgpt",
		"business": "apiKey", "enterprise": "apiKey", "edu": "apiKey", "-": "apiKey",
		// Everything else that Codex knows, and what it does not.
		"hc": "apiKey", "education": "apiKey", "self_serve_business_usage_based": "apiKey",
		"self_serve_business_prolite": "apiKey", "enterprise_cbp_usage_based": "apiKey",
		"enterprise_cbp_automation": "apiKey", "enterprise_cbp_trial": "apiKey", "ent26": "apiKey", "edu_pro": "apiKey",
		"sci": "apiKey", "finserv": "apiKey", "free_workspace": "apiKey", "k12": "apiKey", "quorum": "apiKey",
		"tomorrow": "apiKey", "plus%20": "chatgpt", "Plus": "chatgpt", "TEAM": "chatgpt", "plusplus": "apiKey",
	}
	emails := map[string]string{ // "": the plan decides
		"user@example.com": "", "-": "", "user@openai.com": "chatgpt", "User@OpenAI.com": "chatgpt",
		"user@openai.com.evil.example": "", "user@notopenai.com": "", "user@sub.openai.com": "",
	}
	for plan, byPlan := range plans {
		for email, byEmail := range emails {
			want := byPlan
			if byEmail != "" {
				want = byEmail
			}
			id := token(fmt.Sprintf("plan=%s email=%s", plan, email))
			for _, key := range []string{"", `"OPENAI_API_KEY":"sk-` + canary + `",`} {
				text := fmt.Sprintf(`{%s"tokens":{"id_token":%q,"access_token":%q,"refresh_token":""}}`, key, id, token("plan=free"))
				for _, setting := range []string{"", "auto", "plan", "nonsense"} {
					got, err := NewManager(Config{Home: homeWith(t, []byte(text)), AccountMode: setting}).Mode(t.Context())
					if outcome(t, err) != "" || string(got) != want {
						t.Errorf("plan %s, email %s, mode %q: got %q, want %q", plan, email, setting, got, want)
					}
				}
			}
		}
	}
}

// The plan comes from the id_token alone.
func TestModeWithoutIDToken(t *testing.T) {
	text := fmt.Sprintf(`{"tokens":{"access_token":%q,"refresh_token":"rt"}}`, token("plan=plus email=user@openai.com"))
	got, err := NewManager(Config{Home: homeWith(t, []byte(text))}).Mode(t.Context())
	equal(t, "mode", string(got)+outcome(t, err), "apiKey")
}

func TestMode(t *testing.T) {
	for _, c := range []struct {
		setting, Login string
		key, token     bool // in the environment
		want           string
	}{
		// auth_mode decides, and the environment does not.
		{"auto", "codex-chatgpt", true, false, "chatgpt"},
		{"auto", "codex-apikey", false, true, "apiKey"},
		{"auto", "mode-apikey-key-and-tokens", false, false, "apiKey"},
		{"auto", "mode-chatgpt-key-and-tokens", false, false, "chatgpt"},
		{"auto", "report-v7", true, false, "chatgpt"},
		{"auto", "mode-chatgpt-nothing", true, false, "chatgpt"},
		{"auto", "mode-chatgpt-nothing", false, false, "chatgpt"},
		{"plan", "mode-chatgpt-nothing", true, false, "apiKey"},
		// Without it: a key alone, else the plan.
		{"auto", "no-mode-key-only", false, true, "apiKey"},
		{"auto", "no-mode-key-and-tokens", true, false, "chatgpt"},
		{"auto", "no-mode-key-and-tokens-business", false, true, "apiKey"},
		{"auto", "key-blank", false, false, "chatgpt"},
		// plan: the plan always decides.
		{"plan", "mode-apikey-key-and-tokens", false, false, "chatgpt"},
		{"plan", "no-mode-key-and-tokens-business", false, false, "apiKey"},
		{"plan", "mode-chatgpt-key-only", false, false, "apiKey"},
		{"plan", "id-token-object", false, false, "apiKey"},
		// Nothing in the file: the environment.
		{"auto", "", true, true, "chatgpt"},
		{"auto", "", true, false, "apiKey"},
		{"auto", "", false, false, ""},
		{"plan", "", false, true, "chatgpt"},
		{"plan", "", true, false, "apiKey"},
		{"auto", "empty-object", true, true, "chatgpt"},
		{"auto", "empty-object", true, false, "apiKey"},
		{"auto", "empty-object", false, false, ""},
		{"auto", "all-null", true, false, "apiKey"},
		// Forced.
		{"chatgpt", "codex-apikey", true, false, "chatgpt"},
		{"apiKey", "codex-chatgpt", false, true, "apiKey"},
		{"chatgpt", "", false, false, "chatgpt"},
		{"apiKey", "", false, false, "apiKey"},
		{"chatgpt", "broken-array", false, false, "chatgpt"},
		{"apiKey", "foreign-mode-headers", false, false, "apiKey"},
		// A file that we cannot use.
		{"auto", "broken-array", true, true, "corrupt"},
		{"plan", "broken-array", true, false, "corrupt"},
		{"auto", "foreign-mode-headers", true, false, "apiKey"},
		{"auto", "foreign-mode-headers", false, true, "chatgpt"},
		{"auto", "foreign-mode-headers", false, false, "unsupported_auth_mode"},
		{"plan", "foreign-mode-headers", false, false, "unsupported_auth_mode"},
	} {
		cfg := Config{Home: t.TempDir(), AccountMode: c.setting, Now: now}
		if c.Login != "" {
			cfg.Home = homeWith(t, fixture(t, c.Login))
		}
		if c.key {
			cfg.APIKey = secret("sk-" + canary)
		}
		if c.token {
			cfg.AccessToken = secret(token("plan=business"))
		}
		m := NewManager(cfg)
		got, err := m.Mode(t.Context())
		equal(t, fmt.Sprintf("%+v", c), string(got)+outcome(t, err), c.want)

		status, _ := statusOf(t, m)
		var shown protocol.AccountMode
		if status.Mode != nil {
			shown = *status.Mode
		}
		equal(t, fmt.Sprintf("status of %+v", c), shown, got)
	}
}

// A key that this process was given is a login as any other.
func TestModeOfAnExplicitKey(t *testing.T) {
	m := NewManager(Config{Home: t.TempDir()})
	m.SetExplicitKey(secret("sk-" + canary + "-explicit"))
	got, err := m.Mode(t.Context())
	equal(t, "mode", string(got)+outcome(t, err), "apiKey")
	put(t, m.path, fixture(t, "codex-chatgpt"))
	got, err = m.Mode(t.Context())
	equal(t, "auth_mode decides", string(got)+outcome(t, err), "chatgpt")
}
