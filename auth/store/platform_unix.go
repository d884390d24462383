//go:build unix

package store

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// noFollow makes an open fail on a symbolic link.
const noFollow = syscall.O_NOFOLLOW

// isOurs reports whether the file belongs to the user that we run as.
func isOurs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(stat.Uid) == os.Geteuid()
}

// hardLinks is how many names the file has.
func hardLinks(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Nlink)
	}
	return 1
}

// isNoSpace reports whether the disk or the user's share of it is full, or a
// limit of the process is reached.
func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// canWrite returns why the system would not let us write to path, for example
// because it is on a read-only mount; access(2), which opens nothing.
func canWrite(path string) error {
	const writing = 2 // W_OK
	return syscall.Access(path, writing)
}

// syncDir puts the names in a folder on the disk.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	return dir.Sync()
}

// openShared opens a file for reading, without blocking: it may be a pipe by now.
func openShared(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func rename(from, to string) error { return os.Rename(from, to) }

// mayBeHeld and isHeld are false: a file that is open can be replaced.
func mayBeHeld(error) bool { return false }

func isHeld(string) bool { return false }
