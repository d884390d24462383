package gateway

import "io/fs"

// untrusted returns why a token file is not to be used; modes say nothing here.
func untrusted(info fs.FileInfo) string {
	if !info.Mode().IsRegular() {
		return "is not a regular file"
	}
	return ""
}

// isPrivateFolder: the folders of a user are private by inheritance.
func isPrivateFolder(info fs.FileInfo) bool { return info.IsDir() }
