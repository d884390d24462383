package auth

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		name, text string
		store      store.Kind
		workspaces []string
		method     string
		fault      string // a part of the message; "": none
	}{
		{"empty", ``, store.KindFile, nil, "", ""},
		{"others only", "model = \"gpt-5\"\n[mcp_servers.x]\ncommand = \"y\"\n", store.KindFile, nil, "", ""},
		{"file", `cli_auth_credentials_store = "file"`, store.KindFile, nil, "", ""},
		{"keyring", `cli_auth_credentials_store = 'keyring' # there`, store.KindKeyring, nil, "", ""},
		{"auto", "\ufeffcli_auth_credentials_store=\"\"\"auto\"\"\"\r\n", store.KindAuto, nil, "", ""},
		{"ephemeral", `cli_auth_credentials_store = "ephemeral"`, store.KindFile, nil, "", "keeps no login"},
		{"unknown", `cli_auth_credentials_store = "vault"`, store.KindFile, nil, "", "does not know"},
		{"another case of the value", `cli_auth_credentials_store = "Keyring"`, store.KindFile, nil, "", "does not know"},
		{"a number", `cli_auth_credentials_store = 1`, store.KindFile, nil, "", "does not know"},
		{"a table", "[cli_auth_credentials_store]\nx = 1", store.KindFile, nil, "", "does not know"},
		{"another case of the key", `CLI_AUTH_CREDENTIALS_STORE = "keyring"`, store.KindFile, nil, "", ""},
		{"in a table", "[profiles.work]\ncli_auth_credentials_store = \"keyring\"", store.KindFile, nil, "", ""},
		{"quoted key", `"cli_auth_credentials\u005fstore" = "keyring"`, store.KindKeyring, nil, "", ""},
		{"twice", "cli_auth_credentials_store = \"file\"\ncli_auth_credentials_store = \"keyring\"", store.KindFile, nil, "", "not valid TOML at line 2"},
		{"no TOML", "model = gpt-" + canary, store.KindFile, nil, "", "not valid TOML at line 1"},
		{"JSON", `{"cli_auth_credentials_store":"file"}`, store.KindFile, nil, "", "not valid TOML"},
		{"binary", "\x00\xff\xfe", store.KindFile, nil, "", "not valid TOML"},
		{"cut", `cli_auth_credentials_store = "keyr`, store.KindFile, nil, "", "not valid TOML"},
		{"deep", "x = " + strings.Repeat("[", store.MaxConfigBytes-4), store.KindFile, nil, "", "nested too deeply"},
		{"brackets in pairs", "x = [" + strings.Repeat("[],{},", 2000) + "]", store.KindFile, nil, "", ""},
		{"too large", "# " + strings.Repeat("x", store.MaxConfigBytes), store.KindFile, nil, "", "larger than 1 MiB"},

		{"a workspace", `forced_chatgpt_workspace_id = "ws_1"`, store.KindFile, []string{"ws_1"}, "", ""},
		{"workspaces", `forced_chatgpt_workspace_id = ["ws_1", " ws_2 ", ""]`, store.KindFile, []string{"ws_1", "ws_2"}, "", ""},
		{"no workspace", `forced_chatgpt_workspace_id = ""`, store.KindFile, nil, "", ""},
		{"workspaces that are none", `forced_chatgpt_workspace_id = [1]`, store.KindFile, nil, "", "neither a string nor a list"},
		{"a workspace that is none", `forced_chatgpt_workspace_id = true`, store.KindFile, nil, "", "neither a string nor a list"},
		{"chatgpt", `forced_login_method = "chatgpt"`, store.KindFile, nil, "chatgpt", ""},
		{"api", `forced_login_method = "api"`, store.KindFile, nil, "api", ""},
		{"method unknown", `forced_login_method = "sso"`, store.KindFile, nil, "sso", "does not know"},
	} {
		home := t.TempDir()
		path := filepath.Join(home, store.ConfigName)
		put(t, path, []byte(c.text))
		m := NewManager(Config{Home: home})
		s := m.settings()
		if c.fault != "" {
			if s.Err == nil || !strings.Contains(s.Err.Error(), c.fault) {
				t.Errorf("%s: %v", c.name, s.Err)
				continue
			}
			equal(t, c.name, outcome(t, s.Err), string(protocol.ReasonUnsupportedStore))
			equal(t, c.name, asError(t, s.Err).Data.Path, path)
			continue
		}
		if s.Err != nil {
			t.Errorf("%s: %v", c.name, s.Err)
		}
		equal(t, c.name, []any{s.Store, s.Workspaces, s.LoginMethod}, []any{c.store, c.workspaces, c.method})
		if m.settings() != s {
			t.Errorf("%s: it is read again", c.name)
		}
	}
}

