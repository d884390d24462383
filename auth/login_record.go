package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// newLogin is a login as the issuer gave it.
type newLogin struct {
	issuer.Tokens
	// issuer and clientID are those that the login was made with.
	issuer, clientID string
}

// replaceLogin writes a login in the place of the old one (docs/credentials.md: Login): it
// replaces auth_mode, last_refresh and the whole of tokens, keeps OPENAI_API_KEY
// for the same account and user only, and keeps every unknown member at the top.
// With replaceCorrupt a file that cannot be parsed, or is of a kind that only
// Codex serves, is put aside as auth.json.bak.
//
// When the login cannot be written, the error says why, and the login is in use
// in this process; it is written as soon as that is possible. A login that Codex
// could not read is a 1004, and nothing is kept of it.
func (m *Manager) replaceLogin(ctx context.Context, login newLogin, replaceCorrupt bool) error {
	if !issuer.IsReadable(login.ID) || !issuer.IsSendable(login.Access) || !issuer.IsSendable(login.Refresh) {
		return m.unavailable(issuer.BadAnswer())
	}
	m.masked.Add(login.ID, login.Access, login.Refresh)
	owner := base64.RawURLEncoding.EncodeToString(randomBytes(32))
	at := m.cfg.Now()
	change := func(d *store.Document) error { login.write(d, m.path, owner, at); return nil }
	m.pending.forget() // which would hold the lock, and is replaced
	err := m.view.rewrite(ctx, overAtLogin(replaceCorrupt), change)
	if err != nil {
		m.pending.keep(err, change, func(*store.Snapshot) bool { return true })
	}
	return err
}

// write puts the login into d as Codex writes it.
func (login *newLogin) write(d *store.Document, path, owner string, at time.Time) {
	before := store.Parse(path, d.Text).Login
	after := store.Login{IDToken: login.ID, AccessToken: login.Access}
	d.SetString(store.ModeChatGPT, "auth_mode")
	if before.APIKey.IsZero() || !before.HasTokens() || !sameAccount(ownerOf(&before), ownerOf(&after)) {
		d.SetNull("OPENAI_API_KEY")
	}
	d.Set([]byte("{}"), "tokens")
	d.SetSecret(login.ID, "tokens", "id_token")
	d.SetSecret(login.Access, "tokens", "access_token")
	d.SetSecret(login.Refresh, "tokens", "refresh_token")
	d.SetString(login.issuer, "tokens", "oauth_provenance", "issuer")
	d.SetString(login.clientID, "tokens", "oauth_provenance", "client_id")
	if id := ownerOf(&after).accountID; id != "" {
		d.SetString(id, "tokens", "account_id")
	}
	d.SetString(owner, "tokens", "login_owner_id")
	d.SetString(refreshStamp(at), "last_refresh")
}

// saveAPIKey writes a Platform key: beside tokens, which stay, with auth_mode
// "chatgpt", so that Codex does not start to bill the key; alone, as Codex
// writes it. replaceCorrupt is as in replaceLogin.
func (m *Manager) saveAPIKey(ctx context.Context, key Secret, replaceCorrupt bool) error {
	m.masked.Add(key)
	return m.view.rewrite(ctx, overAtLogin(replaceCorrupt), func(d *store.Document) error {
		mode := store.ModeAPIKey
		if f := store.Parse(m.path, d.Text).Login; f.HasTokens() {
			mode = store.ModeChatGPT
		}
		d.SetString(mode, "auth_mode")
		d.SetSecret(key, "OPENAI_API_KEY")
		return nil
	})
}

// overAtLogin returns what a login is written over: also credentials that only Codex
// serves, which stay beside it.
func overAtLogin(replaceCorrupt bool) store.Over {
	if replaceCorrupt {
		return store.OverAnything
	}
	return store.OverForeign
}

// SetExplicitKey sets the Platform key that this process was given; it goes
// before every other one and is nowhere written. The zero Secret removes it.
func (m *Manager) SetExplicitKey(key Secret) {
	key = trimmed(key)
	m.mu.Lock()
	isNew := m.explicit.Reveal() != key.Reveal()
	m.explicit = key
	m.masked.Add(key)
	m.mu.Unlock()
	if isNew {
		m.watch.changed()
	}
}

// refreshStamp writes a time as Codex does: UTC with nanoseconds and Z.
func refreshStamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// errStale: a change no longer applies to what the store holds.
var errStale = errors.New("the store holds another login")

// ownerOf is who the tokens of a file belong to.
func ownerOf(f *store.Login) identity {
	return identify(found{value: f.AccessToken, source: protocol.SourceAuthJSONOAuth}, f)
}

// sameAccount reports whether two logins are of one account and one user
// (docs/credentials.md: Refresh): both account and user are equal, or, where a user is not known,
// the subjects of the tokens.
func sameAccount(a, b identity) bool {
	if a.accountID != b.accountID {
		return false
	}
	if a.userID != "" && b.userID != "" {
		return a.userID == b.userID
	}
	return a.subject == b.subject
}
