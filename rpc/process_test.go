package rpc

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProcessIsAliveUntilItHasEnded(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("other processes are not watched on Windows")
	}
	self := findProcess(os.Getpid())
	require.NotNil(t, self)
	require.True(t, self.alive())

	child := exec.Command("sleep", "60")
	require.NoError(t, child.Start())
	p := findProcess(child.Process.Pid)
	require.NotNil(t, p)
	require.True(t, p.alive())
	require.NoError(t, child.Process.Kill())
	if runtime.GOOS == "linux" {
		// Not yet reaped: a zombie does not count as alive.
		require.Eventually(t, func() bool { return !p.alive() }, 5*time.Second, time.Millisecond)
		require.Nil(t, findProcess(child.Process.Pid))
	}
	_ = child.Wait()
	require.False(t, p.alive())
}

func TestNoSuchProcess(t *testing.T) {
	require.Nil(t, findProcess(1<<30))
}
