//go:build unix

package store

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// quick returns the store of home without what makes a write slow.
func quick(home string) *Store {
	s := Open(home, func(string) {})
	s.Disk.Sync = func(*os.File) error { return nil }
	s.Disk.SyncDir = func(string) error { return nil }
	return s
}

// A link is swapped between our looking and our renaming: the other file is never
// written.
//
// Faults: B3.
func TestSwappedLink(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	t.Parallel()
	home := t.TempDir()
	path, real, victim := filepath.Join(home, FileName), filepath.Join(home, "real.json"), filepath.Join(t.TempDir(), "victim")
	const precious = "not of Codex"
	for file, text := range map[string]string{real: `{"OPENAI_API_KEY":"k"}`, victim: precious} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
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
	s := quick(home)
	written := 0
	for i := range 100 {
		if _, err := s.Update(OverLogin, func(d *Document) error { d.SetString(fmt.Sprint(i), "x_count"); return nil }); err == nil {
			written++
		}
		text, _ := os.ReadFile(victim)
		if !assert.Equal(t, precious, string(text), "another file was written") {
			break
		}
	}
	close(stop)
	<-stopped
	assert.NotZero(t, written, "nothing was ever written")
	t.Logf("%d of 100 updates found the right file", written)
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(victim), "*"))
	assert.Subset(t, []string{victim, victim + ".lock"}, found, "beside the other file")
	assert.Contains(t, found, victim)
}

// A temporary file is new, whatever is there already.
//
// Faults: B6.
func TestTemporaryNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	taken, linked := filepath.Join(dir, "taken"), filepath.Join(dir, "linked")
	require.NoError(t, os.WriteFile(taken, nil, 0o600))
	require.NoError(t, os.Symlink(filepath.Join(dir, "elsewhere"), linked))
	for _, path := range []string{taken, linked} {
		_, err := realDisk().Create(path)
		assert.ErrorIs(t, err, fs.ErrExist, path)
	}
	names := map[string]bool{}
	for range 1000 {
		names[tempName(filepath.Join(dir, FileName))] = true
	}
	assert.Len(t, names, 1000)
}

// A reader never sees a part of the file, during many updates.
//
// Faults: B9.
func TestReadersDuringUpdates(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	path := filepath.Join(home, FileName)
	put(t, path, []byte(`{"tokens":{"access_token":"a","refresh_token":"r"}}`))
	s := quick(home)
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
			snap := readOnce(path)
			assert.NoError(t, snap.Err)
			assert.True(t, snap.Login.HasTokens())
			n++
		}
	}()
	const updates = 300
	for i := range updates {
		long := strings.Repeat("x", i%2*5000)
		_, err := s.Update(OverLogin, func(d *Document) error { d.SetString(long, "x_long"); return nil })
		assert.NoError(t, err)
	}
	close(stop)
	t.Logf("%d updates, %d reads, none torn", updates, <-reads)
}

// The errors that say that a file system has no locks.
//
// Faults: A25.
func TestFileSystemWithoutLocks(t *testing.T) {
	t.Parallel()
	for _, err := range []error{syscall.ENOLCK, syscall.ENOSYS, syscall.ENOTSUP} {
		assert.True(t, isNoLocks(&fs.PathError{Op: "flock", Err: err}), err)
	}
	assert.False(t, isNoLocks(syscall.EACCES))
}
