//go:build unix

package auth

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// failing makes operation number n of a disk fail, and all later ones too with
// forever; n counts from 1. It returns how many there were, and what the failing
// one was.
type failing struct {
	n       int
	forever bool
	err     error

	mu     sync.Mutex
	count  int
	failed string
	log    []string
}

func (f *failing) fails(operation string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	f.log = append(f.log, operation)
	if f.n > 0 && (f.count == f.n || f.forever && f.count > f.n) {
		f.failed += " " + operation
		return f.err
	}
	return nil
}

// what returns which operations have failed.
func (f *failing) what() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// stop lets everything succeed from now on.
func (f *failing) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n = 0
}

// over puts f between a store and its disk.
func (f *failing) over(s *store.Store) {
	real := s.Disk
	s.Disk.Create = func(path string) (*os.File, error) {
		if err := f.fails("create"); err != nil {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		return real.Create(path)
	}
	s.Disk.Write = func(file *os.File, text []byte) error {
		if err := f.fails("write"); err != nil {
			_, _ = file.Write(text[:len(text)/2]) // a disk that fills up takes a part
			return &fs.PathError{Op: "write", Path: file.Name(), Err: err}
		}
		return real.Write(file, text)
	}
	s.Disk.Sync = func(file *os.File) error {
		if err := f.fails("sync"); err != nil {
			return &fs.PathError{Op: "sync", Path: file.Name(), Err: err}
		}
		return real.Sync(file)
	}
	s.Disk.Close = func(file *os.File) error {
		if err := f.fails("close"); err != nil {
			return &fs.PathError{Op: "close", Path: file.Name(), Err: err}
		}
		return real.Close(file)
	}
	s.Disk.Rename = func(from, to string) error {
		if err := f.fails("rename"); err != nil {
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
		}
		return real.Rename(from, to)
	}
	s.Disk.SyncDir = func(path string) error {
		if err := f.fails("syncdir"); err != nil {
			return err
		}
		return real.SyncDir(path)
	}
	s.Disk.Remove = func(path string) error {
		if err := f.fails("remove"); err != nil {
			return &fs.PathError{Op: "remove", Path: path, Err: err}
		}
		return real.Remove(path)
	}
}

// B7: every file operation fails, once and for good. The file is the old one or
// the new one, the error is a clear one, nothing is left over, and what was new
// is not lost.
//
// Faults: B7.
func TestEveryFileOperationFails(t *testing.T) {
	t.Parallel()
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EACCES, syscall.EROFS} {
		for _, forever := range []bool{false, true} {
			for n := 1; ; n++ {
				f := &failing{n: n, forever: forever, err: errno}
				l := loginOf(t, simulator.Config{})
				old := textOf(t, l.home)
				m := l.manager()
				f.over(m.store)
				_, err := m.Refresh(t.Context())
				reason := reasonOf(t, err, protocol.CodeCredentialStore)
				now := textOf(t, l.home)
				what := fmt.Sprintf("%v, %d, forever %t:%s", errno, n, forever, f.what())
				if s := store.Parse("auth.json", []byte(now)); s.Err != nil || now == "" {
					t.Fatalf("%s: auth.json does not parse", what)
				}
				if now != old && str(store.NewDocument([]byte(now)), "tokens", "refresh_token") != l.sim.LiveRefreshToken() {
					t.Fatalf("%s: neither the old file nor the new one", what)
				}
				// The probe fails before the token is spent; later the tokens are kept.
				wantReason := map[syscall.Errno]string{syscall.ENOSPC: "no_space", syscall.EIO: "write_failed"}[errno]
				if wantReason == "" {
					wantReason = "read_only"
				}
				if reason != "" && reason != wantReason {
					t.Errorf("%s: reason %q", what, reason)
				}
				if reason == "" && now == old {
					t.Errorf("%s: success, and the old file", what)
				}
				f.stop()
				if l.posts() > 0 {
					awaitSaved(t, m)
					l.checkRefreshed() // which also finds what is left over
				} else if left := litter(t, l.home); len(left) > 0 && !strings.Contains(f.what(), "remove") {
					t.Errorf("%s: left over: %v", what, left)
				}
				f.mu.Lock()
				count := f.count
				f.mu.Unlock()
				if n > count {
					break // everything has failed once
				}
			}
		}
	}
}

