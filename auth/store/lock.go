package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/signalbox-dev/signalbox/protocol"
)

// The lock files in CODEX_HOME, in the order in which every writer takes them
// (docs/credentials.md: Lock order). They are flock(2) locks, as Codex takes them, on files that stay
// for ever: deleting one that is held would let two in.
const (
	// RefreshLockName is ours alone: it is held from the re-read of the store over
	// the POST to the save, so that one of many processes refreshes.
	RefreshLockName = "auth.refresh.lock"
	// CommitLockName is the first of Codex's two; the second is the resolved
	// target with TargetLockSuffix. Both are held for a commit only: Codex loses a
	// refreshed token when it does not get them within 5 s.
	CommitLockName   = "auth.lock"
	TargetLockSuffix = ".lock"
)

const (
	// LockPoll is the pause between two tries to take a lock.
	LockPoll = 25 * time.Millisecond
	// refreshLockWait covers two POSTs of another process and its commit.
	refreshLockWait = 45 * time.Second
	// commitLockWait is how long Codex's locks are waited for; then the commit
	// goes on without them.
	commitLockWait = 5 * time.Second
)

// ErrAdopted is the error of a wait for a lock that is over because there is nothing
// left to do.
var ErrAdopted = errors.New("another process has done it")

// errNoLocks: the file system knows no flock.
var errNoLocks = errors.New("the file system has no locks")

// lockFile takes the exclusive lock on path and returns how to release it. It
// polls until ctx ends, whose error it then returns; done, if not nil, is asked
// between two tries and ends the wait with ErrAdopted. A lock file that was
// replaced meanwhile is taken again: the lock of a deleted file keeps nobody out.
// Each call has an open file description of its own, so that two calls of one
// process exclude each other as well.
func lockFile(ctx context.Context, path string, done func() bool) (release func(), err error) {
	return acquire(ctx, path, 0, done, func(*flock.Flock) (func(), bool, error) { return func() {}, true, nil })
}

// acquire is lockFile with more flags for the open, and with a second condition:
// with is asked while the lock is held, and how to release what it took is part of
// the release. Where it is not met, the lock is released and the wait goes on.
func acquire(ctx context.Context, path string, flags int, done func() bool, with func(*flock.Flock) (func(), bool, error)) (release func(), err error) {
	for {
		// A *flock.Flock is re-entrant without counting: one for each try.
		lock := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|flags), flock.SetPermissions(0o600))
		locked, err := lock.TryLock()
		switch {
		case err != nil && isNoLocks(err):
			_ = lock.Close()
			return nil, errNoLocks
		case err != nil:
			_ = lock.Close()
			return nil, err
		case locked && isLockOf(lock, path):
			also, met, err := with(lock)
			if met {
				return func() { also(); _ = lock.Close() }, nil
			}
			_ = lock.Close()
			if err != nil {
				return nil, err
			}
		case locked:
			_ = lock.Close()
			continue
		}
		if done != nil && done() {
			return nil, ErrAdopted
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(LockPoll):
		}
	}
}

// isLink reports whether path is a symbolic link.
func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// isLockOf reports whether path still is the file that lock holds.
func isLockOf(lock *flock.Flock, path string) bool {
	held, err := lock.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(held, there)
}

// isNoLocks reports whether the file system does not support flock, as some
// network file systems do not.
func isNoLocks(err error) bool {
	return errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, errors.ErrUnsupported)
}

// Lock is auth.refresh.lock while it is held. A nil Lock was not taken. Not safe for
// concurrent use.
type Lock struct{ release func() }

// Release releases the lock. It may be called again, and on nil.
func (l *Lock) Release() {
	if l != nil && l.release != nil {
		l.release()
		l.release = nil
	}
}

// Keep returns a lock that outlives l: releasing l then does nothing.
func (l *Lock) Keep() *Lock {
	if l == nil {
		return nil
	}
	kept := &Lock{l.release}
	l.release = nil
	return kept
}

// LockRefresh takes auth.refresh.lock, within this process and among processes. It
// waits at most Waits.Lock; done, if not nil, is called between two tries and ends the
// wait when it returns true. The error is then ErrAdopted; it is -32800 when ctx
// ends, else 1003, with reason locked when the wait is over
// (docs/credentials.md: Lock order).
func (s *Store) LockRefresh(ctx context.Context, done func() bool) (*Lock, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Waits.Lock)
	defer cancel()
	path := filepath.Join(s.files.home, RefreshLockName)
	if info, err := os.Stat(s.files.home); err == nil && !isOurs(info) {
		return nil, notOwner(s.files.home) // a lock file of ours would lock its owner out
	}
	for {
		select {
		case s.refreshing <- struct{}{}:
		case <-time.After(LockPoll):
			if done != nil && done() {
				return nil, ErrAdopted
			}
			continue
		case <-ctx.Done():
			return nil, s.lockFailed(ctx.Err(), path)
		}
		break
	}
	unlock, err := acquire(ctx, path, noFollow, done, s.lockHome)
	switch {
	case err == nil:
		return &Lock{func() { unlock(); <-s.refreshing }}, nil
	case errors.Is(err, errNoLocks):
		s.files.notice(fmt.Sprintf("the file system of %s has no locks: only this process is kept from refreshing twice", s.files.home))
		return &Lock{func() { <-s.refreshing }}, nil
	}
	<-s.refreshing
	if errors.Is(err, ErrAdopted) {
		return nil, err
	}
	return nil, s.lockFailed(err, path)
}

