package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/flight"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// idTokenLeeway: an id_token that ends sooner may be expired on arrival.
	idTokenLeeway = 30 * time.Second
	// exchangeTries is how often an exchange is sent that got no answer, or was
	// overtaken by a refresh. It costs nothing: an id_token is not used up.
	exchangeTries = 3
	// maxRefusedExchanges bounds the refusals that are remembered.
	maxRefusedExchanges = 64
)

// exchanger gets Platform keys for the login in the store, and remembers what this
// process got. mu guards what follows it and is not held while anything is read,
// sent or called.
type exchanger struct {
	m *Manager
	// running is the exchange that runs, which all that need its key wait for.
	running flight.Group[struct{}, exchangeResult]

	mu sync.Mutex
	// key that was got last, and whose login it was got with.
	key   Secret
	owner identity
	// refused are the refusals, by id_token.
	refused map[[sha256.Size]byte]error
	// rejected are keys that the Platform did not accept.
	rejected map[[sha256.Size]byte]bool
}

// exchangeResult is how a run of an exchange ended.
type exchangeResult struct {
	owner      identity // whose login it began with
	credential PlatformCredential
	err        error
}

// Exchange trades the id_token of the stored login for a Platform key (RFC 8693).
// Where there is a key of the login already, stored or of an exchange before, it
// is returned and nothing is sent, unless the Platform has refused it. The exchange goes on when ctx ends.
//
// The error is a *protocol.Error: 1001 when there is no login, or its id_token
// has expired and the refresh was refused; 1002 foreign_issuer or bad_override;
// 1003; 1004 when the issuer does not answer; 1006; -32800 when ctx ends.
func (m *Manager) Exchange(ctx context.Context) (PlatformCredential, error) {
	s := m.view.load(ctx)
	credential, err := m.exchanger.keyOf(s)
	if err == nil && credential.key.IsZero() {
		credential, err = m.exchanger.exchange(ctx, s)
	}
	if err != nil {
		return PlatformCredential{}, err
	}
	return credential, nil
}

// keyOf returns the key of the login in s, without a key where an exchange may
// give one, or why none can be had.
func (x *exchanger) keyOf(s *store.Snapshot) (PlatformCredential, error) {
	const need = protocol.CredentialPlatformKey
	all := x.m.find(s)
	if s.Err != nil {
		return PlatformCredential{}, s.Err
	}
	for _, f := range all {
		if f.due == need && (f.isStored() || f.source == protocol.SourceTokenExchangeAPIKey) && f.looks() == need && !x.isRejected(f.value) {
			return PlatformCredential{Source: f.source, key: f.value}, nil
		}
	}
	if s.Login.IDToken.IsZero() || s.Login.AccessToken.IsZero() {
		return PlatformCredential{}, protocol.NewError(protocol.CodeLoginRequired, "there is no ChatGPT login to exchange for a Platform API key",
			credentialData(protocol.CredentialChatGPT, all, protocol.ReasonNoCredentials, obtain(protocol.CredentialChatGPT)))
	}
	login := found{value: s.Login.IDToken, due: protocol.CredentialChatGPT, where: "the ChatGPT login in " + x.m.placeOf(s)}
	if err := forbids(s.Config, login, s); err != nil {
		return PlatformCredential{}, mismatch(need, all, err.reason, err.action, err.why)
	}
	if err := x.checkExchange(s); err != nil {
		return PlatformCredential{}, err
	}
	return PlatformCredential{Source: protocol.SourceTokenExchangeAPIKey}, nil
}

// Rejected notes that the Platform did not accept the key. It stays the one that
// counts (docs/credentials.md: Exchange), but Exchange gets another one in its place.
func (m *Manager) Rejected(key PlatformCredential) {
	x := &m.exchanger
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.rejected == nil || len(x.rejected) >= maxRefusedExchanges {
		x.rejected = map[[sha256.Size]byte]bool{}
	}
	x.rejected[fingerprint(key.key)] = true
}

func (x *exchanger) isRejected(key Secret) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.rejected[fingerprint(key)]
}

