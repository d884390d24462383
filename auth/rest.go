package auth

import (
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// rest is how an issuer that fails is left alone.
type rest struct {
	token    [32]byte // the refresh token that it failed for
	failures int
	until    time.Time
	err      *protocol.Error
}

// failedRenewal is the 1004 of a renewal of which nothing is known, and leaves
// the issuer alone for a while.
func (m *Manager) failedRenewal(s *store.Snapshot, e *issuer.Error) *protocol.Error {
	failure := m.unavailable(e)
	m.mu.Lock()
	defer m.mu.Unlock()
	token := fingerprint(s.Login.RefreshToken)
	if m.rest.token != token {
		m.rest = rest{token: token}
	}
	pause := min(firstRest<<min(m.rest.failures, 16), maxRest)
	m.rest.failures++
	m.rest.until = time.Now().Add(max(pause, min(e.RetryAfter, maxRest)))
	m.rest.err = failure
	return failure
}

// leaveAlone waits until the issuer may be asked again, or gives the failure
// before where that takes long. What a person asked for is asked at once.
func (m *Manager) leaveAlone(s *store.Snapshot, why string) *protocol.Error {
	m.mu.Lock()
	r := m.rest
	m.mu.Unlock()
	left := time.Until(r.until)
	if why == whyForced || r.token != fingerprint(s.Login.RefreshToken) || left <= 0 {
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
