package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

// layersOf writes the files of Codex's configuration: "system", "user", "managed"
// and "required", those that are there.
func layersOf(t *testing.T, texts map[string]string) (files *configFiles, paths map[string]string) {
	t.Helper()
	home, system := t.TempDir(), t.TempDir()
	paths = map[string]string{
		"system":   filepath.Join(system, "config.toml"),
		"user":     filepath.Join(home, "config.toml"),
		"managed":  filepath.Join(system, "managed_config.toml"),
		"required": filepath.Join(system, "requirements.toml"),
	}
	for name, text := range texts {
		put(t, paths[name], []byte(text))
	}
	return configFilesOf(home, system), paths
}

// What the layers say together; each row is as Codex 0.169.0 takes it.
//
// Faults: B11.
func TestLayers(t *testing.T) {
	chatgpt, api := `forced_login_method = "chatgpt"`, `forced_login_method = "api"`
	keyring, file := `cli_auth_credentials_store = "keyring"`, `cli_auth_credentials_store = "file"`
	type texts = map[string]string
	for name, c := range map[string]struct {
		texts      texts
		store      Kind
		workspaces []string
		method     string
		rule       string // the layer that LoginMethodRule names
	}{
		"none":                              {nil, KindFile, nil, "", ""},
		"the system's":                      {texts{"system": chatgpt + "\n" + keyring}, KindKeyring, nil, "chatgpt", "system"},
		"the user's before the system's":    {texts{"system": chatgpt, "user": api}, KindFile, nil, "api", "user"},
		"the managed before the user's":     {texts{"managed": chatgpt, "user": api}, KindFile, nil, "chatgpt", "managed"},
		"key by key":                        {texts{"system": keyring, "user": chatgpt, "managed": `forced_chatgpt_workspace_id = "w"`}, KindKeyring, []string{"w"}, "chatgpt", "user"},
		"a list is replaced, not added to":  {texts{"system": `forced_chatgpt_workspace_id = ["a", "b"]`, "user": `forced_chatgpt_workspace_id = "c"`}, KindFile, []string{"c"}, "", ""},
		"a bad value below a good one":      {texts{"system": `forced_login_method = 5`, "user": api}, KindFile, nil, "api", "user"},
		"ephemeral below a good one":        {texts{"user": `cli_auth_credentials_store = "ephemeral"`, "managed": file}, KindFile, nil, "", ""},
		"the store that is required":        {texts{"managed": keyring, "required": file}, KindFile, nil, "", ""},
		"required over ephemeral":           {texts{"user": `cli_auth_credentials_store = "ephemeral"`, "required": keyring}, KindKeyring, nil, "", ""},
		"one allowed method":                {texts{"required": `allowed_login_methods = ["chatgpt", "chatgpt"]`}, KindFile, nil, "chatgpt", "required"},
		"both allowed":                      {texts{"required": `allowed_login_methods = ["chatgpt", "api"]`}, KindFile, nil, "", ""},
		"both allowed, one forced":          {texts{"required": `allowed_login_methods = ["chatgpt", "api"]`, "user": api}, KindFile, nil, "api", "user"},
		"allowed workspaces":                {texts{"required": `allowed_chatgpt_workspaces = ["a", " b "]`}, KindFile, []string{"a", "b"}, "", ""},
		"allowed and forced workspaces":     {texts{"required": `allowed_chatgpt_workspaces = ["a", "b"]`, "user": `forced_chatgpt_workspace_id = ["b", "c"]`}, KindFile, []string{"b"}, "", ""},
		"no workspace allowed":              {texts{"required": `allowed_chatgpt_workspaces = [""]`}, KindFile, []string{}, "api", "required"},
		"workspaces that exclude":           {texts{"required": `allowed_chatgpt_workspaces = ["a"]`, "user": `forced_chatgpt_workspace_id = "b"`}, KindFile, []string{}, "api", "required"},
		"keys of config.toml in the bounds": {texts{"required": chatgpt + "\nunknown = 1"}, KindFile, nil, "", ""},
	} {
		files, paths := layersOf(t, c.texts)
		s := files.load()
		require.NoError(t, s.Err, name)
		assert.Equal(t, []any{c.store, c.workspaces, c.method}, []any{s.Store, s.Workspaces, s.LoginMethod}, name)
		switch c.rule {
		case "":
			assert.Empty(t, s.LoginMethodRule, name)
		case "user":
			assert.Equal(t, "forced_login_method in Codex's config.toml", s.LoginMethodRule.String(), name)
		default:
			assert.Equal(t, paths[c.rule], s.LoginMethodRule.File, name)
		}
		assert.Same(t, s, files.load(), "%s: it is made again", name)
	}
}

