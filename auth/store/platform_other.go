//go:build !unix

package store

import (
	"errors"
	"io/fs"
	"syscall"
)

// noFollow: Windows opens a link as what it leads to.
const noFollow = 0

// isOurs: Windows keeps no owner in a file's mode.
func isOurs(fs.FileInfo) bool { return true }

func hardLinks(fs.FileInfo) uint64 { return 1 }

func isNoSpace(err error) bool { return errors.Is(err, syscall.ENOSPC) }

func canWrite(string) error { return nil }
