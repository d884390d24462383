package auth

import (
	"cmp"
	"context"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// revokeTimeout bounds the request that revokes a token (docs/credentials.md: Logout).
const revokeTimeout = 10 * time.Second

// Logout forgets the login and the key, in memory, in the store and, with
// revoke, at the issuer: the newest refresh token, or the access token where
// there is none. That the issuer refuses or does not answer is a warning of
// auth/status. It ends a login in progress. Credentials of the environment, and those
// in the store that only Codex serves, stay. removed reports whether there was
// anything to forget. The error is 1003, before anything is revoked, or -32800 when
// ctx ends, while the logout goes on.
func (m *Manager) Logout(ctx context.Context, revoke bool) (removed bool, err error) {
	if l := m.PendingLogin(""); l != nil {
		l.Cancel(nil)
	}
	result := make(chan bool, 1)
	err = m.work.do(ctx, func(ctx context.Context) error {
		var tell func(*store.Snapshot)
		if revoke {
			tell = func(s *store.Snapshot) { m.revoke(ctx, s) }
		}
		removed, err := m.removeLogin(ctx, tell)
		result <- removed
		return err
	})
	if err != nil {
		return false, err
	}
	return <-result, nil
}

// removeLogin is Logout without its login in progress, under the refresh lock, so
// that nobody refreshes meanwhile. revoke is given each login that is forgotten; it
// may be nil.
func (m *Manager) removeLogin(ctx context.Context, revoke func(*store.Snapshot)) (removed bool, err error) {
	removed = m.forgetMemory()
	if m.store == nil {
		return removed, nil
	}
	s := m.store.Load(ctx)
	if s.Err == nil && s.Raw.IsZero() && len(m.store.Orphans()) == 0 {
		return removed, nil // nothing there, and no folder is made for it
	}
	if err := m.store.CheckWritable(); err != nil {
		return false, err
	}
	lock, err := m.store.LockRefresh(ctx, nil)
	if err != nil {
		return false, err
	}
	defer lock.Release()
	s = m.store.Load(ctx)
	if s.Err != nil && protocol.ReasonOf(s.Err) != protocol.ReasonUnsupportedAuthMode {
		return false, s.Err
	}
	// What a killed process left beside the store may be the newest there is.
	left := m.store.Orphans()
	m.revokeAll(append(left, &store.Snapshot{Login: s.Beside, Secrets: s.Secrets}), revoke)
	stored, err := m.store.RemoveLogin()
	if err != nil {
		return false, err
	}
	for _, o := range left {
		m.store.RemoveOrphan(o)
	}
	m.view.stored()
	for _, path := range m.store.Backups() {
		m.watch.notice("a copy of an older login is still in " + path)
	}
	return removed || stored || len(left) > 0, nil
}

// forgetMemory forgets what is in memory only, and reports whether that was
// anything.
func (m *Manager) forgetMemory() (removed bool) {
	removed = m.pending.failure() != nil || m.hasExplicitKey()
	m.pending.forget()
	m.SetExplicitKey(Secret{})
	return m.exchanger.forget() || removed
}

// revokeAll has each refresh token among logins revoked once.
func (m *Manager) revokeAll(logins []*store.Snapshot, revoke func(*store.Snapshot)) {
	seen := map[string]bool{}
	for _, l := range logins {
		m.masked.Add(l.Secrets...)
		if token := l.Login.RefreshToken.Reveal(); revoke != nil && l.Login.HasTokens() && !seen[token] {
			seen[token] = true
			revoke(l)
		}
	}
}

// revoke revokes the login in s at the issuer, as Codex does (RFC 7009): it is
// asked as the client that the login was made with, and another issuer is not
// told.
func (m *Manager) revoke(ctx context.Context, s *store.Snapshot) {
	const still = "the tokens were forgotten and may still be valid: "
	if err := m.refresher.checkIssuer(s); err != nil {
		m.watch.notice(still + err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	clientID := cmp.Or(s.Login.ClientID, m.issuer.Endpoint.ClientID)
	if err := m.issuer.Revoke(ctx, clientID, issuer.Tokens{Refresh: s.Login.RefreshToken, Access: s.Login.AccessToken}); err != nil {
		m.watch.notice(still + err.Error())
	}
}
