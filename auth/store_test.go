//go:build unix

package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// What must not or cannot be written is refused before the token is spent
// (docs/credentials.md: Lock order; A15, B1).
//
// Faults: A15, B1.
func TestUnwritableHomeIsRefusedBeforeThePost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil  func(t *testing.T, home string)
		reason string
	}{
		"a folder that is read-only (A15)": {func(t *testing.T, home string) { chmod(t, home, 0o500) }, "read_only"},
		"a file that is read-only":         {func(t *testing.T, home string) { chmod(t, filepath.Join(home, store.FileName), 0o400) }, "read_only"},
		"a hard link": {func(t *testing.T, home string) {
			if err := os.Link(filepath.Join(home, store.FileName), filepath.Join(home, "copy.json")); err != nil {
				t.Fatal(err)
			}
		}, "hard_link"},
		"a folder of another user (B1)": {func(t *testing.T, home string) { chown(t, home) }, "not_owner"},
		"a file of another user (B1)":   {func(t *testing.T, home string) { chown(t, filepath.Join(home, store.FileName)) }, "not_owner"},
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
			equal(t, "reason in the status", string(status.Credentials.ChatGPT.Reason), c.reason)
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
	if err := os.Rename(filepath.Join(home, store.FileName), target); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(home, store.FileName)); err != nil {
		t.Fatal(err)
	}
	return target
}

