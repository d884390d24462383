package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// keyringPlace is how messages call the entry.
	keyringPlace = "the keyring"

	// keyringFresh is how long what the keyring said is used without asking again:
	// unlike a file it does not tell when it has changed.
	keyringFresh = time.Second

	// keyringRest is how long one that did not answer is left alone: else each
	// request would wait for it.
	keyringRest = 5 * time.Second

	// keyringCommit bounds a commit to the keyring, which is made under Codex's
	// locks: Codex loses a token that it cannot save within 5 s.
	keyringCommit = 4 * time.Second
)

// codexStore is the store that Codex's config.toml names (contract 5): auth.json;
// the keyring, without a fallback; or the keyring and then auth.json. The
// settings are looked at by every call.
type codexStore struct {
	files    *fileStore
	settings func() *settings
	// entry names the entry of CODEX_HOME.
	entry func() keyring

	reading chan struct{} // holds one value while an entry is being read
	mu      sync.Mutex    // guards last
	last    entryRead
}

// entryRead is what reading the entry gave.
type entryRead struct {
	text    []byte
	err     error
	started time.Time
}

func newCodexStore(files *fileStore, settings func() *settings) *codexStore {
	return &codexStore{
		files: files, settings: settings,
		entry:   sync.OnceValue(func() keyring { return keyringOf(files.home) }),
		reading: make(chan struct{}, 1),
	}
}

// load implements store.
func (c *codexStore) load(ctx context.Context) *snapshot {
	set := c.settings()
	var s *snapshot
	switch {
	case set.err != nil:
		s = &snapshot{err: set.err}
	case set.store == storeFile:
		s = c.files.load(ctx)
	default:
		s = c.loadEntry(ctx, set.store)
	}
	s.settings = set
	return s
}

// loadEntry reads the keyring and, for "auto", what stands in for it.
func (c *codexStore) loadEntry(ctx context.Context, kind storeKind) *snapshot {
	at := time.Now()
	text, err := c.readEntry(ctx)
	freshUntil := at.Add(keyringFresh)
	if errors.Is(err, errSilent) {
		freshUntil = time.Now().Add(keyringRest)
	}
	switch {
	case ctx.Err() != nil && err != nil:
		return &snapshot{err: cancelled()}
	case err == nil:
		s := entrySnapshot(text, at)
		s.freshUntil = freshUntil
		if _, err := os.Lstat(c.files.path); err == nil {
			s.warnings = append(s.warnings, fmt.Sprintf("%s is not used: the login is in the keyring, as Codex's %s says", c.files.path, settingsName))
		}
		return s
	case kind == storeAuto:
		s := c.files.load(ctx)
		s.at, s.freshUntil = at, freshUntil
		isThere := s.err != nil || !s.raw.IsZero()
		switch {
		case errors.Is(err, errNoEntry):
		case isThere || errors.Is(err, errNoKeyring):
			s.warnings = append(s.warnings, err.Error()+"; "+fileName+" is used in its place")
		default: // it may hold the login, so that there being none is not the truth
			s.err = keyringError(err)
		}
		return s
	}
	s := &snapshot{from: storeKeyring, at: at, freshUntil: freshUntil}
	if !errors.Is(err, errNoEntry) {
		s.err = keyringError(err)
	}
	if _, err := os.Lstat(c.files.path); err == nil {
		s.warnings = append(s.warnings, fmt.Sprintf("%s is not used: Codex's %s keeps the login in the keyring", c.files.path, settingsName))
	}
	return s
}

// entrySnapshot is what the text of an entry means.
func entrySnapshot(text []byte, at time.Time) *snapshot {
	s := readText(keyringPlace, text)
	s.from, s.at = storeKeyring, at
	return s
}

