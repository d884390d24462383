package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/flight"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// refreshPatience is how long a request whose access token is still good waits
	// for its refresh; then it takes the old one, and the refresh goes on.
	refreshPatience = 5 * time.Second
	// reusedWatch is how long the disk is watched after the issuer said "reused":
	// somebody else has refreshed and may not have saved yet.
	reusedWatch = 3 * time.Second
	// connectTries is how often a refresh is sent that was provably not processed.
	connectTries = 3
	// retryPause before another try, doubled each time, with jitter.
	retryPause = 200 * time.Millisecond
	// firstBackoff is how long the issuer is left alone after it failed, doubled each
	// time up to maxBackoff. A rest up to shortBackoff is waited for, a longer one is
	// reported.
	firstBackoff = 250 * time.Millisecond
	shortBackoff = time.Second
	maxBackoff   = 30 * time.Second
	// maxRefused bounds the refusals that are remembered.
	maxRefused = 64
)

// refresher refreshes the login in the store. mu guards what follows it and is not
// held while anything is read, sent or called.
type refresher struct {
	m *Manager
	// jitter moves the time before expiry, for this process.
	jitter time.Duration
	// running is the refresh that runs, which all that need it wait for.
	running flight.Group[struct{}, refreshResult]

	mu      sync.Mutex
	fresh   freshToken
	backoff backoff
	// refused refresh tokens, and what the issuer said of them.
	refused map[[sha256.Size]byte]error
	// rejected is the access token that the upstream refused last and that no refresh
	// could replace.
	rejected rejectedToken
}

// rejectedToken is an access token and why there is no newer one; the zero value is
// none.
type rejectedToken struct {
	token [sha256.Size]byte
	err   error
}

// refreshResult is how a run of a refresh ended.
type refreshResult struct {
	// token is the refresh token that it began with.
	token [sha256.Size]byte
	err   error
	// pending: there are new tokens, but in memory only, because of err.
	pending bool
}

// freshToken is the access token of the last refresh of this process.
type freshToken struct {
	token [32]byte
	at    time.Time // with the monotonic clock
	// worked: the upstream has accepted it.
	worked bool
}

// refresh has the stored login refreshed, once for all callers at a time, and waits
// until that is over. basis is what the caller has read; when another process or
// Codex has refreshed it meanwhile, there is nothing to send. The refresh goes on
// when ctx ends; the error is then -32800, else 1001 to 1004.
func (r *refresher) refresh(ctx context.Context, basis *store.Snapshot, why string) error {
	for {
		call, _ := r.running.Join(struct{}{}, func() refreshResult {
			err, isPending := r.runRefresh(basis, why)
			return refreshResult{fingerprint(basis.Login.RefreshToken), err, isPending}
		})
		select {
		case <-call.Done():
		case <-ctx.Done():
			return protocol.Cancelled()
		}
		switch result := call.Value(); {
		case result.pending && why != whyForced:
			return nil // they can be used
		case result.err != nil && result.token != fingerprint(basis.Login.RefreshToken):
			continue // the failure belongs to another login, which was there before
		default:
			return result.err
		}
	}
}

// runRefresh is the walk of a refresh: our lock, the store read again, one POST,
// the commit (docs/credentials.md: Refresh).
func (r *refresher) runRefresh(basis *store.Snapshot, why string) (failure error, unsaved bool) {
	if err := r.m.pending.failure(); err != nil {
		// The newest tokens are in memory, and their predecessors must stay on the
		// disk until these are there.
		return err, true
	}
	// Checked before lock files are created: in another user's folder they would lock
	// the owner out.
	if failure := r.m.store.CheckWritable(); failure != nil {
		return failure, false
	}
	lock, err := r.m.store.LockRefresh(context.Background(), func() bool {
		return r.m.work.isClosed() || r.isAdoptable(basis, r.m.view.load(context.Background()), why)
	})
	switch {
	case errors.Is(err, store.ErrAdopted) && r.m.work.isClosed():
		return protocol.Cancelled(), false
	case errors.Is(err, store.ErrAdopted):
		return nil, false
	case err != nil:
		return err, false
	}
	defer lock.Release()
	s := r.m.store.Load(context.Background())
	r.m.masked.Add(s.Secrets...)
	if failure := r.checkSameLogin(basis, s); failure != nil {
		return failure, false
	}
	if r.isAdoptable(basis, s, why) {
		return nil, false
	}
	if failure := r.checkRefresh(s); failure != nil {
		return failure, false
	}
	if failure := r.waitBackoff(s, why); failure != nil {
		return failure, false
	}
	if failure := r.m.store.CheckWritable(); failure != nil {
		return failure, false
	}
	end, ok := r.m.work.begin()
	if !ok {
		return protocol.Cancelled(), false
	}
	defer end()
	fresh, failure := r.post(s, why)
	if failure != nil || fresh == nil {
		return failure, false
	}
	return r.commit(s, fresh, lock)
}

// checkSameLogin refuses a refresh of a login that is there no more.
func (r *refresher) checkSameLogin(basis, s *store.Snapshot) error {
	switch {
	case s.Err != nil:
		return s.Err
	case !s.Login.HasTokens(), !sameAccount(ownerOf(&basis.Login), ownerOf(&s.Login)):
		return r.accountChanged(s)
	}
	return nil
}

// isAdoptable reports whether the store holds newer tokens of the same account
// than basis, which need no refresh themselves.
func (r *refresher) isAdoptable(basis, s *store.Snapshot, why string) bool {
	if s.Err != nil || !s.Login.HasTokens() || s.Login.AccessToken.Reveal() == basis.Login.AccessToken.Reveal() {
		return false
	}
	return sameAccount(ownerOf(&basis.Login), ownerOf(&s.Login)) && (why == whyForced || r.whyDue(s) == "")
}

// accountChanged is the 1001 of a request whose login was replaced or removed by
// another program while it was refreshed.
func (r *refresher) accountChanged(s *store.Snapshot) *protocol.Error {
	const need = protocol.CredentialChatGPT
	return protocol.NewError(protocol.CodeLoginRequired, r.m.placeOf(s)+" holds another login than the one that this request began with",
		credentialData(need, r.m.find(s), protocol.ReasonAccountChanged, "Send the request again to use the login that is there now"))
}