// B1: what others could read or change works, with a warning, and is 0600 after a
// write. B5: with any umask.
//
// Faults: B1, B5.
func TestModeAfterAWrite(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	for _, mode := range []os.FileMode{0o644, 0o666, 0o600, 0o660} {
		l := loginOf(t, simulator.Config{})
		chmod(t, filepath.Join(l.home, store.FileName), mode)
		m := l.manager()
		create := m.store.Disk.Create
		m.store.Disk.Create = func(path string) (*os.File, error) {
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
//
// Faults: B2.
func TestSymbolicLinkStays(t *testing.T) {
	for _, relative := range []bool{false, true} {
		l := loginOf(t, simulator.Config{})
		elsewhere := filepath.Join(l.home, "dotfiles")
		if err := os.Mkdir(elsewhere, 0o700); err != nil {
			t.Fatal(err)
		}
		target := link(t, l.home, elsewhere)
		if relative { // and through a second link
			for from, to := range map[string]string{store.FileName: "second", "second": "dotfiles/real.json"} {
				_ = os.Remove(filepath.Join(l.home, from))
				if err := os.Symlink(to, filepath.Join(l.home, from)); err != nil {
					t.Fatal(err)
				}
			}
		}
		before, _ := os.Readlink(filepath.Join(l.home, store.FileName))
		if _, err := l.manager().ChatGPT(t.Context()); err != nil {
			t.Fatal(err)
		}
		after, err := os.Readlink(filepath.Join(l.home, store.FileName))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "link", after, before)
		info, _ := os.Lstat(target)
		equal(t, "target", info.Mode().IsRegular(), true)
		if _, err := os.Stat(target + ".lock"); err != nil {
			t.Error(err)
		}
		l.checkRefreshed()
		equal(t, "litter", litter(t, elsewhere), nil)
	}
	// Into nowhere, and in a circle.
	home := t.TempDir()
	if err := os.Symlink("nowhere.json", filepath.Join(home, store.FileName)); err != nil {
		t.Fatal(err)
	}
	if err := NewManager(Config{Home: home, Now: now}).replaceLogin(t.Context(), aLogin(""), false); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(home, "nowhere.json")); err != nil {
		t.Error(err)
	}
	home = t.TempDir()
	_ = os.Symlink(store.FileName, filepath.Join(home, store.FileName))
	m := NewManager(Config{Home: home, Now: now})
	err := m.replaceLogin(t.Context(), aLogin(""), false)
	if reasonOf(t, err, protocol.CodeCredentialStore) == "" {
		t.Error("a circle is written")
	}
	settle(t, m)
}

// quick lets a store skip what makes a write slow.
func quick(m *Manager) *store.Store {
	s := m.store
	s.Disk.Sync = func(*os.File) error { return nil }
	s.Disk.SyncDir = func(string) error { return nil }
	return s
}

// B4: what is no file is neither read nor written, without a hang, and replace
// puts it aside.
//
// Faults: A16, B4.
func TestNoRegularFile(t *testing.T) {
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
			path := filepath.Join(home, store.FileName)
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			m := NewManager(Config{Home: home, Now: now})
			t.Cleanup(func() { settle(t, m) })
			start := time.Now()
			equal(t, "reason", reasonOf(t, m.replaceLogin(t.Context(), aLogin(""), false), protocol.CodeCredentialStore), "corrupt")
			m.pending.forget()
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

// B10: the order of what is done to the disk: the new text is there before it
// gets the name, and the name before we say so.
//
// Faults: B10.
func TestSyncsInOrder(t *testing.T) {
	l := loginOf(t, simulator.Config{})
	m := l.manager()
	f := &failing{}
	f.over(m.store)
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "operations", f.log, []string{"create", "create", "create", "write", "sync", "close", "rename", "syncdir"}) // the first two are probes
}

// A14: a file that is mounted on its own cannot be replaced and is written in
// place, with one warning; a write that fails half way puts the old text back.
//
// Faults: A14.
func TestMountedFile(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EBUSY, syscall.EXDEV} {
		l := loginOf(t, simulator.Config{})
		m := l.manager()
		mounted := func(from, to string) error { return &os.LinkError{Op: "rename", Old: from, New: to, Err: errno} }
		m.store.Disk.Rename = mounted
		before, _ := os.Stat(filepath.Join(l.home, store.FileName))
		if _, err := m.ChatGPT(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.checkRefreshed()
		after, _ := os.Stat(filepath.Join(l.home, store.FileName))
		equal(t, "the same file", os.SameFile(before, after), true)
		if _, err := m.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.checkRefreshed()
		status, _ := statusOf(t, m)
		equal(t, "warnings", len(status.Warnings), 1)
		// A shorter text leaves nothing of the longer one.
		if _, err := m.removeLogin(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		equal(t, "removed", store.NewDocument([]byte(textOf(t, l.home))).Value("tokens") == nil, true)
	}
	l := loginOf(t, simulator.Config{})
	m := l.manager()
	f := &failing{n: 7, err: syscall.ENOSPC} // the write in place
	f.over(m.store)
	m.store.Disk.Rename = func(string, string) error { _ = f.fails("rename"); return syscall.EBUSY }
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "failed", f.what(), " rename")
	f = &failing{n: 8, err: syscall.ENOSPC}
	l = loginOf(t, simulator.Config{})
	m = l.manager()
	m.waits.save = time.Hour
	old := textOf(t, l.home)
	f.over(m.store)
	m.store.Disk.Rename = func(string, string) error { _ = f.fails("rename"); return syscall.EBUSY }
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "failed", f.what(), " write")
	equal(t, "old text", textOf(t, l.home) == old, true)
	status, _ := statusOf(t, m)
	equal(t, "unsaved", status.Credentials.ChatGPT.Unsaved, true)
}

