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
	// KeyringPlace is what messages call the entry of the keyring.
	KeyringPlace = "the keyring"

	// keyringFresh is how long an answer of the keyring is used without asking
	// again: unlike a file, the keyring does not show when it has changed.
	keyringFresh = time.Second

	// keyringRest is the default of Waits.KeyringRest.
	keyringRest = 5 * time.Second

	// keyringCommit bounds a commit to the keyring, which is made under Codex's
	// locks: Codex loses a token that it cannot save within 5 s.
	keyringCommit = 4 * time.Second
)

// Store is the store that Codex's configuration names (docs/credentials.md: The
// store): auth.json; the keyring, without a fallback; or the keyring and then
// auth.json. Each call reads the configuration if it has changed. Safe for concurrent
// use.
type Store struct {
	files  *fileStore
	config *configFiles
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

// entryRead is the outcome of one read of the entry.
type entryRead struct {
	text    []byte
	err     error
	started time.Time
}

// Open returns the store of home, a CODEX_HOME, which need not exist. It reads
// nothing. notice is called with warnings for auth/status, one sentence each, from
// any goroutine.
func Open(home string, notice func(string)) *Store {
	s := &Store{
		config:     configFilesOf(home, systemFolder),
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

// Config returns what the configuration says now. It costs a stat for each file when
// none has changed. The result is shared: it is not to be modified.
func (s *Store) Config() *Config { return s.config.load() }

// keyring returns the entry of this CODEX_HOME.
func (s *Store) keyring() keyring {
	k := s.entry()
	k.timeout = s.Waits.Keyring
	return k
}

// Load returns what the store holds now, and never nil: Err of the snapshot says why
// the store cannot be used. A file that does not parse is read again for up to
// 100 ms, since older Codexes write it in place; a keyring may take Waits.Keyring.
func (s *Store) Load(ctx context.Context) *Snapshot {
	set := s.config.load()
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
		default: // the keyring may hold the login: "no login" would be a guess
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

// entrySnapshot returns the snapshot of the text of an entry.
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

// Peek is Load without asking the keyring, for initialize (docs/protocol.md:
// Lifecycle). Where the login may be in the keyring, Err of the snapshot has reason
// keyring.
func (s *Store) Peek(ctx context.Context) *Snapshot {
	set := s.config.load()
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
	set := s.config.load()
	return set.Err != nil || set.Store == KindFile
}

// Current reports, at the cost of a few stats, whether the store still holds what s
// was made from.
func (s *Store) Current(snap *Snapshot) bool {
	set := s.config.load()
	switch {
	case set != snap.Config:
		return false
	case set.Err != nil:
		return true // the files are as they were
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

// CheckLogin returns why the login of snap could not be written back; nil when
// nothing speaks against it. It looks, and unlike CheckWritable tries nothing.
func (s *Store) CheckLogin(snap *Snapshot) error {
	switch {
	case snap.From != KindKeyring:
		return s.files.checkLogin(snap)
	case isReadOnlyKeyring:
		return keyringError(errCannotWrite)
	}
	return checkFolder(s.files.home) // where the locks are
}

// Orphans returns the logins in temporary files beside auth.json, whose writers were
// killed before the rename; the newest first. A keyring has no orphans.
func (s *Store) Orphans() []*Snapshot { return s.files.orphans() }

// CheckWritable returns why a commit would fail; nil when it can be expected to
// succeed. It creates and removes a file beside auth.json to be sure. Callers ask
// before they send anything whose answer has to be kept.
func (s *Store) CheckWritable() error {
	set := s.config.load()
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

// Commit replaces old, the whole text of the store, by text. An empty old stands for
// an empty store; an empty text removes what is there. Where the store no longer
// holds old, Commit changes nothing and returns ErrChanged. The caller holds the
// refresh lock.
func (s *Store) Commit(old, text []byte) error {
	set := s.config.load()
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
			return s.forgetFile() // or it would replace the login that was removed
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

// commitEntry is Commit for the entry, under the same locks as for the file.
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

// backup copies or moves the content of the store to a place that only its owner can
// read, and returns that place. Content of the keyring stays in the keyring, as
// another entry.
func (s *Store) backup() (string, error) {
	set := s.config.load()
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
