package store

import (
	"bytes"
	"context"
	"errors"
	"os"

	"github.com/signalbox-dev/signalbox/protocol"
)

// RemoveLogin takes tokens, keys, last_refresh and auth_mode out of the store, and
// the file where nothing foreign remains; credentials that only Codex serves stay.
// The caller holds the refresh lock. removed reports whether anything was there.
// The error is 1003: of a store that cannot be read, that cannot be written, or
// that others keep changing.
func (s *Store) RemoveLogin() (removed bool, err error) {
	for range commitTries {
		snap := s.Load(context.Background())
		if snap.Err != nil && protocol.ReasonOf(snap.Err) != protocol.ReasonUnsupportedAuthMode {
			return false, snap.Err
		}
		text := []byte(snap.Raw.Reveal())
		d := NewDocument(text)
		d.RemoveLogin()
		after := d.Text
		if d.empty() {
			after = nil
		}
		if len(text) == 0 || bytes.Equal(text, after) {
			return false, nil
		}
		if err := s.Commit(text, after); !errors.Is(err, ErrChanged) {
			return err == nil, err
		}
	}
	return false, s.keepsChanging()
}

// RemoveOrphan deletes the temporary file of o, which Orphans returned.
func (s *Store) RemoveOrphan(o *Snapshot) { _ = os.Remove(o.Orphan) }

// Backups returns the paths of the copies beside auth.json that updates and people
// make. They may hold an older login.
func (s *Store) Backups() []string {
	target, err := resolveLinks(s.files.path)
	if err != nil {
		return nil
	}
	var found []string
	for _, suffix := range []string{".bak", ".bak-2", ".bak-3"} {
		if _, err := os.Lstat(target + suffix); err == nil {
			found = append(found, target+suffix)
		}
	}
	return found
}
