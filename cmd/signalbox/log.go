package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"
)

const (
	// logRoom lines wait for a log that is not read; more are dropped.
	logRoom = 256
	// logFlush bounds how long the end of the process waits for the log.
	logFlush = 200 * time.Millisecond
)

// newLogger makes the log: to stderr or --log-file, never blocking.
func newLogger(s *settings, stderr io.Writer) (*slog.Logger, func(), error) {
	out, closeOut := stderr, func() {}
	if s.logFile != "" {
		file, err := os.OpenFile(s.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, fmt.Errorf("--log-file: %w", err)
		}
		out, closeOut = file, func() { _ = file.Close() }
	}
	w := &logWriter{lines: make(chan []byte, logRoom), quit: make(chan struct{}), done: make(chan struct{})}
	go w.run(out)
	closeLog := func() {
		close(w.quit)
		select {
		case <-w.done:
		case <-time.After(logFlush):
		}
		closeOut()
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: s.logLevel})), closeLog, nil
}

// logWriter hands lines to a goroutine, so that a full or closed stderr never
// blocks the server.
type logWriter struct {
	lines chan []byte
	quit  chan struct{} // closed: write what is left and end
	done  chan struct{}
}

// Write implements io.Writer; it never blocks and never fails.
func (w *logWriter) Write(line []byte) (int, error) {
	select {
	case w.lines <- append([]byte(nil), line...):
	default:
	}
	return len(line), nil
}

func (w *logWriter) run(out io.Writer) {
	defer close(w.done)
	for {
		select {
		case line := <-w.lines:
			_, _ = out.Write(line)
		case <-w.quit:
			for {
				select {
				case line := <-w.lines:
					_, _ = out.Write(line)
				default:
					return
				}
			}
		}
	}
}
