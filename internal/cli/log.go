package cli

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

const (
	// logRoom lines are kept while nobody reads the log; more are dropped.
	logRoom = 256
	// logFlush bounds how long the end of the process waits for the log.
	logFlush = 200 * time.Millisecond
)

// newLogger returns a log to stderr or --log-file that never blocks, and what
// closes it. Its error is a usage error.
func newLogger(f *flags, stderr io.Writer) (*slog.Logger, func(), error) {
	out, closeOut := stderr, func() {}
	if f.logFile != "" {
		// Opening a pipe that nobody reads fails here instead of waiting.
		file, err := os.OpenFile(f.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY|openNonblock, 0o600)
		if err != nil {
			return nil, nil, fmt.Errorf("--log-file: %w", err)
		}
		out, closeOut = file, func() { _ = file.Close() }
	}
	w := &logWriter{lines: make(chan []byte, logRoom), quit: make(chan struct{}), done: make(chan struct{})}
	w.begin = sync.OnceFunc(func() { go w.run(out) })
	closeLog := func() {
		close(w.quit)
		w.begin()
		select {
		case <-w.done:
		case <-time.After(logFlush):
		}
		closeOut()
	}
	options := &slog.HandlerOptions{Level: f.logLevel}
	if f.logAsJSON {
		return slog.New(slog.NewJSONHandler(w, options)), closeLog, nil
	}
	return slog.New(slog.NewTextHandler(w, options)), closeLog, nil
}

// logWriter hands lines to a goroutine, so that a full or closed stderr never
// blocks the server.
type logWriter struct {
	lines chan []byte
	quit  chan struct{} // closed: write what is left and end
	done  chan struct{}
	begin func() // starts run, once: most processes log nothing
}

// Write implements io.Writer; it never blocks and never fails.
func (w *logWriter) Write(line []byte) (int, error) {
	w.begin()
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