// readEntry reads the entry as it is now. Callers that come together share a
// read that began after they came, and a failure of one that ran when they came.
func (c *codexStore) readEntry(ctx context.Context) ([]byte, error) {
	came := time.Now()
	select {
	case c.reading <- struct{}{}:
		defer func() { <-c.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := time.Now()
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	failed := last.err != nil && !errors.Is(last.err, errNoEntry)
	if waited := now.Sub(came) > time.Millisecond; waited && (failed || last.started.After(came)) {
		return last.text, last.err
	}
	text, err := c.entry().read(ctx)
	if err == nil && len(text) > maxFileBytes {
		text, err = nil, errors.New("the entry of Codex in the keyring is larger than 1 MiB")
	}
	if ctx.Err() == nil {
		c.mu.Lock()
		c.last = entryRead{text, err, now}
		c.mu.Unlock()
	}
	return text, err
}

// peek is load without the keyring, for initialize (contract 2): unread where
// the login may be in it.
func (c *codexStore) peek(ctx context.Context) *snapshot {
	set := c.settings()
	if set.err != nil || set.store == storeFile {
		return c.load(ctx)
	}
	if set.store == storeAuto {
		if s := c.files.load(ctx); s.err != nil || !s.raw.IsZero() {
			s.settings = set
			return s
		}
	}
	return &snapshot{settings: set, err: protocol.NewError(protocol.CodeCredentialStore,
		"the login is in the keyring, which is not asked before it is needed",
		protocol.ErrorData{Reason: protocol.ReasonKeyring, Action: "Ask for auth/status"})}
}

// watched reports whether a change of the store can be seen without asking a
// keyring.
func (c *codexStore) watched() bool {
	set := c.settings()
	return set.err != nil || set.store == storeFile
}

// current implements store.
func (c *codexStore) current(s *snapshot) bool {
	set := c.settings()
	switch {
	case set != s.settings:
		return false
	case set.err != nil:
		return set.settled
	case set.store == storeFile:
		return c.files.current(s)
	}
	return time.Now().Before(s.freshUntil) && (s.from == storeKeyring || c.files.current(s)) && !c.knowsNewer(s)
}

// knowsNewer reports whether the entry was read again after s, as it is under the
// locks, and holds something else than s.
func (c *codexStore) knowsNewer(s *snapshot) bool {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	text := ""
	if s.from == storeKeyring {
		text = s.raw.Reveal()
	}
	isAnswer := last.err == nil || errors.Is(last.err, errNoEntry)
	return isAnswer && last.started.After(s.at) && string(last.text) != text
}

// refuses implements store.
func (c *codexStore) refuses(s *snapshot) *protocol.Error {
	switch {
	case s.from != storeKeyring:
		return c.files.refuses(s)
	case isReadOnlyKeyring:
		return keyringError(errCannotWrite)
	}
	return checkFolder(c.files.home) // where the locks are
}

// orphans implements store; a keyring has none.
func (c *codexStore) orphans() []*snapshot { return c.files.orphans() }

// writable implements store. A login is written where it was read.
func (c *codexStore) writable() *protocol.Error {
	set := c.settings()
	if set.err != nil {
		return set.err
	}
	if set.store == storeFile {
		return c.files.writable()
	}
	_, err := c.readEntry(context.Background())
	switch {
	case err == nil, errors.Is(err, errNoEntry) && set.store == storeKeyring:
		if isReadOnlyKeyring {
			return keyringError(errCannotWrite)
		}
		return checkFolder(c.files.home) // where the locks are
	case set.store == storeAuto:
		return c.files.writable()
	}
	return keyringError(err)
}

// commit implements store.
func (c *codexStore) commit(old, text []byte) error {
	set := c.settings()
	if set.err != nil {
		return set.err
	}
	if set.store == storeFile {
		return c.files.commit(old, text)
	}
	there, err := c.readEntry(context.Background())
	isThere := err == nil
	switch {
	case set.store == storeKeyring || isThere:
		if err := c.commitEntry(old, text); err != nil {
			return err
		}
		if set.store == storeAuto && len(text) == 0 {
			return c.forgetFile() // or it would stand in for the login that was removed
		}
		return nil
	case len(old) > 0 || len(text) == 0:
		return c.files.commit(old, text)
	}
	// A new login where there was none: as Codex does, the keyring if it works.
	if !errors.Is(err, errNoEntry) || len(there) > 0 {
		return c.files.commit(old, text)
	}
	if target, err := readTarget(c.files.path); err == nil && len(target) > 0 {
		return errChanged
	}
	err = c.commitEntry(old, text)
	if err == nil || errors.Is(err, errChanged) {
		return err
	}
	c.files.notice("the keyring could not be written, so the login is in " + fileName)
	return c.files.commit(old, text)
}

// commitEntry is commit for the entry, under the same locks as for the file.
func (c *codexStore) commitEntry(old, text []byte) error {
	target, err := resolveLinks(c.files.path)
	if err != nil {
		return storeFailed(c.files.path, err)
	}
	release := c.files.lockCommit(target)
	start := time.Now()
	defer func() { release(); c.files.held(time.Since(start)) }()
	ctx, cancel := context.WithTimeout(context.Background(), keyringCommit)
	defer cancel()
	k := c.entry()
	there, err := k.read(ctx)
	switch {
	case errors.Is(err, errNoEntry):
		there = nil
	case err != nil:
		return keyringError(err)
	}
	if !bytes.Equal(there, old) {
		return errChanged
	}
	if len(text) == 0 {
		err = k.remove(ctx)
	} else {
		err = k.write(ctx, text)
	}
	if err != nil {
		return keyringError(err)
	}
	return nil
}

// forgetFile takes a login out of auth.json.
func (c *codexStore) forgetFile() error {
	for range commitTries {
		s := c.files.load(context.Background())
		if s.err != nil || !s.file.hasTokens() && s.file.apiKey.IsZero() {
			return nil
		}
		d := newDocument([]byte(s.raw.Reveal()))
		forgetLogin(d)
		after := d.text
		if d.empty() {
			after = nil
		}
		if err := c.files.commit([]byte(s.raw.Reveal()), after); !errors.Is(err, errChanged) {
			return err
		}
	}
	return nil
}

// backup implements store. What is in the keyring stays there: it is kept as
// another entry.
func (c *codexStore) backup() (string, error) {
	set := c.settings()
	if set.err != nil {
		return "", set.err
	}
	ctx := context.Background()
	text, err := []byte(nil), errNoEntry
	if set.store != storeFile {
		text, err = c.readEntry(ctx)
	}
	switch {
	case err == nil:
	case set.store != storeKeyring:
		return c.files.backup()
	default:
		return "", keyringError(err)
	}
	k := c.entry()
	k.account += ".bak"
	if err := k.write(ctx, text); err != nil {
		return "", keyringError(err)
	}
	return fmt.Sprintf("the keyring, as %q of %q", k.account, k.service), nil
}
