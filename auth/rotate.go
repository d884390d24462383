package auth

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// renewed is what a renewal gave; what is missing keeps its old value (RFC 6749,
// section 6).
type renewed struct{ idToken, accessToken, refreshToken Secret }

// redeem posts the refresh token. nil and nil: another program has renewed the
// login, and its tokens are in the store.
func (m *Manager) redeem(s *store.Snapshot, why string) (*renewed, *protocol.Error) {
	body := map[string]string{
		"client_id":      cmp.Or(s.Login.ClientID, m.cfg.Issuer.ClientID),
		"grant_type":     "refresh_token",
		"refresh_reason": why,
		"refresh_token":  s.Login.RefreshToken.Reveal(),
	}
	lost := false
	for try := 1; ; try++ {
		m.at("post")
		text, e := m.issuer.postJSON(context.Background(), m.cfg.Issuer.RefreshURL, body, true)
		m.at("answer")
		if e == nil {
			fresh, ok := readRenewed(text)
			if !ok {
				return nil, m.failedRenewal(s, (&issuerError{status: 200}).misunderstood())
			}
			m.masked.Add(fresh.idToken, fresh.accessToken, fresh.refreshToken)
			return fresh, nil
		}
		switch {
		case e.class == issuerReused || e.class == issuerInvalidGrant:
			return nil, m.afterReuse(s, e)
		case e.class == issuerExpired || e.class == issuerRevoked || e.status == 401:
			if m.moved(s) {
				return nil, m.adoptMoved(s)
			}
			return nil, m.refuse(s, e)
		case e.unsent && e.reason != protocol.ReasonTLS && try < connectTries:
		case e.lost && !lost:
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

// readRenewed takes the tokens out of an answer. ok is false when it holds no
// access token, or tokens that cannot be sent: then nothing of it is kept. An
// id_token that Codex could not read is left out.
func readRenewed(text []byte) (fresh *renewed, ok bool) {
	members, _, err := rawjson.Object(text, store.MaxFileDepth, nil)
	if err != nil {
		return nil, false
	}
	one := func(name string) (Secret, bool) {
		m, found := rawjson.Find(members, name)
		if !found || string(m.Value) == "null" {
			return Secret{}, true
		}
		value, isText := rawjson.Unquote(m.Value)
		token := protocol.NewSecret(value)
		return token, isText && (value == "" || isSendable(token))
	}
	id, okID := one("id_token")
	access, okAccess := one("access_token")
	refresh, okRefresh := one("refresh_token")
	if !okAccess || !okRefresh || access.IsZero() {
		return nil, false
	}
	if !okID || !isReadable(id) {
		id = Secret{}
	}
	return &renewed{id, access, refresh}, true
}

// write puts the new tokens into d: the members that there are, each in its
// place.
func (r *renewed) write(d *store.Document, at time.Time) {
	for _, token := range []struct {
		name  string
		value Secret
	}{{"id_token", r.idToken}, {"access_token", r.accessToken}, {"refresh_token", r.refreshToken}} {
		if !token.value.IsZero() {
			d.SetSecret(token.value, "tokens", token.name)
		}
	}
	d.SetString(refreshStamp(at), "last_refresh")
}

// commitRenewed saves the new tokens if the store still holds the refresh token
// that was posted: it is a compare-and-swap. unsaved tells that they are in
// memory only and that the saver has the lock.
func (m *Manager) commitRenewed(s *store.Snapshot, fresh *renewed, release func()) (failure *protocol.Error, unsaved bool) {
	posted, at := s.Login.RefreshToken.Reveal(), m.cfg.Now()
	change := func(d *store.Document) error { fresh.write(d, at); return nil }
	applies := func(now *store.Snapshot) bool {
		if now.Err != nil {
			// Perhaps it will be repaired; it is not overwritten, and the tokens are not
			// thrown away.
			return now.Err.Data.Reason == protocol.ReasonCorrupt
		}
		return now.Login.RefreshToken.Reveal() == posted
	}
	m.mu.Lock()
	m.fresh = freshToken{token: fingerprint(fresh.accessToken), at: time.Now()}
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
func (m *Manager) afterReuse(s *store.Snapshot, e *issuerError) *protocol.Error {
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
func (m *Manager) refuse(s *store.Snapshot, e *issuerError) *protocol.Error {
	const need = protocol.CredentialChatGPT
	about := func(reason protocol.Reason, message string) *protocol.Error {
		data := credentialData(need, m.find(s), reason, obtain(need))
		data.HTTPStatus, data.Upstream = e.status, m.issuerSaid(e)
		return protocol.NewError(protocol.CodeLoginRequired, message, data)
	}
	failure := about(protocol.ReasonRefreshRevoked, "the issuer does not accept the refresh token any more")
	switch e.class {
	case issuerExpired:
		failure = about(protocol.ReasonRefreshExpired, "the refresh token has expired")
	case issuerReused:
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
