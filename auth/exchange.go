package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// idTokenLeeway: an id_token that ends sooner may be expired on arrival.
	idTokenLeeway = 30 * time.Second
	// exchangeTries is how often an exchange is sent that got no answer, or was
	// overtaken by a renewal. It costs nothing: an id_token is not used up.
	exchangeTries = 3
	// maxRefusedExchanges bounds the refusals that are remembered.
	maxRefusedExchanges = 64
)

// exchanges is what this process has got by exchanges. The Manager's mu guards
// it.
type exchanges struct {
	// key that was got last, and whose login it was got with.
	key   Secret
	owner identity
	// refused are the refusals, by id_token.
	refused map[[sha256.Size]byte]*protocol.Error
	running *exchangeRun
	// rejected are keys that the Platform did not accept.
	rejected map[[sha256.Size]byte]bool
}

// exchangeRun is one run, which all that need its key wait for.
type exchangeRun struct {
	done       chan struct{}
	owner      identity
	credential PlatformCredential
	err        *protocol.Error
}

// Exchange trades the id_token of the stored login for a Platform key (RFC 8693).
// Where there is a key of the login already, stored or of an exchange before, it
// is returned and nothing is sent, unless the Platform has refused it. The exchange goes on when ctx ends.
//
// The error is a *protocol.Error: 1001 when there is no login, or its id_token
// has expired and the renewal was refused; 1002 foreign_issuer or bad_override;
// 1003; 1004 when the issuer gives no answer; 1006; -32800 when ctx ends.
func (m *Manager) Exchange(ctx context.Context) (PlatformCredential, error) {
	s := m.load(ctx)
	credential, err := m.exchanged(s)
	if err == nil && credential.key.IsZero() {
		credential, err = m.exchange(ctx, s)
	}
	if err != nil {
		return PlatformCredential{}, err
	}
	return credential, nil
}

// exchanged gives the key of the login in s, without a key where an exchange may
// give one, or why none can be had.
func (m *Manager) exchanged(s *store.Snapshot) (PlatformCredential, *protocol.Error) {
	const need = protocol.CredentialPlatformKey
	all := m.find(s)
	if s.Err != nil {
		return PlatformCredential{}, s.Err
	}
	for _, f := range all {
		if f.due == need && (f.isStored() || f.source == protocol.SourceTokenExchangeAPIKey) && f.looks() == need && !m.isRejected(f.value) {
			return PlatformCredential{Source: f.source, key: f.value}, nil
		}
	}
	if s.Login.IDToken.IsZero() || s.Login.AccessToken.IsZero() {
		return PlatformCredential{}, protocol.NewError(protocol.CodeLoginRequired, "there is no ChatGPT login that could be exchanged for a Platform API key",
			credentialData(protocol.CredentialChatGPT, all, protocol.ReasonNoCredentials, obtain(protocol.CredentialChatGPT)))
	}
	login := found{value: s.Login.IDToken, due: protocol.CredentialChatGPT, where: "the ChatGPT login in " + m.placeOf(s)}
	if err := forbids(s.Config, login, s); err != nil {
		return PlatformCredential{}, mismatch(need, all, err.reason, err.action, err.why)
	}
	if err := m.cannotExchange(s); err != nil {
		return PlatformCredential{}, err
	}
	return PlatformCredential{Source: protocol.SourceTokenExchangeAPIKey}, nil
}

// Rejected notes that the Platform did not accept the key. It stays the one that
// counts (contract 5), but Exchange gets another one in its place.
func (m *Manager) Rejected(key PlatformCredential) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.exchanges.rejected == nil || len(m.exchanges.rejected) >= maxRefusedExchanges {
		m.exchanges.rejected = map[[sha256.Size]byte]bool{}
	}
	m.exchanges.rejected[fingerprint(key.key)] = true
}

func (m *Manager) isRejected(key Secret) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.exchanges.rejected[fingerprint(key)]
}

// cannotExchange is why the stored login cannot be exchanged, without asking
// anybody; nil when it can be tried. s holds an id_token.
func (m *Manager) cannotExchange(s *store.Snapshot) *protocol.Error {
	m.mu.Lock()
	refused := m.exchanges.refused[fingerprint(s.Login.IDToken)]
	m.mu.Unlock()
	switch {
	case refused != nil:
		return refused
	case !issuer.IsJWT(s.Login.IDToken):
		return m.exchangeRefusal(s, protocol.ReasonInvalidIDToken, nil)
	}
	if err := m.foreignIssuer(s); err != nil {
		return err
	}
	if !m.isIDTokenExpired(s) {
		return nil
	}
	if s.Login.RefreshToken.IsZero() {
		return m.exchangeRefusal(s, protocol.ReasonTokenExpired, nil)
	}
	return m.forPlatform(s, m.cannotRenew(s))
}

