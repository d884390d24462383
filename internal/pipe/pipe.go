// Package pipe reads and writes the pipes that a process has inherited.
//
// A pipe is shared with whoever else has it open, and so are its flags: another
// process may make it non-blocking at any time, as Node does with the stdio that a
// child inherits. A blocking read or write then fails with EAGAIN, which is neither
// the end of the input nor a failed output. This package waits until the pipe is
// ready and goes on. It never changes the flags: they belong to the other processes
// as well (docs/protocol.md: Framing).
package pipe

import (
	"context"
	"os"
	"time"
)

// File is a pipe, or whatever else stands in for one: a socket, a terminal, a file.
// Its methods may be used concurrently, as those of os.File.
type File struct{ file *os.File }

// New returns file as a File. Use the result alone from then on: it may have to wait
// where file would fail.
func New(file *os.File) *File { return &File{file} }

// Fd returns the file descriptor, for what needs no data: whether it is a terminal.
func (f *File) Fd() uintptr { return f.file.Fd() }

// Read implements io.Reader. It blocks until there is data, the end or an error.
func (f *File) Read(p []byte) (int, error) {
	for {
		n, err := f.file.Read(p)
		if err == nil || n > 0 || !isAgain(err) {
			return n, err
		}
		if err := f.await(readable); err != nil {
			return 0, err
		}
	}
}

// Write implements io.Writer. It blocks until all of p has been written, in as many
// parts as the pipe takes, or an error.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	for err != nil && isAgain(err) {
		if err = f.await(writable); err == nil {
			var more int
			more, err = f.file.Write(p[n:])
			n += more
		}
	}
	return n, err
}

// hangUpPoll is how often HangUp looks at its context, and on some systems at the
// file.
const hangUpPoll = 200 * time.Millisecond

// HangUp blocks until the other end is gone, without a write, and then returns nil;
// or until ctx ends, and then returns its error. A file has no other end.
func (f *File) HangUp(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		gone, err := f.hungUp(hangUpPoll)
		switch {
		case err != nil: // there is no telling
			<-ctx.Done()
		case gone:
			return nil
		}
	}
}
