//go:build unix && !darwin

package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/protocol"
)

// keyringHome is a CODEX_HOME whose config.toml names the store.
func keyringHome(t *testing.T, kind string) string {
	t.Helper()
	home := t.TempDir()
	put(t, filepath.Join(home, store.ConfigName), []byte(`cli_auth_credentials_store = "`+kind+`"`))
	return home
}

// codexEntries is the name of Codex's entries.
const codexEntries = "Codex Auth"

// entryOf returns the account of the entry of home, as Codex names it.
func entryOf(t *testing.T, home string) string {
	t.Helper()
	resolved, err := filepath.EvalSymlinks(home)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(resolved))
	return "cli|" + hex.EncodeToString(sum[:])[:16]
}

// enter makes the entry of home, as Codex does.
func enter(t *testing.T, k *testcheck.Keyring, home string, text []byte) {
	t.Helper()
	entry := entryOf(t, home)
	k.Store(codexEntries, entry, string(text))
}

func lookup(t *testing.T, k *testcheck.Keyring, home string) string {
	t.Helper()
	entry := entryOf(t, home)
	return k.Lookup(codexEntries, entry)
}

// With "keyring" the entry counts alone, with "auto" before auth.json, and with
// "file" not at all.
func TestKeyringPrecedence(t *testing.T) {
	k := inSession(t)
	entry, file := fixture(t, "mode-chatgpt-key-and-tokens"), fixture(t, "codex-apikey")
	for _, c := range []struct {
		store             string
		entry, Login      bool
		chatGPT, platform string // source, or reason
		warning           string
	}{
		{"keyring", true, false, "codex_keyring_oauth", "codex_keyring_api_key", ""},
		{"keyring", true, true, "codex_keyring_oauth", "codex_keyring_api_key", "is not used"},
		{"keyring", false, true, "no_credentials", "no_credentials", "is not used"},
		{"keyring", false, false, "no_credentials", "no_credentials", ""},
		{"auto", true, true, "codex_keyring_oauth", "codex_keyring_api_key", "is not used"},
		{"auto", false, true, "wrong_kind", "codex_auth_json_api_key", ""},
		{"auto", false, false, "no_credentials", "no_credentials", ""},
		{"file", true, true, "wrong_kind", "codex_auth_json_api_key", ""},
		{"file", true, false, "no_credentials", "no_credentials", ""},
	} {
		home := keyringHome(t, c.store)
		if c.entry {
			enter(t, k, home, entry)
		}
		if c.Login {
			put(t, filepath.Join(home, store.FileName), file)
		}
		m := NewManager(Config{Home: home, Now: now})
		status, text := statusOf(t, m)
		source := func(row protocol.RouteState) string {
			if row.Available {
				return string(row.CredentialSource)
			}
			return string(row.Reason)
		}
		equal(t, c.store, []string{source(status.Routes[0]), source(status.Routes[1])}, []string{c.chatGPT, c.platform})
		if c.warning == "" != (len(status.Warnings) == 0) || !strings.Contains(text, c.warning) {
			t.Errorf("%+v: warnings %q", c, status.Warnings)
		}
		if c.Login && textOf(t, home) != string(file) {
			t.Error("auth.json was changed")
		}
	}
}

// A login in the keyring is written where it is, member for member, and nothing
// of it is ever on the disk.
func TestKeyringIsWritten(t *testing.T) {
	k := inSession(t)
	home := keyringHome(t, "keyring")
	m := NewManager(Config{Home: home, Now: now})
	ctx := t.Context()
	login := aLogin("")
	equal(t, "login", outcome(t, m.replaceLogin(ctx, login, false)), "")
	if got := store.NewDocument([]byte(lookup(t, k, home))); str(got, "auth_mode") != "chatgpt" || str(got, "tokens", "refresh_token") != login.Refresh.Reveal() {
		t.Error("the entry does not hold the login")
	}
	c, err := m.ChatGPT(ctx)
	equal(t, "used", string(c.Source)+outcome(t, err), "codex_keyring_oauth")

	// Another program changes it; unknown members stay.
	enter(t, k, home, []byte(strings.Replace(lookup(t, k, home), "{", `{"x_unknown": [1.50],`, 1)))
	equal(t, "key", outcome(t, m.saveAPIKey(ctx, secret("sk-"+canary+"-key-0001"), false)), "")
	if got := store.NewDocument([]byte(lookup(t, k, home))); string(got.Value("x_unknown")) != "[1.50]" || str(got, "OPENAI_API_KEY") == "" {
		t.Error("a member was lost")
	}
	p, err := m.Platform(ctx)
	equal(t, "used", string(p.Source)+outcome(t, err), "codex_keyring_api_key")

	equal(t, "logout", outcome(t, logoutOf(m, ctx)), "")
	equal(t, "what is foreign stays", lookup(t, k, home) != "" && !strings.Contains(lookup(t, k, home), canary), true)
	enter(t, k, home, fixture(t, "codex-chatgpt"))
	equal(t, "logout", outcome(t, logoutOf(m, ctx)), "")
	equal(t, "the entry is gone", lookup(t, k, home), "")
	_, err = m.ChatGPT(ctx)
	equal(t, "logged out", outcome(t, err), "no_credentials")

	entries, err := os.ReadDir(home)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if text, _ := os.ReadFile(filepath.Join(home, e.Name())); e.Name() == store.FileName || strings.Contains(string(text), canary) {
			t.Errorf("%s was written", e.Name())
		}
	}
}