// isIDTokenExpired reports whether the issuer would refuse the id_token for its
// age. One that does not tell counts as good.
func (m *Manager) isIDTokenExpired(s *store.Snapshot) bool {
	expires := issuer.ParseClaims(s.Login.IDToken).ExpiresAt
	return !expires.IsZero() && !m.cfg.Now().Before(expires.Add(-idTokenLeeway))
}

// forPlatform is the failure of a renewal where a Platform key was wanted.
func (m *Manager) forPlatform(s *store.Snapshot, failure *protocol.Error) *protocol.Error {
	if failure == nil || failure.Code != protocol.CodeLoginRequired {
		return failure
	}
	about := credentialData(protocol.CredentialPlatformKey, m.find(s), failure.Data.Reason, "")
	wanted := *failure
	wanted.Data.Need, wanted.Data.Have, wanted.Data.LoginMethods = about.Need, about.Have, about.LoginMethods
	return &wanted
}

// exchange gets a key for the login in basis, once for all callers at a time, and
// waits until that is over. The exchange goes on when ctx ends; the error is then
// -32800.
func (m *Manager) exchange(ctx context.Context, basis *store.Snapshot) (PlatformCredential, *protocol.Error) {
	owner := ownerOf(&basis.Login)
	for {
		r := m.joinExchange(basis, owner)
		select {
		case <-r.done:
		case <-ctx.Done():
			return PlatformCredential{}, protocol.Cancelled()
		}
		if !sameAccount(r.owner, owner) {
			continue // it was that of another login, which was there before
		}
		return r.credential, r.err
	}
}

// joinExchange gives the exchange that runs, or starts one.
func (m *Manager) joinExchange(basis *store.Snapshot, owner identity) *exchangeRun {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.exchanges.running != nil {
		return m.exchanges.running
	}
	r := &exchangeRun{done: make(chan struct{}), owner: owner}
	m.exchanges.running = r
	go func() {
		r.credential, r.err = m.runExchange(basis)
		m.mu.Lock()
		m.exchanges.running = nil
		m.mu.Unlock()
		close(r.done)
	}()
	return r
}

// runExchange renews an expired id_token, takes our lock, reads the store again,
// posts, and saves the key (contract 5, "Exchange").
func (m *Manager) runExchange(basis *store.Snapshot) (PlatformCredential, *protocol.Error) {
	renewed := false
	for range exchangeTries {
		s := m.load(context.Background())
		credential, err := m.ofSameLogin(basis, s)
		if err != nil || !credential.key.IsZero() {
			return credential, err
		}
		if m.isIDTokenExpired(s) {
			if renewed { // and the issuer gave no newer one
				return PlatformCredential{}, m.remember(s, m.exchangeRefusal(s, protocol.ReasonTokenExpired, nil))
			}
			if err := m.renew(context.Background(), s, whyForced); err != nil {
				return PlatformCredential{}, m.forPlatform(s, err)
			}
			renewed = true
			continue
		}
		credential, err, done := m.exchangeLocked(basis, s, &renewed)
		if done {
			return credential, err
		}
	}
	return PlatformCredential{}, protocol.NewError(protocol.CodeAuthUnavailable, "the login keeps changing while it is exchanged",
		protocol.ErrorData{Reason: protocol.ReasonServerError, Action: "Try again later", Retryable: true})
}

// ofSameLogin is exchanged for a store that must still hold the login of basis.
func (m *Manager) ofSameLogin(basis, s *store.Snapshot) (PlatformCredential, *protocol.Error) {
	if s.Err == nil && (!s.Login.HasTokens() || !sameAccount(ownerOf(&basis.Login), ownerOf(&s.Login))) {
		return PlatformCredential{}, m.forPlatform(s, m.accountChanged(s))
	}
	return m.exchanged(s)
}

