package auth

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

	"github.com/signalbox-dev/signalbox/protocol"
)

// store is where the login is kept: auth.json, or another place that holds the
// same JSON text. All methods are safe for concurrent use; the caller of those
// that write holds auth.refresh.lock. Their errors are 1003.
type store interface {
	// load reads the store as it is now, see readFile. It never fails: the
	// snapshot's err tells.
	load(ctx context.Context) *snapshot
	// current reports, at the cost of a stat, whether the store still holds what s
	// was made from.
	current(s *snapshot) bool
	// writable tells whether a commit can be expected to succeed. It is asked
	// before anything is sent whose answer has to be kept.
	writable() *protocol.Error
	// refuses is writable as far as that can be seen without trying anything, for
	// the login of s.
	refuses(s *snapshot) *protocol.Error
	// commit puts text in the place of old; an empty old stands for a store that
	// holds nothing, an empty text removes what is there. It changes nothing and
	// returns errChanged when the store holds something else by now.
	commit(old, text []byte) error
	// backup puts the store's content aside, where only the owner can read it, and
	// returns where. The store may hold it still.
	backup() (path string, err error)
	// orphans are new contents that somebody wrote beside the store and was killed
	// before they took its place; the newest first.
	orphans() []*snapshot
}

// errChanged: the store holds something else than what was read.
var errChanged = errors.New("the store has changed")

const (
	tempPrefix = ".auth-"
	// tempLife is the age from which on a temporary file is left over: nobody
	// writes for that long.
	tempLife = time.Hour
	// maxLinks is how many symbolic links are followed to auth.json.
	maxLinks = 40
)

// fileStore is the store of Codex's default: auth.json in CODEX_HOME.
type fileStore struct {
	home, path string
	disk       disk
	commitWait time.Duration
	// notice takes a warning for auth/status.
	notice func(string)
	// held is told how long Codex's locks were held.
	held func(time.Duration)

	mu   sync.Mutex // guards left
	left []string   // temporary files that could not be removed yet
}

func newFileStore(home string, notice func(string)) *fileStore {
	return &fileStore{
		home: home, path: filepath.Join(home, fileName),
		disk: realDisk(), commitWait: commitLockWait,
		notice: notice, held: func(time.Duration) {},
	}
}

func (s *fileStore) load(ctx context.Context) *snapshot { return readFile(ctx, s.path) }

func (s *fileStore) current(old *snapshot) bool {
	info, err := os.Stat(s.path)
	return err == nil && old.current(info)
}

// commit implements store. The new text is on the disk before Codex's locks are
// taken, so that they are held for a comparison and a rename only.
func (s *fileStore) commit(old, text []byte) error {
	target, err := resolveLinks(s.path)
	if err != nil {
		return storeFailed(s.path, err)
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
		return storeFailed(target, err)
	}
	if err := s.replace(target, temp, old, text); err != nil {
		return err
	}
	// What is visible now is complete; without this a power cut may bring the old
	// file back. Some file systems cannot do it for a folder.
	s.disk.at("dirsync")
	_ = s.disk.syncDir(filepath.Dir(target))
	s.disk.at("done")
	return nil
}

// writeTemp writes text to a new file beside target and returns its name.
func (s *fileStore) writeTemp(target string, text []byte) (string, error) {
	temp := tempName(target)
	s.disk.at("create")
	f, err := s.disk.create(temp)
	if err != nil {
		return "", err
	}
	s.disk.at("write")
	err = s.disk.write(f, text)
	s.disk.at("fsync")
	if err == nil {
		err = s.disk.sync(f)
	}
	if failed := s.disk.close(f); failed != nil {
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
	err := s.disk.remove(temp)
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
	s.disk.at("lock")
	release := s.lockCommit(target)
	start := time.Now()
	defer func() { release(); s.held(time.Since(start)) }()
	there, err := readTarget(target)
	if err != nil {
		return storeFailed(target, err)
	}
	if !bytes.Equal(there, old) {
		return errChanged
	}
	s.disk.at("rename")
	if temp == "" {
		err = s.disk.remove(target)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	} else {
		err = s.disk.rename(temp, target)
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
	s.disk.at("renamed")
	if err != nil {
		return storeFailed(target, err)
	}
	return nil
}

// backup implements store: a copy beside auth.json, or the thing itself where
// that is no small file.
func (s *fileStore) backup() (string, error) {
	target, err := resolveLinks(s.path)
	if err != nil {
		return "", storeFailed(s.path, err)
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
		if err := s.disk.rename(target, path); err != nil {
			return "", storeFailed(path, err)
		}
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			_ = os.Chmod(path, 0o600)
		}
		return path, nil
	}
	temp, err := s.writeTemp(target, text)
	if err != nil {
		return "", storeFailed(path, err)
	}
	if err := s.disk.rename(temp, path); err != nil {
		s.clean(temp)
		return "", storeFailed(path, err)
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
			_ = s.disk.remove(filepath.Join(dir, e.Name()))
		}
	}
}
