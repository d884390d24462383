//go:build linux

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// moveToKeyring makes home one whose login is in the keyring, as Codex keeps it:
// compact JSON, under the hash of the folder's name.
func moveToKeyring(t *testing.T, k *testcheck.Keyring, home string) (account string) {
	t.Helper()
	resolved, err := filepath.EvalSymlinks(home)
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(resolved))
	account = "cli|" + hex.EncodeToString(sum[:8])
	path := filepath.Join(home, "auth.json")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var compact json.RawMessage
	require.NoError(t, json.Unmarshal(text, &compact))
	text, err = json.Marshal(compact)
	require.NoError(t, err)
	k.Store("Codex Auth", account, string(text))
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte("cli_auth_credentials_store = \"keyring\"\n"), 0o600))
	return account
}

// A login in the keyring is used as one in auth.json is, and evidence says where
// it came from.
//
// Faults: A20.
func TestLoginInTheKeyring(t *testing.T) {
	t.Parallel()
	k := testcheck.StartKeyring(t)
	sim := simulated(t, simulator.Config{})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	moveToKeyring(t, k, home)
	h := spawn(t, options{home: home, upstream: sim, env: k.Env, lsp: lsp})
	first := string(h.call("0", "initialize", "").Result)
	assert.Contains(t, first, `"reason":"keyring"`, "initialize asks no keyring")
	h.send(notification("initialized", ""))
	for model, source := range map[string]string{codexModel: "codex_keyring_oauth", proModel: "codex_keyring_api_key"} {
		o := h.create("1", `{"model":"`+model+`","input":"Hello.","stream":true}`)
		require.Equal(t, "completed", o.status())
		assert.Contains(t, string(o.answer.Result), `"credential_source":"`+source+`"`)
	}
	status := string(h.call("2", "auth/status", "").Result)
	assert.Contains(t, status, `"state":"authenticated","mode":"chatgpt"`)
	assert.NoFileExists(t, filepath.Join(home, "auth.json"))
}

// A keyring that hangs holds up what needs it for 3 s, and nothing else: not
// initialize, not ping, not the end.
func TestHangingKeyring(t *testing.T) {
	t.Parallel()
	k := testcheck.StartKeyring(t)
	sim := simulated(t, simulator.Config{})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	moveToKeyring(t, k, home)
	k.Pause()
	h := spawn(t, options{home: home, upstream: sim, env: k.Env, lsp: lsp})
	start := time.Now()
	h.begin()
	h.ping()
	within(t, start, time.Second)
	start = time.Now()
	refused(t, h.create("1", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`).answer, 1003, "credential_store", "keyring")
	within(t, start, 3*time.Second)
	h.send(request("2", "auth/status", ""), request("3", "shutdown", ""), notification("exit", ""))
	start = time.Now()
	assert.Equal(t, 0, h.exit())
	within(t, start, 1500*time.Millisecond)
	assert.Empty(t, paths(sim))
}

// Without a D-Bus session there is no keyring, no fallback to a leftover
// auth.json, and no D-Bus daemon of ours.
func TestNoKeyring(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	require.NoError(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte("cli_auth_credentials_store = \"keyring\"\n"), 0o600))
	for _, address := range []string{"unix:path=" + home + "/none", "tcp:host=127.0.0.1,port=9", "unixexec:path=/bin/false"} {
		h := spawn(t, options{home: home, upstream: sim, env: []string{"DBUS_SESSION_BUS_ADDRESS=" + address}})
		refused(t, h.create("1", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`).answer, 1003, "credential_store", "keyring")
		status := string(h.call("2", "auth/status", "").Result)
		assert.Contains(t, status, `"state":"error"`)
		assert.Contains(t, status, "auth.json is not used")
	}
	assert.Empty(t, paths(sim))

	// With "auto" it is used, with a warning.
	require.NoError(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte("cli_auth_credentials_store = \"auto\"\n"), 0o600))
	h := spawn(t, options{home: home, upstream: sim, env: []string{"DBUS_SESSION_BUS_ADDRESS=unix:path=" + home + "/none"}})
	o := h.create("1", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`)
	assert.Equal(t, "completed", o.status())
	assert.Contains(t, string(o.answer.Result), `"credential_source":"codex_auth_json_oauth"`)
	assert.Contains(t, string(h.call("2", "auth/status", "").Result), "no keyring in this session")
}

// Codex and signalbox share one entry of the keyring: each reads what the other
// has written.
func TestKeyringBesideCodex(t *testing.T) {
	t.Parallel()
	codexCLI(t)
	k := testcheck.StartKeyring(t)
	sim := simulated(t, simulator.Config{})
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte("cli_auth_credentials_store = \"keyring\"\n"), 0o600))
	device := codex(t, sim, home, "login", "--device-auth", "--experimental_issuer", sim.IssuerURL())
	device.Env = append(slices.DeleteFunc(device.Env, func(v string) bool { return v[:5] == "HOME=" }), k.Env...)
	require.NoError(t, device.Run())
	assert.NoFileExists(t, filepath.Join(home, "auth.json"))
	before := k.Attributes("Codex Auth")
	require.NotEmpty(t, before)

	h := spawn(t, options{home: home, upstream: sim, env: k.Env})
	o := h.create("1", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`)
	require.Equal(t, "completed", o.status())
	assert.Contains(t, string(o.answer.Result), `"credential_source":"codex_keyring_oauth"`)

	// Ours is written into the same entry, and Codex takes it.
	saved := h.call("2", "auth/login", `{"method":"apiKey","apiKey":"`+sim.Login().PlatformKey+`","persist":true}`)
	require.Nil(t, saved.Error, "%s", saved.Error)
	assert.Equal(t, before, k.Attributes("Codex Auth"), "it is still Codex's entry")
	said, code := loginStatus(t, sim, home, k.Env...)
	assert.Equal(t, "Logged in using ChatGPT", said)
	assert.Equal(t, 0, code)
	out := h.call("3", "auth/logout", `{"revoke":false}`)
	require.Nil(t, out.Error, "%s", out.Error)
	assert.Empty(t, k.Attributes("Codex Auth"))
	said, code = loginStatus(t, sim, home, k.Env...)
	assert.Equal(t, "Not logged in", said)
	assert.Equal(t, 1, code)
}

