package auth

import (
	"path/filepath"
	"testing"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

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
