package simulator

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"sync"
	"time"
)

// defaultClientID is the OAuth client of Codex.
const defaultClientID = "app_EMoamEEZ73f0CkXaXp7hrann"

const codeLife = 10 * time.Minute

// ledger is what the issuer has given out, and to whom.
type ledger struct {
	issuer string
	identity

	mu      sync.Mutex // guards what follows
	access  map[string]grant
	ids     map[string]grant
	refresh map[string]*refreshGrant
	keys    map[string]bool
	codes   map[string]codeGrant
	devices map[string]*device
	// granted and reused count refreshes.
	granted, reused int
}

// session is one login. Revoking its refresh token ends all of it (RFC 7009, 2.1).
type session struct {
	id, client string
	revoked    bool
}

type grant struct {
	session *session
	expires time.Time
}

func (g grant) live(now time.Time) bool {
	return g.session != nil && !g.session.revoked && now.Before(g.expires)
}

type refreshGrant struct {
	session *session
	used    bool
}

// codeGrant is an authorization code that was not redeemed yet.
type codeGrant struct {
	client, redirectURI, challenge string
	expires                        time.Time
}

// refusal is an error of the token endpoint.
type refusal struct {
	status        int
	code, message string
}

const (
	textReused  = "Your refresh token has already been used to generate a new access token. Please try signing in again."
	textRevoked = "Your refresh token has been invalidated. Please try signing in again."
)

func newLedger(issuer string) *ledger {
	return &ledger{
		issuer: issuer,
		identity: identity{
			AccountID: randomUUID(),
			UserID:    "user-" + randomHex(12),
			Email:     "ada@example.com",
			PlanType:  "plus",
		},
		access:  map[string]grant{},
		ids:     map[string]grant{},
		refresh: map[string]*refreshGrant{},
		keys:    map[string]bool{},
		codes:   map[string]codeGrant{},
		devices: map[string]*device{},
	}
}

// login begins a session at some time.
func (l *ledger) login(client string, at time.Time) tokenSet {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.issue(&session{id: randomUUID(), client: client}, at)
}

// issue returns tokens to a session, valid from now; l.mu is held.
func (l *ledger) issue(s *session, now time.Time) tokenSet {
	set := l.tokens(s, now)
	l.access[set.Access] = grant{s, now.Add(accessTokenLife)}
	l.ids[set.ID] = grant{s, now.Add(idTokenLife)}
	l.refresh[set.Refresh] = &refreshGrant{session: s}
	return set
}

// authorize returns a code for what the authorization request said.
func (l *ledger) authorize(client, redirectURI, challenge string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	code := "ac_" + Canary + "." + randomHex(16)
	l.codes[code] = codeGrant{client, redirectURI, challenge, time.Now().Add(codeLife)}
	return code
}

// redeem returns the session of a code. Any attempt consumes the code, so that a
// stolen one cannot be tried twice.
func (l *ledger) redeem(code, client, redirectURI, verifier string) (tokenSet, *refusal) {
	invalid := func(why string) (tokenSet, *refusal) {
		return tokenSet{}, &refusal{http.StatusBadRequest, "invalid_grant", why}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	g, known := l.codes[code]
	delete(l.codes, code)
	sum := sha256.Sum256([]byte(verifier))
	switch {
	case !known || time.Now().After(g.expires):
		return invalid("The authorization code is unknown, expired or was used before.")
	case g.client != client:
		return invalid("The authorization code was issued to another client.")
	case g.redirectURI != redirectURI:
		return invalid("The redirect_uri is not the one of the authorization request.")
	case base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge: // RFC 7636, 4.6
		return invalid("The code_verifier does not match the code_challenge.")
	}
	return l.issue(&session{id: randomUUID(), client: client}, time.Now()), nil
}

// rotate trades a refresh token for new tokens, once.
func (l *ledger) rotate(token, client string) (tokenSet, *refusal) {
	invalid := func(code, why string) (tokenSet, *refusal) {
		return tokenSet{}, &refusal{http.StatusUnauthorized, code, why}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	g, known := l.refresh[token]
	switch {
	case !known || g.session.revoked:
		return invalid("refresh_token_invalidated", textRevoked)
	case g.session.client != client:
		return invalid("invalid_client", "The refresh token was issued to another client.")
	case g.used:
		l.reused++
		return invalid("refresh_token_reused", textReused)
	}
	g.used = true
	l.granted++
	return l.issue(g.session, time.Now()), nil
}

// exchange trades an id_token for a Platform key.
func (l *ledger) exchange(token, client string) (string, *refusal) {
	invalid := func(code, why string) (string, *refusal) {
		return "", &refusal{http.StatusBadRequest, code, why}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	g, known := l.ids[token]
	switch {
	case !known || g.session.revoked:
		return invalid("invalid_id_token", "Invalid ID token.")
	case g.session.client != client:
		return invalid("invalid_id_token", "Invalid ID token: issued to another client.")
	case !g.live(time.Now()):
		return invalid("token_expired", "Invalid ID token: expired.")
	}
	key := platformKey()
	l.keys[key] = true
	return key, nil
}

// newKey is a key that was made by hand.
func (l *ledger) newKey() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := platformKey()
	l.keys[key] = true
	return key
}

// revoke ends whatever the token belongs to; one that belongs to nothing is no
// error (RFC 7009, 2.2).
func (l *ledger) revoke(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g, ok := l.refresh[token]; ok {
		g.session.revoked = true
	}
	delete(l.access, token)
	delete(l.keys, token)
}

func (l *ledger) acceptsAccess(token string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.access[token].live(time.Now())
}

func (l *ledger) acceptsKey(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keys[key]
}
