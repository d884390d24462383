package auth

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// How long is waited between two tries to save: the first time, doubled each
// time, at most.
const (
	saveBackoff    = 100 * time.Millisecond
	maxSaveBackoff = 2 * time.Second
)

// unsaved is new tokens that could not be written yet. They must not be lost, so
// they are used from memory and written as soon as that is possible (contract 5).
type unsaved struct {
	change func(*store.Document) error
	// applies reports whether the store still holds what the change is for.
	applies func(*store.Snapshot) bool
	// err is why the last try failed.
	err *protocol.Error
	// over is closed when they are saved, or of no use any more.
	over chan struct{}
}

// keep holds a change that failed to be written with err, and tries again until
// it is written or no longer applies. The caller must not hold the refresh lock:
// the saver takes it.
func (m *Manager) keep(err error, change func(*store.Document) error, applies func(*store.Snapshot) bool) {
	m.keepLocked(err, change, applies, nil)
}

// keepLocked is keep for a caller that hands the refresh lock over: it stays
// held, so that none of our processes spends the token that is spent already.
func (m *Manager) keepLocked(err error, change func(*store.Document) error, applies func(*store.Snapshot) bool, release func()) {
	var known *protocol.Error
	if !errors.As(err, &known) || known.Code == protocol.CodeCancelled {
		known = protocol.NewError(protocol.CodeCredentialStore, m.path+" cannot be written",
			protocol.ErrorData{Reason: protocol.ReasonWriteFailed, Action: "Check the disk", Path: m.path})
	}
	u := &unsaved{change: change, applies: applies, err: known, over: make(chan struct{})}
	m.forgetUnsaved() // a login takes the place of what was there
	m.mu.Lock()
	m.unsaved = u
	m.mu.Unlock()
	m.changed()
	end, _ := m.vital.enter(true) // a process that is about to exit waits for it
	go func() {
		defer end()
		m.saveUntil(u, release)
	}()
}

// saveUntil tries to save u until that is done, u is dropped, or the process
// ends.
func (m *Manager) saveUntil(u *unsaved, release func()) {
	defer func() {
		if release != nil {
			release()
		}
	}()
	for pause := m.waits.save; ; pause = min(2*pause, maxSaveBackoff) {
		select {
		case <-u.over:
			return
		case <-time.After(pause):
		}
		if release == nil {
			_ = os.MkdirAll(m.cfg.Home, 0o700) // a login creates it, see rewrite
			var err error
			if release, err = m.store.LockRefresh(context.Background(), func() bool { return isClosed(u.over) }); err != nil {
				release = nil
				continue
			}
		}
		if err := m.trySave(u); err == nil || errors.Is(err, errStale) || m.vital.isClosed() && m.isHopeless(u) {
			m.drop(u)
			return
		}
	}
}

// isHopeless reports whether another try can only succeed after a person has
// done something: the exit of the process does not wait for that.
func (m *Manager) isHopeless(u *unsaved) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch u.err.Data.Reason {
	case protocol.ReasonNoSpace, protocol.ReasonWriteFailed, protocol.ReasonLocked:
		return false
	}
	return true
}

// unsavedWarning is for auth/status; "" when everything is saved.
func (m *Manager) unsavedWarning() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.unsaved == nil {
		return ""
	}
	return "the newest login is in memory only, and saving it is tried again: " + m.unsaved.err.Message
}

// trySave writes u, if it still applies. The caller holds the refresh lock.
func (m *Manager) trySave(u *unsaved) error {
	if s := m.store.Load(context.Background()); s.Err == nil && !u.applies(s) {
		return errStale
	}
	err := m.rewriteLocked(false, func(d *store.Document) error {
		if isClosed(u.over) || !u.applies(store.Parse(m.path, d.Text)) {
			return errStale
		}
		return u.change(d)
	})
	var known *protocol.Error
	if errors.As(err, &known) {
		m.mu.Lock()
		u.err = known
		m.mu.Unlock()
	}
	return err
}

// drop ends u: it is saved, or of no use any more.
func (m *Manager) drop(u *unsaved) {
	m.mu.Lock()
	if m.unsaved == u {
		m.unsaved = nil
	}
	closed := isClosed(u.over)
	if !closed {
		close(u.over)
	}
	m.cached = nil
	m.mu.Unlock()
	if !closed {
		m.changed()
	}
}

// forgetUnsaved drops what is in memory only: the user has logged out.
func (m *Manager) forgetUnsaved() {
	m.mu.Lock()
	u := m.unsaved
	m.mu.Unlock()
	if u != nil {
		m.drop(u)
	}
}

// overlay is the store as it will be once what is unsaved is written.
func (m *Manager) overlay(s *store.Snapshot) *store.Snapshot {
	m.mu.Lock()
	u, good := m.unsaved, m.lastGood
	m.mu.Unlock()
	if u != nil && good != nil && s.Err != nil && s.Err.Data.Reason == protocol.ReasonKeyring {
		s = good // the keyring does not answer, which is why they are unsaved
	}
	if u == nil || !u.applies(s) {
		return s
	}
	d := store.NewDocument([]byte(s.Raw.Reveal()))
	if s.Err != nil {
		d = &store.Document{}
	}
	if u.change(d) != nil {
		return s
	}
	over := store.Parse(m.path, d.Text)
	over.Info, over.Pending, over.From, over.Config, over.Warnings = s.Info, true, s.From, s.Config, s.Warnings
	return over
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
