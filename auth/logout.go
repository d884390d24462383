package auth

import (
	"cmp"
	"context"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
)

// revokeTimeout bounds the request that revokes a token (docs/credentials.md: Logout).
const revokeTimeout = 10 * time.Second

// Logout forgets the login and the key, in memory, in the store and, with
// revoke, at the issuer: the newest refresh token, or the access token where
// there is not one. That the issuer refuses or does not answer is a warning of
// auth/status. It ends a login that waits. Credentials of the environment still
// count. The error is 1003, or -32800 when ctx ends, while the logout goes on.
func (m *Manager) Logout(ctx context.Context, revoke bool) error {
	if l := m.PendingLogin(""); l != nil {
		l.Cancel(nil)
	}
	return m.work.do(ctx, func(ctx context.Context) error {
		var tell func(refreshToken, accessToken Secret)
		if revoke {
			s := m.view.load(ctx)
			tell = func(refreshToken, accessToken Secret) { m.revoke(ctx, s, refreshToken, accessToken) }
		}
		return m.removeLogin(ctx, tell)
	})
}

// revoke revokes the login in s at the issuer, as Codex does (RFC 7009): it is
// asked as the client that the login was made with, and another issuer is not
// told.
func (m *Manager) revoke(ctx context.Context, s *store.Snapshot, refreshToken, accessToken Secret) {
	const still = "the tokens were forgotten and may still be valid: "
	if err := m.refresher.checkIssuer(s); err != nil {
		m.watch.notice(still + err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	clientID := cmp.Or(s.Login.ClientID, m.issuer.Endpoint.ClientID)
	if err := m.issuer.Revoke(ctx, clientID, issuer.Tokens{Refresh: refreshToken, Access: accessToken}); err != nil {
		m.watch.notice(still + err.Error())
	}
}
