package auth

import (
	"context"
	"os"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// rewrite reads the store, lets change edit it, and writes it, while no other of
// our processes does: the one way to write what needs no answer of the issuer
// (contract 5, "Lock order for every writer"). change may be called more than
// once, each time with what the store then holds; its error ends the rewrite, and
// nothing is written. A document that change leaves empty removes the file.
//
// A store that cannot be parsed, or that holds a login of a kind that only Codex
// serves, is not touched: the error is then the 1003 that auth/status shows. The
// rewrite goes on when ctx ends, but does not begin; the error is a
// *protocol.Error or that of change.
//
// With replace it also takes a store that it would not touch else, which it puts
// aside first (contract 3: "replace").
func (m *Manager) rewrite(ctx context.Context, replace bool, change func(*store.Document) error) error {
	if m.store == nil {
		return noHome()
	}
	// Only a login creates the folder, and every update but a login's finds it
	// there.
	if err := os.MkdirAll(m.cfg.Home, 0o700); err != nil {
		return store.Failed(m.cfg.Home, err)
	}
	// Before the lock files are made, too: in the folder of another user they would
	// lock its owner out.
	if failure := m.store.CheckUpdate(replace); failure != nil {
		return failure
	}
	release, err := m.store.LockRefresh(ctx, nil)
	if err != nil {
		return err
	}
	defer release()
	return m.rewriteLocked(replace, change)
}

// rewriteLocked is rewrite for a caller that holds the refresh lock.
func (m *Manager) rewriteLocked(replace bool, change func(*store.Document) error) error {
	written, err := m.store.Update(replace, change)
	if written {
		m.stored()
	}
	return err
}

// noHome is the 1003 of a process without CODEX_HOME.
func noHome() *protocol.Error {
	return protocol.NewError(protocol.CodeCredentialStore, "there is no folder for auth.json",
		protocol.ErrorData{Reason: protocol.ReasonReadOnly, Action: "Set CODEX_HOME or HOME"})
}

// stored is called after the store was written: what was read before is old.
func (m *Manager) stored() {
	m.mu.Lock()
	m.cached = nil
	m.mu.Unlock()
	m.load(context.Background())
}