// lockHome is what auth.refresh.lock is held with: a lock on the folder itself. The
// file can be deleted while it is held, by a cleaner or a person, and whoever waits
// would lock a new one; the folder stays. met is false while another process holds
// that. A lock file that also has another name is refused, and nothing is written
// to it: the error is 1003.
func (s *Store) lockHome(lock *flock.Flock) (release func(), met bool, err error) {
	held, err := lock.Stat()
	if err != nil {
		return nil, false, Failed(lock.Path(), err)
	}
	if hardLinks(held) > 1 {
		return nil, false, refusedStore(protocol.ReasonHardLink, lock.Path(), "is a hard link", "Remove "+lock.Path())
	}
	folder := flock.New(s.files.home, flock.SetFlag(os.O_RDONLY))
	switch locked, err := folder.TryLock(); {
	case err != nil: // a system that locks no folders
		_ = folder.Close()
		release = func() {}
	case !locked:
		_ = folder.Close()
		return nil, false, nil
	default:
		release = func() { _ = folder.Close() }
	}
	noteHolder(lock.Path(), held)
	return release, true, nil
}

// noteHolder writes our process id into the lock file that is held, a hint for those
// who wait. A file that has taken its place, or a link, is left alone.
func noteHolder(path string, held fs.FileInfo) {
	f, err := os.OpenFile(path, os.O_WRONLY|noFollow|syscall.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && os.SameFile(info, held) && f.Truncate(0) == nil {
		_, _ = fmt.Fprintln(f, os.Getpid())
	}
}

// holderOf returns the process id in a lock file; 0 when there is none.
func holderOf(path string) int {
	f, err := os.OpenFile(path, os.O_RDONLY|noFollow|syscall.O_NONBLOCK, 0)
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	text, _ := io.ReadAll(io.LimitReader(f, 32))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return max(pid, 0)
}

// lockFailed is the 1003 of a lock that was not taken.
func (s *Store) lockFailed(err error, path string) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		who := "another process"
		switch pid := holderOf(path); pid {
		case 0:
		case os.Getpid():
			who = "an earlier refresh or login of this process"
		default:
			who = fmt.Sprintf("process %d", pid)
		}
		return protocol.NewError(protocol.CodeCredentialStore,
			fmt.Sprintf("%s holds %s", who, path), protocol.ErrorData{
				Reason: protocol.ReasonLocked, Action: "End that process, or try again when it is done",
				Retryable: true, Path: path,
			})
	case errors.Is(err, context.Canceled):
		return protocol.Cancelled()
	case isLink(path):
		return refusedStore(protocol.ReasonHardLink, path, "is a symbolic link", "Remove "+path)
	case errors.Is(err, fs.ErrNotExist):
		return protocol.NewError(protocol.CodeCredentialStore,
			fmt.Sprintf("the folder of %s does not exist", path), protocol.ErrorData{
				Reason: protocol.ReasonReadOnly, Action: "Create the folder that CODEX_HOME names", Path: s.files.path,
			})
	}
	return Failed(path, err)
}

// lockCommit takes Codex's two locks in Codex's order. After commitLockWait it
// goes on without those that it did not get, with a warning: by then Codex
// does the same, and new tokens that nobody saves are lost.
func (s *fileStore) lockCommit(target string) (release func()) {
	ctx, cancel := context.WithTimeout(context.Background(), s.waits.Commit)
	defer cancel()
	var held []func()
	for _, path := range []string{filepath.Join(s.home, CommitLockName), target + TargetLockSuffix} {
		unlock, err := lockFile(ctx, path, nil)
		if err != nil {
			if !errors.Is(err, errNoLocks) {
				s.notice(fmt.Sprintf("%s could not be locked in time: %s was written without it", path, target))
			}
			continue
		}
		held = append(held, unlock)
	}
	s.disk.At("locked")
	return func() {
		for i := len(held) - 1; i >= 0; i-- {
			held[i]()
		}
		s.disk.At("unlocked")
	}
}
