//go:build unix

package store

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

// A lock file that is deleted while it is held lets nobody in: neither who was
// waiting nor who comes later, until the holder releases it.
func TestADeletedLockFileLetsNobodyIn(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, RefreshLockName)
	open := func() *Store { return Open(home, func(string) {}) }
	held, err := open().LockRefresh(t.Context(), nil)
	require.NoError(t, err)

	type result struct {
		lock *Lock
		err  error
	}
	results := make(chan result, 4)
	wait := func() {
		lock, err := open().LockRefresh(context.Background(), nil)
		results <- result{lock, err}
	}
	go wait()
	go wait()
	for range 5 {
		require.NoError(t, os.Remove(path))
		other := open()
		other.Waits.Lock = 3 * LockPoll
		_, err = other.LockRefresh(t.Context(), nil)
		assert.Equal(t, protocol.ReasonLocked, protocol.ReasonOf(err))
		select {
		case <-results:
			t.Fatal("somebody who waited got in")
		default:
		}
	}
	held.Release()
	for range 2 {
		r := <-results
		require.NoError(t, r.err)
		r.lock.Release()
	}
}

// What the name of the lock file leads to is not ours to write.
func TestALockFileThatIsALinkIsRefused(t *testing.T) {
	for name, link := range map[string]func(string, string) error{"symbolic": os.Symlink, "hard": os.Link} {
		home := t.TempDir()
		precious := filepath.Join(home, "precious")
		require.NoError(t, os.WriteFile(precious, []byte("precious"), 0o600))
		require.NoError(t, link(precious, filepath.Join(home, RefreshLockName)))
		_, err := Open(home, func(string) {}).LockRefresh(t.Context(), nil)
		assert.Equal(t, protocol.ReasonHardLink, protocol.ReasonOf(err), name)
		text, err := os.ReadFile(precious)
		require.NoError(t, err)
		assert.Equal(t, "precious", string(text), name)
	}
}

// The process that holds the lock is named to who waits, from a bounded read.
func TestTheHolderIsNamed(t *testing.T) {
	home := t.TempDir()
	lock, err := Open(home, func(string) {}).LockRefresh(t.Context(), nil)
	require.NoError(t, err)
	defer lock.Release()
	path := filepath.Join(home, RefreshLockName)
	assert.Equal(t, os.Getpid(), holderOf(path))
	require.NoError(t, os.Truncate(path, 1<<40)) // a sparse file
	assert.Zero(t, holderOf(path))
}
