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

// Over says what an update may be written over.
type Over int

const (
	// OverLogin: an empty store, or a login that we serve.
	OverLogin Over = iota
	// OverForeign: also credentials that only Codex serves; a copy is kept.
	OverForeign
	// OverAnything: also what cannot be parsed, of which a copy is kept.
	OverAnything
)

// allows reports whether an update may be written over a store that is not read
// because of err.
func (o Over) allows(err error) bool {
	return o == OverAnything || o == OverForeign && protocol.ReasonOf(err) == protocol.ReasonUnsupportedAuthMode
}

// CheckUpdate reports, as an error, why the store cannot be written over what over
// allows; nil when it can be.
func (c *Store) CheckUpdate(over Over) error {
	failure := c.CheckWritable()
	if protocol.ReasonOf(failure) == protocol.ReasonCorrupt && over == OverAnything {
		return nil
	}
	return failure
}

// Update reads the store, lets change edit it, and writes it; the caller holds
// the refresh lock. written reports whether the store holds something else now.
// change may be called more than once, each time with what the store then holds;
// its error ends the update, and nothing is written. A document that change leaves
// empty removes the file.
func (c *Store) Update(over Over, change func(*Document) error) (written bool, err error) {
	if failure := c.CheckUpdate(over); failure != nil {
		return false, failure
	}
	for range commitTries {
		s := c.Load(context.Background())
		text := []byte(s.Raw.Reveal())
		d := NewDocument(text)
		if s.Err != nil {
			if !over.allows(s.Err) {
				return false, s.Err
			}
			where, err := c.backup()
			if err != nil {
				return false, err
			}
			c.Files.notice(fmt.Sprintf("the old credentials are kept in %s", where))
			if protocol.ReasonOf(s.Err) != protocol.ReasonUnsupportedAuthMode {
				d = &Document{} // else what is foreign stays beside
			}
			if now := c.Load(context.Background()); now.Info == nil && now.Raw.IsZero() {
				text = nil // it was moved
			}
		}
		if err := change(d); err != nil {
			return false, err
		}
		after := d.Text
		if d.empty() {
			after = nil
		} else if now := Parse(c.Files.path, after); now.Err != nil {
			return false, now.Err // a change of ours must never make a file that nobody reads
		}
		if len(after) == 0 && len(text) == 0 {
			return false, nil
		}
		err := c.Commit(text, after)
		if errors.Is(err, ErrChanged) {
			continue
		}
		return err == nil, err
	}
	return false, c.keepsChanging()
}

// keepsChanging returns the 1003 of a store that others write all the time.
func (c *Store) keepsChanging() error {
	return protocol.NewError(protocol.CodeCredentialStore, fmt.Sprintf("other programs keep changing %s", c.Files.path),
		protocol.ErrorData{Reason: protocol.ReasonLocked, Action: "Try again", Retryable: true, Path: c.Files.path})
}
