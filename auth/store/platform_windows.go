package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Errors of Windows that package syscall does not name.
const (
	errSharingViolation = syscall.Errno(32)
	errHandleDiskFull   = syscall.Errno(39)
	errDiskFull         = syscall.Errno(112)
)

// noFollow: Windows opens a link as what it leads to.
const noFollow = 0

// accessDelete is the right that a rename needs on what it replaces.
const accessDelete = 0x00010000

// isOurs: Windows keeps no owner in a file's mode.
func isOurs(fs.FileInfo) bool { return true }

func hardLinks(fs.FileInfo) uint64 { return 1 }

func isNoSpace(err error) bool {
	return errors.Is(err, errDiskFull) || errors.Is(err, errHandleDiskFull)
}

func canWrite(string) error { return nil }

// syncDir does nothing: Windows has no such thing for a folder. The journal of NTFS
// keeps a rename whole.
func syncDir(string) error { return nil }

// openShared opens a file for reading so that it can be replaced meanwhile: os.Open
// lets others read and write it, but not rename anything over it.
func openShared(path string) (*os.File, error) {
	return open(path, syscall.GENERIC_READ, syscall.FILE_SHARE_READ|syscall.FILE_SHARE_WRITE|syscall.FILE_SHARE_DELETE)
}

// rename gives a file the name of another one in its folder. os.Root asks for the
// semantics of POSIX (Windows 10, version 1607): the old file may still be open in
// readers that share the right to delete, as ours and Codex do. Other file systems know
// no such thing.
func rename(from, to string) error {
	if root, err := os.OpenRoot(filepath.Dir(to)); err == nil {
		defer func() { _ = root.Close() }()
		if filepath.Dir(from) == filepath.Dir(to) && root.Rename(filepath.Base(from), filepath.Base(to)) == nil {
			return nil
		}
	}
	return os.Rename(from, to)
}

func open(path string, access, share uint32) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err == nil {
		var handle syscall.Handle
		handle, err = syscall.CreateFile(name, access, share, nil, syscall.OPEN_EXISTING, syscall.FILE_ATTRIBUTE_NORMAL, 0)
		if err == nil {
			return os.NewFile(uintptr(handle), path), nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: err}
}

// mayBeHeld reports whether a rename or a removal failed as it does while another
// program has the file open.
func mayBeHeld(err error) bool {
	return errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, errSharingViolation)
}

// isHeld reports whether another program has the file open: nobody else may while we
// ask. A file that we may not replace at all is not held.
func isHeld(path string) bool {
	f, err := open(path, accessDelete, 0)
	if err == nil {
		_ = f.Close()
	}
	return errors.Is(err, errSharingViolation)
}
