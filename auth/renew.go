package auth

import (
	"context"
	"errors"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// renewPatience is how long a request whose access token is still good waits
	// for its renewal; then it takes the old one, and the renewal goes on.
	renewPatience = 5 * time.Second
	// reusedWatch is how long the disk is watched after the issuer said "reused":
	// somebody else has renewed and may not have saved yet.
	reusedWatch = 3 * time.Second
	// connectTries is how often a renewal is sent that was provably not processed.
	connectTries = 3
	// retryPause before another try, doubled each time, with jitter.
	retryPause = 200 * time.Millisecond
	// firstRest is how long the issuer is left alone after it failed, doubled each
	// time up to maxRest. A rest up to shortRest is waited for, a longer one is
	// reported.
	firstRest = 250 * time.Millisecond
	shortRest = time.Second
	maxRest   = 30 * time.Second
	// maxRefused bounds the refusals that are remembered.
	maxRefused = 64
)

// renewal is one run of renewing, which all that need it wait for.
type renewal struct {
	done chan struct{}
	// token is the refresh token that it began with.
	token [32]byte
	err   *protocol.Error
	// unsaved: there are new tokens, but in memory only, because of err.
	unsaved bool
}

// freshToken is the access token of the last renewal of this process.
type freshToken struct {
	token [32]byte
	at    time.Time // with the monotonic clock
	// worked: the upstream has accepted it.
	worked bool
}

// renew has the stored login renewed, once for all callers at a time, and waits
// until that is over. basis is what the caller has read; when another process or
// Codex has renewed it meanwhile, there is nothing to send. The renewal goes on
// when ctx ends; the error is then -32800, else 1001 to 1004.
func (m *Manager) renew(ctx context.Context, basis *store.Snapshot, why string) *protocol.Error {
	for {
		r := m.join(basis, why)
		select {
		case <-r.done:
		case <-ctx.Done():
			return protocol.Cancelled()
		}
		switch {
		case r.unsaved && why != whyForced:
			return nil // they can be used
		case r.err != nil && r.token != fingerprint(basis.Login.RefreshToken):
			continue // the failure is that of another login, which was there before
		}
		return r.err
	}
}

// join gives the renewal that runs, or starts one.
func (m *Manager) join(basis *store.Snapshot, why string) *renewal {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.renewing != nil {
		return m.renewing
	}
	r := &renewal{done: make(chan struct{}), token: fingerprint(basis.Login.RefreshToken)}
	m.renewing = r
	go func() {
		r.err, r.unsaved = m.runRenewal(basis, why)
		m.mu.Lock()
		m.renewing = nil
		m.mu.Unlock()
		close(r.done)
	}()
	return r
}

// runRenewal is the walk of a renewal: our lock, the store read again, one POST,
// the commit (contract 5, "Renewal").
func (m *Manager) runRenewal(basis *store.Snapshot, why string) (failure *protocol.Error, unsaved bool) {
	m.mu.Lock()
	kept := m.unsaved
	m.mu.Unlock()
	if kept != nil {
		// The newest tokens are in memory, and their predecessors must stay on the
		// disk until these are there.
		m.mu.Lock()
		defer m.mu.Unlock()
		return kept.err, true
	}
	// Before the lock files are made, too: in the folder of another user they would
	// lock its owner out.
	if failure := m.store.CheckWritable(); failure != nil {
		return failure, false
	}
	release, err := m.store.LockRefresh(context.Background(), func() bool {
		return m.vital.isClosed() || m.isAdoptable(basis, m.load(context.Background()), why)
	})
	switch {
	case errors.Is(err, store.ErrAdopted) && m.vital.isClosed():
		return protocol.Cancelled(), false
	case errors.Is(err, store.ErrAdopted):
		return nil, false
	case err != nil:
		return asStoreError(err), false
	}
	defer func() {
		if release != nil {
			release()
		}
	}()
	s := m.store.Load(context.Background())
	m.masked.Add(s.Secrets...)
	if failure := m.compare(basis, s); failure != nil {
		return failure, false
	}
	if m.isAdoptable(basis, s, why) {
		return nil, false
	}
	if failure := m.cannotRenew(s); failure != nil {
		return failure, false
	}
	if failure := m.leaveAlone(s, why); failure != nil {
		return failure, false
	}
	if failure := m.store.CheckWritable(); failure != nil {
		return failure, false
	}
	end, ok := m.begin()
	if !ok {
		return protocol.Cancelled(), false
	}
	defer end()
	fresh, failure := m.postRefresh(s, why)
	if failure != nil || fresh == nil {
		return failure, false
	}
	failure, unsaved = m.commitRenewed(s, fresh, release)
	if unsaved {
		release = nil // the saver has it
	}
	return failure, unsaved
}

// compare refuses a renewal of a login that is there no more.
func (m *Manager) compare(basis, s *store.Snapshot) *protocol.Error {
	switch {
	case s.Err != nil:
		return s.Err
	case !s.Login.HasTokens(), !sameAccount(ownerOf(&basis.Login), ownerOf(&s.Login)):
		return m.accountChanged(s)
	}
	return nil
}

// isAdoptable reports whether the store holds newer tokens of the same account
// than basis, which need no renewal themselves.
func (m *Manager) isAdoptable(basis, s *store.Snapshot, why string) bool {
	if s.Err != nil || !s.Login.HasTokens() || s.Login.AccessToken.Reveal() == basis.Login.AccessToken.Reveal() {
		return false
	}
	return sameAccount(ownerOf(&basis.Login), ownerOf(&s.Login)) && (why == whyForced || m.due(s) == "")
}

// accountChanged is the 1001 of a request whose login was replaced or removed by
// another program while it was renewed.
func (m *Manager) accountChanged(s *store.Snapshot) *protocol.Error {
	const need = protocol.CredentialChatGPT
	return protocol.NewError(protocol.CodeLoginRequired, m.placeOf(s)+" holds another login than the one that this request began with",
		credentialData(need, m.find(s), protocol.ReasonAccountChanged, "Send the request again to use the login that is there now"))
}

// asStoreError gives an error of lockRefresh its type.
func asStoreError(err error) *protocol.Error {
	var known *protocol.Error
	if errors.As(err, &known) {
		return known
	}
	return protocol.Cancelled()
}
