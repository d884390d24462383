// Package store is Codex's home: its config.toml, and the login in auth.json or in
// the keyring. It reads, edits the text without touching what is not ours, locks,
// and commits at once or not at all (docs/credentials.md: The store, Lock order). It
// decides nothing about credentials.
package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// KeyringPlace is how messages call the entry.
	KeyringPlace = "the keyring"

	// keyringFresh is how long what the keyring said is used without asking again:
	// unlike a file it does not tell when it has changed.
	keyringFresh = time.Second

	// KeyringRest is how long one that did not answer is left alone: else each
	// request would wait for it.
	KeyringRest = 5 * time.Second

	// keyringCommit bounds a commit to the keyring, which is made under Codex's
	// locks: Codex loses a token that it cannot save within 5 s.
	keyringCommit = 4 * time.Second
)

// Store is the store that Codex's config.toml names (docs/credentials.md: The store): auth.json;
// the keyring, without a fallback; or the keyring and then auth.json. The
// settings are looked at by every call.
type Store struct {
	Files      *FileStore
	configFile *configFile
	// entry names the entry of CODEX_HOME.
	entry func() keyring

	// LockWait is how long LockRefresh waits.
	LockWait time.Duration
	// refreshing holds one value while this process holds the refresh lock.
	refreshing chan struct{}

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

// Open returns the store of the CODEX_HOME home, which need not exist. It
// reads nothing. notice takes warnings for auth/status, one sentence each.
func Open(home string, notice func(string)) *Store {
	return &Store{
		Files:      newFileStore(home, notice),
		configFile: &configFile{path: filepath.Join(home, ConfigName)},
		entry:      sync.OnceValue(func() keyring { return KeyringOf(home) }),
		reading:    make(chan struct{}, 1),
		LockWait:   RefreshLockWait,
		refreshing: make(chan struct{}, 1),
	}
}

// Config returns Codex's settings as they are now, see configFile.load.
func (c *Store) Config() *Config { return c.configFile.load() }

// Load reads the store as it is now, see readFile. It never fails: the snapshot's
// Err says why.
func (c *Store) Load(ctx context.Context) *Snapshot {
	set := c.configFile.load()
	var s *Snapshot
	switch {
	case set.Err != nil:
		s = &Snapshot{Err: set.Err}
	case set.Store == KindFile:
		s = c.Files.load(ctx)
	default:
		s = c.loadEntry(ctx, set.Store)
	}
	s.Config = set
	return s
}

// loadEntry reads the keyring and, for "auto", what replaces it.
func (c *Store) loadEntry(ctx context.Context, kind Kind) *Snapshot {
	at := time.Now()
	text, err := c.readEntry(ctx)
	freshUntil := at.Add(keyringFresh)
	if errors.Is(err, errSilent) {
		freshUntil = time.Now().Add(KeyringRest)
	}
	switch {
	case ctx.Err() != nil && err != nil:
		return &Snapshot{Err: protocol.Cancelled()}
	case err == nil:
		s := entrySnapshot(text, at)
		s.freshUntil = freshUntil
		if _, err := os.Lstat(c.Files.path); err == nil {
			s.Warnings = append(s.Warnings, fmt.Sprintf("%s is not used: the login is in the keyring, as Codex's %s says", c.Files.path, ConfigName))
		}
		return s
	case kind == KindAuto:
		s := c.Files.load(ctx)
		s.at, s.freshUntil = at, freshUntil
		isThere := s.Err != nil || !s.Raw.IsZero()
		switch {
		case errors.Is(err, errNoEntry):
		case isThere || errors.Is(err, errNoKeyring):
			s.Warnings = append(s.Warnings, err.Error()+"; "+FileName+" is used in its place")
		default: // it may hold the login, so that there being none is not the truth
			s.Err = keyringError(err)
		}
		return s
	}
	s := &Snapshot{From: KindKeyring, at: at, freshUntil: freshUntil}
	if !errors.Is(err, errNoEntry) {
		s.Err = keyringError(err)
	}
	if _, err := os.Lstat(c.Files.path); err == nil {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s is not used: Codex's %s keeps the login in the keyring", c.Files.path, ConfigName))
	}
	return s
}

// entrySnapshot is what the text of an entry means.
func entrySnapshot(text []byte, at time.Time) *Snapshot {
	s := Parse(KeyringPlace, text)
	s.From, s.at = KindKeyring, at
	return s
}

// readEntry reads the entry as it is now. Callers that come together share a
// read that began after they came, and a failure of one that ran when they came.
func (c *Store) readEntry(ctx context.Context) ([]byte, error) {
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
	if err == nil && len(text) > MaxFileBytes {
		text, err = nil, errors.New("the entry of Codex in the keyring is larger than 1 MiB")
	}
	if ctx.Err() == nil {
		c.mu.Lock()
		c.last = entryRead{text, err, now}
		c.mu.Unlock()
	}
	return text, err
}

// Peek is load without the keyring, for initialize (docs/protocol.md: Lifecycle): unread where
// the login may be in it.
func (c *Store) Peek(ctx context.Context) *Snapshot {
	set := c.configFile.load()
	if set.Err != nil || set.Store == KindFile {
		return c.Load(ctx)
	}
	if set.Store == KindAuto {
		if s := c.Files.load(ctx); s.Err != nil || !s.Raw.IsZero() {
			s.Config = set
			return s
		}
	}
	return &Snapshot{Config: set, Err: protocol.NewError(protocol.CodeCredentialStore,
		"the login is in the keyring, which is not asked before it is needed",
		protocol.ErrorData{Reason: protocol.ReasonKeyring, Action: "Ask for auth/status"})}
}

// Watched reports whether a change of the store can be seen without asking a
// keyring.
func (c *Store) Watched() bool {
	set := c.configFile.load()
	return set.Err != nil || set.Store == KindFile
}

// Current reports, at the cost of a stat, whether the store still holds what s
// was made from.
func (c *Store) Current(s *Snapshot) bool {
	set := c.configFile.load()
	switch {
	case set != s.Config:
		return false
	case set.Err != nil:
		return set.settled
	case set.Store == KindFile:
		return c.Files.current(s)
	}
	return time.Now().Before(s.freshUntil) && (s.From == KindKeyring || c.Files.current(s)) && !c.knowsNewer(s)
}

// knowsNewer reports whether the entry was read again after s, as it is under the
// locks, and holds something else than s.
func (c *Store) knowsNewer(s *Snapshot) bool {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	text := ""
	if s.From == KindKeyring {
		text = s.Raw.Reveal()
	}
	isAnswer := last.err == nil || errors.Is(last.err, errNoEntry)
	return isAnswer && last.started.After(s.at) && string(last.text) != text
}

// CheckLogin is CheckWritable as far as that can be seen without trying anything, for the
// login of s.
func (c *Store) CheckLogin(s *Snapshot) error {
	switch {
	case s.From != KindKeyring:
		return c.Files.checkLogin(s)
	case isReadOnlyKeyring:
		return keyringError(errCannotWrite)
	}
	return checkFolder(c.Files.home) // where the locks are
}

// Orphans are new contents that somebody wrote beside the store and was killed
// before they took its place; the newest first. A keyring has none.
func (c *Store) Orphans() []*Snapshot { return c.Files.orphans() }

// CheckWritable reports whether a commit can be expected to succeed. It is asked before
// anything is sent whose answer has to be kept. A login is written where it was
// read.
func (c *Store) CheckWritable() error {
	set := c.configFile.load()
	if set.Err != nil {
		return set.Err
	}
	if set.Store == KindFile {
		return c.Files.checkWritable()
	}
	_, err := c.readEntry(context.Background())
	switch {
	case err == nil, errors.Is(err, errNoEntry) && set.Store == KindKeyring:
		if isReadOnlyKeyring {
			return keyringError(errCannotWrite)
		}
		return checkFolder(c.Files.home) // where the locks are
	case set.Store == KindAuto:
		return c.Files.checkWritable()
	}
	return keyringError(err)
}

// Commit puts text in the place of old; an empty old means a store that
// holds nothing, an empty text removes what is there. It changes nothing and
// returns errChanged when the store holds something else by now.
func (c *Store) Commit(old, text []byte) error {
	set := c.configFile.load()
	if set.Err != nil {
		return set.Err
	}
	if set.Store == KindFile {
		return c.Files.commit(old, text)
	}
	there, err := c.readEntry(context.Background())
	isThere := err == nil
	switch {
	case set.Store == KindKeyring || isThere:
		if err := c.commitEntry(old, text); err != nil {
			return err
		}
		if set.Store == KindAuto && len(text) == 0 {
			return c.forgetFile() // or it would stand in for the login that was removed
		}
		return nil
	case len(old) > 0 || len(text) == 0:
		return c.Files.commit(old, text)
	}
	// A new login where there was none: as Codex does, the keyring if it works.
	if !errors.Is(err, errNoEntry) || len(there) > 0 {
		return c.Files.commit(old, text)
	}
	if target, err := readTarget(c.Files.path); err == nil && len(target) > 0 {
		return ErrChanged
	}
	err = c.commitEntry(old, text)
	if err == nil || errors.Is(err, ErrChanged) {
		return err
	}
	c.Files.notice("the keyring could not be written, so the login is in " + FileName)
	return c.Files.commit(old, text)
}

// commitEntry is commit for the entry, under the same locks as for the file.
func (c *Store) commitEntry(old, text []byte) error {
	target, err := resolveLinks(c.Files.path)
	if err != nil {
		return Failed(c.Files.path, err)
	}
	release := c.Files.lockCommit(target)
	start := time.Now()
	defer func() { release(); c.Files.Held(time.Since(start)) }()
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
		return ErrChanged
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
func (c *Store) forgetFile() error {
	for range commitTries {
		s := c.Files.load(context.Background())
		if s.Err != nil || !s.Login.HasTokens() && s.Login.APIKey.IsZero() {
			return nil
		}
		d := NewDocument([]byte(s.Raw.Reveal()))
		d.RemoveLogin()
		after := d.Text
		if d.empty() {
			after = nil
		}
		if err := c.Files.commit([]byte(s.Raw.Reveal()), after); !errors.Is(err, ErrChanged) {
			return err
		}
	}
	return nil
}

// backup puts the store's content aside, where only the owner can read it, and
// returns where. The store may hold it still. What is in the keyring stays there: it is kept as
// another entry.
func (c *Store) backup() (string, error) {
	set := c.configFile.load()
	if set.Err != nil {
		return "", set.Err
	}
	ctx := context.Background()
	text, err := []byte(nil), errNoEntry
	if set.Store != KindFile {
		text, err = c.readEntry(ctx)
	}
	switch {
	case err == nil:
	case set.Store != KindKeyring:
		return c.Files.backup()
	default:
		return "", keyringError(err)
	}
	k := c.entry()
	k.Account += ".bak"
	if err := k.write(ctx, text); err != nil {
		return "", keyringError(err)
	}
	return fmt.Sprintf("the keyring, as %q of %q", k.Account, k.Service), nil
}
