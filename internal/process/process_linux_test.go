package process_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/signalbox-dev/signalbox/internal/process"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) {
	if os.Getenv("SIGNALBOX_SEALED") != "" { // as another user, sealed
		process.Seal()
		_, err := os.ReadFile("/proc/self/environ")
		_, exe := os.Readlink("/proc/self/exe")
		_, fds := os.ReadDir("/proc/self/fd")
		done := process.ForChild()
		child, childErr := exec.Command("sh", "-c", "ls /proc/self/fd; cat /proc/self/environ >/dev/null && echo dumpable; ulimit -c").Output()
		done()
		fmt.Printf("environ %t exe %t fds %t child %t %s", os.IsPermission(err), exe == nil, fds == nil, childErr == nil, strings.Join(strings.Fields(string(child)), " "))
		return
	}
	testcheck.Main(m)
}

// A sealed process of an ordinary user is closed to the others of that user, finds
// its own descriptors, and starts children that are ordinary and inherit nothing.
//
// Faults: U8, U9.
func TestSealedProcess(t *testing.T) {
	left, right, err := os.Pipe()
	require.NoError(t, err)
	defer func() { _, _ = left.Close(), right.Close() }()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = []string{"SIGNALBOX_SEALED=1", "PATH=" + os.Getenv("PATH")}
	cmd.ExtraFiles = []*os.File{left, right} // what a host left open
	cmd.Stderr = os.Stderr
	if os.Getuid() == 0 {
		cmd.Dir = "/"
		exeFile, err := os.Open(exe)
		require.NoError(t, err)
		defer func() { _ = exeFile.Close() }()
		cmd.ExtraFiles = append(cmd.ExtraFiles, exeFile)
		cmd.Path = "/proc/self/fd/5" // its folder is closed to others
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.Output()
	require.NoError(t, err)
	// 3 is the folder that ls reads.
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_CORE, &limit))
	core := fmt.Sprint(limit.Cur / 512)
	if limit.Cur == unix.RLIM_INFINITY {
		core = "unlimited"
	}
	require.Contains(t, []string{"environ true exe true fds true child true 0 1 2 3 dumpable " + core, "environ true exe true fds true child true 0 1 2 3 dumpable " + fmt.Sprint(limit.Cur/1024)}, string(out))
}
