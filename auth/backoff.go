package auth

import (
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// backoff is how an issuer that fails is left alone.
type backoff struct {
	token    [32]byte // the refresh token that it failed for
	failures int
	until    time.Time
	err      *protocol.Error
}

// noteFailure is the 1004 of a refresh of which nothing is known, and leaves
// the issuer alone for a while.
func (r *refresher) noteFailure(s *store.Snapshot, e *issuer.Error) *protocol.Error {
	failure := r.m.unavailable(e)
	r.mu.Lock()
	defer r.mu.Unlock()
	token := fingerprint(s.Login.RefreshToken)
	if r.backoff.token != token {
		r.backoff = backoff{token: token}
	}
	pause := min(firstBackoff<<min(r.backoff.failures, 16), maxBackoff)
	r.backoff.failures++
	r.backoff.until = time.Now().Add(max(pause, min(e.RetryAfter, maxBackoff)))
	r.backoff.err = failure
	return failure
}

// waitBackoff waits until the issuer may be asked again, or returns the failure
// before if that takes long. What a person asked for is asked at once.
func (r *refresher) waitBackoff(s *store.Snapshot, why string) error {
	r.mu.Lock()
	b := r.backoff
	r.mu.Unlock()
	left := time.Until(b.until)
	if why == whyForced || b.token != fingerprint(s.Login.RefreshToken) || left <= 0 {
		return nil
	}
	if left <= shortBackoff {
		time.Sleep(left)
		return nil
	}
	again := *b.err
	again.Data.RetryAfterMs = left.Milliseconds()
	return &again
}
