//go:build unix

package gateway

import (
	"io/fs"
	"os"
	"syscall"
)

// untrusted returns why a token file is not to be used; "" if it may be.
func untrusted(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return "is a symbolic link"
	case !info.Mode().IsRegular():
		return "is not a regular file"
	case !ok || int(stat.Uid) != os.Geteuid():
		return "belongs to another user"
	case info.Mode().Perm()&0o077 != 0:
		return "can be read by other users (its mode must be 0600)"
	}
	return ""
}

// isPrivateFolder reports whether a folder is this user's alone.
func isPrivateFolder(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return info.IsDir() && ok && int(stat.Uid) == os.Geteuid() && info.Mode().Perm()&0o077 == 0
}
