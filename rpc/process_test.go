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
	self := findProcess(os.Getpid())
	require.NotNil(t, self)
	require.True(t, self.alive())

	program, args := "sleep", []string{"60"}
	if runtime.GOOS == "windows" {
		program, args = "ping", []string{"-n", "60", "127.0.0.1"}
	}
	child := exec.Command(program, args...)
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
