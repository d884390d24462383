package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// isMounted reports whether a rename failed because its target is a mount point.
func isMounted(err error) bool {
	return errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EXDEV)
}

// writeInPlace overwrites target, which holds old, by text. It is not atomic: a
// reader that sees a part of it reads again. When it fails, old is put back.
func (s *fileStore) writeInPlace(target string, old, text []byte) error {
	s.notice(fmt.Sprintf("%s is mounted as a single file and is written in place; mount its folder instead", target))
	err := s.overwrite(target, text)
	if err == nil && !bytes.Equal(mustRead(target), text) {
		err = errors.New("it does not hold what was written")
	}
	if err != nil {
		_ = s.overwrite(target, old)
	}
	return err
}

func (s *fileStore) overwrite(target string, text []byte) error {
	f, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_ = f.Chmod(0o600) // what it holds is for its owner alone
	err = s.disk.Write(f, text)
	if err == nil {
		err = f.Truncate(int64(len(text)))
	}
	if err == nil {
		err = s.disk.Sync(f)
	}
	return errors.Join(err, f.Close())
}
