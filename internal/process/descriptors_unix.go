//go:build unix

package process

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// closeOnExec marks the descriptors above 2 that a folder lists.
func closeOnExec(folder string) {
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
}
