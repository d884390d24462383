package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// administered makes cmd run where /etc/codex is a folder of the test, which it
// returns, in a mount namespace of its own.
func administered(t *testing.T, cmd *exec.Cmd) (folder string) {
	t.Helper()
	if os.Getuid() != 0 {
		testcheck.Missing(t, "root, who may mount /etc/codex in a namespace")
	}
	folder = t.TempDir()
	cmd.Args = append([]string{"unshare", "--mount", "sh", "-euc", `
		mkdir "$1/etc"
		mount --bind /etc "$1/etc"
		mount -t tmpfs tmpfs /etc
		ln -s "$1/etc"/* /etc/
		rm -f /etc/codex
		mkdir /etc/codex
		mount --bind "$2" /etc/codex
		shift 2
		exec "$@"`, "sh", t.TempDir(), folder, cmd.Path}, cmd.Args[1:]...)
	path, err := exec.LookPath("unshare")
	require.NoError(t, err)
	cmd.Path = path
	return folder
}

// inLayers returns what Codex and a host of signalbox may do with the stored login
// of ChatGPT, by the files of /etc/codex and Codex's config.toml at home.
func inLayers(t *testing.T, user string, layers map[string]string) (codexSays string, h *host) {
	t.Helper()
	sim := simulated(t, simulator.Config{})
	home, _ := storedHome(t, sim)
	require.NoError(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte(user+"\n"), 0o600))
	write := func(folder string) {
		for name, text := range layers {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
		}
	}
	o := options{upstream: sim, home: home, lsp: true}
	cmd := serveCommand(t, o)
	write(administered(t, cmd))
	h = run(t, cmd, o)
	h.begin()

	beside := t.TempDir() // Codex deletes what it forbids
	require.NoError(t, sim.WriteHome(beside))
	require.NoError(t, os.WriteFile(filepath.Join(beside, "config.toml"), []byte(user+"\n"), 0o600))
	status := codex(t, sim, beside, "login", "status")
	write(administered(t, status))
	out, _ := status.CombinedOutput()
	return string(out), h
}

// An administrator's files in /etc/codex count as they count for the real Codex,
// beside it: which login may be used. No login is deleted.
//
// Faults: B11.
func TestLayersOfTheAdministrator(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		user   string
		layers map[string]string
		reason string // of the refused call on the chatgpt route; "": it works
		names  string // what the message names
	}{
		"none":                             {``, nil, "", ""},
		"the system's, undone by the user": {`forced_login_method = "chatgpt"`, map[string]string{"config.toml": `forced_login_method = "api"`}, "", ""},
		"the managed one leads":            {`forced_login_method = "chatgpt"`, map[string]string{"managed_config.toml": `forced_login_method = "api"`}, "wrong_kind", "forced_login_method in /etc/codex/managed_config.toml"},
		"a method that is not allowed":     {``, map[string]string{"requirements.toml": `allowed_login_methods = ["api"]`}, "wrong_kind", "allowed_login_methods in /etc/codex/requirements.toml"},
		"a workspace that is not allowed":  {``, map[string]string{"requirements.toml": `allowed_chatgpt_workspaces = ["another"]`}, "account_mismatch", "allowed_chatgpt_workspaces in /etc/codex/requirements.toml"},
		"requirements that are broken":     {``, map[string]string{"requirements.toml": `allowed`}, "unsupported_store", "/etc/codex/requirements.toml is not valid TOML at line 1"},
		"nothing is left":                  {`forced_login_method = "api"`, map[string]string{"requirements.toml": `allowed_login_methods = ["chatgpt"]`}, "unsupported_store", "allow no way to log in"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, h := inLayers(t, c.user, c.layers)
			m := h.call("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello."}`)
			if c.reason == "" {
				assert.Contains(t, said, "Logged in using ChatGPT")
				require.NotNil(t, m.Result, "%s", m.Raw)
				return
			}
			assert.NotContains(t, said, "Logged in using ChatGPT")
			require.NotNil(t, m.Error, "%s", m.Raw)
			assert.Contains(t, string(m.Raw), `"reason":"`+c.reason+`"`)
			assert.Contains(t, string(m.Raw), c.names)
		})
	}
}

// A login that the administrator does not allow is refused before anybody is asked,
// and a change of the files counts at once.
//
// Faults: B11.
func TestLayersRefuseALogin(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	o := options{upstream: sim, home: t.TempDir(), lsp: true}
	cmd := serveCommand(t, o)
	folder := administered(t, cmd)
	requirements := filepath.Join(folder, "requirements.toml")
	require.NoError(t, os.WriteFile(requirements, []byte(`allowed_login_methods = ["api"]`), 0o600))
	h := run(t, cmd, o)
	h.begin()
	refused(t, h.call("1", "auth/login", `{"method":"browser",`+anyPort+`}`), 1005, "login_failed", "denied")
	refused(t, h.call("2", "auth/login", `{"method":"device"}`), 1005, "login_failed", "denied")
	assert.Empty(t, paths(sim))
	key := `{"method":"apiKey","apiKey":"` + sim.Login().PlatformKey + `"}`
	require.NoError(t, os.WriteFile(requirements, []byte(`allowed_login_methods = ["chatgpt"]`), 0o600))
	refused(t, h.call("3", "auth/login", key), 1005, "login_failed", "denied")
	old := time.Now().Add(-time.Hour)
	require.NoError(t, os.WriteFile(requirements, nil, 0o600))
	require.NoError(t, os.Chtimes(requirements, old, old))
	require.NotNil(t, h.call("4", "auth/login", key).Result)
}
