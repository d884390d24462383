package auth

import (
	"crypto/sha256"
	"math/rand/v2"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// When a login is refreshed (docs/credentials.md: Refresh).
const (
	// refreshBefore is how long before the expiry of the access token.
	refreshBefore = 5 * time.Minute
	// refreshJitter moves that for each process, so that not all of those that share
	// a login begin in the same second: between 4:30 and 5:30.
	refreshJitter = 30 * time.Second
	// refreshAge is the age of last_refresh where the expiry cannot be read.
	refreshAge = 8 * 24 * time.Hour
	// refreshPause is the least time between two refreshes that nobody asked for: a
	// clock that is wrong by more than a token lives must not refresh without end.
	refreshPause = 30 * time.Second
)

// Why a login is refreshed, in Codex's words of refresh_reason.
const (
	whyExpiry    = "proactive_expiry"
	whyScheduled = "scheduled"
	whyForced    = "forced"
	// whyRejected: the upstream answered 401. What Codex says then is not known,
	// so it is a word that the issuer knows.
	whyRejected = whyForced
)

// jitter is drawn once for each Manager.
func jitter() time.Duration {
	return time.Duration(rand.Int64N(int64(2*refreshJitter))) - refreshJitter
}

// whyDue returns why the stored login has to be refreshed now; "" when it has not.
func (r *refresher) whyDue(s *store.Snapshot) string {
	f := &s.Login
	if f.RefreshToken.IsZero() || f.AccessToken.IsZero() {
		return ""
	}
	why := ""
	now, expires := r.m.cfg.Now(), issuer.ParseClaims(f.AccessToken).ExpiresAt
	switch {
	case !expires.IsZero():
		if !now.Before(expires.Add(-refreshBefore - r.jitter)) {
			why = whyExpiry
		}
	case !f.LastRefresh.IsZero() && now.Sub(f.LastRefresh) > refreshAge:
		why = whyScheduled
	}
	if why != "" && r.isFresh(f.AccessToken) {
		return ""
	}
	return why
}

// isFresh reports whether this process got the access token by a refresh less
// than refreshPause ago. Such a token is used whatever the clock says of it.
func (r *refresher) isFresh(access Secret) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fresh.token == fingerprint(access) && time.Since(r.fresh.at) < refreshPause
}

// isFreshAndUntried reports whether the access token is fresh, and the upstream
// has not accepted it yet.
func (r *refresher) isFreshAndUntried(access Secret) bool {
	isFresh := r.isFresh(access)
	r.mu.Lock()
	defer r.mu.Unlock()
	return isFresh && !r.fresh.worked
}

// Accepted notes that the upstream has accepted a credential: when it refuses it
// later, that is a reason to refresh it, however fresh it is.
func (m *Manager) Accepted(c ChatGPTCredential) {
	r := &m.refresher
	r.mu.Lock()
	fresh := r.fresh
	if r.rejected.err != nil && r.rejected.token == fingerprint(c.token) {
		r.rejected = rejectedToken{}
	}
	r.mu.Unlock()
	if fresh.at.IsZero() || fresh.worked || fresh.token != fingerprint(c.token) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fresh.token == fresh.token {
		r.fresh.worked = true
	}
}

// noteRejected remembers a token that the upstream has refused, if only a new login
// helps.
func (r *refresher) noteRejected(token Secret, err error) {
	if protocol.CodeOf(err) != protocol.CodeLoginRequired {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rejected = rejectedToken{fingerprint(token), err}
}

// rejection returns why a token that the upstream has refused could not be
// replaced; nil for any other token.
func (r *refresher) rejection(token Secret) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rejected.err == nil || r.rejected.token != fingerprint(token) {
		return nil
	}
	return r.rejected.err
}

// fingerprint identifies a token where only equality counts.
func fingerprint(token Secret) [sha256.Size]byte { return sha256.Sum256([]byte(token.Reveal())) }

// checkRefresh is why the stored login cannot be refreshed, without asking anybody;
// nil when it can be tried. A token that was refused is never sent again by this
// process (docs/credentials.md: Refresh).
func (r *refresher) checkRefresh(s *store.Snapshot) error {
	const need = protocol.CredentialChatGPT
	all := r.m.find(s)
	if failure := r.checkIssuer(s); failure != nil {
		return failure
	}
	if s.Login.RefreshToken.IsZero() {
		return protocol.NewError(protocol.CodeLoginRequired, "there is no refresh token in "+r.m.placeOf(s),
			credentialData(need, all, protocol.ReasonTokenExpired, obtain(need)))
	}
	if !issuer.IsSendable(s.Login.RefreshToken) {
		return mismatch(need, all, protocol.ReasonWrongKind, obtain(need),
			"tokens.refresh_token in "+r.m.placeOf(s)+" holds blanks or control characters")
	}
	r.mu.Lock()
	refused := r.refused[fingerprint(s.Login.RefreshToken)]
	r.mu.Unlock()
	if refused != nil || r.m.store == nil {
		return refused
	}
	return r.m.store.CheckLogin(s) // what cannot be saved is not asked for
}

// checkIssuer refuses to send tokens of the store to an issuer that they are
// not from; nil when they may be.
func (r *refresher) checkIssuer(s *store.Snapshot) error {
	const need = protocol.CredentialChatGPT
	if r.m.issuer.Endpoint.Bad != "" {
		return badOverride(r.m.issuer.Endpoint.Bad)
	}
	if from := s.Login.Issuer; from != "" && from != r.m.issuer.Endpoint.URL {
		return mismatch(need, r.m.find(s), protocol.ReasonForeignIssuer, obtain(need),
			"the login in "+r.m.placeOf(s)+" comes from another issuer than the one in use")
	}
	return nil
}
