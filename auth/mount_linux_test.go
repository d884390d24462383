package auth

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// mount mounts something until the test ends, which takes root and, in a
// container, the right to.
func mount(t *testing.T, source, target, kind string, flags uintptr, data string) {
	t.Helper()
	if err := syscall.Mount(source, target, kind, flags, data); err != nil {
		t.Skipf("SKIP: nothing can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(target, syscall.MNT_DETACH) })
}

// A13 on a real disk that is full.
//
// Faults: A13.
func TestDiskFullForReal(t *testing.T) {
	l := loginOf(t, simulator.Config{})
	disk := t.TempDir()
	mount(t, "tmpfs", disk, "tmpfs", 0, "size=64k")
	l.home = filepath.Join(disk, "codex")
	if err := l.sim.WriteHome(l.home); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(disk, "ballast")
	_ = os.WriteFile(ballast, make([]byte, 1<<20), 0o600) // as much of it as there is room for
	old := textOf(t, l.home)
	m := l.manager()
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Fatal(err)
	}
	status, _ := statusOf(t, m)
	equal(t, "unsaved", status.Credentials.ChatGPT.Unsaved, true)
	equal(t, "auth.json", textOf(t, l.home) == old, true)
	_, err := m.Refresh(t.Context())
	equal(t, "auth/refresh", reasonOf(t, err, protocol.CodeCredentialStore), "no_space")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	awaitSaved(t, m)
	l.checkRefreshed()
	equal(t, "posts", l.posts(), 1)
	settle(t, m)
}

// A14 with a file that is really mounted on its own, as containers do it.
//
// Faults: A14.
func TestMountedFileForReal(t *testing.T) {
	l := loginOf(t, simulator.Config{})
	outside := filepath.Join(t.TempDir(), "outside.json")
	text := textOf(t, l.home)
	if err := os.WriteFile(outside, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	mount(t, outside, filepath.Join(l.home, store.FileName), "", syscall.MS_BIND, "")
	m := l.manager()
	for range 2 {
		if _, err := m.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.checkRefreshed()
	}
	seen, _ := os.ReadFile(outside)
	equal(t, "seen outside", string(seen) == textOf(t, l.home) && string(seen) != text, true)
	status, _ := statusOf(t, m)
	equal(t, "warnings", len(status.Warnings), 1)
	if _, err := m.removeLogin(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	seen, _ = os.ReadFile(outside)
	equal(t, "after a logout", string(seen), "{}")
}

// A15 on a file system that is really read-only.
//
// Faults: A15.
func TestReadOnlyHomeForReal(t *testing.T) {
	l := loginOf(t, simulator.Config{})
	mount(t, l.home, l.home, "", syscall.MS_BIND, "")
	if err := syscall.Mount("", l.home, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("SKIP: nothing can be mounted read-only here: %v", err)
	}
	m := l.manager()
	_, err := m.ChatGPT(t.Context())
	equal(t, "reason", reasonOf(t, err, protocol.CodeCredentialStore), "read_only")
	equal(t, "posts", l.posts(), 0)
}

// A file that is mounted on its own and read-only, into a folder that is not: the
// token is not spent for nothing.
//
// Faults: A15.
func TestReadOnlyFileForReal(t *testing.T) {
	l := loginOf(t, simulator.Config{})
	outside := filepath.Join(t.TempDir(), "outside.json")
	if err := os.WriteFile(outside, []byte(textOf(t, l.home)), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(l.home, store.FileName)
	mount(t, outside, path, "", syscall.MS_BIND, "")
	if err := syscall.Mount("", path, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("SKIP: nothing can be mounted read-only here: %v", err)
	}
	m := l.manager()
	_, err := m.ChatGPT(t.Context())
	equal(t, "reason", reasonOf(t, err, protocol.CodeCredentialStore), "read_only")
	status, _ := statusOf(t, m)
	equal(t, "reason in the status", status.Credentials.ChatGPT.Reason, "read_only")
	equal(t, "posts", l.posts(), 0)
}
