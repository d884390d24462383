package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/signalbox-dev/signalbox/protocol"
)

// commitTries is how often a change is repeated because somebody else wrote
// between our reading and our writing.
const commitTries = 5

// Over is what an update may replace (docs/credentials.md: Login).
type Over int

const (
	// OverLogin is an empty store, or a login that we serve.
	OverLogin Over = iota
	// OverForeign is also credentials that only Codex serves; a copy is kept.
	OverForeign
	// OverAnything is also what cannot be parsed; a copy is kept.
	OverAnything
)

// allows reports whether an update may be written over a store that is not read
// because of err.
func (o Over) allows(err error) bool {
	return o == OverAnything || o == OverForeign && protocol.ReasonOf(err) == protocol.ReasonUnsupportedAuthMode
}

// CheckUpdate returns why Update would fail with over, as CheckWritable does; nil when
// it can be expected to succeed.
func (s *Store) CheckUpdate(over Over) error {
	failure := s.CheckWritable()
	if protocol.ReasonOf(failure) == protocol.ReasonCorrupt && over == OverAnything {
		return nil
	}
	return failure
}

// Update reads the store, lets change edit it, and writes it; the caller holds
// the refresh lock. written reports whether the store holds something else now.
// change may be called more than once, each time with what the store then holds;
// its error ends the update, and nothing is written. A document that change leaves
// empty removes the file. Other errors are 1003, with reason locked when other
// programs wrote five times in between.
func (s *Store) Update(over Over, change func(*Document) error) (written bool, err error) {
	if failure := s.CheckUpdate(over); failure != nil {
		return false, failure
	}
	for range commitTries {
		snap := s.Load(context.Background())
		text := []byte(snap.Raw.Reveal())
		d := NewDocument(text)
		if snap.Err != nil {
			if !over.allows(snap.Err) {
				return false, snap.Err
			}
			where, err := s.backup()
			if err != nil {
				return false, err
			}
			s.files.notice(fmt.Sprintf("the old credentials are kept in %s", where))
			if protocol.ReasonOf(snap.Err) != protocol.ReasonUnsupportedAuthMode {
				d = &Document{} // else what is foreign stays beside
			}
			if now := s.Load(context.Background()); now.Info == nil && now.Raw.IsZero() {
				text = nil // it was moved
			}
		}
		if err := change(d); err != nil {
			return false, err
		}
		after := d.Text
		if d.empty() {
			after = nil
		} else if now := Parse(s.files.path, after); now.Err != nil {
			return false, now.Err // a change of ours must never make a file that nobody reads
		}
		if len(after) == 0 && len(text) == 0 {
			return false, nil
		}
		err := s.Commit(text, after)
		if errors.Is(err, ErrChanged) {
			continue
		}
		return err == nil, err
	}
	return false, s.keepsChanging()
}

// keepsChanging returns the 1003 of a store that others write all the time.
func (s *Store) keepsChanging() error {
	return protocol.NewError(protocol.CodeCredentialStore, fmt.Sprintf("other programs keep changing %s", s.files.path),
		protocol.ErrorData{Reason: protocol.ReasonLocked, Action: "Try again", Retryable: true, Path: s.files.path})
}
