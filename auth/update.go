package auth

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/signalbox-dev/signalbox/protocol"
)

// commitTries is how often a change is made anew because somebody else wrote
// between our reading and our writing.
const commitTries = 5

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
func (m *Manager) rewrite(ctx context.Context, replace bool, change func(*document) error) error {
	if m.store == nil {
		return noHome()
	}
	// Only a login creates the folder, and every update but a login's finds it
	// there.
	if err := os.MkdirAll(m.cfg.Home, 0o700); err != nil {
		return storeFailed(m.cfg.Home, err)
	}
	// Before the lock files are made, too: in the folder of another user they would
	// lock its owner out.
	if failure := m.mayWrite(replace); failure != nil {
		return failure
	}
	release, err := m.lockRefresh(ctx, nil)
	if err != nil {
		return err
	}
	defer release()
	return m.rewriteLocked(replace, change)
}

// mayWrite asks the store whether it can be written; with replace also one that
// holds something else than a login.
func (m *Manager) mayWrite(replace bool) *protocol.Error {
	failure := m.store.writable()
	if failure != nil && replace && failure.Data.Reason == protocol.ReasonCorrupt {
		return nil
	}
	return failure
}

// rewriteLocked is rewrite for a caller that holds the refresh lock.
func (m *Manager) rewriteLocked(replace bool, change func(*document) error) error {
	if failure := m.mayWrite(replace); failure != nil {
		return failure
	}
	for range commitTries {
		s := m.store.load(context.Background())
		text := []byte(s.raw.Reveal())
		d := newDocument(text)
		if s.err != nil {
			if !replace {
				return s.err
			}
			where, err := m.store.backup()
			if err != nil {
				return err
			}
			m.notice(fmt.Sprintf("the old credentials are kept in %s", where))
			d = &document{}
			if now := m.store.load(context.Background()); now.info == nil && now.raw.IsZero() {
				text = nil // it was moved
			}
		}
		if err := change(d); err != nil {
			return err
		}
		after := d.text
		if d.empty() {
			after = nil
		} else if now := readText(m.path, after); now.err != nil {
			return now.err // a change of ours must never make a file that nobody reads
		}
		if len(after) == 0 && len(text) == 0 {
			return nil
		}
		err := m.store.commit(text, after)
		if errors.Is(err, errChanged) {
			continue
		}
		if err == nil {
			m.stored()
		}
		return err
	}
	return protocol.NewError(protocol.CodeCredentialStore, fmt.Sprintf("other programs keep changing %s", m.path),
		protocol.ErrorData{Reason: protocol.ReasonLocked, Action: "Try again", Retryable: true, Path: m.path})
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
