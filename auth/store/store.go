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

	keyringRest = 5 * time.Second

	// keyringCommit bounds a commit to the keyring, which is made under Codex's
	// locks: Codex loses a token that it cannot save within 5 s.
	keyringCommit = 4 * time.Second
)

// Store is the store that Codex's config.toml names (docs/credentials.md: The store): auth.json;
// the keyring, without a fallback; or the keyring and then auth.json. The
// settings are looked at by every call.
type Store struct {
	files      *fileStore
	configFile *configFile
	// entry names the entry of CODEX_HOME.
	entry func() keyring

	// Waits and Disk are as Open sets them except in tests, which change them
	// before the first use.
	Waits Waits
	Disk  Disk
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
	s := &Store{
		configFile: &configFile{path: filepath.Join(home, ConfigName)},
		entry:      sync.OnceValue(func() keyring { return keyringOf(home) }),
		reading:    make(chan struct{}, 1),
		Waits:      defaultWaits(),
		Disk:       realDisk(),
		refreshing: make(chan struct{}, 1),
	}
	s.files = &fileStore{
		home: home, path: filepath.Join(home, FileName),
		disk: &s.Disk, waits: &s.Waits, notice: notice,
	}
	return s
}

// Config returns Codex's settings as they are now, see configFile.load.
func (s *Store) Config() *Config { return s.configFile.load() }

// keyring returns the entry of this CODEX_HOME.
func (s *Store) keyring() keyring {
	k := s.entry()
	k.timeout = s.Waits.Keyring
	return k
}

// Load reads the store as it is now, see readFile. It never fails: the snapshot's
// Err says why.
func (s *Store) Load(ctx context.Context) *Snapshot {
	set := s.configFile.load()
	var snap *Snapshot
	switch {
	case set.Err != nil:
		snap = &Snapshot{Err: set.Err}
	case set.Store == KindFile:
		snap = s.files.load(ctx)
	default:
		snap = s.loadEntry(ctx, set.Store)
	}
	snap.Config = set
	return snap
}

// loadEntry reads the keyring and, for "auto", what replaces it.
func (s *Store) loadEntry(ctx context.Context, kind Kind) *Snapshot {
	at := time.Now()
	text, err := s.readEntry(ctx)
	freshUntil := at.Add(keyringFresh)
	if errors.Is(err, errSilent) {
		freshUntil = time.Now().Add(s.Waits.KeyringRest)
	}
	switch {
	case ctx.Err() != nil && err != nil:
		return &Snapshot{Err: protocol.Cancelled()}
	case err == nil:
		snap := entrySnapshot(text, at)
		snap.freshUntil = freshUntil
		if _, err := os.Lstat(s.files.path); err == nil {
			snap.Warnings = append(snap.Warnings, fmt.Sprintf("%s is not used: the login is in the keyring, as Codex's %s says", s.files.path, ConfigName))
		}
		return snap
	case kind == KindAuto:
		snap := s.files.load(ctx)
		snap.at, snap.freshUntil = at, freshUntil
		isThere := snap.Err != nil || !snap.Raw.IsZero()
		switch {
		case errors.Is(err, errNoEntry):
		case isThere || errors.Is(err, errNoKeyring):
			snap.Warnings = append(snap.Warnings, err.Error()+"; "+FileName+" is used in its place")
		default: // it may hold the login, so that there being none is not the truth
			snap.Err = keyringError(err)
		}
		return snap
	}
	snap := &Snapshot{From: KindKeyring, at: at, freshUntil: freshUntil}
	if !errors.Is(err, errNoEntry) {
		snap.Err = keyringError(err)
	}
	if _, err := os.Lstat(s.files.path); err == nil {
		snap.Warnings = append(snap.Warnings, fmt.Sprintf("%s is not used: Codex's %s keeps the login in the keyring", s.files.path, ConfigName))
	}
	return snap
}

// entrySnapshot is what the text of an entry means.
func entrySnapshot(text []byte, at time.Time) *Snapshot {
	s := Parse(KeyringPlace, text)
	s.From, s.at = KindKeyring, at
	return s
}

// readEntry reads the entry as it is now. Callers that come together share a
// read that began after they came, and a failure of one that ran when they came.
func (s *Store) readEntry(ctx context.Context) ([]byte, error) {
	came := time.Now()
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := time.Now()
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	failed := last.err != nil && !errors.Is(last.err, errNoEntry)
	if waited := now.Sub(came) > time.Millisecond; waited && (failed || last.started.After(came)) {
		return last.text, last.err
	}
	text, err := s.keyring().read(ctx)
	if err == nil && len(text) > maxFileBytes {
		text, err = nil, errors.New("the entry of Codex in the keyring is larger than 1 MiB")
	}
	if ctx.Err() == nil {
		s.mu.Lock()
		s.last = entryRead{text, err, now}
		s.mu.Unlock()
	}
	return text, err
}

// Peek is load without the keyring, for initialize (docs/protocol.md: Lifecycle): unread where
// the login may be in it.
func (s *Store) Peek(ctx context.Context) *Snapshot {
	set := s.configFile.load()
	if set.Err != nil || set.Store == KindFile {
		return s.Load(ctx)
	}
	if set.Store == KindAuto {
		if snap := s.files.load(ctx); snap.Err != nil || !snap.Raw.IsZero() {
			snap.Config = set
			return snap
		}
	}
	return &Snapshot{Config: set, Err: protocol.NewError(protocol.CodeCredentialStore,
		"the login is in the keyring, which is not asked before it is needed",
		protocol.ErrorData{Reason: protocol.ReasonKeyring, Action: "Ask for auth/status"})}
}