// A change counts at once, and so do a file that appears and one that goes.
func TestSettingsChange(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, store.ConfigName)
	m := NewManager(Config{Home: home})
	equal(t, "none", m.settings().Store, store.KindFile)
	put(t, path, []byte(`cli_auth_credentials_store = "keyring"`))
	equal(t, "appeared", m.settings().Store, store.KindKeyring)
	for _, kind := range []string{"auto", "file"} { // within the same tick of the file system's clock
		if err := os.WriteFile(path, []byte(`cli_auth_credentials_store = "`+kind+`"`), 0o600); err != nil {
			t.Fatal(err)
		}
		equal(t, "changed", string(m.settings().Store), kind)
	}
	put(t, path, []byte(`cli_auth_credentials_store = "auto"`))
	equal(t, "again", m.settings().Store, store.KindAuto)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	equal(t, "gone", m.settings().Store, store.KindFile)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	equal(t, "a folder", outcome(t, m.settings().Err), string(protocol.ReasonUnsupportedStore))
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte(`cli_auth_credentials_store = "keyring"`))
	f.Add([]byte("forced_chatgpt_workspace_id = [\"a\", 1]\nforced_login_method = {}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &store.Config{Store: store.KindFile}
		s.Parse("/x/config.toml", text)
		if s.Err != nil {
			equal(t, "reason", outcome(t, s.Err), string(protocol.ReasonUnsupportedStore))
		}
	})
}

// What config.toml forbids is refused, wherever it comes from, and nothing is
// deleted.
func TestSettingsForbid(t *testing.T) {
	key, other := "sk-"+canary+"-env", token("account=acct_2")
	for _, c := range []struct {
		Config, Login     string
		key, token        string
		chatGPT, platform protocol.Reason
	}{
		{`forced_login_method = "chatgpt"`, "mode-chatgpt-key-and-tokens", "", "", "", ""},
		{`forced_login_method = "chatgpt"`, "codex-apikey", "", "", "wrong_kind", "wrong_kind"},
		{`forced_login_method = "chatgpt"`, "mode-chatgpt-key-and-tokens", key, "", "", "wrong_kind"},
		{`forced_login_method = "chatgpt"`, "", "", other, "", "wrong_kind"},
		{`forced_login_method = "api"`, "mode-chatgpt-key-and-tokens", "", "", "wrong_kind", ""},
		{`forced_login_method = "api"`, "codex-apikey", "", other, "wrong_kind", ""},
		{`forced_chatgpt_workspace_id = "acct_1"`, "mode-chatgpt-key-and-tokens", "", "", "", ""},
		{`forced_chatgpt_workspace_id = ["acct_2", "acct_1"]`, "mode-chatgpt-key-and-tokens", "", "", "", ""},
		{`forced_chatgpt_workspace_id = "acct_2"`, "mode-chatgpt-key-and-tokens", "", "", "account_mismatch", ""},
		{`forced_chatgpt_workspace_id = "acct_1"`, "mode-chatgpt-key-and-tokens", "", other, "account_mismatch", ""},
		{`forced_chatgpt_workspace_id = "acct_2"`, "mode-chatgpt-key-and-tokens", "", other, "", ""},
	} {
		home := t.TempDir()
		put(t, filepath.Join(home, store.ConfigName), []byte(c.Config))
		text := ""
		if c.Login != "" {
			text = string(fixture(t, c.Login))
			put(t, filepath.Join(home, store.FileName), []byte(text))
		}
		m := NewManager(Config{Home: home, Now: now, APIKey: secret(c.key), AccessToken: secret(c.token)})
		_, err1 := m.ChatGPT(t.Context())
		_, err2 := m.Platform(t.Context())
		equal(t, c.Config+" "+c.Login, []protocol.Reason{protocol.Reason(outcome(t, err1)), protocol.Reason(outcome(t, err2))}, []protocol.Reason{c.chatGPT, c.platform})
		status, _ := statusOf(t, m)
		equal(t, "status", []protocol.Reason{status.Routes[0].Reason, status.Routes[1].Reason}, []protocol.Reason{c.chatGPT, c.platform})
		equal(t, "kept", textOf(t, home) == text, true)
	}
}
