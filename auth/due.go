package auth

import (
	"crypto/sha256"
	"math/rand/v2"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// When a login is renewed (contract 5).
const (
	// renewBefore is how long before the expiry of the access token.
	renewBefore = 5 * time.Minute
	// renewJitter moves that for each process, so that not all of those that share
	// a login begin in the same second: between 4:30 and 5:30.
	renewJitter = 30 * time.Second
	// renewAge is the age of last_refresh where the expiry cannot be read.
	renewAge = 8 * 24 * time.Hour
	// renewPause is the least time between two renewals that nobody asked for: a
	// clock that is wrong by more than a token lives must not renew without end.
	renewPause = 30 * time.Second
)

// Why a login is renewed, in Codex's words of refresh_reason.
const (
	whyExpiry    = "proactive_expiry"
	whyScheduled = "scheduled"
	whyForced    = "forced"
	// whyRejected: the upstream answered 401. What Codex says then is not known,
	// so it is a word that the issuer knows.
	whyRejected = whyForced
)

// jitter is drawn once for each Manager.
func jitter() time.Duration { return time.Duration(rand.Int64N(int64(2*renewJitter))) - renewJitter }

// due tells why the stored login has to be renewed now; "" when it has not.
func (m *Manager) due(s *store.Snapshot) string {
	f := &s.Login
	if f.RefreshToken.IsZero() || f.AccessToken.IsZero() {
		return ""
	}
	why := ""
	now, expires := m.cfg.Now(), issuer.ParseClaims(f.AccessToken).ExpiresAt
	switch {
	case !expires.IsZero():
		if !now.Before(expires.Add(-renewBefore - m.jitter)) {
			why = whyExpiry
		}
	case !f.LastRefresh.IsZero() && now.Sub(f.LastRefresh) > renewAge:
		why = whyScheduled
	}
	if why != "" && m.isFresh(f.AccessToken) {
		return ""
	}
	return why
}

// isFresh reports whether this process got the access token by a renewal less
// than renewPause ago. Such a token is used whatever the clock says of it.
func (m *Manager) isFresh(access Secret) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fresh.token == fingerprint(access) && time.Since(m.fresh.at) < renewPause
}

// isFreshAndUntried reports whether the access token is fresh, and the upstream
// has not accepted it yet.
func (m *Manager) isFreshAndUntried(access Secret) bool {
	isFresh := m.isFresh(access)
	m.mu.Lock()
	defer m.mu.Unlock()
	return isFresh && !m.fresh.worked
}

// Accepted notes that the upstream has accepted a credential: when it refuses it
// later, that is a reason to renew it, however fresh it is.
func (m *Manager) Accepted(c ChatGPTCredential) {
	m.mu.Lock()
	fresh := m.fresh
	m.mu.Unlock()
	if fresh.at.IsZero() || fresh.worked || fresh.token != fingerprint(c.token) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fresh.token == fresh.token {
		m.fresh.worked = true
	}
}

// fingerprint stands for a token where only equality counts.
func fingerprint(token Secret) [sha256.Size]byte { return sha256.Sum256([]byte(token.Reveal())) }

// cannotRenew is why the stored login cannot be renewed, without asking anybody;
// nil when it can be tried. A token that was refused is never sent again by this
// process (contract 5).
func (m *Manager) cannotRenew(s *store.Snapshot) *protocol.Error {
	const need = protocol.CredentialChatGPT
	all := m.find(s)
	if failure := m.foreignIssuer(s); failure != nil {
		return failure
	}
	if s.Login.RefreshToken.IsZero() {
		return protocol.NewError(protocol.CodeLoginRequired, "there is no refresh token in "+m.placeOf(s),
			credentialData(need, all, protocol.ReasonTokenExpired, obtain(need)))
	}
	if !issuer.IsSendable(s.Login.RefreshToken) {
		return mismatch(need, all, protocol.ReasonWrongKind, obtain(need),
			"tokens.refresh_token in "+m.placeOf(s)+" holds blanks or control characters")
	}
	m.mu.Lock()
	refused := m.refused[fingerprint(s.Login.RefreshToken)]
	m.mu.Unlock()
	if refused != nil || m.store == nil {
		return refused
	}
	return m.store.CheckLogin(s) // what cannot be saved is not asked for
}

// foreignIssuer refuses to send tokens of the store to an issuer that they are
// not from; nil when they may be.
func (m *Manager) foreignIssuer(s *store.Snapshot) *protocol.Error {
	const need = protocol.CredentialChatGPT
	if m.issuer.Endpoint.Bad != "" {
		return badOverride(m.issuer.Endpoint.Bad)
	}
	if from := s.Login.Issuer; from != "" && from != m.issuer.Endpoint.URL {
		return mismatch(need, m.find(s), protocol.ReasonForeignIssuer, obtain(need),
			"the login in "+m.placeOf(s)+" comes from another issuer than the one in use")
	}
	return nil
}