// Watched reports whether a change of the store can be seen without asking a
// keyring.
func (s *Store) Watched() bool {
	set := s.configFile.load()
	return set.Err != nil || set.Store == KindFile
}

// Current reports, at the cost of a stat, whether the store still holds what s
// was made from.
func (s *Store) Current(snap *Snapshot) bool {
	set := s.configFile.load()
	switch {
	case set != snap.Config:
		return false
	case set.Err != nil:
		return set.settled
	case set.Store == KindFile:
		return s.files.current(snap)
	}
	return time.Now().Before(snap.freshUntil) && (snap.From == KindKeyring || s.files.current(snap)) && !s.knowsNewer(snap)
}

// knowsNewer reports whether the entry was read again after s, as it is under the
// locks, and holds something else than s.
func (s *Store) knowsNewer(snap *Snapshot) bool {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	text := ""
	if snap.From == KindKeyring {
		text = snap.Raw.Reveal()
	}
	isAnswer := last.err == nil || errors.Is(last.err, errNoEntry)
	return isAnswer && last.started.After(snap.at) && string(last.text) != text
}

// CheckLogin is CheckWritable as far as that can be seen without trying anything, for the
// login of s.
func (s *Store) CheckLogin(snap *Snapshot) error {
	switch {
	case snap.From != KindKeyring:
		return s.files.checkLogin(snap)
	case isReadOnlyKeyring:
		return keyringError(errCannotWrite)
	}
	return checkFolder(s.files.home) // where the locks are
}

// Orphans are new contents that somebody wrote beside the store and was killed
// before they took its place; the newest first. A keyring has none.
func (s *Store) Orphans() []*Snapshot { return s.files.orphans() }

// CheckWritable reports whether a commit can be expected to succeed. It is asked before
// anything is sent whose answer has to be kept. A login is written where it was
// read.
func (s *Store) CheckWritable() error {
	set := s.configFile.load()
	if set.Err != nil {
		return set.Err
	}
	if set.Store == KindFile {
		return s.files.checkWritable()
	}
	_, err := s.readEntry(context.Background())
	switch {
	case err == nil, errors.Is(err, errNoEntry) && set.Store == KindKeyring:
		if isReadOnlyKeyring {
			return keyringError(errCannotWrite)
		}
		return checkFolder(s.files.home) // where the locks are
	case set.Store == KindAuto:
		return s.files.checkWritable()
	}
	return keyringError(err)
}

// Commit puts text in the place of old; an empty old means a store that
// holds nothing, an empty text removes what is there. It changes nothing and
// returns errChanged when the store holds something else by now.
func (s *Store) Commit(old, text []byte) error {
	set := s.configFile.load()
	if set.Err != nil {
		return set.Err
	}
	if set.Store == KindFile {
		return s.files.commit(old, text)
	}
	there, err := s.readEntry(context.Background())
	isThere := err == nil
	switch {
	case set.Store == KindKeyring || isThere:
		if err := s.commitEntry(old, text); err != nil {
			return err
		}
		if set.Store == KindAuto && len(text) == 0 {
			return s.forgetFile() // or it would stand in for the login that was removed
		}
		return nil
	case len(old) > 0 || len(text) == 0:
		return s.files.commit(old, text)
	}
	// A new login where there was none: as Codex does, the keyring if it works.
	if !errors.Is(err, errNoEntry) || len(there) > 0 {
		return s.files.commit(old, text)
	}
	if target, err := readTarget(s.files.path); err == nil && len(target) > 0 {
		return ErrChanged
	}
	err = s.commitEntry(old, text)
	if err == nil || errors.Is(err, ErrChanged) {
		return err
	}
	s.files.notice("the keyring could not be written, so the login is in " + FileName)
	return s.files.commit(old, text)
}

// commitEntry is commit for the entry, under the same locks as for the file.
func (s *Store) commitEntry(old, text []byte) error {
	target, err := resolveLinks(s.files.path)
	if err != nil {
		return Failed(s.files.path, err)
	}
	release := s.files.lockCommit(target)
	defer release()
	ctx, cancel := context.WithTimeout(context.Background(), keyringCommit)
	defer cancel()
	k := s.keyring()
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
func (s *Store) forgetFile() error {
	for range commitTries {
		snap := s.files.load(context.Background())
		if snap.Err != nil || !snap.Login.HasTokens() && snap.Login.APIKey.IsZero() {
			return nil
		}
		d := NewDocument([]byte(snap.Raw.Reveal()))
		d.RemoveLogin()
		after := d.Text
		if d.empty() {
			after = nil
		}
		if err := s.files.commit([]byte(snap.Raw.Reveal()), after); !errors.Is(err, ErrChanged) {
			return err
		}
	}
	return nil
}

// backup puts the store's content aside, where only the owner can read it, and
// returns where. The store may hold it still. What is in the keyring stays there: it is kept as
// another entry.
func (s *Store) backup() (string, error) {
	set := s.configFile.load()
	if set.Err != nil {
		return "", set.Err
	}
	ctx := context.Background()
	text, err := []byte(nil), errNoEntry
	if set.Store != KindFile {
		text, err = s.readEntry(ctx)
	}
	switch {
	case err == nil:
	case set.Store != KindKeyring:
		return s.files.backup()
	default:
		return "", keyringError(err)
	}
	k := s.keyring()
	k.account += ".bak"
	if err := k.write(ctx, text); err != nil {
		return "", keyringError(err)
	}
	return fmt.Sprintf("the keyring, as %q of %q", k.account, k.service), nil
}
