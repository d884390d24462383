package auth

import (
	"sync"

	"github.com/signalbox-dev/signalbox/protocol"
)

// logins is the login that waits, if there is one.
type logins struct {
	m         *Manager
	beginning chan struct{} // full while a login begins

	mu      sync.Mutex
	current *Login
}

// take makes l the login that waits and cancels the one before it.
func (s *logins) take(l *Login) {
	s.mu.Lock()
	before := s.current
	s.current = l
	s.mu.Unlock()
	if before != nil {
		before.Cancel(superseded())
	}
}

// drop forgets l.
func (s *logins) drop(l *Login) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == l {
		s.current = nil
	}
}

// PendingLogin returns the login that waits, nil for none. id "" is any.
func (m *Manager) PendingLogin(id string) *Login {
	m.logins.mu.Lock()
	defer m.logins.mu.Unlock()
	if l := m.logins.current; l != nil && (id == "" || id == l.prompt.LoginID) {
		return l
	}
	return nil
}

// pendingPrompt is the prompt of the login that waits for its user; nil before it
// is complete, and once the user has done their part.
func (s *logins) pendingPrompt() *protocol.LoginPrompt {
	l := s.m.PendingLogin("")
	if l == nil {
		return nil
	}
	if p := l.Prompt(); p.ExpiresAt != "" && !l.Stored() {
		return &p
	}
	return nil
}
