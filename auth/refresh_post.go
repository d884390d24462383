package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// post posts the refresh token. nil and nil: another program has refreshed
// the login, and its tokens are in the store.
func (r *refresher) post(s *store.Snapshot, why string) (*issuer.Tokens, error) {
	clientID := cmp.Or(s.Login.ClientID, r.m.issuer.Endpoint.ClientID)
	lost := false
	for try := 1; ; try++ {
		r.m.at("post")
		fresh, err := r.m.issuer.Refresh(context.Background(), clientID, s.Login.RefreshToken, why)
		r.m.at("answer")
		if err == nil {
			r.m.masked.Add(fresh.ID, fresh.Access, fresh.Refresh)
			r.logPost("the login was refreshed", fresh.RequestID, "why", why, "try", try)
			return &fresh, nil
		}
		e := asIssuerError(err)
		r.logPost("the login was not refreshed", e.RequestID, "why", why, "try", try, "error", r.m.masked.Mask(e.Error()))
		switch {
		case e.IsSpent():
			return nil, r.awaitWinner(s, e)
		case e.IsFinal():
			if r.hasMoved(s) {
				return nil, r.adoptMoved(s)
			}
			return nil, r.noteRefused(s, e)
		case e.IsUnsent() && try < connectTries:
		case e.IsLost() && !lost:
			// It may have been processed: once more, unless the disk has moved.
			lost = true
			if r.hasMoved(s) {
				return nil, r.adoptMoved(s)
			}
		default:
			return nil, r.noteFailure(s, e)
		}
		pause := float64(r.m.waits.retry<<(try-1)) * (0.75 + 0.5*rand.Float64())
		time.Sleep(time.Duration(pause))
	}
}

// logPost logs what came of a post, with the id by which the issuer knows it.
func (r *refresher) logPost(message, requestID string, attrs ...any) {
	if requestID != "" {
		attrs = append(attrs, "upstream_request_id", cut(r.m.masked.Mask(requestID)))
	}
	r.m.cfg.Logger.Info(message, attrs...)
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

// commit saves the new tokens if the store still holds the refresh token
// that was posted: it is a compare-and-swap. unsaved reports that they are in
// memory only and that the saver has the lock.
func (r *refresher) commit(s *store.Snapshot, fresh *issuer.Tokens, lock *store.Lock) (failure error, unsaved bool) {
	posted, at := s.Login.RefreshToken.Reveal(), r.m.cfg.Now()
	change := func(d *store.Document) error { writeTokens(d, *fresh, at); return nil }
	applies := func(now *store.Snapshot) bool {
		if now.Err != nil {
			// Perhaps it will be repaired; it is not overwritten, and the tokens are not
			// thrown away.
			return protocol.ReasonOf(now.Err) == protocol.ReasonCorrupt
		}
		return now.Login.RefreshToken.Reveal() == posted
	}
	r.mu.Lock()
	r.fresh = freshToken{token: fingerprint(fresh.Access), at: time.Now()}
	r.backoff = backoff{}
	r.mu.Unlock()
	for now := s; ; now = r.m.store.Load(context.Background()) {
		if !applies(now) {
			return r.adoptMoved(s), false // ours are dropped
		}
		if now.Err != nil {
			r.m.pending.keepLocked(now.Err, change, applies, lock.Keep())
			return now.Err, true
		}
		text := []byte(now.Raw.Reveal())
		d := store.NewDocument(text)
		_ = change(d)
		err := r.m.store.Commit(text, d.Text)
		switch {
		case errors.Is(err, store.ErrChanged):
			continue
		case err != nil:
			r.m.pending.keepLocked(err, change, applies, lock.Keep())
			return err, true
		}
		r.m.view.stored()
		return nil, false
	}
}

// hasMoved reports whether the store holds another refresh token than s by now, or
// none.
func (r *refresher) hasMoved(s *store.Snapshot) bool {
	now := r.m.store.Load(context.Background())
	return now.Err == nil && now.Login.RefreshToken.Reveal() != s.Login.RefreshToken.Reveal()
}

// adoptMoved judges a store that holds another login than s: nil when it is one
// of the same account, which is then used.
func (r *refresher) adoptMoved(s *store.Snapshot) error {
	now := r.m.store.Load(context.Background())
	if now.Err == nil && now.Login.HasTokens() && sameAccount(ownerOf(&s.Login), ownerOf(&now.Login)) {
		return nil
	}
	return r.accountChanged(now)
}

// awaitWinner watches the store for the tokens of whoever spent ours. Codex's
// locks are not held meanwhile: the winner may wait for them.
func (r *refresher) awaitWinner(s *store.Snapshot, e *issuer.Error) error {
	for deadline := time.Now().Add(r.m.waits.reused); ; time.Sleep(store.LockPoll) {
		if r.hasMoved(s) {
			return r.adoptMoved(s)
		}
		if time.Now().After(deadline) || r.m.work.isClosed() {
			if r.adoptOrphan(s) {
				return nil
			}
			return r.noteRefused(s, e)
		}
	}
}

// noteRefused remembers that the issuer will not take the refresh token, and returns
// the 1001 that says so.
func (r *refresher) noteRefused(s *store.Snapshot, e *issuer.Error) *protocol.Error {
	const need = protocol.CredentialChatGPT
	about := func(reason protocol.Reason, message string) *protocol.Error {
		data := credentialData(need, r.m.find(s), reason, obtain(need))
		data.HTTPStatus, data.Upstream = e.Status, r.m.issuerSaid(e)
		return protocol.NewError(protocol.CodeLoginRequired, message, data)
	}
	failure := about(protocol.ReasonRefreshRevoked, "the issuer no longer accepts the refresh token")
	switch e.Verdict {
	case issuer.Expired:
		failure = about(protocol.ReasonRefreshExpired, "the refresh token has expired")
	case issuer.Reused:
		failure = about(protocol.ReasonRefreshReused, "the refresh token was reused: another program has spent it and did not save the new one here")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused == nil || len(r.refused) >= maxRefused {
		r.refused = map[[sha256.Size]byte]error{}
	}
	r.refused[fingerprint(s.Login.RefreshToken)] = failure
	return failure
}
