//go:build !unix

package pipe

import (
	"errors"
	"time"
)

const (
	readable = 0
	writable = 0
)

// isAgain is false: no other process can make our pipes non-blocking.
func isAgain(error) bool { return false }

func (f *File) await(int) error { return errors.ErrUnsupported }

func (f *File) hungUp(time.Duration) (bool, error) { return false, errors.ErrUnsupported }
