package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/protocol"
)

// put replaces path by a file that was last written a minute ago.
func put(t *testing.T, path string, text []byte) {
	t.Helper()
	next := path + ".next"
	require.NoError(t, os.WriteFile(next, text, 0o600))
	old := time.Now().Add(-time.Minute)
	require.NoError(t, os.Chtimes(next, old, old))
	require.NoError(t, os.Rename(next, path))
}

// refusal returns the 1003 that err is, which shows no secret.
func refusal(t *testing.T, err error) *protocol.Error {
	t.Helper()
	var e *protocol.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, protocol.CodeCredentialStore, e.Code)
	require.NotContains(t, string(e.Encode()), testcheck.Canary)
	assert.Regexp(t, `^[^\r\n]+\.$`, e.Message, "one sentence")
	assert.NotEmpty(t, e.Data.Kind)
	assert.NotEmpty(t, e.Data.Action)
	assert.False(t, e.Data.Retryable)
	return e
}

func TestConfigSays(t *testing.T) {
	for _, c := range []struct {
		name, text string
		store      Kind
		workspaces []string
		method     string
		fault      string // a part of the message; "": none
	}{
		{"empty", ``, KindFile, nil, "", ""},
		{"others only", "model = \"gpt-5\"\n[mcp_servers.x]\ncommand = \"y\"\n", KindFile, nil, "", ""},
		{"file", `cli_auth_credentials_store = "file"`, KindFile, nil, "", ""},
		{"keyring", `cli_auth_credentials_store = 'keyring' # there`, KindKeyring, nil, "", ""},
		{"auto", "\ufeffcli_auth_credentials_store=\"\"\"auto\"\"\"\r\n", KindAuto, nil, "", ""},
		{"ephemeral", `cli_auth_credentials_store = "ephemeral"`, KindFile, nil, "", "keeps no login"},
		{"unknown", `cli_auth_credentials_store = "vault"`, KindFile, nil, "", "does not know"},
		{"another case of the value", `cli_auth_credentials_store = "Keyring"`, KindFile, nil, "", "does not know"},
		{"a number", `cli_auth_credentials_store = 1`, KindFile, nil, "", "does not know"},
		{"a table", "[cli_auth_credentials_store]\nx = 1", KindFile, nil, "", "does not know"},
		{"another case of the key", `CLI_AUTH_CREDENTIALS_STORE = "keyring"`, KindFile, nil, "", ""},
		{"in a table", "[profiles.work]\ncli_auth_credentials_store = \"keyring\"", KindFile, nil, "", ""},
		{"quoted key", `"cli_auth_credentials\u005fstore" = "keyring"`, KindKeyring, nil, "", ""},
		{"twice", "cli_auth_credentials_store = \"file\"\ncli_auth_credentials_store = \"keyring\"", KindFile, nil, "", "not valid TOML at line 2"},
		{"no TOML", "model = gpt-" + testcheck.Canary, KindFile, nil, "", "not valid TOML at line 1"},
		{"JSON", `{"cli_auth_credentials_store":"file"}`, KindFile, nil, "", "not valid TOML"},
		{"binary", "\x00\xff\xfe", KindFile, nil, "", "not valid TOML"},
		{"cut", `cli_auth_credentials_store = "keyr`, KindFile, nil, "", "not valid TOML"},
		{"deep", "x = " + strings.Repeat("[", maxConfigBytes-4), KindFile, nil, "", "nested too deeply"},
		{"brackets in pairs", "x = [" + strings.Repeat("[],{},", 2000) + "]", KindFile, nil, "", ""},
		{"too large", "# " + strings.Repeat("x", maxConfigBytes), KindFile, nil, "", "larger than 1 MiB"},

		{"a workspace", `forced_chatgpt_workspace_id = "ws_1"`, KindFile, []string{"ws_1"}, "", ""},
		{"workspaces", `forced_chatgpt_workspace_id = ["ws_1", " ws_2 ", ""]`, KindFile, []string{"ws_1", "ws_2"}, "", ""},
		{"no workspace", `forced_chatgpt_workspace_id = ""`, KindFile, nil, "", ""},
		{"workspaces that are none", `forced_chatgpt_workspace_id = [1]`, KindFile, nil, "", "neither a string nor a list"},
		{"a workspace that is none", `forced_chatgpt_workspace_id = true`, KindFile, nil, "", "neither a string nor a list"},
		{"chatgpt", `forced_login_method = "chatgpt"`, KindFile, nil, "chatgpt", ""},
		{"api", `forced_login_method = "api"`, KindFile, nil, "api", ""},
		{"method unknown", `forced_login_method = "sso"`, KindFile, nil, "sso", "does not know"},
	} {
		home := t.TempDir()
		path := filepath.Join(home, ConfigName)
		put(t, path, []byte(c.text))
		file := configFilesOf(home, filepath.Join(home, "none"))
		s := file.load()
		if c.fault != "" {
			assert.ErrorContains(t, s.Err, c.fault, c.name)
			assert.Equal(t, protocol.ReasonUnsupportedStore, refusal(t, s.Err).Data.Reason, c.name)
			assert.Equal(t, path, refusal(t, s.Err).Data.Path, c.name)
			continue
		}
		require.NoError(t, s.Err, c.name)
		assert.Equal(t, []any{c.store, c.workspaces, c.method}, []any{s.Store, s.Workspaces, s.LoginMethod}, c.name)
		assert.Same(t, s, file.load(), "%s: it is read again", c.name)
	}
}

// A change counts at once, and so do a file that appears and one that goes.
func TestConfigChangeCountsAtOnce(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, ConfigName)
	file := configFilesOf(home, filepath.Join(home, "none"))
	assert.Equal(t, KindFile, file.load().Store, "none")
	put(t, path, []byte(`cli_auth_credentials_store = "keyring"`))
	assert.Equal(t, KindKeyring, file.load().Store, "appeared")
	for _, kind := range []string{"auto", "file"} { // within the same tick of the file system's clock
		require.NoError(t, os.WriteFile(path, []byte(`cli_auth_credentials_store = "`+kind+`"`), 0o600))
		assert.Equal(t, Kind(kind), file.load().Store, "changed")
	}
	put(t, path, []byte(`cli_auth_credentials_store = "auto"`))
	assert.Equal(t, KindAuto, file.load().Store, "again")
	require.NoError(t, os.Remove(path))
	assert.Equal(t, KindFile, file.load().Store, "gone")
	require.NoError(t, os.Mkdir(path, 0o700))
	assert.Equal(t, protocol.ReasonUnsupportedStore, refusal(t, file.load().Err).Data.Reason, "a folder")
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`cli_auth_credentials_store = "keyring"`), []byte(`allowed_login_methods = ["api"]`))
	f.Add([]byte("forced_chatgpt_workspace_id = [\"a\", 1]\nforced_login_method = {}"), []byte(`allowed_chatgpt_workspaces = []`))
	f.Fuzz(func(t *testing.T, user, required []byte) {
		files := configFilesOf("/x", "/y")
		var from [4]*layerText
		for i, text := range [][]byte{required, user, user, required} {
			from[i] = &layerText{}
			from[i].values, from[i].err = decodeLayer("/x/config.toml", text)
		}
		if s := files.merge(from); s.Err != nil {
			assert.Equal(t, protocol.ReasonUnsupportedStore, refusal(t, s.Err).Data.Reason, "reason")
		}
	})
}
