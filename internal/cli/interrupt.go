package cli

import (
	"os"
	"syscall"
)

// interrupted is the end of a command by a signal before there is a server that
// would handle it.
type interrupted struct{ signal os.Signal }

// Error implements error.
func (e interrupted) Error() string { return "interrupted: " + e.signal.String() }

// code returns the exit code by the shell's convention: 128 plus the number of the
// signal.
func (e interrupted) code() int {
	if number, ok := e.signal.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return exitFailure
}

// read runs from, which may wait for a person or a pipe, and stops waiting at a
// signal: the error is then an interrupted.
func (p *program) read(from func() ([]byte, error)) ([]byte, error) {
	type outcome struct {
		text []byte
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		text, err := from()
		done <- outcome{text, err}
	}()
	select {
	case o := <-done:
		return o.text, o.err
	case signal := <-p.signals:
		return nil, interrupted{signal}
	}
}