// With "auto" a login goes into the keyring, or into auth.json where there is
// none; one that is there stays where it is; a logout leaves neither.
func TestKeyringAuto(t *testing.T) {
	k := inSession(t)
	ctx := t.Context()
	home := keyringHome(t, "auto")
	m := NewManager(Config{Home: home, Now: now})
	equal(t, "login", outcome(t, m.replaceLogin(ctx, aLogin(""), false)), "")
	equal(t, "in the keyring", lookup(t, k, home) != "" && textOf(t, home) == "", true)
	put(t, filepath.Join(home, store.FileName), fixture(t, "codex-apikey")) // left over
	equal(t, "logout", outcome(t, logoutOf(m, ctx)), "")
	equal(t, "logged out", lookup(t, k, home)+textOf(t, home), "")

	home = keyringHome(t, "auto")
	put(t, filepath.Join(home, store.FileName), fixture(t, "codex-chatgpt"))
	m = NewManager(Config{Home: home, Now: now})
	equal(t, "key", outcome(t, m.saveAPIKey(ctx, secret("sk-"+canary+"-key-0001"), false)), "")
	equal(t, "in the file", lookup(t, k, home) == "" && strings.Contains(textOf(t, home), "-key-0001"), true)

	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+home+"/none")
	home = keyringHome(t, "auto")
	m = NewManager(Config{Home: home, Now: now})
	equal(t, "login without a keyring", outcome(t, m.replaceLogin(ctx, aLogin(""), false)), "")
	equal(t, "in the file", textOf(t, home) != "", true)
	c, err := m.ChatGPT(ctx)
	equal(t, "used", string(c.Source)+outcome(t, err), "codex_auth_json_oauth")
}

// Where the keyring is needed and does not work, the reason is "keyring", the
// environment still counts, and nothing falls back to a file.
//
// Faults: A20.
func TestKeyringRefusals(t *testing.T) {
	k := inSession(t)
	ctx := t.Context()
	home := keyringHome(t, "keyring")
	enter(t, k, home, fixture(t, "codex-chatgpt"))
	check := func(t *testing.T, message string) {
		t.Helper()
		m := NewManager(Config{Home: home, Now: now})
		_, err := m.ChatGPT(ctx)
		equal(t, "reason", outcome(t, err), "keyring")
		if err != nil && !strings.Contains(err.Error(), message) {
			t.Errorf("message %q", err)
		}
		equal(t, "login", outcome(t, m.view.rewrite(ctx, store.OverAnything, func(d *store.Document) error { d.SetNull("x"); return nil })), "keyring")
		status, _ := statusOf(t, m)
		equal(t, "status", []any{status.State, status.Routes[0].Reason, status.Credentials.ChatGPT.Reason}, []any{"error", "keyring", "keyring"})
		equal(t, "no file", textOf(t, home), "")
		m = NewManager(Config{Home: home, Now: now, AccessToken: secret(token("")), APIKey: secret("sk-" + canary + "-env")})
		c, err := m.ChatGPT(ctx)
		equal(t, "environment", string(c.Source)+outcome(t, err), "env_oauth_access_token")
	}
	t.Run("locked", func(t *testing.T) {
		k.Lock()
		check(t, "is locked")
	})
	t.Run("no session", func(t *testing.T) {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+home+"/none")
		check(t, "no keyring in this session")
	})
	t.Run("a broken entry", func(t *testing.T) {
		other := inSession(t)
		home := keyringHome(t, "keyring")
		enter(t, other, home, fixture(t, "broken-truncated"))
		m := NewManager(Config{Home: home, Now: now})
		_, err := m.ChatGPT(ctx)
		equal(t, "reason", outcome(t, err), "corrupt")
		equal(t, "kept", outcome(t, m.replaceLogin(ctx, aLogin(""), false)), "corrupt")
		m.pending.forget()
		before := lookup(t, other, home)
		equal(t, "replaced", outcome(t, m.replaceLogin(ctx, aLogin(""), true)), "")
		entry := entryOf(t, home)
		equal(t, "put aside", other.Lookup(codexEntries, entry+".bak") == before, true)
		equal(t, "no file", textOf(t, home), "")
	})
}

