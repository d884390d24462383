package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// How long the last replies may take, by what ends the process (docs/protocol.md:
// Lifecycle). Each covers the cancelled replies and the writing of them.
const (
	exitWait   = 300 * time.Millisecond
	signalWait = 1500 * time.Millisecond
	goneWait   = 2 * time.Second
	// hangUpGrace is for the last answer to count as written.
	hangUpGrace = 100 * time.Millisecond
	// saveWait bounds the wait for tokens that are on their way.
	saveWait = 30 * time.Second
)

// Exit codes of Serve.
const (
	exitClean        = 0
	exitUnclean      = 1
	exitDrainTimeout = 3
)

// Serve talks with the host until the conversation is over and returns the exit
// code of the process. The first of signals ends the conversation in good order, a
// second one at once. A write that is blocked may go on after Serve has returned:
// the caller then ends the process.
//
// New tokens that are on their way are awaited and saved before Serve returns, up
// to saveWait, whatever ended the conversation, a second signal included: only
// SIGKILL is exempt (docs/protocol.md: Lifecycle). The replies are on time all the
// same.
//
// The error is nil unless a pipe has failed in another way than by its end, such as
// by an error of the disk behind stdout; the code is then not 0.
func (s *Server) Serve(ctx context.Context, signals <-chan os.Signal) (int, error) {
	code := s.serve(ctx, signals)
	rest, cancel := context.WithTimeout(context.Background(), saveWait)
	defer cancel()
	s.cfg.Auth.Drain(rest)
	err := s.pipeError()
	if err != nil && code == exitClean {
		code = exitUnclean
	}
	return code, err
}

// pipeError returns the error that has ended the input or the output; nil where the
// host has closed them.
func (s *Server) pipeError() error {
	if err := s.conn.WriteError(); err != nil && !isClosed(err) {
		return fmt.Errorf("stdout cannot be written: %w", rootOf(err))
	}
	select {
	case <-s.conn.Ended():
		if err := s.conn.ReadError(); err != nil {
			return fmt.Errorf("stdin cannot be read: %w", rootOf(err))
		}
	default:
	}
	return nil
}

// isClosed reports whether a write has failed because nobody reads.
func isClosed(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrClosedPipe)
}

// rootOf returns the error of the system without the name of the file.
func rootOf(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

func (s *Server) serve(ctx context.Context, signals <-chan os.Signal) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer s.conn.Close()
	gone := make(chan struct{})
	if !s.cfg.IgnoreParent {
		go s.watchParent(ctx, gone)
	}
	go s.watchAuth(ctx)
	s.conn.Start(ctx, s)
	select {
	case <-s.conn.Ended():
		return s.inputEnded(signals)
	case <-s.exit.done:
		return s.leave(s.exitCode(), exitWait, signals)
	case <-s.conn.WriteFailed():
		s.log.Info("stdout is closed")
		return s.leave(exitUnclean, goneWait, signals)
	case <-gone:
		s.log.Info("the host is gone")
		return s.leave(exitUnclean, goneWait, signals)
	case sig := <-signals:
		return s.leave(signalCode(sig), signalWait, signals)
	}
}

// inputEnded decides what the end of stdin means: the end of a script in
// NDJSON, the end of the editor in header framing.
func (s *Server) inputEnded(signals <-chan os.Signal) int {
	if s.exit.isSet() {
		return s.leave(s.exitCode(), exitWait, signals)
	}
	if s.conn.Lost() {
		return s.leave(exitUnclean, goneWait, signals)
	}
	if s.conn.Framing() == wire.FramingLSP {
		return s.leave(s.exitCode(), goneWait, signals)
	}
	return s.drain(signals)
}

// hangUp is an output that knows, without a write, that its reader is gone. HangUp
// blocks until then and returns nil, or until ctx ends.
type hangUp interface {
	HangUp(ctx context.Context) error
}

// drain finishes what is in flight and writes it. Only a signal, the drain timeout
// and a host that no longer reads end it early: a stream of an upstream that is
// silent would otherwise live on with nobody at its end (docs/protocol.md: Lifecycle).
func (s *Server) drain(signals <-chan os.Signal) int {
	s.log.Debug("stdin has ended")
	deadline := time.NewTimer(s.cfg.DrainTimeout)
	defer deadline.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	written, gone := make(chan struct{}), make(chan struct{})
	if out, ok := s.out.(hangUp); ok {
		go func() {
			if out.HangUp(ctx) == nil {
				close(gone)
			}
		}()
	}
	go func() {
		select {
		case <-s.conn.Unanswered(0):
		case <-ctx.Done():
			return
		}
		s.awaitLogins(ctx)
		if s.conn.Written(ctx) == nil {
			close(written)
		}
	}()
	select {
	case <-written:
		return exitClean
	case <-s.conn.WriteFailed():
		return s.leave(exitUnclean, goneWait, signals)
	case <-gone:
		// A host may leave as soon as it has read the last answer, which is sooner than
		// we know that it is written.
		select {
		case <-written:
			return exitClean
		case <-time.After(hangUpGrace):
		}
		s.log.Info("nobody reads stdout")
		return s.leave(exitUnclean, goneWait, signals)
	case sig := <-signals:
		return s.leave(signalCode(sig), signalWait, signals)
	case <-deadline.C:
		s.log.Warn("the drain timeout has passed", "timeout", s.cfg.DrainTimeout)
		return s.leave(exitDrainTimeout, goneWait, signals)
	}
}

// leave cancels what runs, waits at most wait for the replies to be written, and
// returns code. Nothing waits for a blocked stdout.
func (s *Server) leave(code int, wait time.Duration, signals <-chan os.Signal) int {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	// A request that is read from now on is refused, one that was read before is
	// in the set that is cancelled.
	s.leaving.Store(true)
	s.conn.CancelAll(errShutdown, nil)
	s.leaveLogins()
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-s.conn.Unanswered(0):
		case <-ctx.Done():
		}
		s.awaitLogins(ctx)
		_ = s.conn.Written(ctx)
	}()
	select {
	case <-over:
	case sig := <-signals:
		return signalCode(sig)
	}
	return code
}

// exitCode returns the code for the notification exit and for the end of header
// framing (LSP 3.17).
func (s *Server) exitCode() int {
	if s.shutdown.Load() {
		return exitClean
	}
	return exitUnclean
}

// signalCode returns 128 plus the number of the signal, as shells do.
func signalCode(sig os.Signal) int {
	if number, ok := sig.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return exitUnclean
}
