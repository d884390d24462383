package e2e

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The memory and the environment of the real process are closed to the other programs
// of its user: the kernel gives its files in /proc to root (proc(5)). It answers all
// the same.
//
// Faults: U8.
func TestProcessIsNotDumpable(t *testing.T) {
	t.Parallel()
	o := options{lsp: true}
	cmd := serveCommand(t, o)
	if os.Getuid() == 0 { // whose files are root's anyway
		program, err := os.Open(os.Args[0]) // in a folder that is closed to others
		require.NoError(t, err)
		defer func() { _ = program.Close() }()
		cmd.ExtraFiles = []*os.File{program}
		cmd.Path, cmd.Dir = "/proc/self/fd/3", "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	h := run(t, cmd, o)
	h.begin()
	require.NotNil(t, h.call("1", "auth/status", `{}`).Result)
	require.NotNil(t, h.call("2", "server/diagnostics", `{}`).Raw)
	for _, name := range []string{"environ", "maps", "mem", "fd"} {
		info, err := os.Stat(fmt.Sprintf("/proc/%d/%s", h.cmd.Process.Pid, name))
		require.NoError(t, err)
		assert.Zero(t, info.Sys().(*syscall.Stat_t).Uid, "the owner of %s", name)
	}
}
