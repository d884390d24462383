package auth

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
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

// rest is how an issuer that fails is left alone.
type rest struct {
	token    [32]byte // the refresh token that it failed for
	failures int
	until    time.Time
	err      *protocol.Error
}

// renew has the stored login renewed, once for all callers at a time, and waits
// until that is over. basis is what the caller has read; when another process or
// Codex has renewed it meanwhile, there is nothing to send. The renewal goes on
// when ctx ends; the error is then -32800, else 1001 to 1004.
func (m *Manager) renew(ctx context.Context, basis *snapshot, why string) *protocol.Error {
	for {
		r := m.join(basis, why)
		select {
		case <-r.done:
		case <-ctx.Done():
			return cancelled()
		}
		switch {
		case r.unsaved && why != whyForced:
			return nil // they can be used
		case r.err != nil && r.token != fingerprint(basis.file.refreshToken):
			continue // the failure is that of another login, which was there before
		}
		return r.err
	}
}

// join gives the renewal that runs, or starts one.
func (m *Manager) join(basis *snapshot, why string) *renewal {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.renewing != nil {
		return m.renewing
	}
	r := &renewal{done: make(chan struct{}), token: fingerprint(basis.file.refreshToken)}
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
func (m *Manager) runRenewal(basis *snapshot, why string) (failure *protocol.Error, unsaved bool) {
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
	if failure := m.store.writable(); failure != nil {
		return failure, false
	}
	release, err := m.lockRefresh(context.Background(), func() bool {
		return m.vital.isClosed() || m.isAdoptable(basis, m.load(context.Background()), why)
	})
	switch {
	case errors.Is(err, errAdopted) && m.vital.isClosed():
		return cancelled(), false
	case errors.Is(err, errAdopted):
		return nil, false
	case err != nil:
		return asStoreError(err), false
	}
	defer func() {
		if release != nil {
			release()
		}
	}()
	s := m.store.load(context.Background())
	m.hold(s.secrets...)
	if failure := m.compare(basis, s, why); failure != nil {
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
	if failure := m.store.writable(); failure != nil {
		return failure, false
	}
	end, ok := m.begin()
	if !ok {
		return cancelled(), false
	}
	defer end()
	fresh, failure := m.redeem(s, why)
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
func (m *Manager) compare(basis, s *snapshot, _ string) *protocol.Error {
	switch {
	case s.err != nil:
		return s.err
	case !s.file.hasTokens(), !sameAccount(ownerOf(&basis.file), ownerOf(&s.file)):
		return m.accountChanged(s)
	}
	return nil
}

// isAdoptable reports whether the store holds newer tokens of the same account
// than basis, which need no renewal themselves.
func (m *Manager) isAdoptable(basis, s *snapshot, why string) bool {
	if s.err != nil || !s.file.hasTokens() || s.file.accessToken.Reveal() == basis.file.accessToken.Reveal() {
		return false
	}
	return sameAccount(ownerOf(&basis.file), ownerOf(&s.file)) && (why == whyForced || m.due(s) == "")
}

// accountChanged is the 1001 of a request whose login was replaced or removed by
// another program while it was renewed.
func (m *Manager) accountChanged(s *snapshot) *protocol.Error {
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
	return cancelled()
}

// renewed is what a renewal gave; what is missing keeps its old value (RFC 6749,
// section 6).
type renewed struct{ idToken, accessToken, refreshToken Secret }

// redeem posts the refresh token. nil and nil: another program has renewed the
// login, and its tokens are in the store.
func (m *Manager) redeem(s *snapshot, why string) (*renewed, *protocol.Error) {
	body := map[string]string{
		"client_id":      cmp.Or(s.file.clientID, m.cfg.Issuer.ClientID),
		"grant_type":     "refresh_token",
		"refresh_reason": why,
		"refresh_token":  s.file.refreshToken.Reveal(),
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
			m.hold(fresh.idToken, fresh.accessToken, fresh.refreshToken)
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
		case e.unsent && e.reason != "tls" && try < connectTries:
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
	members, _, err := rawjson.Object(text, maxFileDepth, nil)
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
func (r *renewed) write(d *document, at time.Time) {
	for _, token := range []struct {
		name  string
		value Secret
	}{{"id_token", r.idToken}, {"access_token", r.accessToken}, {"refresh_token", r.refreshToken}} {
		if !token.value.IsZero() {
			d.setSecret(token.value, "tokens", token.name)
		}
	}
	d.setString(refreshStamp(at), "last_refresh")
}

// commitRenewed saves the new tokens if the store still holds the refresh token
// that was posted: it is a compare-and-swap. unsaved tells that they are in
// memory only and that the saver has the lock.
func (m *Manager) commitRenewed(s *snapshot, fresh *renewed, release func()) (failure *protocol.Error, unsaved bool) {
	posted, at := s.file.refreshToken.Reveal(), m.cfg.Now()
	change := func(d *document) error { fresh.write(d, at); return nil }
	applies := func(now *snapshot) bool {
		if now.err != nil {
			// Perhaps it will be repaired; it is not overwritten, and the tokens are not
			// thrown away.
			return now.err.Data.Reason == protocol.ReasonCorrupt
		}
		return now.file.refreshToken.Reveal() == posted
	}
	m.mu.Lock()
	m.fresh = freshToken{token: fingerprint(fresh.accessToken), at: time.Now()}
	m.rest = rest{}
	m.mu.Unlock()
	for now := s; ; now = m.store.load(context.Background()) {
		if !applies(now) {
			return m.adoptMoved(s), false // ours are dropped
		}
		if now.err != nil {
			m.keepLocked(now.err, change, applies, release)
			return now.err, true
		}
		text := []byte(now.raw.Reveal())
		d := newDocument(text)
		_ = change(d)
		err := m.store.commit(text, d.text)
		switch {
		case errors.Is(err, errChanged):
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
func (m *Manager) moved(s *snapshot) bool {
	now := m.store.load(context.Background())
	return now.err == nil && now.file.refreshToken.Reveal() != s.file.refreshToken.Reveal()
}

// adoptMoved judges a store that holds another login than s: nil when it is one
// of the same account, which is then used.
func (m *Manager) adoptMoved(s *snapshot) *protocol.Error {
	now := m.store.load(context.Background())
	if now.err == nil && now.file.hasTokens() && sameAccount(ownerOf(&s.file), ownerOf(&now.file)) {
		return nil
	}
	return m.accountChanged(now)
}

// afterReuse watches the store for the tokens of whoever spent ours. Codex's
// locks are not held meanwhile: the winner may wait for them.
func (m *Manager) afterReuse(s *snapshot, e *issuerError) *protocol.Error {
	for deadline := time.Now().Add(m.waits.reused); ; time.Sleep(lockPoll) {
		if m.moved(s) {
			return m.adoptMoved(s)
		}
		if time.Now().After(deadline) || m.vital.isClosed() {
			return m.refuse(s, e)
		}
	}
}

// refuse remembers that the issuer will not take the refresh token, and gives
// the 1001 that says so.
func (m *Manager) refuse(s *snapshot, e *issuerError) *protocol.Error {
	const need = protocol.CredentialChatGPT
	about := func(reason, message string) *protocol.Error {
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
	m.refused[fingerprint(s.file.refreshToken)] = failure
	return failure
}

// failedRenewal is the 1004 of a renewal of which nothing is known, and leaves
// the issuer alone for a while.
func (m *Manager) failedRenewal(s *snapshot, e *issuerError) *protocol.Error {
	failure := m.unavailable(e)
	m.mu.Lock()
	defer m.mu.Unlock()
	token := fingerprint(s.file.refreshToken)
	if m.rest.token != token {
		m.rest = rest{token: token}
	}
	pause := min(firstRest<<min(m.rest.failures, 16), maxRest)
	m.rest.failures++
	m.rest.until = time.Now().Add(max(pause, min(e.retryAfter, maxRest)))
	m.rest.err = failure
	return failure
}

// leaveAlone waits until the issuer may be asked again, or gives the failure
// before where that takes long. What a person asked for is asked at once.
func (m *Manager) leaveAlone(s *snapshot, why string) *protocol.Error {
	m.mu.Lock()
	r := m.rest
	m.mu.Unlock()
	left := time.Until(r.until)
	if why == whyForced || r.token != fingerprint(s.file.refreshToken) || left <= 0 {
		return nil
	}
	if left <= shortRest {
		time.Sleep(left)
		return nil
	}
	again := *r.err
	again.Data.RetryAfterMs = left.Milliseconds()
	return &again
}
