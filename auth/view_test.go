package auth

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// textOf is what auth.json in home holds.
func textOf(t *testing.T, home string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(home, store.FileName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// How temporary files begin, and how old one is that nobody writes any more.
const (
	tempPrefix = ".auth-"
	tempLife   = time.Hour
)

// litter are the temporary files in home.
func litter(t *testing.T, home string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(home, tempPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// replace puts <names> into a text in place of long values.
func names(text string, values map[string]string) string {
	for value, name := range values {
		text = strings.ReplaceAll(text, value, name)
	}
	return text
}

func aLogin(attributes string) newLogin {
	return newLogin{
		Tokens: issuer.Tokens{ID: secret(token(attributes)), Access: secret(token(attributes + " exp=240h")), Refresh: secret("rt_" + canary + "-new")},
		issuer: issuer.DefaultURL, clientID: issuer.DefaultClientID,
	}
}

// What a login writes where there was nothing: as Codex 0.169.0 does.
func TestLoginIsWrittenAsCodexDoes(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "not", "there yet")
	m := NewManager(Config{Home: home, Now: now})
	login := aLogin("")
	if err := m.replaceLogin(t.Context(), login, false); err != nil {
		t.Fatal(err)
	}
	owner := str(store.NewDocument([]byte(textOf(t, home))), "tokens", "login_owner_id")
	equal(t, "length of the owner", len(owner), 43)
	got := names(textOf(t, home), map[string]string{
		login.ID.Reveal(): "ID", login.Access.Reveal(): "ACCESS", login.Refresh.Reveal(): "REFRESH", owner: "OWNER",
	})
	equal(t, "text", got, `{
  "auth_mode": "chatgpt",
  "OPENAI_API_KEY": null,
  "tokens": {
    "id_token": "ID",
    "access_token": "ACCESS",
    "refresh_token": "REFRESH",
    "oauth_provenance": {
      "issuer": "https://auth.openai.com",
      "client_id": "app_EMoamEEZ73f0CkXaXp7hrann"
    },
    "account_id": "acct_1",
    "login_owner_id": "OWNER"
  },
  "last_refresh": "2026-03-01T12:00:00.000000000Z"
}`)
	info, err := os.Stat(home)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "mode of the folder", info.Mode().Perm(), 0o700)
	status, _ := statusOf(t, m)
	equal(t, "mode of the file", *status.File.Mode, "0600")
	equal(t, "state", status.State, protocol.StateAuthenticated)
	equal(t, "litter", len(litter(t, home)), 0)
}

// What a login keeps and what it replaces (docs/credentials.md: Login).
func TestLoginReplaces(t *testing.T) {
	t.Parallel()
	const unknown = `"x_unknown": {"deep": [1.50, {"k": "\u00e9"}]}`
	before := `{` + unknown + `, "last_refresh": 5, "tokens": {"id_token": "<id>", "zz": 1, "access_token": "<access>", "refresh_token": "old"}, "OPENAI_API_KEY": "sk-` + canary + `"}`
	for _, c := range []struct{ name, login, key string }{
		{"same account", "", `"sk-` + canary + `"`},
		{"another account", "account=acct_2", "null"},
		{"another user", "user=user-2", "null"},
	} {
		home := homeWith(t, fill([]byte(before)))
		m := NewManager(Config{Home: home, Now: now})
		if err := m.replaceLogin(t.Context(), aLogin(c.login), false); err != nil {
			t.Fatal(err)
		}
		d := store.NewDocument([]byte(textOf(t, home)))
		equal(t, c.name+": unknown member", string(d.Text[1:1+len(unknown)]), unknown)
		equal(t, c.name+": key", string(d.Value("OPENAI_API_KEY")), c.key)
		equal(t, c.name+": unknown token member", d.Value("tokens", "zz") == nil, true)
		equal(t, c.name+": auth_mode", str(d, "auth_mode"), "chatgpt")
		equal(t, c.name+": refresh token", str(d, "tokens", "refresh_token"), "rt_"+canary+"-new")
	}
}

func TestSaveAPIKey(t *testing.T) {
	t.Parallel()
	key := "sk-" + canary + "-saved"
	home := t.TempDir()
	m := NewManager(Config{Home: home, Now: now})
	if err := m.saveAPIKey(t.Context(), secret(key), false); err != nil {
		t.Fatal(err)
	}
	equal(t, "alone", textOf(t, home), "{\n  \"auth_mode\": \"apikey\",\n  \"OPENAI_API_KEY\": \""+key+"\"\n}")
	home = homeWith(t, fixture(t, "no-mode-tokens-only"))
	m = NewManager(Config{Home: home, Now: now})
	if err := m.saveAPIKey(t.Context(), secret(key), false); err != nil {
		t.Fatal(err)
	}
	d := store.NewDocument([]byte(textOf(t, home)))
	equal(t, "beside tokens", str(d, "auth_mode"), "chatgpt")
	equal(t, "key", str(d, "OPENAI_API_KEY"), key)
	equal(t, "tokens stay", d.Value("tokens", "refresh_token") != nil, true)
}

func TestRemoveLogin(t *testing.T) {
	t.Parallel()
	var revoked []string
	revoke := func(s *store.Snapshot) { revoked = append(revoked, s.Login.RefreshToken.Reveal()) }
	home := homeWith(t, fixture(t, "codex-chatgpt"))
	m := NewManager(Config{Home: home, Now: now})
	m.SetExplicitKey(secret("sk-" + canary + "-explicit"))
	if _, err := m.removeLogin(t.Context(), revoke); err != nil {
		t.Fatal(err)
	}
	equal(t, "gone", textOf(t, home), "")
	equal(t, "revoked", len(revoked), 1)
	status, _ := statusOf(t, m)
	equal(t, "state", status.State, protocol.StateUnauthenticated)
	equal(t, "key", status.Credentials.Platform.Present, false)

	home = homeWith(t, fixture(t, "unknown-members"))
	m = NewManager(Config{Home: home, Now: now})
	if _, err := m.removeLogin(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	d := store.NewDocument([]byte(textOf(t, home)))
	if d.Value("x_unknown") == nil || strings.Contains(string(d.Text), canary) || d.Value("tokens") != nil {
		t.Error("foreign members are gone, or tokens are left")
	}
	// Nothing there: nothing is made.
	home = filepath.Join(t.TempDir(), "absent")
	if _, err := NewManager(Config{Home: home}).removeLogin(t.Context(), revoke); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(home); !errors.Is(err, os.ErrNotExist) {
		t.Error("a logout made the folder")
	}
}

// A file that cannot be parsed is never overwritten, unless the user says so;
// then it is kept (A16).
//
// Faults: A16.
func TestReplaceCorrupt(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"broken-truncated", "broken-empty", "broken-binary", "broken-bom", "broken-array"} {
		text := string(fixture(t, name))
		home := homeWith(t, []byte(text))
		m := NewManager(Config{Home: home, Now: now})
		reason := outcome(t, m.saveAPIKey(t.Context(), secret("sk-"+canary), false))
		equal(t, name, reason, "corrupt")
		equal(t, name+": untouched", textOf(t, home) == text, true)
		if err := m.replaceLogin(t.Context(), aLogin(""), true); err != nil {
			t.Fatal(err)
		}
		kept, err := os.ReadFile(filepath.Join(home, "auth.json.bak"))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, name+": kept", string(kept) == text, true)
		info, _ := os.Stat(filepath.Join(home, "auth.json.bak"))
		equal(t, name+": mode of the copy", info.Mode().Perm(), 0o600)
		status, _ := statusOf(t, m)
		equal(t, name+": state", status.State, protocol.StateAuthenticated)
		equal(t, name+": litter", len(litter(t, home)), 0)
	}
}

func TestUpdateTellsListeners(t *testing.T) {
	t.Parallel()
	home := homeWith(t, fixture(t, "codex-chatgpt"))
	m := NewManager(Config{Home: home, Now: now})
	m.Poll(t.Context())
	told := 0
	stop := m.OnChange(func() { told++ })
	before := m.Generation()
	if err := m.view.rewrite(t.Context(), store.OverLogin, func(d *store.Document) error { d.SetNull("x"); return nil }); err != nil {
		t.Fatal(err)
	}
	equal(t, "told", told, 1)
	equal(t, "generation", m.Generation(), before+1)
	put(t, filepath.Join(home, store.FileName), fixture(t, "codex-apikey")) // another program
	m.Poll(t.Context())
	m.Poll(t.Context())
	equal(t, "told of another program", told, 2)
	stop()
	m.SetExplicitKey(secret("sk-" + canary + "-explicit"))
	equal(t, "stopped", told, 2)
	// An error of the change ends the update, and nothing is written.
	text := textOf(t, home)
	stay := errors.New("stay")
	if err := m.view.rewrite(t.Context(), store.OverLogin, func(d *store.Document) error { d.SetNull("y"); return stay }); !errors.Is(err, stay) {
		t.Error("the error of the change is lost")
	}
	equal(t, "untouched", textOf(t, home) == text, true)
}

// The change is repeated on what another program wrote in between.
func TestUpdateAppliesToTheNewest(t *testing.T) {
	t.Parallel()
	home := homeWith(t, fixture(t, "codex-chatgpt"))
	m := NewManager(Config{Home: home, Now: now})
	tries := 0
	err := m.view.rewrite(t.Context(), store.OverLogin, func(d *store.Document) error {
		if tries++; tries == 1 {
			put(t, filepath.Join(home, store.FileName), fixture(t, "unknown-members"))
		}
		d.SetString("ours", "x_ours")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "tries", tries, 2)
	d := store.NewDocument([]byte(textOf(t, home)))
	equal(t, "theirs and ours", str(d, "x_ours") == "ours" && strings.Contains(string(d.Text), "unknown"), true)
}