// awaitSaved waits until nothing is in memory only.
func awaitSaved(t *testing.T, m *Manager) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if status, _ := statusOf(t, m); !status.Credentials.ChatGPT.Unsaved {
			return
		}
	}
	t.Fatal("the new tokens are not saved")
}

// A13, E14: while the disk is full the new tokens are in memory: they are used,
// the status says so, nobody spends the old one again, and they are saved as soon
// as there is room.
//
// Faults: A13.
func TestDiskFull(t *testing.T) {
	l := loginOf(t, simulator.Config{})
	m := l.manager()
	f := &failing{n: 3, forever: true, err: syscall.ENOSPC} // behind the probes
	f.over(m.store)
	old := textOf(t, l.home)
	credential, err := m.ChatGPT(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "refreshed", credential.Refreshed, true)
	equal(t, "auth.json", textOf(t, l.home) == old, true)
	status, _ := statusOf(t, m)
	equal(t, "unsaved", status.Credentials.ChatGPT.Unsaved, true)
	equal(t, "state", status.State, protocol.StateAuthenticated)
	if !strings.Contains(strings.Join(status.Warnings, " "), "no space left") {
		t.Errorf("no warning: %q", status.Warnings)
	}
	_, err = m.Refresh(t.Context())
	equal(t, "auth/refresh", reasonOf(t, err, protocol.CodeCredentialStore), "no_space")
	// Another of our processes waits for the lock instead of spending the token.
	other := l.manager()
	other.store.Waits.Lock = 100 * time.Millisecond
	_, err = other.ChatGPT(t.Context())
	equal(t, "another process", reasonOf(t, err, protocol.CodeCredentialStore), "locked")
	equal(t, "posts", l.posts(), 1)
	f.stop()
	awaitSaved(t, m)
	l.checkRefreshed()
	if _, err := other.ChatGPT(t.Context()); err != nil {
		t.Error(err)
	}
	equal(t, "posts in all", l.posts(), 1)

	// A login that cannot be written is in use all the same.
	home := homeWith(t, fixture(t, "unknown-members"))
	m = NewManager(Config{Home: home, Now: now})
	m.waits.save = time.Millisecond
	t.Cleanup(func() { settle(t, m) })
	f = &failing{n: 3, forever: true, err: syscall.ENOSPC}
	f.over(m.store)
	login := aLogin("account=acct_2")
	equal(t, "login", reasonOf(t, m.replaceLogin(t.Context(), login, false), protocol.CodeCredentialStore), "no_space")
	if c, err := m.ChatGPT(t.Context()); err != nil || c.AccountID != "acct_2" {
		t.Error("the new login is not in use", err)
	}
	f.stop()
	awaitSaved(t, m)
	d := store.NewDocument([]byte(textOf(t, home)))
	equal(t, "saved", str(d, "tokens", "refresh_token") == login.Refresh.Reveal(), true)
	equal(t, "unknown member", d.Value("x_unknown") != nil, true)
}

// While tokens are unsaved, another program logs in: theirs stays, ours goes.
func TestUnsavedGivesWay(t *testing.T) {
	l := loginOf(t, simulator.Config{})
	m := l.manager()
	f := &failing{n: 3, forever: true, err: syscall.ENOSPC}
	f.over(m.store)
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Fatal(err)
	}
	theirs := fixture(t, "codex-apikey")
	put(t, filepath.Join(l.home, store.FileName), theirs)
	f.stop()
	awaitSaved(t, m)
	equal(t, "theirs", textOf(t, l.home) == string(theirs), true)
}
