package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/signalbox-dev/signalbox/protocol"
)

// checkLogin is Store.CheckLogin for auth.json.
func (s *fileStore) checkLogin(*Snapshot) error {
	target, err := resolveLinks(s.path)
	if err != nil {
		return Failed(s.path, err)
	}
	return s.check(target)
}

// checkWritable is Store.CheckWritable for auth.json. Like Codex it looks at the mode
// bits, which do not bind root, and it creates a file to be sure of the folder.
func (s *fileStore) checkWritable() error {
	target, err := resolveLinks(s.path)
	if err != nil {
		return Failed(s.path, err)
	}
	if failure := s.check(target); failure != nil {
		return failure
	}
	probe := tempName(target)
	f, err := s.disk.Create(probe)
	if err != nil {
		return Failed(filepath.Dir(target), err)
	}
	_ = f.Close()
	_ = os.Remove(probe)
	return nil
}

// check refuses a target that must not or cannot be replaced (docs/credentials.md: The store).
func (s *fileStore) check(target string) error {
	for _, dir := range []string{s.home, filepath.Dir(target)} {
		if failure := checkFolder(dir); failure != nil {
			return failure
		}
	}
	info, err := os.Lstat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return Failed(target, err)
	case !info.Mode().IsRegular():
		return corrupt(target, "", "is not a regular file")
	case !isOurs(info):
		return notOwner(target)
	case hardLinks(info) > 1:
		return refusedStore(protocol.ReasonHardLink, target, "is a hard link, and replacing it would leave the other names behind",
			"Replace the hard link by a symbolic link or a copy")
	case info.Mode().Perm()&0o200 == 0:
		return refusedStore(protocol.ReasonReadOnly, target, "is read-only", "Make "+target+" writable for its owner")
	}
	// A file can be mounted on its own, and read-only, into a folder that is not:
	// its rename would fail, and so would writing in place.
	if err := canWrite(target); err != nil {
		return Failed(target, err)
	}
	return nil
}

// checkFolder refuses a folder that must not or cannot be written.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return Failed(dir, err)
	case !isOurs(info):
		return notOwner(dir)
	case info.Mode().Perm()&0o200 == 0:
		return refusedStore(protocol.ReasonReadOnly, dir, "is read-only", "Make "+dir+" writable for its owner")
	}
	if err := canWrite(dir); err != nil {
		return Failed(dir, err)
	}
	return nil
}

// refusedStore is the 1003 of a place that must not or cannot be written.
func refusedStore(reason protocol.Reason, path, fault, action string) *protocol.Error {
	return protocol.NewError(protocol.CodeCredentialStore, path+" "+fault,
		protocol.ErrorData{Reason: reason, Action: action, Path: path})
}

// notOwner is the 1003 of what belongs to another user.
func notOwner(path string) *protocol.Error {
	return refusedStore(protocol.ReasonNotOwner, path, "belongs to another user",
		"Run signalbox as the owner of "+path+", or set CODEX_HOME to a folder of your own")
}

// Failed returns the 1003 of err, the failure of a file operation on path. An error
// that is a *protocol.Error already is returned as it is.
func Failed(path string, err error) *protocol.Error {
	if known, ok := errors.AsType[*protocol.Error](err); ok {
		return known
	}
	// Without the paths, one of which is of a temporary file.
	if link, ok := errors.AsType[*os.LinkError](err); ok {
		err = link.Err
	} else if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err
	}
	reason, action := protocol.ReasonWriteFailed, "Check the disk and the folder of "+path
	switch {
	case isNoSpace(err):
		reason, action = protocol.ReasonNoSpace, "Free some space on the disk that holds "+path
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		reason, action = protocol.ReasonReadOnly, "Make "+path+" and its folder writable"
	}
	return protocol.NewError(protocol.CodeCredentialStore, fmt.Sprintf("%s cannot be written: %v", path, err),
		protocol.ErrorData{Reason: reason, Action: action, Path: path, Retryable: reason == protocol.ReasonNoSpace})
}
