package auth

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// postRefresh posts the refresh token. nil and nil: another program has refreshed
// the login, and its tokens are in the store.
func (m *Manager) postRefresh(s *store.Snapshot, why string) (*issuer.Tokens, *protocol.Error) {
	clientID := cmp.Or(s.Login.ClientID, m.issuer.Endpoint.ClientID)
	lost := false
	for try := 1; ; try++ {
		m.at("post")
		fresh, err := m.issuer.Refresh(context.Background(), clientID, s.Login.RefreshToken, why)
		m.at("answer")
		if err == nil {
			m.masked.Add(fresh.ID, fresh.Access, fresh.Refresh)
			return &fresh, nil
		}
		e := asIssuerError(err)
		switch {
		case e.IsSpent():
			return nil, m.afterReuse(s, e)
		case e.IsFinal():
			if m.moved(s) {
				return nil, m.adoptMoved(s)
			}
			return nil, m.refuse(s, e)
		case e.IsUnsent() && try < connectTries:
		case e.IsLost() && !lost:
			// It may have been processed: once more, unless the disk has moved.
			lost = true
			if m.moved(s) {
				return nil, m.adoptMoved(s)
			}
		default:
			return nil, m.failedRenewal(s, e)
		}
		pause := float64(m.waits.retry<<(try-1)) * (0.75 + 0.5*rand.Float64())
		time.Sleep(time.Duration(pause))
	}
}

// writeTokens puts the new tokens into d: the members that there are, each in its
// place.
func writeTokens(d *store.Document, fresh issuer.Tokens, at time.Time) {
	for _, token := range []struct {
		name  string
		value Secret
	}{{"id_token", fresh.ID}, {"access_token", fresh.Access}, {"refresh_token", fresh.Refresh}} {
		if !token.value.IsZero() {
			d.SetSecret(token.value, "tokens", token.name)
		}
	}
	d.SetString(refreshStamp(at), "last_refresh")
}

// commitRenewed saves the new tokens if the store still holds the refresh token
// that was posted: it is a compare-and-swap. unsaved tells that they are in
// memory only and that the saver has the lock.
func (m *Manager) commitRenewed(s *store.Snapshot, fresh *issuer.Tokens, release func()) (failure *protocol.Error, unsaved bool) {
	posted, at := s.Login.RefreshToken.Reveal(), m.cfg.Now()
	change := func(d *store.Document) error { writeTokens(d, *fresh, at); return nil }
	applies := func(now *store.Snapshot) bool {
		if now.Err != nil {
			// Perhaps it will be repaired; it is not overwritten, and the tokens are not
			// thrown away.
			return now.Err.Data.Reason == protocol.ReasonCorrupt
		}
		return now.Login.RefreshToken.Reveal() == posted
	}
	m.mu.Lock()
	m.fresh = freshToken{token: fingerprint(fresh.Access), at: time.Now()}
	m.rest = rest{}
	m.mu.Unlock()
	for now := s; ; now = m.store.Load(context.Background()) {
		if !applies(now) {
			return m.adoptMoved(s), false // ours are dropped
		}
		if now.Err != nil {
			m.keepLocked(now.Err, change, applies, release)
			return now.Err, true
		}
		text := []byte(now.Raw.Reveal())
		d := store.NewDocument(text)
		_ = change(d)
		err := m.store.Commit(text, d.Text)
		switch {
		case errors.Is(err, store.ErrChanged):
			continue
		case err != nil:
			m.keepLocked(err, change, applies, release)
			return asStoreError(err), true
		}
		m.stored()
		return nil, false
	}
}

// moved reports whether the store holds another refresh token than s by now, or
// none.
func (m *Manager) moved(s *store.Snapshot) bool {
	now := m.store.Load(context.Background())
	return now.Err == nil && now.Login.RefreshToken.Reveal() != s.Login.RefreshToken.Reveal()
}

// adoptMoved judges a store that holds another login than s: nil when it is one
// of the same account, which is then used.
func (m *Manager) adoptMoved(s *store.Snapshot) *protocol.Error {
	now := m.store.Load(context.Background())
	if now.Err == nil && now.Login.HasTokens() && sameAccount(ownerOf(&s.Login), ownerOf(&now.Login)) {
		return nil
	}
	return m.accountChanged(now)
}

// afterReuse watches the store for the tokens of whoever spent ours. Codex's
// locks are not held meanwhile: the winner may wait for them.
func (m *Manager) afterReuse(s *store.Snapshot, e *issuer.Error) *protocol.Error {
	for deadline := time.Now().Add(m.waits.reused); ; time.Sleep(store.LockPoll) {
		if m.moved(s) {
			return m.adoptMoved(s)
		}
		if time.Now().After(deadline) || m.vital.isClosed() {
			if m.adoptOrphan(s) {
				return nil
			}
			return m.refuse(s, e)
		}
	}
}

// refuse remembers that the issuer will not take the refresh token, and gives
// the 1001 that says so.
func (m *Manager) refuse(s *store.Snapshot, e *issuer.Error) *protocol.Error {
	const need = protocol.CredentialChatGPT
	about := func(reason protocol.Reason, message string) *protocol.Error {
		data := credentialData(need, m.find(s), reason, obtain(need))
		data.HTTPStatus, data.Upstream = e.Status, m.issuerSaid(e)
		return protocol.NewError(protocol.CodeLoginRequired, message, data)
	}
	failure := about(protocol.ReasonRefreshRevoked, "the issuer does not accept the refresh token any more")
	switch e.Verdict {
	case issuer.Expired:
		failure = about(protocol.ReasonRefreshExpired, "the refresh token has expired")
	case issuer.Reused:
		failure = about(protocol.ReasonRefreshReused, "the refresh token was reused: another program has spent it and not saved the new one here")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refused == nil || len(m.refused) >= maxRefused {
		m.refused = map[[32]byte]*protocol.Error{}
	}
	m.refused[fingerprint(s.Login.RefreshToken)] = failure
	return failure
}