// 12 processes on an expired login in the keyring: one POST, 12 answers, and the
// new tokens are in the entry and nowhere else.
func TestRefreshInTheKeyring(t *testing.T) {
	t.Parallel()
	k := testcheck.StartKeyring(t)
	sim, home := scenarioHome(t, "expired")
	account := moveToKeyring(t, k, home)
	before, attributes := k.Lookup("Codex Auth", account), k.Attributes("Codex Auth")
	var hosts []*host
	for range 12 {
		h := spawn(t, options{home: home, upstream: sim, env: k.Env})
		h.ping()
		hosts = append(hosts, h)
	}
	for _, h := range hosts {
		h.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`))
	}
	for _, h := range hosts {
		m := h.answer("1")
		require.Nil(t, m.Error, "%s", m.Error)
		assert.Contains(t, string(m.Result), `"credential_source":"codex_keyring_oauth"`)
	}
	_, refreshes := exchangesOf(sim)
	assert.Equal(t, 1, refreshes)
	after := k.Lookup("Codex Auth", account)
	assert.False(t, before == after || strings.Contains(after, sim.Login().RefreshToken), "the new tokens are in the entry")
	assert.Equal(t, attributes, k.Attributes("Codex Auth"))

	// The exchange is saved there as well.
	o := hosts[0].create("2", proRequest)
	require.Equal(t, "completed", o.status())
	h := spawn(t, options{home: home, upstream: sim, env: k.Env})
	o = h.create("1", proRequest)
	require.Equal(t, "completed", o.status())
	assert.Contains(t, string(o.answer.Result), `"credential_source":"codex_keyring_api_key"`)
	entries, err := os.ReadDir(home)
	require.NoError(t, err)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(home, e.Name()))
		require.NoError(t, err)
		assert.False(t, e.Name() == "auth.json" || strings.Contains(string(text), testcheck.Canary), e.Name())
	}
}

// 6 of Codex and 6 of ours on one expired login in the keyring: none of ours
// fails, and what is left can be used and refreshed.
func TestRefreshInTheKeyringBesideCodex(t *testing.T) {
	if testing.Short() {
		t.Skip("Codex takes several seconds")
	}
	codexCLI(t)
	k := testcheck.StartKeyring(t)
	sim, home := scenarioHome(t, "expired")
	moveToKeyring(t, k, home)
	issuer := startSlowIssuer(t, sim, 3*time.Second)
	var waits []func() bool
	for range 6 {
		waits = append(waits, appServer(t, sim, home, issuer.URL+"/oauth/token", k.Env...))
	}
	var hosts []*host
	for range 6 {
		h := spawn(t, options{home: home, upstream: sim, env: append(slices.Clone(k.Env), "CODEX_REFRESH_TOKEN_URL_OVERRIDE="+issuer.URL+"/oauth/token")})
		h.ping()
		h.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`))
		hosts = append(hosts, h)
	}
	for _, h := range hosts {
		m := h.answer("1")
		assert.Nil(t, m.Error, "%s", m.Error)
	}
	for _, hasToken := range waits {
		hasToken()
	}
	all, reused := issuer.posts()
	t.Logf("6 processes of Codex and 6 of ours on one expired login in the keyring: %d POSTs, %d reused", all, reused)
	assert.Equal(t, all-1, reused)
	h := spawn(t, options{home: home, upstream: sim, env: k.Env})
	refreshed := h.call("1", "auth/refresh", "")
	require.Nil(t, refreshed.Error, "the refresh token that is left can be spent: %s", refreshed.Error)
	said, code := loginStatus(t, sim, home, k.Env...)
	assert.Equal(t, "Logged in using ChatGPT", said)
	assert.Equal(t, 0, code)
	assert.NoFileExists(t, filepath.Join(home, "auth.json"))
}
