package testcheck

import (
	"os/exec"
	"runtime"
	"syscall"
)

// endWithParent makes the kernel kill the child when this process dies, even of
// SIGKILL. The kernel means the thread that starts the child.
func endWithParent(child *exec.Cmd) {
	runtime.LockOSThread()
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
