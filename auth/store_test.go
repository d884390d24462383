//go:build unix

package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// failing makes operation number n of a disk fail, and all later ones too with
// forever; n counts from 1. It gives how many there were, and what the failing
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

// what tells which operations have failed.
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
func (f *failing) over(s *fileStore) {
	real := s.disk
	s.disk.create = func(path string) (*os.File, error) {
		if err := f.fails("create"); err != nil {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		return real.create(path)
	}
	s.disk.write = func(file *os.File, text []byte) error {
		if err := f.fails("write"); err != nil {
			_, _ = file.Write(text[:len(text)/2]) // a disk that fills up takes a part
			return &fs.PathError{Op: "write", Path: file.Name(), Err: err}
		}
		return real.write(file, text)
	}
	s.disk.sync = func(file *os.File) error {
		if err := f.fails("sync"); err != nil {
			return &fs.PathError{Op: "sync", Path: file.Name(), Err: err}
		}
		return real.sync(file)
	}
	s.disk.close = func(file *os.File) error {
		if err := f.fails("close"); err != nil {
			return &fs.PathError{Op: "close", Path: file.Name(), Err: err}
		}
		return real.close(file)
	}
	s.disk.rename = func(from, to string) error {
		if err := f.fails("rename"); err != nil {
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
		}
		return real.rename(from, to)
	}
	s.disk.syncDir = func(path string) error {
		if err := f.fails("syncdir"); err != nil {
			return err
		}
		return real.syncDir(path)
	}
	s.disk.remove = func(path string) error {
		if err := f.fails("remove"); err != nil {
			return &fs.PathError{Op: "remove", Path: path, Err: err}
		}
		return real.remove(path)
	}
}

// B7: every file operation fails, once and for good. The file is the old one or
// the new one, the error is a clear one, nothing is left over, and what was new
// is not lost.
func TestB7EveryOperationFails(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EACCES, syscall.EROFS} {
		for _, forever := range []bool{false, true} {
			for n := 1; ; n++ {
				f := &failing{n: n, forever: forever, err: errno}
				l := loginOf(t, simulator.Config{})
				old := textOf(t, l.home)
				m := l.manager()
				f.over(filesOf(m))
				_, err := m.Refresh(t.Context())
				reason := reasonOf(t, err, protocol.CodeCredentialStore)
				now := textOf(t, l.home)
				what := fmt.Sprintf("%v, %d, forever %t:%s", errno, n, forever, f.what())
				if s := readText("auth.json", []byte(now)); s.err != nil || now == "" {
					t.Fatalf("%s: auth.json does not parse", what)
				}
				if now != old && newDocument([]byte(now)).str("tokens", "refresh_token") != l.sim.LiveRefreshToken() {
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
					l.renewed() // which finds what is left over, too
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
func TestA13DiskFull(t *testing.T) {
	l := loginOf(t, simulator.Config{})
	m := l.manager()
	f := &failing{n: 3, forever: true, err: syscall.ENOSPC} // behind the probes
	f.over(filesOf(m))
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
	other.waits.refreshLock = 100 * time.Millisecond
	_, err = other.ChatGPT(t.Context())
	equal(t, "another process", reasonOf(t, err, protocol.CodeCredentialStore), "locked")
	equal(t, "posts", l.posts(), 1)
	f.stop()
	awaitSaved(t, m)
	l.renewed()
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
	f.over(filesOf(m))
	login := aLogin("account=acct_2")
	equal(t, "login", reasonOf(t, m.replaceLogin(t.Context(), login, false), protocol.CodeCredentialStore), "no_space")
	if c, err := m.ChatGPT(t.Context()); err != nil || c.AccountID != "acct_2" {
		t.Error("the new login is not in use", err)
	}
	f.stop()
	awaitSaved(t, m)
	d := newDocument([]byte(textOf(t, home)))
	equal(t, "saved", d.str("tokens", "refresh_token") == login.refreshToken.Reveal(), true)
	equal(t, "unknown member", d.value("x_unknown") != nil, true)
}

// While tokens are unsaved, another program logs in: theirs stays, ours goes.
func TestUnsavedGivesWay(t *testing.T) {
	l := loginOf(t, simulator.Config{})
	m := l.manager()
	f := &failing{n: 3, forever: true, err: syscall.ENOSPC}
	f.over(filesOf(m))
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Fatal(err)
	}
	theirs := fixture(t, "codex-apikey")
	put(t, filepath.Join(l.home, fileName), theirs)
	f.stop()
	awaitSaved(t, m)
	equal(t, "theirs", textOf(t, l.home) == string(theirs), true)
}

// What must not or cannot be written is refused before the token is spent
// (contract 5; A15, B1).
func TestA15RefusedBeforeThePost(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(t *testing.T, home string)
		reason string
	}{
		"a folder that is read-only (A15)": {func(t *testing.T, home string) { chmod(t, home, 0o500) }, "read_only"},
		"a file that is read-only":         {func(t *testing.T, home string) { chmod(t, filepath.Join(home, fileName), 0o400) }, "read_only"},
		"a hard link": {func(t *testing.T, home string) {
			if err := os.Link(filepath.Join(home, fileName), filepath.Join(home, "copy.json")); err != nil {
				t.Fatal(err)
			}
		}, "hard_link"},
		"a folder of another user (B1)": {func(t *testing.T, home string) { chown(t, home) }, "not_owner"},
		"a file of another user (B1)":   {func(t *testing.T, home string) { chown(t, filepath.Join(home, fileName)) }, "not_owner"},
		"a link to a read-only folder": {func(t *testing.T, home string) {
			elsewhere := t.TempDir()
			link(t, home, elsewhere)
			chmod(t, elsewhere, 0o500)
		}, "read_only"},
	} {
		t.Run(name, func(t *testing.T) {
			l := loginOf(t, simulator.Config{})
			c.spoil(t, l.home)
			before := entries(t, l.home)
			m := l.manager()
			_, err := m.ChatGPT(t.Context())
			equal(t, "reason", reasonOf(t, err, protocol.CodeCredentialStore), c.reason)
			equal(t, "a login", reasonOf(t, m.saveAPIKey(t.Context(), secret("sk-"+canary), false), protocol.CodeCredentialStore), c.reason)
			equal(t, "posts", l.posts(), 0)
			status, _ := statusOf(t, m)
			equal(t, "state", status.State, protocol.StateError)
			equal(t, "reason in the status", status.Credentials.ChatGPT.Reason, c.reason)
			// Not even a lock file, which would lock the owner of the folder out.
			equal(t, "entries", entries(t, l.home), before)
			// What needs no write goes on.
			m.cfg.Now = func() time.Time { return time.Now().Add(-100 * 24 * time.Hour) }
			if _, err := m.ChatGPT(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// entries are the names in a folder.
func entries(t *testing.T, dir string) []string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(path, mode|0o700) })
}

// chown gives path to nobody, which takes root.
func chown(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIP: only root can give a file away")
	}
	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
}

// link moves auth.json to another folder and leaves a symbolic link.
func link(t *testing.T, home, elsewhere string) (target string) {
	t.Helper()
	target = filepath.Join(elsewhere, "real.json")
	if err := os.Rename(filepath.Join(home, fileName), target); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(home, fileName)); err != nil {
		t.Fatal(err)
	}
	return target
}

// B1: what others could read or change works, with a warning, and is 0600 after a
// write. B5: with any umask.
func TestB1ModeAfterAWrite(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	for _, mode := range []os.FileMode{0o644, 0o666, 0o600, 0o660} {
		l := loginOf(t, simulator.Config{})
		chmod(t, filepath.Join(l.home, fileName), mode)
		m := l.manager()
		create := filesOf(m).disk.create
		filesOf(m).disk.create = func(path string) (*os.File, error) {
			f, err := create(path)
			if err == nil {
				info, _ := f.Stat()
				equal(t, "mode at creation", info.Mode().Perm(), 0o600)
			}
			return f, err
		}
		if _, err := m.ChatGPT(t.Context()); err != nil {
			t.Fatal(err)
		}
		status, _ := statusOf(t, m)
		equal(t, "mode", *status.File.Mode, "0600")
		equal(t, "warnings", status.Warnings, []string{})
	}
}

// B2: a link stays, and what it points to is replaced, with the lock beside it.
func TestB2SymbolicLink(t *testing.T) {
	for _, relative := range []bool{false, true} {
		l := loginOf(t, simulator.Config{})
		elsewhere := filepath.Join(l.home, "dotfiles")
		if err := os.Mkdir(elsewhere, 0o700); err != nil {
			t.Fatal(err)
		}
		target := link(t, l.home, elsewhere)
		if relative { // and through a second link
			for from, to := range map[string]string{fileName: "second", "second": "dotfiles/real.json"} {
				_ = os.Remove(filepath.Join(l.home, from))
				if err := os.Symlink(to, filepath.Join(l.home, from)); err != nil {
					t.Fatal(err)
				}
			}
		}
		before, _ := os.Readlink(filepath.Join(l.home, fileName))
		if _, err := l.manager().ChatGPT(t.Context()); err != nil {
			t.Fatal(err)
		}
		after, err := os.Readlink(filepath.Join(l.home, fileName))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "link", after, before)
		info, _ := os.Lstat(target)
		equal(t, "target", info.Mode().IsRegular(), true)
		if _, err := os.Stat(target + ".lock"); err != nil {
			t.Error(err)
		}
		l.renewed()
		equal(t, "litter", litter(t, elsewhere), nil)
	}
	// Into nowhere, and in a circle.
	home := t.TempDir()
	if err := os.Symlink("nowhere.json", filepath.Join(home, fileName)); err != nil {
		t.Fatal(err)
	}
	if err := NewManager(Config{Home: home, Now: now}).replaceLogin(t.Context(), aLogin(""), false); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(home, "nowhere.json")); err != nil {
		t.Error(err)
	}
	home = t.TempDir()
	_ = os.Symlink(fileName, filepath.Join(home, fileName))
	m := NewManager(Config{Home: home, Now: now})
	err := m.replaceLogin(t.Context(), aLogin(""), false)
	if reasonOf(t, err, protocol.CodeCredentialStore) == "" {
		t.Error("a circle is written")
	}
	settle(t, m)
}

// quick lets a store skip what makes a write slow.
func quick(m *Manager) *fileStore {
	s := filesOf(m)
	s.disk.sync = func(*os.File) error { return nil }
	s.disk.syncDir = func(string) error { return nil }
	return s
}

// B3: a link that is swapped between our looking and our renaming: the other file
// is never written.
func TestB3SwappedLink(t *testing.T) {
	home := t.TempDir()
	path, real, victim := filepath.Join(home, fileName), filepath.Join(home, "real.json"), filepath.Join(t.TempDir(), "victim")
	const precious = "not of Codex"
	for file, text := range map[string]string{real: string(fixture(t, "codex-apikey")), victim: precious} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			next := path + ".next"
			_ = os.Symlink([]string{real, victim}[i%2], next)
			_ = os.Rename(next, path)
			time.Sleep(100 * time.Microsecond)
		}
	}()
	m := NewManager(Config{Home: home, Now: now})
	quick(m)
	written := 0
	for i := range 100 {
		if m.update(t.Context(), func(d *document) error { d.setString(fmt.Sprint(i), "x_count"); return nil }) == nil {
			written++
		}
		if text, _ := os.ReadFile(victim); string(text) != precious {
			t.Fatal("another file was written")
		}
	}
	close(stop)
	<-stopped
	if written == 0 {
		t.Error("nothing was ever written")
	}
	t.Logf("%d of 100 updates found the right file", written)
	if found, _ := filepath.Glob(filepath.Join(filepath.Dir(victim), "*")); !slices.Equal(found, []string{victim}) && !slices.Equal(found, []string{victim, victim + ".lock"}) {
		t.Errorf("beside the other file: %v", found)
	}
}

