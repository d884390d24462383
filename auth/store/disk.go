package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Disk is the file operations of a commit, so that a test can make each of them
// fail. At is called before every step; a test may end the process there.
type Disk struct {
	Create  func(path string) (*os.File, error)
	Write   func(f *os.File, text []byte) error
	Sync    func(f *os.File) error
	Close   func(f *os.File) error
	Rename  func(from, to string) error
	SyncDir func(path string) error
	Remove  func(path string) error
	At      func(step string)
}

func realDisk() Disk {
	return Disk{
		Create: func(path string) (*os.File, error) {
			// O_EXCL follows no link. 0600 from the start, whatever the umask adds.
			return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		},
		Write:   func(f *os.File, text []byte) error { _, err := f.Write(text); return err },
		Sync:    (*os.File).Sync,
		Close:   (*os.File).Close,
		Rename:  rename,
		SyncDir: syncDir,
		Remove:  os.Remove,
		At:      func(string) {},
	}
}

// readTarget reads the file that a commit replaces; empty for none.
func readTarget(target string) ([]byte, error) {
	info, err := os.Lstat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxFileBytes:
		return nil, ErrChanged
	}
	f, err := openShared(target)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(f)
}

// mustRead is nil for a file that cannot be read.
func mustRead(target string) []byte {
	text, _ := readTarget(target)
	return text
}

// tempName returns a new name beside target that nobody can guess.
func tempName(target string) string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return filepath.Join(filepath.Dir(target), tempPrefix+hex.EncodeToString(b[:]))
}

// resolveLinks follows symbolic links to the file that they stand for, which
// need not exist.
func resolveLinks(path string) (string, error) {
	for range maxLinks {
		to, err := os.Readlink(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return path, nil
		case err != nil:
			if info, failed := os.Lstat(path); failed == nil && info.Mode()&fs.ModeSymlink == 0 {
				return path, nil
			}
			return "", err
		case !filepath.IsAbs(to):
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", syscall.ELOOP
}
