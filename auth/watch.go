package auth

import (
	"context"
	"slices"
	"sync"

	"github.com/signalbox-dev/signalbox/protocol"
)

// watch informs its listeners that the credentials have changed, and keeps
// the warnings of auth/status. The zero watch is ready for use.
type watch struct {
	mu         sync.Mutex
	generation uint64
	listeners  []*func()
	notices    []string
}

// OnChange has f called after the credentials have changed: by a login, a
// logout, a refresh, a key, or by another program, whose change is seen by the
// next call of a method that reads the store (see [Manager.Poll]). f is called
// on the goroutine that saw it, without locks, and must not block; several
// changes may be told as one. stop ends it.
func (m *Manager) OnChange(f func()) (stop func()) { return m.watch.onChange(f) }

func (w *watch) onChange(f func()) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	listener := &f
	w.listeners = append(w.listeners, listener)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.listeners = slices.DeleteFunc(w.listeners, func(l *func()) bool { return l == listener })
	}
}

// Generation counts the changes that were seen.
func (m *Manager) Generation() uint64 {
	m.watch.mu.Lock()
	defer m.watch.mu.Unlock()
	return m.watch.generation
}

// Poll looks at the store, so that a change by another program is seen. It costs
// a stat when there is not one. A keyring is not asked: that is done when the login
// is needed.
func (m *Manager) Poll(ctx context.Context) {
	if m.store == nil || m.store.Watched() {
		m.view.load(ctx)
	}
}

// changed calls the listeners.
func (w *watch) changed() {
	w.mu.Lock()
	w.generation++
	listeners := slices.Clone(w.listeners)
	w.mu.Unlock()
	for _, f := range listeners {
		(*f)()
	}
}

// maxNotices bounds the warnings that are kept.
const maxNotices = 16

// notice adds a warning to auth/status, once.
func (w *watch) notice(text string) {
	text = protocol.Sentence(text)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.notices, text) && len(w.notices) < maxNotices {
		w.notices = append(w.notices, text)
	}
}

// noticed returns the warnings so far.
func (w *watch) noticed() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.notices)
}