// B4: what is no file is neither read nor written, without a hang, and replace
// puts it aside.
func TestB4NoRegularFile(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"a folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"a pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a gigabyte (A16)": func(path string) error {
			f, err := os.Create(path)
			if err == nil {
				err = errors.Join(f.Truncate(1<<30), f.Close())
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			path := filepath.Join(home, fileName)
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			m := NewManager(Config{Home: home, Now: now})
			t.Cleanup(func() { settle(t, m) })
			start := time.Now()
			equal(t, "reason", reasonOf(t, m.replaceLogin(t.Context(), aLogin(""), false), protocol.CodeCredentialStore), "corrupt")
			m.forgetUnsaved()
			if err := m.replaceLogin(t.Context(), aLogin(""), true); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if _, err := os.Lstat(path + ".bak"); err != nil {
				t.Error(err)
			}
			status, _ := statusOf(t, m)
			equal(t, "state", status.State, protocol.StateAuthenticated)
		})
	}
}

// B6: a temporary file is new, whatever stands there already.
func TestB6TemporaryNames(t *testing.T) {
	dir := t.TempDir()
	taken, linked := filepath.Join(dir, "taken"), filepath.Join(dir, "linked")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), linked); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{taken, linked} {
		if _, err := realDisk().create(path); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
	names := map[string]bool{}
	for range 1000 {
		names[tempName(filepath.Join(dir, fileName))] = true
	}
	equal(t, "names", len(names), 1000)
}

