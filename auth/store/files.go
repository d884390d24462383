package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrChanged is the error of a commit that found something else in the store than
// what its caller had read.
var ErrChanged = errors.New("the store has changed")

const (
	// tempPrefix begins the name of a temporary file.
	tempPrefix = ".auth-"
	// tempLife is the age from which on a temporary file is left over: nobody
	// writes for that long.
	tempLife = time.Hour
	// maxLinks is how many symbolic links are followed to auth.json.
	maxLinks = 40
)

// fileStore is auth.json in CODEX_HOME, the default of Codex.
type fileStore struct {
	home, path string
	disk       *Disk
	waits      *Waits
	// notice takes a warning for auth/status.
	notice func(string)

	mu   sync.Mutex // guards left
	left []string   // temporary files that could not be removed yet
}

func (s *fileStore) load(ctx context.Context) *Snapshot { return readFile(ctx, s.path) }

func (s *fileStore) current(old *Snapshot) bool {
	info, err := os.Stat(s.path)
	return err == nil && old.current(info)
}

// commit is Store.Commit for auth.json. The new text is on the disk before Codex's
// locks are taken, so that they are held for a comparison and a rename only.
func (s *fileStore) commit(old, text []byte) error {
	target, err := resolveLinks(s.path)
	if err != nil {
		return Failed(s.path, err)
	}
	if failure := s.check(target); failure != nil {
		return failure
	}
	s.sweep(filepath.Dir(target))
	if len(text) == 0 {
		return s.replace(target, "", old, nil)
	}
	temp, err := s.writeTemp(target, text)
	if err != nil {
		return Failed(target, err)
	}
	if err := s.replace(target, temp, old, text); err != nil {
		return err
	}
	// What is visible now is complete; without this a power cut may bring the old
	// file back. Some file systems cannot do it for a folder.
	s.disk.At("dirsync")
	_ = s.disk.SyncDir(filepath.Dir(target))
	s.disk.At("done")
	return nil
}

// writeTemp writes text to a new file beside target and returns its name.
func (s *fileStore) writeTemp(target string, text []byte) (string, error) {
	temp := tempName(target)
	s.disk.At("create")
	f, err := s.disk.Create(temp)
	if err != nil {
		return "", err
	}
	s.disk.At("write")
	err = s.disk.Write(f, text)
	s.disk.At("fsync")
	if err == nil {
		err = s.disk.Sync(f)
	}
	if failed := s.disk.Close(f); failed != nil {
		_ = f.Close() // a second time, where a test let the first one fail
		if err == nil {
			err = failed
		}
	}
	if err != nil {
		s.clean(temp)
		return "", err
	}
	return temp, nil
}

// clean removes a temporary file, now or, if that fails, with the next commit.
func (s *fileStore) clean(temp string) {
	err := s.disk.Remove(temp)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = slices.DeleteFunc(s.left, func(path string) bool { return path == temp })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.left = append(s.left, temp)
	}
}

// replace puts temp, which holds text, in the place of target if that still
// holds old; an empty temp removes target. temp is gone afterwards.
func (s *fileStore) replace(target, temp string, old, text []byte) (err error) {
	keep := false
	defer func() {
		if temp != "" && err != nil && !keep {
			s.clean(temp)
		}
	}()
	s.disk.At("lock")
	release := s.lockCommit(target)
	defer release()
	err = whileHeld(target, func() error {
		there, err := readTarget(target)
		if err != nil {
			return err
		}
		if !bytes.Equal(there, old) {
			return ErrChanged
		}
		s.disk.At("rename")
		if temp != "" {
			return s.disk.Rename(temp, target)
		}
		if err := s.disk.Remove(target); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	if errors.Is(err, ErrChanged) {
		return err
	}
	if isMounted(err) {
		// A file that is mounted on its own, as containers do, cannot be replaced.
		if temp == "" {
			text = []byte("{}")
		}
		if err = s.writeInPlace(target, old, text); err == nil && temp != "" {
			s.clean(temp)
		}
		keep = err != nil && !bytes.Equal(old, mustRead(target))
	}
	s.disk.At("renamed")
	if err != nil {
		return Failed(target, err)
	}
	return nil
}

// backup makes a copy beside auth.json, or the thing itself where
// that is no small file.
func (s *fileStore) backup() (string, error) {
	target, err := resolveLinks(s.path)
	if err != nil {
		return "", Failed(s.path, err)
	}
	path := target + ".bak"
	for n := 2; ; n++ {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			break
		}
		path = fmt.Sprintf("%s.bak-%d", target, n)
	}
	text, err := readTarget(target)
	if err != nil {
		if err := whileHeld(target, func() error { return s.disk.Rename(target, path) }); err != nil {
			return "", Failed(path, err)
		}
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			_ = os.Chmod(path, 0o600)
		}
		return path, nil
	}
	temp, err := s.writeTemp(target, text)
	if err != nil {
		return "", Failed(path, err)
	}
	if err := s.disk.Rename(temp, path); err != nil {
		s.clean(temp)
		return "", Failed(path, err)
	}
	return path, nil
}

// sweep removes what processes that were killed have left behind, and what we
// could not remove before.
func (s *fileStore) sweep(dir string) {
	s.mu.Lock()
	left := slices.Clone(s.left)
	s.mu.Unlock()
	for _, path := range left {
		s.clean(path)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix) || !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > tempLife {
			_ = s.disk.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
