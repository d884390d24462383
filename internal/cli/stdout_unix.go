//go:build unix

package cli

import (
	"os"
	"syscall"
)

// openNonblock: opening a pipe does not wait for its reader, and writing to it
// goes through the runtime's poller.
const openNonblock = syscall.O_NONBLOCK

// privateStdout takes stdout for frames alone: whatever else of the process
// prints to file descriptor 1 from now on goes to stderr. The flags of the pipe
// are left as they are (contract 1).
func privateStdout() (*os.File, error) {
	fd, err := syscall.Dup(1)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(fd)
	if err := dup2(2, 1); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "stdout"), nil
}