// exchangeLocked exchanges the id_token of s under the refresh lock. done is
// false when the login was renewed meanwhile, or has to be.
func (m *Manager) exchangeLocked(basis, s *store.Snapshot, renewed *bool) (credential PlatformCredential, failure *protocol.Error, done bool) {
	release, err := m.store.LockRefresh(context.Background(), func() bool { return m.vital.isClosed() })
	switch {
	case errors.Is(err, store.ErrAdopted):
		return credential, protocol.Cancelled(), true
	case err != nil:
		// Where nothing can be written no lock can be taken either, and no key saved:
		// then it is for this process alone.
		failure := asStoreError(err)
		if reason := failure.Data.Reason; reason != protocol.ReasonReadOnly && reason != protocol.ReasonNotOwner {
			return credential, failure, true
		}
		release = func() {}
	}
	defer func() { release() }()
	now := m.overlay(m.store.Load(context.Background()))
	m.masked.Add(now.Secrets...)
	credential, failure = m.ofSameLogin(basis, now)
	switch {
	case failure != nil || !credential.key.IsZero():
		return credential, failure, true
	case now.Login.IDToken.Reveal() != s.Login.IDToken.Reveal():
		return credential, nil, false
	}
	end, ok := m.begin()
	if !ok {
		return credential, protocol.Cancelled(), true
	}
	defer end()
	key, e := m.postExchange(now)
	if e == nil {
		m.masked.Add(key)
		m.mu.Lock()
		m.exchanges.key, m.exchanges.owner = key, ownerOf(&now.Login)
		m.mu.Unlock()
		m.saveExchanged(now, key)
		return PlatformCredential{Source: protocol.SourceTokenExchangeAPIKey, key: key}, nil, true
	}
	reason := exchangeReason(e)
	if reason == protocol.ReasonTokenExpired && !*renewed && m.cannotRenew(now) == nil {
		// It is older than our clock says. Renewing takes the lock itself.
		release()
		release = func() {}
		if m.renew(context.Background(), now, whyForced) == nil {
			*renewed = true
			return credential, nil, false
		}
	}
	if reason == "" {
		return credential, m.unavailable(e), true
	}
	return credential, m.remember(now, m.exchangeRefusal(now, reason, e)), true
}

// remember keeps a refusal for the id_token of s, which is not exchanged again by
// this process.
func (m *Manager) remember(s *store.Snapshot, failure *protocol.Error) *protocol.Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.exchanges.refused == nil || len(m.exchanges.refused) >= maxRefusedExchanges {
		m.exchanges.refused = map[[sha256.Size]byte]*protocol.Error{}
	}
	m.exchanges.refused[fingerprint(s.Login.IDToken)] = failure
	return failure
}

// exchangedKey is the key that this process got for the login in s; zero for
// none.
func (m *Manager) exchangedKey(s *store.Snapshot) Secret {
	m.mu.Lock()
	key, owner := m.exchanges.key, m.exchanges.owner
	m.mu.Unlock()
	if key.IsZero() || !s.Login.HasTokens() || !sameAccount(owner, ownerOf(&s.Login)) {
		return Secret{}
	}
	return key
}

// errKeepInMemory: the key must not be written where it would be.
var errKeepInMemory = errors.New("the store is not to hold the key")

// saveExchanged writes the key beside the login that it was got with, where
// Codex would not begin to bill it (contract 5); else it stays in memory. The
// caller holds the refresh lock.
func (m *Manager) saveExchanged(with *store.Snapshot, key Secret) {
	err := m.rewriteLocked(false, func(d *store.Document) error {
		now := store.Parse(m.path, d.Text)
		f := &now.Login
		if now.Err != nil || f.IDToken.Reveal() != with.Login.IDToken.Reveal() || !sameAccount(ownerOf(&with.Login), ownerOf(f)) {
			return errStale
		}
		switch mode, err := m.mode(now); {
		case f.AuthMode == store.ModeChatGPT:
		case f.AuthMode == "" && err == nil && mode == protocol.ModeChatGPT && f.APIKey.IsZero():
			d.SetString(store.ModeChatGPT, "auth_mode")
		default:
			return errKeepInMemory
		}
		d.SetSecret(key, "OPENAI_API_KEY")
		return nil
	})
	switch {
	case err == nil:
		return
	case errors.Is(err, errKeepInMemory):
		err = fmt.Errorf("%s has no auth_mode that keeps Codex from billing it", m.placeOf(with))
	case errors.Is(err, errStale):
		err = fmt.Errorf("%s holds another login by now", m.placeOf(with))
	}
	m.notice("the Platform API key of the exchange is kept in memory only: " + err.Error())
	m.changed()
}
