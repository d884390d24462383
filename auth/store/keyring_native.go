//go:build !unix || darwin

package store

import (
	"context"
	"errors"

	native "github.com/zalando/go-keyring"
)

// isReadOnlyKeyring: see writeEntry.
const isReadOnlyKeyring = true

// readEntry reads the Keychain of macOS or the credential manager of Windows.
// The library cannot be told to stop, so a call may outlive its context: on
// macOS until its owner has answered a prompt.
func readEntry(ctx context.Context, k keyring) ([]byte, error) {
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := native.Get(k.service, k.account)
		answers <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case a := <-answers:
		switch {
		case errors.Is(a.err, native.ErrNotFound):
			return nil, errNoEntry
		case a.err != nil: // whose text may be the output of a program
			return nil, errors.New("the keyring cannot be read")
		}
		return []byte(a.text), nil
	}
}

// writeEntry refuses: on macOS the library writes in an encoding of its own,
// which Codex could not read, and no more than 4 KiB, which is less than a login.
func writeEntry(context.Context, keyring, []byte) error { return errCannotWrite }

func removeEntry(_ context.Context, k keyring) error {
	err := native.Delete(k.service, k.account)
	switch {
	case errors.Is(err, native.ErrNotFound):
		return errNoEntry
	case err != nil:
		return errors.New("the keyring cannot be changed")
	}
	return nil
}