// B9: who reads during many updates never sees a part of the file.
func TestB9ReadersDuringUpdates(t *testing.T) {
	home := homeWith(t, fixture(t, "codex-chatgpt"))
	m := NewManager(Config{Home: home, Now: now})
	quick(m)
	stop := make(chan struct{})
	reads := make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				reads <- n
				return
			default:
			}
			if s := readOnce(filepath.Join(home, fileName)); s.err != nil || !s.file.hasTokens() {
				t.Error("a reader saw something else", s.err)
			}
			n++
		}
	}()
	const updates = 300
	for i := range updates {
		long := strings.Repeat("x", i%2*5000)
		if err := m.update(t.Context(), func(d *document) error { d.setString(long, "x_long"); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	t.Logf("%d updates, %d reads, none torn", updates, <-reads)
}

// B10: the order of what is done to the disk: the new text is there before it
// gets the name, and the name before we say so.
func TestB10Order(t *testing.T) {
	l := loginOf(t, simulator.Config{})
	m := l.manager()
	f := &failing{}
	f.over(filesOf(m))
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "operations", f.log, []string{"create", "create", "create", "write", "sync", "close", "rename", "syncdir"}) // the first two are probes
}

// A14: a file that is mounted on its own cannot be replaced and is written in
// place, with one warning; a write that fails half way puts the old text back.
func TestA14MountedFile(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EBUSY, syscall.EXDEV} {
		l := loginOf(t, simulator.Config{})
		m := l.manager()
		mounted := func(from, to string) error { return &os.LinkError{Op: "rename", Old: from, New: to, Err: errno} }
		filesOf(m).disk.rename = mounted
		before, _ := os.Stat(filepath.Join(l.home, fileName))
		if _, err := m.ChatGPT(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.renewed()
		after, _ := os.Stat(filepath.Join(l.home, fileName))
		equal(t, "the same file", os.SameFile(before, after), true)
		if _, err := m.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.renewed()
		status, _ := statusOf(t, m)
		equal(t, "warnings", len(status.Warnings), 1)
		// A shorter text leaves nothing of the longer one.
		if err := m.removeLogin(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		equal(t, "removed", newDocument([]byte(textOf(t, l.home))).value("tokens") == nil, true)
	}
	l := loginOf(t, simulator.Config{})
	m := l.manager()
	f := &failing{n: 7, err: syscall.ENOSPC} // the write in place
	f.over(filesOf(m))
	filesOf(m).disk.rename = func(string, string) error { _ = f.fails("rename"); return syscall.EBUSY }
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "failed", f.what(), " rename")
	f = &failing{n: 8, err: syscall.ENOSPC}
	l = loginOf(t, simulator.Config{})
	m = l.manager()
	m.waits.save = time.Hour
	old := textOf(t, l.home)
	f.over(filesOf(m))
	filesOf(m).disk.rename = func(string, string) error { _ = f.fails("rename"); return syscall.EBUSY }
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "failed", f.what(), " write")
	equal(t, "old text", textOf(t, l.home) == old, true)
	status, _ := statusOf(t, m)
	equal(t, "unsaved", status.Credentials.ChatGPT.Unsaved, true)
}

