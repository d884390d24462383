//go:build unix && !linux

package process

import "golang.org/x/sys/unix"

// Seal lets the process write no core file (RLIMIT_CORE, setrlimit(2)): its soft limit
// is 0, so that ForChild can give the limit back.
func Seal() {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CORE, &limit) == nil {
		limit.Cur = 0
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &limit)
	}
}

// ForChild prepares the start of a child: it inherits no descriptor above 2, even one
// that our own parent left open, and the largest core limit that is allowed instead of
// ours. Call the result after the start.
func ForChild() (done func()) {
	closeOnExec("/dev/fd")
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CORE, &limit) != nil {
		return func() {}
	}
	limit.Cur = limit.Max
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &limit)
	return Seal
}
