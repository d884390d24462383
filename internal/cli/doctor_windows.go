package cli

import "io/fs"

// isOpenToOthers is false: modes say nothing here.
func isOpenToOthers(fs.FileInfo) bool { return false }