// A17: what is not ours stays byte for byte and in its order, after a renewal,
// after a login and after a logout.
func TestA17UnknownMembers(t *testing.T) {
	const text = `{ "z_first":1.50e0,
 "tokens" : {"zz":{"deep":[1,{"k":"\u00e9"}]}, "refresh_token":"RT","access_token":"<access exp=-1h>","id_token":"<id>","after":null } ,
	"auth_mode":"chatgpt","x_unknown": {"a" : [ ] },"last_refresh":"2026-02-28T17:19:41Z" }
`
	l := loginOf(t, simulator.Config{})
	real := newDocument([]byte(textOf(t, l.home)))
	filled := strings.ReplaceAll(string(fill([]byte(text))), "RT", real.str("tokens", "refresh_token"))
	put(t, filepath.Join(l.home, fileName), []byte(filled))
	old := newDocument([]byte(filled))
	m := l.manager()
	if _, err := m.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := newDocument([]byte(textOf(t, l.home)))
	want := filled
	for _, path := range [][]string{{"last_refresh"}, {"tokens", "refresh_token"}, {"tokens", "access_token"}, {"tokens", "id_token"}} {
		want = strings.ReplaceAll(want, old.str(path...), got.str(path...))
	}
	equal(t, "after a renewal", string(got.text) == want, true)
	if err := m.replaceLogin(t.Context(), aLogin(""), false); err != nil {
		t.Fatal(err)
	}
	got = newDocument([]byte(textOf(t, l.home)))
	if !strings.HasPrefix(string(got.text), `{ "z_first":1.50e0,`) || !strings.Contains(string(got.text), `"x_unknown": {"a" : [ ] }`) {
		t.Error("a login changed what is not its own")
	}
	equal(t, "tokens.zz after a login", got.value("tokens", "zz") == nil, true)
	if err := m.removeLogin(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	equal(t, "after a logout", names(textOf(t, l.home), nil), `{ "z_first":1.50e0,"x_unknown": {"a" : [ ] } }`+"\n")
}

// A24: Codex's locks are free while anything slow is done, the POST and the sync;
// how long they are held is a figure. Codex loses a token at 5 s.
func TestA24LocksAreHeldBriefly(t *testing.T) {
	free := func(home string) {
		for _, name := range []string{commitLockName, fileName + targetLockSuffix} {
			ctx, cancel := context.WithTimeout(context.Background(), lockPoll/2)
			release, err := lockFile(ctx, filepath.Join(home, name), nil)
			cancel()
			if err != nil {
				t.Errorf("%s is held: %v", name, err)
				continue
			}
			release()
		}
	}
	var l *login
	l = loginOf(t, simulator.Config{Scenario: "ok", Hold: func(simulator.Request, bool) bool { free(l.home); return true }})
	m := l.manager()
	var held []time.Duration
	files := filesOf(m)
	files.held = func(d time.Duration) { held = append(held, d) }
	sync, syncDir := files.disk.sync, files.disk.syncDir
	files.disk.sync = func(f *os.File) error { free(l.home); return sync(f) }
	files.disk.syncDir = func(path string) error { free(l.home); return syncDir(path) }
	for range 5 {
		if _, err := m.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	quick(m)
	for i := range 200 {
		if err := m.update(t.Context(), func(d *document) error { d.setString(fmt.Sprint(i), "x"); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(held)
	t.Logf("held %d times: median %v, p99 %v, longest %v", len(held), held[len(held)/2], held[len(held)*99/100], held[len(held)-1])
	equal(t, "times", len(held), 205)
}

// Codex's locks that somebody else keeps: after a while the commit goes on
// without them, with a warning (contract 5).
func TestCommitWithoutCodexLocks(t *testing.T) {
	for _, name := range []string{commitLockName, fileName + targetLockSuffix} {
		l := loginOf(t, simulator.Config{})
		release, err := lockFile(context.Background(), filepath.Join(l.home, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		m := l.manager()
		filesOf(m).commitWait = 100 * time.Millisecond
		if _, err := m.ChatGPT(t.Context()); err != nil {
			t.Error(err)
		}
		release()
		l.renewed()
		status, _ := statusOf(t, m)
		if !strings.Contains(strings.Join(status.Warnings, ""), name) {
			t.Errorf("no warning: %q", status.Warnings)
		}
	}
}

// A25: which errors say that a file system has no locks.
func TestA25NoLocks(t *testing.T) {
	for _, err := range []error{syscall.ENOLCK, syscall.ENOSYS, syscall.ENOTSUP} {
		equal(t, err.Error(), isNoLocks(&fs.PathError{Op: "flock", Err: err}), true)
	}
	equal(t, "EACCES", isNoLocks(syscall.EACCES), false)
}

// B8: the folder is made by a login and by nothing else.
func TestB8FolderIsMadeByALoginOnly(t *testing.T) {
	for _, name := range []string{"absent", "with blanks and ümlauts", "a/b/c"} {
		home := filepath.Join(t.TempDir(), name)
		m := NewManager(Config{Home: home, Now: now})
		statusOf(t, m)
		_, err := m.ChatGPT(t.Context())
		equal(t, "reason", reasonOf(t, err, protocol.CodeLoginRequired), "no_credentials")
		_, err = m.Refresh(t.Context())
		equal(t, "auth/refresh", reasonOf(t, err, protocol.CodeLoginRequired), "no_credentials")
		if _, err := os.Stat(home); !errors.Is(err, fs.ErrNotExist) {
			t.Error("it was made")
		}
		if err := m.saveAPIKey(t.Context(), secret("sk-"+canary), false); err != nil {
			t.Error(err)
		}
		info, _ := os.Stat(home)
		equal(t, "mode", info.Mode().Perm(), 0o700)
	}
}