// A layer that Codex would not take, and layers that leave no way to log in, are
// 1003, which names the file.
//
// Faults: B11.
func TestLayersRefused(t *testing.T) {
	type texts = map[string]string
	for name, c := range map[string]struct {
		texts texts
		file  string // the layer that is named
		fault string
	}{
		"a broken system file":         {texts{"system": "x"}, "system", "not valid TOML at line 1"},
		"a broken managed file":        {texts{"managed": "x"}, "managed", "not valid TOML at line 1"},
		"broken requirements":          {texts{"required": "\nx"}, "required", "not valid TOML at line 2"},
		"too large":                    {texts{"required": "# " + strings.Repeat("x", maxConfigBytes)}, "required", "larger than 1 MiB"},
		"a method of the system's":     {texts{"system": "forced_login_method = 5", "user": "model = 'x'"}, "system", "does not know"},
		"workspaces of the managed":    {texts{"managed": "forced_chatgpt_workspace_id = 5", "user": "forced_chatgpt_workspace_id = 'x'"}, "managed", "neither a string nor a list"},
		"ephemeral is required":        {texts{"required": `cli_auth_credentials_store = "ephemeral"`}, "required", "keeps no login"},
		"an unknown store":             {texts{"required": `cli_auth_credentials_store = "x"`}, "required", "does not know"},
		"an unknown method":            {texts{"required": `allowed_login_methods = ["sso"]`}, "required", "not a list of"},
		"methods that are no list":     {texts{"required": `allowed_login_methods = "api"`}, "required", "not a list of"},
		"workspaces that are no list":  {texts{"required": `allowed_chatgpt_workspaces = "a"`}, "required", "not a list of strings"},
		"workspaces that are numbers":  {texts{"required": `allowed_chatgpt_workspaces = [1]`}, "required", "not a list of strings"},
		"no method":                    {texts{"required": `allowed_login_methods = []`}, "required", "allow no way to log in"},
		"another method":               {texts{"required": `allowed_login_methods = ["chatgpt"]`, "user": `forced_login_method = "api"`}, "required", "allow no way to log in"},
		"no workspace, no other way":   {texts{"required": "allowed_chatgpt_workspaces = []\nallowed_login_methods = ['chatgpt']"}, "required", "allow no way to log in"},
		"workspaces that exclude, too": {texts{"required": "allowed_chatgpt_workspaces = ['a']\nallowed_login_methods = ['chatgpt']", "user": "forced_chatgpt_workspace_id = 'b'"}, "required", "allow no way to log in"},
	} {
		files, paths := layersOf(t, c.texts)
		e := refusal(t, files.load().Err)
		assert.Equal(t, protocol.ReasonUnsupportedStore, e.Data.Reason, name)
		assert.Contains(t, e.Message, c.fault, name)
		assert.Equal(t, paths[c.file], e.Data.Path, name)
	}
}

// A layer counts as it is now: it appears, changes and goes.
func TestLayersCountAtOnce(t *testing.T) {
	files, paths := layersOf(t, map[string]string{"user": `forced_login_method = "api"`})
	assert.Equal(t, "api", files.load().LoginMethod)
	put(t, paths["managed"], []byte(`forced_login_method = "chatgpt"`))
	assert.Equal(t, "chatgpt", files.load().LoginMethod)
	put(t, paths["required"], []byte(`allowed_login_methods = ["api"]`))
	require.Error(t, files.load().Err)
	require.NoError(t, os.Remove(paths["managed"]))
	require.NoError(t, files.load().Err)
	require.NoError(t, os.Remove(paths["required"]))
	require.NoError(t, os.Mkdir(paths["required"], 0o700))
	require.ErrorContains(t, files.load().Err, "is not a regular file")
	require.NoError(t, os.Remove(paths["required"]))
	require.NoError(t, os.Symlink("/nonexistent/file", paths["required"]), "a link that leads nowhere is no file, as for Codex")
	require.NoError(t, files.load().Err)
}

// Tables are merged too, and the texts of the layers stay as they were.
func TestMergeTable(t *testing.T) {
	below := map[string]any{"a": map[string]any{"x": 1, "y": map[string]any{"p": 1}}, "b": 1, "c": map[string]any{}}
	above := map[string]any{"a": map[string]any{"y": map[string]any{"q": 2}}, "b": map[string]any{"z": 3}, "c": 4}
	got := map[string]any{}
	mergeTable(got, below)
	mergeTable(got, above)
	assert.Equal(t, map[string]any{"a": map[string]any{"x": 1, "y": map[string]any{"p": 1, "q": 2}}, "b": map[string]any{"z": 3}, "c": 4}, got)
	assert.Equal(t, map[string]any{"x": 1, "y": map[string]any{"p": 1}}, below["a"], "a layer was changed")
}

// The model is the merged one.
func TestLayersModel(t *testing.T) {
	files, _ := layersOf(t, map[string]string{"system": `model = "a"`, "user": `model = "b"`})
	assert.Equal(t, "b", files.load().Model)
	files, _ = layersOf(t, map[string]string{"user": `model = 5`})
	assert.Empty(t, files.load().Model)
}
