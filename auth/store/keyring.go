package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// keyringService is the name of Codex's entries.
	keyringService = "Codex Auth"

	// keyringTimeout bounds one call (docs/credentials.md: The store): a keyring that
	// asks its owner for something may never answer.
	keyringTimeout = 3 * time.Second
)

// What a keyring answers beside success.
var (
	// errNoEntry: the keyring works and has no such entry.
	errNoEntry = errors.New("the keyring has no such entry")
	// errNoKeyring: there is not one in this session.
	errNoKeyring = errors.New("there is no keyring in this session")
	// errLocked: its owner has to unlock it first. We never ask them to: a window
	// that asks for a password must not come from a program in the background.
	errLocked = errors.New("the keyring is locked")
	// errSeveral: more than one entry has the name; Codex also refuses them.
	errSeveral = errors.New("the keyring has several entries of Codex for this CODEX_HOME")
	// errCannotWrite: entries can be read there and not be written.
	errCannotWrite = errors.New("signalbox cannot write to the keyring of this system")
	// errSilent: no answer within keyringTimeout.
	errSilent = fmt.Errorf("the keyring did not answer within %v", keyringTimeout)
)

// keyring is Codex's entry for one CODEX_HOME in the keyring of the user. It is
// a value, and its methods are safe for concurrent use. Each makes one
// connection, takes at most timeout, and leaves nothing behind.
type keyring struct {
	service, account string
	timeout          time.Duration
}

// keyringOf returns the entry for home, named as Codex names it: by the path
// without symbolic links, where it can be resolved.
func keyringOf(home string) keyring {
	if resolved, err := filepath.EvalSymlinks(home); err == nil {
		home = resolved
	}
	sum := sha256.Sum256([]byte(home))
	return keyring{keyringService, "cli|" + hex.EncodeToString(sum[:])[:16], keyringTimeout}
}

// read returns the text of the entry: an auth.json. The error is one of those
// above or says what failed; it holds nothing of the entry.
func (k keyring) read(ctx context.Context) (text []byte, err error) {
	err = k.bounded(ctx, func(ctx context.Context) error {
		var err error
		text, err = readEntry(ctx, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	return text, nil
}

// write puts text into the entry and makes it if need be.
func (k keyring) write(ctx context.Context, text []byte) error {
	return k.bounded(ctx, func(ctx context.Context) error { return writeEntry(ctx, k, text) })
}

// remove deletes the entry; none is no error.
func (k keyring) remove(ctx context.Context) error {
	err := k.bounded(ctx, func(ctx context.Context) error { return removeEntry(ctx, k) })
	if errors.Is(err, errNoEntry) {
		return nil
	}
	return err
}

// bounded makes one call of at most timeout.
func (k keyring) bounded(parent context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(parent, k.timeout)
	defer cancel()
	err := call(ctx)
	if err != nil && parent.Err() == nil && ctx.Err() != nil {
		return errSilent
	}
	return err
}

// keyringError is the 1003 of a keyring that is needed and does not work.
func keyringError(err error) *protocol.Error {
	action := "Start a session with a keyring, or log in again with " + keyStore + ` = "file" in config.toml`
	switch {
	case errors.Is(err, errLocked):
		action = "Unlock the keyring and try again"
	case errors.Is(err, errSilent):
		action = "See whether the keyring waits for an answer, and try again"
	case errors.Is(err, errSeveral):
		action = "Remove all but the newest of them and try again"
	case errors.Is(err, errCannotWrite):
		action = "Run `codex login status` to let Codex refresh its login"
	}
	return protocol.NewError(protocol.CodeCredentialStore, err.Error(), protocol.ErrorData{
		Reason: protocol.ReasonKeyring,
		Action: action,
	})
}