// A17: what is not ours stays byte for byte and in its order, after a refresh,
// after a login and after a logout.
//
// Faults: A17.
func TestUnknownMembersStay(t *testing.T) {
	const text = `{ "z_first":1.50e0,
 "tokens" : {"zz":{"deep":[1,{"k":"\u00e9"}]}, "refresh_token":"RT","access_token":"<access exp=-1h>","id_token":"<id>","after":null } ,
	"auth_mode":"chatgpt","x_unknown": {"a" : [ ] },"last_refresh":"2026-02-28T17:19:41Z" }
`
	l := loginOf(t, simulator.Config{})
	real := store.NewDocument([]byte(textOf(t, l.home)))
	filled := strings.ReplaceAll(string(fill([]byte(text))), "RT", str(real, "tokens", "refresh_token"))
	put(t, filepath.Join(l.home, store.FileName), []byte(filled))
	old := store.NewDocument([]byte(filled))
	m := l.manager()
	if _, err := m.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := store.NewDocument([]byte(textOf(t, l.home)))
	want := filled
	for _, path := range [][]string{{"last_refresh"}, {"tokens", "refresh_token"}, {"tokens", "access_token"}, {"tokens", "id_token"}} {
		want = strings.ReplaceAll(want, str(old, path...), str(got, path...))
	}
	equal(t, "after a refresh", string(got.Text) == want, true)
	if err := m.replaceLogin(t.Context(), aLogin(""), false); err != nil {
		t.Fatal(err)
	}
	got = store.NewDocument([]byte(textOf(t, l.home)))
	if !strings.HasPrefix(string(got.Text), `{ "z_first":1.50e0,`) || !strings.Contains(string(got.Text), `"x_unknown": {"a" : [ ] }`) {
		t.Error("a login changed what is not its own")
	}
	equal(t, "tokens.zz after a login", got.Value("tokens", "zz") == nil, true)
	if _, err := m.removeLogin(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	equal(t, "after a logout", names(textOf(t, l.home), nil), `{ "z_first":1.50e0,"x_unknown": {"a" : [ ] } }`+"\n")
}

// A24: Codex's locks are free while anything slow is done, the POST and the sync;
// how long they are held is a figure. Codex loses a token at 5 s.
//
// Faults: A24.
func TestLocksAreHeldBriefly(t *testing.T) {
	free := func(home string) {
		for _, name := range []string{store.CommitLockName, store.FileName + store.TargetLockSuffix} {
			lock := flock.New(filepath.Join(home, name))
			if locked, err := lock.TryLock(); err != nil || !locked {
				t.Errorf("%s is held: %v", name, err)
			}
			_ = lock.Close()
		}
	}
	var l *login
	l = loginOf(t, simulator.Config{Scenario: "ok", Hold: func(simulator.Request, bool) bool { free(l.home); return true }})
	m := l.manager()
	var held []time.Duration
	var locked time.Time
	disk := &m.store.Disk
	disk.At = func(step string) {
		switch step {
		case "locked":
			locked = time.Now()
		case "unlocked":
			held = append(held, time.Since(locked))
		}
	}
	sync, syncDir := disk.Sync, disk.SyncDir
	disk.Sync = func(f *os.File) error { free(l.home); return sync(f) }
	disk.SyncDir = func(path string) error { free(l.home); return syncDir(path) }
	for range 5 {
		if _, err := m.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	quick(m)
	for i := range 200 {
		if err := m.view.rewrite(t.Context(), store.OverLogin, func(d *store.Document) error { d.SetString(fmt.Sprint(i), "x"); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(held)
	t.Logf("held %d times: median %v, p99 %v, longest %v", len(held), held[len(held)/2], held[len(held)*99/100], held[len(held)-1])
	equal(t, "times", len(held), 205)
}

// Codex's locks that somebody else keeps: after a while the commit goes on
// without them, with a warning (docs/credentials.md: Lock order).
func TestCommitWithoutCodexLocks(t *testing.T) {
	t.Parallel()
	for _, name := range []string{store.CommitLockName, store.FileName + store.TargetLockSuffix} {
		l := loginOf(t, simulator.Config{})
		lock := flock.New(filepath.Join(l.home, name))
		if err := lock.Lock(); err != nil {
			t.Fatal(err)
		}
		m := l.manager()
		m.store.Waits.Commit = 100 * time.Millisecond
		if _, err := m.ChatGPT(t.Context()); err != nil {
			t.Error(err)
		}
		_ = lock.Close()
		l.checkRefreshed()
		status, _ := statusOf(t, m)
		if !strings.Contains(strings.Join(status.Warnings, ""), name) {
			t.Errorf("no warning: %q", status.Warnings)
		}
	}
}

// B8: the folder is made by a login and by nothing else.
//
// Faults: B8.
func TestFolderIsMadeByALoginOnly(t *testing.T) {
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