// checkExchange is why the stored login cannot be exchanged, without asking
// anybody; nil when it can be tried. s holds an id_token.
func (x *exchanger) checkExchange(s *store.Snapshot) error {
	x.mu.Lock()
	refused := x.refused[fingerprint(s.Login.IDToken)]
	x.mu.Unlock()
	switch {
	case refused != nil:
		return refused
	case !issuer.IsJWT(s.Login.IDToken):
		return x.refusal(s, protocol.ReasonInvalidIDToken, nil)
	}
	if err := x.m.refresher.checkIssuer(s); err != nil {
		return err
	}
	if !x.isIDTokenExpired(s) {
		return nil
	}
	if s.Login.RefreshToken.IsZero() {
		return x.refusal(s, protocol.ReasonTokenExpired, nil)
	}
	return x.forPlatform(s, x.m.refresher.checkRefresh(s))
}

// isIDTokenExpired reports whether the issuer would refuse the id_token for its
// age. One that does not tell counts as good, and so does one that is younger by
// last_refresh, which our own clock wrote, than it may get: then the clock is wrong.
func (x *exchanger) isIDTokenExpired(s *store.Snapshot) bool {
	c, now := issuer.ParseClaims(s.Login.IDToken), x.m.cfg.Now()
	if c.ExpiresAt.IsZero() || now.Before(c.ExpiresAt.Add(-idTokenLeeway)) {
		return false
	}
	age := now.Sub(s.Login.LastRefresh)
	isYoung := age >= 0 && age < c.ExpiresAt.Sub(c.IssuedAt)-idTokenLeeway
	return s.Login.LastRefresh.IsZero() || c.IssuedAt.IsZero() || !isYoung
}

// forPlatform is the failure of a refresh where a Platform key was wanted.
func (x *exchanger) forPlatform(s *store.Snapshot, failure error) error {
	refused, ok := errors.AsType[*protocol.Error](failure)
	if !ok || refused.Code != protocol.CodeLoginRequired {
		return failure
	}
	about := credentialData(protocol.CredentialPlatformKey, x.m.find(s), refused.Data.Reason, "")
	wanted := *refused
	wanted.Data.Need, wanted.Data.Have, wanted.Data.LoginMethods = about.Need, about.Have, about.LoginMethods
	return &wanted
}

// exchange gets a key for the login in basis, once for all callers at a time, and
// waits until that is over. The exchange goes on when ctx ends; the error is then
// -32800.
func (x *exchanger) exchange(ctx context.Context, basis *store.Snapshot) (PlatformCredential, error) {
	owner := ownerOf(&basis.Login)
	for {
		call, _ := x.running.Join(struct{}{}, func() exchangeResult {
			credential, err := x.run(basis)
			return exchangeResult{owner, credential, err}
		})
		select {
		case <-call.Done():
		case <-ctx.Done():
			return PlatformCredential{}, protocol.Cancelled()
		}
		if result := call.Value(); sameAccount(result.owner, owner) {
			return result.credential, result.err
		}
		// It was for another login, which was there before.
	}
}

// run refreshes an expired id_token, takes our lock, reads the store again,
// posts, and saves the key (docs/credentials.md: Exchange).
func (x *exchanger) run(basis *store.Snapshot) (PlatformCredential, error) {
	refreshed := false
	for range exchangeTries {
		s := x.m.view.load(context.Background())
		credential, err := x.ofSameLogin(basis, s)
		if err != nil || !credential.key.IsZero() {
			return credential, err
		}
		if x.isIDTokenExpired(s) {
			if refreshed { // and the issuer gave no newer one
				return PlatformCredential{}, x.noteRefused(s, x.refusal(s, protocol.ReasonTokenExpired, nil))
			}
			if err := x.m.refresher.refresh(context.Background(), s, whyForced); err != nil {
				return PlatformCredential{}, x.forPlatform(s, err)
			}
			refreshed = true
			continue
		}
		credential, err, done := x.exchangeLocked(basis, s, &refreshed)
		if done {
			return credential, err
		}
	}
	return PlatformCredential{}, protocol.NewError(protocol.CodeAuthUnavailable, "the login keeps changing while it is exchanged",
		protocol.ErrorData{Reason: protocol.ReasonServerError, Action: "Try again later", Retryable: true})
}

// ofSameLogin is exchanged for a store that must still hold the login of basis.
func (x *exchanger) ofSameLogin(basis, s *store.Snapshot) (PlatformCredential, error) {
	if s.Err == nil && (!s.Login.HasTokens() || !sameAccount(ownerOf(&basis.Login), ownerOf(&s.Login))) {
		return PlatformCredential{}, x.forPlatform(s, x.m.refresher.accountChanged(s))
	}
	return x.keyOf(s)
}