// initialize and the watch of the store ask no keyring; one that hangs holds up
// only who needs it, and all of these together no longer than one.
func TestKeyringIsNotAskedUnneeded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	k := inSession(t)
	home := keyringHome(t, "keyring")
	enter(t, k, home, fixture(t, "codex-chatgpt"))
	k.Pause()
	m := NewManager(Config{Home: home, Now: now})
	m.store.Waits.Keyring, m.store.Waits.KeyringRest = time.Second, 2*time.Second
	start := time.Now()
	status := m.InitialStatus(t.Context())
	equal(t, "initialize", []any{status.State, status.Routes[0].Reason}, []any{"error", "keyring"})
	m.Poll(t.Context())
	if time.Since(start) > time.Second {
		t.Error("the keyring was asked")
	}
	start = time.Now()
	answers := make(chan string)
	for range 50 {
		go func() {
			_, err := m.ChatGPT(t.Context())
			answers <- outcome(t, err)
		}()
	}
	for range 50 {
		equal(t, "hangs", <-answers, "keyring")
	}
	if took := time.Since(start); took < m.store.Waits.Keyring || took > 2*m.store.Waits.Keyring+time.Second {
		t.Errorf("50 requests waited for %v", took)
	}
	start = time.Now()
	_, err := m.ChatGPT(t.Context())
	equal(t, "still hangs", outcome(t, err), "keyring")
	if time.Since(start) > time.Second {
		t.Error("it was asked again at once")
	}
	k.Resume()
	time.Sleep(m.store.Waits.KeyringRest)
	c, err := m.ChatGPT(t.Context())
	equal(t, "again", string(c.Source)+outcome(t, err), "codex_keyring_oauth")
	equal(t, "initialize", m.InitialStatus(t.Context()).State, protocol.StateAuthenticated)
}

// A config.toml that names another store, or none that can be known, leaves the
// store alone.
func TestUnsupportedStoreIsLeftAlone(t *testing.T) {
	for _, text := range []string{`cli_auth_credentials_store = "ephemeral"`, `cli_auth_credentials_store = "vault"`, `cli_auth_credentials_store = `} {
		home := t.TempDir()
		put(t, filepath.Join(home, store.ConfigName), []byte(text))
		file := fixture(t, "codex-chatgpt")
		put(t, filepath.Join(home, store.FileName), file)
		m := NewManager(Config{Home: home, Now: now})
		_, err := m.ChatGPT(t.Context())
		equal(t, text, outcome(t, err), "unsupported_store")
		_, err = m.Mode(t.Context())
		equal(t, text, outcome(t, err), "unsupported_store")
		for _, replace := range []bool{false, true} {
			err := m.view.rewrite(t.Context(), overAtLogin(replace), func(d *store.Document) error { d.SetNull("x"); return nil })
			equal(t, "write", outcome(t, err), "unsupported_store")
		}
		equal(t, "logout", outcome(t, logoutOf(m, t.Context())), "unsupported_store")
		equal(t, "kept", textOf(t, home) == string(file), true)
		m = NewManager(Config{Home: home, Now: now, APIKey: secret("sk-" + canary + "-env")})
		p, err := m.Platform(t.Context())
		equal(t, "environment", string(p.Source)+outcome(t, err), "env_openai_api_key")
	}
}

// A keyring that stops answering between the issuer's answer and the save: the
// new tokens are used from memory, never put on the disk, and saved when it
// answers again.
func TestKeyringHangsBeforeTheSave(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	k := inSession(t)
	m, sim := simulated(t, "expired")
	home := m.cfg.Home
	enter(t, k, home, []byte(textOf(t, home)))
	if err := os.Remove(m.path); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(home, store.ConfigName), []byte(`cli_auth_credentials_store = "keyring"`))
	m.store.Waits.Keyring, m.store.Waits.KeyringRest = time.Second, time.Second
	m.at = func(step string) {
		if step == "answer" {
			k.Pause()
		}
	}
	c, err := m.ChatGPT(t.Context())
	equal(t, "used from memory", string(c.Source)+outcome(t, err), "codex_keyring_oauth")
	k.Resume()
	for strings.Contains(lookup(t, k, home), sim.Login().RefreshToken) { // until the test's deadline
		time.Sleep(10 * time.Millisecond)
	}
	m.Drain(t.Context())
	equal(t, "sent", grants(sim), "refresh")
	equal(t, "no file", textOf(t, home), "")
	c, err = at(t, sim, home).ChatGPT(t.Context())
	equal(t, "another process", string(c.Source)+outcome(t, err), "codex_keyring_oauth")
	equal(t, "sent", grants(sim), "refresh")
}

// What was read under the locks counts at once, however fresh what was read
// before is: else an old token would go on being used beside the new one.
func TestKeyringReadUnderALockCounts(t *testing.T) {
	k := inSession(t)
	home := keyringHome(t, "keyring")
	enter(t, k, home, fixture(t, "codex-chatgpt"))
	m := NewManager(Config{Home: home, Now: now})
	c, err := m.PeekChatGPT(t.Context())
	equal(t, "before", c.AccountID+outcome(t, err), "acct_1")
	enter(t, k, home, []byte(strings.ReplaceAll(string(fill([]byte(`{"auth_mode":"chatgpt","tokens":{"id_token":"<id account=acct_2>","access_token":"<access account=acct_2>","refresh_token":"rt"}}`))), "\n", "")))
	c, err = m.PeekChatGPT(t.Context())
	equal(t, "within a second", c.AccountID+outcome(t, err), "acct_1")
	m.store.Load(t.Context())
	c, err = m.PeekChatGPT(t.Context())
	equal(t, "read again", c.AccountID+outcome(t, err), "acct_2")
}
