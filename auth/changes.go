package auth

import (
	"context"
	"slices"

	"github.com/signalbox-dev/signalbox/protocol"
)

// OnChange has f called after the credentials have changed: by a login, a
// logout, a renewal, a key, or by another program, whose change is seen by the
// next call of a method that reads the store (see [Manager.Poll]). f is called
// on the goroutine that saw it, without locks, and must not block; several
// changes may be told as one. stop ends it.
func (m *Manager) OnChange(f func()) (stop func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	listener := &f
	m.listeners = append(m.listeners, listener)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.listeners = slices.DeleteFunc(m.listeners, func(l *func()) bool { return l == listener })
	}
}

// Generation counts the changes that were seen.
func (m *Manager) Generation() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.generation
}

// Poll looks at the store, so that a change by another program is seen. It costs
// a stat when there is none. A keyring is not asked: that is done when the login
// is needed.
func (m *Manager) Poll(ctx context.Context) {
	if m.store == nil || m.store.Watched() {
		m.load(ctx)
	}
}

// changed tells the listeners.
func (m *Manager) changed() {
	m.mu.Lock()
	m.generation++
	listeners := slices.Clone(m.listeners)
	m.mu.Unlock()
	for _, f := range listeners {
		(*f)()
	}
}

// maxNotices bounds the warnings that are kept.
const maxNotices = 16

// notice adds a warning to auth/status, once.
func (m *Manager) notice(text string) {
	text = protocol.Sentence(text)
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Contains(m.notices, text) && len(m.notices) < maxNotices {
		m.notices = append(m.notices, text)
	}
}