// exchangeLocked exchanges the id_token of s under the refresh lock. done is
// false when the login was refreshed meanwhile, or has to be.
func (x *exchanger) exchangeLocked(basis, s *store.Snapshot, refreshed *bool) (credential PlatformCredential, failure error, done bool) {
	lock, err := x.m.store.LockRefresh(context.Background(), func() bool { return x.m.work.isClosed() })
	switch {
	case errors.Is(err, store.ErrAdopted):
		return credential, protocol.Cancelled(), true
	case err != nil:
		// Where nothing can be written no lock can be taken either, and no key saved:
		// then it is for this process alone.
		if reason := protocol.ReasonOf(err); reason != protocol.ReasonReadOnly && reason != protocol.ReasonNotOwner {
			return credential, err, true
		}
	}
	defer lock.Release()
	now := x.m.pending.overlay(x.m.store.Load(context.Background()))
	x.m.masked.Add(now.Secrets...)
	credential, failure = x.ofSameLogin(basis, now)
	switch {
	case failure != nil || !credential.key.IsZero():
		return credential, failure, true
	case now.Login.IDToken.Reveal() != s.Login.IDToken.Reveal():
		return credential, nil, false
	}
	end, ok := x.m.work.begin()
	if !ok {
		return credential, protocol.Cancelled(), true
	}
	defer end()
	key, e := x.post(now)
	if e == nil {
		x.m.masked.Add(key)
		x.mu.Lock()
		x.key, x.owner = key, ownerOf(&now.Login)
		x.mu.Unlock()
		x.save(now, key)
		return PlatformCredential{Source: protocol.SourceTokenExchangeAPIKey, key: key}, nil, true
	}
	reason := exchangeReason(e)
	if reason == protocol.ReasonTokenExpired && !*refreshed && x.m.refresher.checkRefresh(now) == nil {
		// It is older than our clock says. Refreshing takes the lock itself.
		lock.Release()
		if x.m.refresher.refresh(context.Background(), now, whyForced) == nil {
			*refreshed = true
			return credential, nil, false
		}
	}
	if reason == "" {
		return credential, x.m.unavailable(e), true
	}
	return credential, x.noteRefused(now, x.refusal(now, reason, e)), true
}

// noteRefused keeps a refusal for the id_token of s, which is not exchanged again by
// this process.
func (x *exchanger) noteRefused(s *store.Snapshot, failure error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.refused == nil || len(x.refused) >= maxRefusedExchanges {
		x.refused = map[[sha256.Size]byte]error{}
	}
	x.refused[fingerprint(s.Login.IDToken)] = failure
	return failure
}

// heldKey is the key that this process got for the login in s; zero for
// none.
func (x *exchanger) heldKey(s *store.Snapshot) Secret {
	x.mu.Lock()
	key, owner := x.key, x.owner
	x.mu.Unlock()
	if key.IsZero() || !s.Login.HasTokens() || !sameAccount(owner, ownerOf(&s.Login)) {
		return Secret{}
	}
	return key
}

// errKeepInMemory: the key must not be written where it would be.
var errKeepInMemory = errors.New("the store is not to hold the key")

// save writes the key beside the login that it was got with, where
// Codex would not begin to bill it (docs/credentials.md: Exchange); else it stays in memory. The
// caller holds the refresh lock.
func (x *exchanger) save(with *store.Snapshot, key Secret) {
	err := x.m.view.rewriteLocked(store.OverLogin, func(d *store.Document) error {
		now := store.Parse(x.m.path, d.Text)
		f := &now.Login
		if now.Err != nil || f.IDToken.Reveal() != with.Login.IDToken.Reveal() || !sameAccount(ownerOf(&with.Login), ownerOf(f)) {
			return errStale
		}
		switch mode, err := x.m.mode(now); {
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
		err = fmt.Errorf("%s has no auth_mode that keeps Codex from billing it", x.m.placeOf(with))
	case errors.Is(err, errStale):
		err = fmt.Errorf("%s holds another login by now", x.m.placeOf(with))
	}
	x.m.watch.notice("the Platform API key of the exchange is kept in memory only: " + err.Error())
	x.m.watch.changed()
}

// forget drops the key that was got last, and reports whether there was one.
func (x *exchanger) forget() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	had := !x.key.IsZero()
	x.key = Secret{}
	return had
}
