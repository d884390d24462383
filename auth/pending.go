package auth

import (
	"context"
	"errors"
	"os"
	"sync"
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

// pending keeps new tokens that could not be written. mu guards current and is not
// held while anything is read, written or called.
type pending struct {
	m       *Manager
	mu      sync.Mutex
	current *pendingLogin // nil: everything is saved
}

// pendingLogin is new tokens that could not be written yet. They must not be lost, so
// they are used from memory and written as soon as that is possible (docs/credentials.md: Refresh).
type pendingLogin struct {
	change func(*store.Document) error
	// applies reports whether the store still holds what the change is for.
	applies func(*store.Snapshot) bool
	// err is why the last try failed.
	err error
	// over is closed when they are saved, or no longer of use.
	over chan struct{}
}

// keep holds a change that failed to be written with err, and tries again until
// it is written or no longer applies. The caller must not hold the refresh lock:
// the saver takes it.
func (p *pending) keep(err error, change func(*store.Document) error, applies func(*store.Snapshot) bool) {
	p.keepLocked(err, change, applies, nil)
}

// keepLocked is keep for a caller that hands the refresh lock over: it stays
// held, so that none of our processes spends the token that is spent already.
func (p *pending) keepLocked(err error, change func(*store.Document) error, applies func(*store.Snapshot) bool, lock *store.Lock) {
	known, ok := errors.AsType[*protocol.Error](err)
	if !ok || known.Code == protocol.CodeCancelled {
		known = protocol.NewError(protocol.CodeCredentialStore, p.m.path+" cannot be written",
			protocol.ErrorData{Reason: protocol.ReasonWriteFailed, Action: "Check the disk", Path: p.m.path})
	}
	u := &pendingLogin{change: change, applies: applies, err: known, over: make(chan struct{})}
	p.forget() // a login takes the place of what was there
	p.mu.Lock()
	p.current = u
	p.mu.Unlock()
	p.m.watch.changed()
	end, _ := p.m.work.enter(true) // a process that is about to exit waits for it
	go func() {
		defer end()
		p.saveUntil(u, lock)
	}()
}

// saveUntil tries to save u until that is done, u is dropped, or the process
// ends.
func (p *pending) saveUntil(u *pendingLogin, lock *store.Lock) {
	defer func() { lock.Release() }()
	for pause := p.m.waits.save; ; pause = min(2*pause, maxSaveBackoff) {
		select {
		case <-u.over:
			return
		case <-time.After(pause):
		}
		if lock == nil {
			_ = os.MkdirAll(p.m.cfg.Home, 0o700) // a login creates it, see rewrite
			var err error
			if lock, err = p.m.store.LockRefresh(context.Background(), func() bool { return isClosed(u.over) }); err != nil {
				continue
			}
		}
		if err := p.trySave(u); err == nil || errors.Is(err, errStale) || p.m.work.isClosed() && p.isHopeless(u) {
			p.drop(u)
			return
		}
	}
}

// isHopeless reports whether another try can only succeed after a person has
// done something: the exit of the process does not wait for that.
func (p *pending) isHopeless(u *pendingLogin) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch protocol.ReasonOf(u.err) {
	case protocol.ReasonNoSpace, protocol.ReasonWriteFailed, protocol.ReasonLocked:
		return false
	}
	return true
}

// failure returns why the last try to save failed; nil when everything is saved.
func (p *pending) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		return nil
	}
	return p.current.err
}

// warning is for auth/status; "" when everything is saved.
func (p *pending) warning() string {
	if err := p.failure(); err != nil {
		return "the latest login could not be saved; it is kept in memory and saving is retried: " + err.Error()
	}
	return ""
}

// trySave writes u, if it still applies. The caller holds the refresh lock.
func (p *pending) trySave(u *pendingLogin) error {
	if s := p.m.store.Load(context.Background()); s.Err == nil && !u.applies(s) {
		return errStale
	}
	err := p.m.view.rewriteLocked(store.OverLogin, func(d *store.Document) error {
		if isClosed(u.over) || !u.applies(store.Parse(p.m.path, d.Text)) {
			return errStale
		}
		return u.change(d)
	})
	if known, ok := errors.AsType[*protocol.Error](err); ok {
		p.mu.Lock()
		u.err = known
		p.mu.Unlock()
	}
	return err
}

// drop ends u: it is saved, or no longer of use.
func (p *pending) drop(u *pendingLogin) {
	p.m.view.forget() // first: what is read from now on is what was saved
	p.mu.Lock()
	if p.current == u {
		p.current = nil
	}
	closed := isClosed(u.over)
	if !closed {
		close(u.over)
	}
	p.mu.Unlock()
	if !closed {
		p.m.watch.changed()
	}
}

// forget drops what is in memory only: the user has logged out.
func (p *pending) forget() {
	p.mu.Lock()
	u := p.current
	p.mu.Unlock()
	if u != nil {
		p.drop(u)
	}
}

// overlay is the store as it will be once what is unsaved is written.
func (p *pending) overlay(s *store.Snapshot) *store.Snapshot {
	p.mu.Lock()
	u := p.current
	p.mu.Unlock()
	if u == nil {
		return s
	}
	if good := p.m.view.good(); good != nil && protocol.ReasonOf(s.Err) == protocol.ReasonKeyring {
		s = good // the keyring does not answer, which is why they are unsaved
	}
	if !u.applies(s) {
		return s
	}
	d := store.NewDocument([]byte(s.Raw.Reveal()))
	if s.Err != nil {
		d = &store.Document{}
	}
	if u.change(d) != nil {
		return s
	}
	over := store.Parse(p.m.path, d.Text)
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
