//go:build unix

package cli

import (
	"os"
	"syscall"

	"github.com/signalbox-dev/signalbox/internal/pipe"
)

// openNonblock makes opening a pipe not wait for its reader, and lets writes go
// through the runtime's poller.
const openNonblock = syscall.O_NONBLOCK

// privateStdout returns stdout for frames alone: whatever else in the process
// prints to file descriptor 1 from now on goes to stderr. The flags of the pipe
// are not changed (docs/protocol.md: Framing).
func privateStdout() (*pipe.File, error) {
	fd, err := syscall.Dup(1)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(fd)
	if err := dup2(2, 1); err != nil {
		return nil, err
	}
	return pipe.New(os.NewFile(uintptr(fd), "stdout")), nil
}
