package auth

import (
	"context"
	"os"
	"sync"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// view is the store as this process last read it. mu guards what follows it and is
// not held while anything is read or called.
type view struct {
	m *Manager

	mu     sync.Mutex
	cached *store.Snapshot
	// lastRaw is what the store held when it was last read; nil before.
	lastRaw *Secret
	// lastGood is what was last read without an error; nil before.
	lastGood *store.Snapshot
}

// peek is load without asking a keyring.
func (v *view) peek(ctx context.Context) *store.Snapshot {
	if v.m.store != nil && !v.m.store.Watched() {
		v.mu.Lock()
		cached := v.cached
		v.mu.Unlock()
		if cached != nil {
			return v.m.pending.overlay(cached)
		}
		return v.m.store.Peek(ctx)
	}
	return v.load(ctx)
}

// load returns the store as it is now, or as it will be once new tokens can be
// saved. It costs one stat when nothing has changed.
func (v *view) load(ctx context.Context) *store.Snapshot {
	if v.m.store == nil {
		return &store.Snapshot{Err: v.m.homeError()}
	}
	v.mu.Lock()
	cached := v.cached
	v.mu.Unlock()
	if cached != nil && v.m.store.Current(cached) {
		return v.m.pending.overlay(cached)
	}
	s := v.m.store.Load(ctx)
	v.mu.Lock()
	// Of two readers the slower one may store the older snapshot. That is
	// harmless: the next call sees that the file is another one.
	v.cached = s
	v.m.masked.Add(s.Secrets...)
	if s.Err == nil {
		v.lastGood = s
	}
	last := v.lastRaw
	moved := s.Err == nil || protocol.CodeOf(s.Err) != protocol.CodeCancelled && protocol.ReasonOf(s.Err) != protocol.ReasonKeyring
	if moved {
		v.lastRaw = &s.Raw
	}
	moved = moved && last != nil && last.Reveal() != s.Raw.Reveal()
	v.mu.Unlock()
	if moved {
		v.m.watch.changed()
	}
	return v.m.pending.overlay(s)
}

// rewrite reads the store, lets change edit it, and writes it, while no other of
// our processes does: the one way to write what needs no answer of the issuer
// (docs/credentials.md: Lock order). change may be called more than
// once, each time with what the store then holds; its error ends the rewrite, and
// nothing is written. A document that change leaves empty removes the file.
//
// A store that cannot be parsed, or that holds a login of a kind that only Codex
// serves, is not touched: the error is then the 1003 that auth/status shows. The
// rewrite goes on when ctx ends, but does not begin; the error is a
// *protocol.Error or the one of change.
//
// With replace it also takes a store that it would not touch else, which it puts
// aside first (docs/credentials.md: Login).
func (v *view) rewrite(ctx context.Context, over store.Over, change func(*store.Document) error) error {
	if v.m.store == nil {
		return v.m.noHome()
	}
	// Only a login creates the folder, and every update but a login's finds it
	// there.
	if err := os.MkdirAll(v.m.cfg.Home, 0o700); err != nil {
		return store.Failed(v.m.cfg.Home, err)
	}
	// Checked before lock files are created: in another user's folder they would
	// lock the owner out.
	if failure := v.m.store.CheckUpdate(over); failure != nil {
		return failure
	}
	lock, err := v.m.store.LockRefresh(ctx, nil)
	if err != nil {
		return err
	}
	defer lock.Release()
	return v.rewriteLocked(over, change)
}

// rewriteLocked is rewrite for a caller that holds the refresh lock.
func (v *view) rewriteLocked(over store.Over, change func(*store.Document) error) error {
	written, err := v.m.store.Update(over, change)
	if written {
		v.stored()
	}
	return err
}

// forget has the store read again by whoever needs it next.
func (v *view) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cached = nil
}

// good returns what was last read without an error; nil before.
func (v *view) good() *store.Snapshot {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.lastGood
}

// stored is called after the store was written: what was read before is old.
func (v *view) stored() {
	v.forget()
	v.load(context.Background())
}
