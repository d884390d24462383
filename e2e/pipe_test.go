//go:build unix

package e2e

import (
	"bytes"
	"os"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// pipe makes a pipe: the end of the process, and ours, which has deadlines. With
// toUs ours is the one to read from.
func (o options) pipe(t *testing.T, toUs bool) (theirs, ours *os.File) {
	t.Helper()
	var p [2]int
	syscall.ForkLock.RLock()
	var err error
	if o.sockets {
		p, err = syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	} else {
		err = syscall.Pipe(p[:])
	}
	if err == nil {
		syscall.CloseOnExec(p[0])
		syscall.CloseOnExec(p[1])
	}
	syscall.ForkLock.RUnlock()
	require.NoError(t, err)
	their, our := p[0], p[1]
	if toUs {
		their, our = our, their
	}
	require.NoError(t, syscall.SetNonblock(our, true))
	require.NoError(t, syscall.SetNonblock(their, o.nonblocking))
	return os.NewFile(uintptr(their), "the end of the process"), os.NewFile(uintptr(our), "our end")
}

// unread is how many bytes wait for us in the pipe.
func (h *host) unread() int {
	h.t.Helper()
	var n int32
	raw, err := h.out.SyscallConn()
	require.NoError(h.t, err)
	require.NoError(h.t, raw.Control(func(fd uintptr) {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, fionread, uintptr(unsafe.Pointer(&n)))
		require.Zero(h.t, errno)
	}))
	return int(n)
}

// syncBuffer is a buffer that is safe for concurrent use.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
