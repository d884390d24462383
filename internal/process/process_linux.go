package process

import "golang.org/x/sys/unix"

// Seal makes the process not dumpable (PR_SET_DUMPABLE, prctl(2)): no core file, and
// no debugger or reader of /proc/PID/mem and environ without privileges. A program that
// the process starts is dumpable again. It has no effect where the kernel refuses.
func Seal() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

// ForChild prepares the start of a child: it inherits no descriptor above 2, even one
// that our own parent left open. Call the result after the start.
func ForChild() (done func()) {
	if unix.CloseRange(3, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC) != nil { // before Linux 5.11
		closeOnExec("/proc/self/fd")
	}
	return func() {}
}
