//go:build unix

package cli

import "io/fs"

// isOpenToOthers reports whether other users have any right.
func isOpenToOthers(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }
