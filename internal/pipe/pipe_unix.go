//go:build unix

package pipe

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// What await waits for (poll(2)).
const (
	readable = unix.POLLIN
	writable = unix.POLLOUT
)

// invalidPause is how long to wait where poll(2) knows nothing of the file, as with
// some devices of macOS.
const invalidPause = 10 * time.Millisecond

// isAgain reports whether err is that of a pipe that is not ready.
func isAgain(err error) bool { return errors.Is(err, syscall.EAGAIN) }

// await blocks until a read or a write would not: there is room or data, or the other
// end is gone, which the read or the write then finds out.
func (f *File) await(events int16) error {
	got, err := f.poll(events, -1)
	if err == nil && got&unix.POLLNVAL != 0 {
		time.Sleep(invalidPause)
	}
	return err
}

// hungUp reports whether the other end is gone; if not, after at most wait.
func (f *File) hungUp(wait time.Duration) (bool, error) {
	events, ms := int16(0), int(wait.Milliseconds()) // POLLHUP and POLLERR need not be asked for
	if runtime.GOOS != "linux" {
		// Elsewhere a hang-up is reported only with what is asked for, and with POLLIN
		// also for a socket whose other end has ended its input alone.
		events, ms = unix.POLLOUT, 0
	}
	got, err := f.poll(events, ms)
	if err == nil && got&unix.POLLNVAL != 0 {
		err = os.ErrInvalid
	}
	gone := got&(unix.POLLHUP|unix.POLLERR) != 0
	if ms == 0 && !gone && err == nil {
		time.Sleep(wait)
	}
	return gone, err
}

// poll calls poll(2) for the file; ms below 0: without a limit.
func (f *File) poll(events int16, ms int) (int16, error) {
	raw, err := f.file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var got int16
	var failure error
	err = raw.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
		for {
			_, failure = unix.Poll(fds, ms)
			if failure != unix.EINTR {
				got = fds[0].Revents
				return
			}
		}
	})
	if err == nil {
		err = failure
	}
	return got, err
}
