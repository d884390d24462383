// Package testcheck is what every TestMain does: it runs the tests, fails when
// goroutines are left behind, and fails when a fake secret shows up in anything
// that the test process prints. Test code only.
package testcheck

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Canary is part of every fake token, key and secret of the tests.
const Canary = "signalbox-canary"

// childVariable marks the process that runs the tests.
const childVariable = "SIGNALBOX_TEST_CHILD"

// waitDelay is how long the output may stay open once the tests have ended.
const waitDelay = 5 * time.Second

// Main runs the tests and ends the process. The tests run in a child process,
// so that even the trace of a crash is scanned for the canary.
func Main(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(supervise())
	}
	code := m.Run()
	if stacks := leaked(); stacks != "" {
		fmt.Fprintf(os.Stderr, "goroutines left behind:\n\n%s\n", stacks)
		code = max(code, 1)
	}
	os.Exit(code)
}

// supervise runs this test binary again, with a folder of its own for temporary
// files, and scans what it prints. Processes that a test kills leave their files in
// that folder, which is removed at the end.
func supervise() int {
	temp, err := os.MkdirTemp("", "sbtest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { removeAll(temp) }()
	child := exec.Command(os.Args[0], os.Args[1:]...)
	child.Env = append(os.Environ(), childVariable+"=1", "TMPDIR="+temp)
	child.Stdin = os.Stdin
	stdout, stderr := &Scanner{To: os.Stdout}, &Scanner{To: os.Stderr}
	child.Stdout, child.Stderr = stdout, stderr
	// A process that the tests have left behind may hold stdout open for ever.
	child.WaitDelay = waitDelay
	endWithParent(child)
	// A signal must not end this process alone: `go test` would be done while the
	// fuzzing goes on in the child, or would wait for a child that hangs.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, passedOn...)
	err = child.Start()
	if err == nil {
		go func() {
			for s := range signals {
				_ = child.Process.Signal(s)
			}
		}()
		err = child.Wait()
	}
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = max(exit.ExitCode(), 1)
	case errors.Is(err, exec.ErrWaitDelay):
		fmt.Fprintln(os.Stderr, "a process was left behind: it holds stdout or stderr of the tests")
		code = 1
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if stdout.Found() || stderr.Found() {
		fmt.Fprintln(os.Stderr, "a fake secret was printed: an output of the tests holds the canary")
		code = max(code, 1)
	}
	return code
}

// removeAll removes a folder, also one with folders that cannot be written.
func removeAll(dir string) {
	if os.RemoveAll(dir) == nil {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}

// Scanner passes what is written on and remembers whether the canary was in it.
// Safe for concurrent use.
type Scanner struct {
	// To gets the bytes; nil drops them.
	To io.Writer

	mu    sync.Mutex
	tail  []byte
	found bool
}

// Write implements io.Writer.
func (s *Scanner) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tail = append(s.tail, p...)
	s.found = s.found || bytes.Contains(s.tail, []byte(Canary))
	if keep := len(Canary) - 1; len(s.tail) > keep {
		s.tail = append(s.tail[:0], s.tail[len(s.tail)-keep:]...)
	}
	if s.To == nil {
		return len(p), nil
	}
	return s.To.Write(p)
}

// Found reports whether the canary has been written.
func (s *Scanner) Found() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.found
}

// leaked returns the stacks of the goroutines that the tests have left behind,
// after a while for them to end.
func leaked() string {
	var stacks string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if stacks = foreign(); stacks == "" {
			break
		}
	}
	return stacks
}

// foreign returns the stacks of goroutines that are not the test runner's.
func foreign() string {
	all := make([]byte, 4<<20)
	all = all[:runtime.Stack(all, true)]
	var left []string
	for _, stack := range strings.Split(string(all), "\n\n") {
		if !isOwn(stack) {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}

func isOwn(stack string) bool {
	for _, name := range []string{"testcheck.foreign", "testing.(*M).", "os/signal.signal_recv", "os/signal.loop", "testing.runFuzz", "internal/fuzz."} {
		if strings.Contains(stack, name) {
			return true
		}
	}
	return false
}
