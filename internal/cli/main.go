// Package cli is the command line of signalbox: it reads the flags, wires the
// packages together, runs a subcommand and returns its exit code.
package cli

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/signalbox-dev/signalbox/internal/mask"
	"github.com/signalbox-dev/signalbox/internal/pipe"
	"github.com/signalbox-dev/signalbox/internal/process"
	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Exit codes (docs/reference.md: Command line).
const (
	exitSuccess = 0
	exitFailure = 1
	exitUsage   = 2
	exitDrain   = 3
	exitError   = 4
)

// exited is the exit code of a command that has said all that there is to say.
type exited int

// Error implements error; nobody prints it.
func (e exited) Error() string { return fmt.Sprint("exit code ", int(e)) }

// exit returns nil for success, else exited.
func exit(code int) error {
	if code == exitSuccess {
		return nil
	}
	return exited(code)
}

// Options of Main.
type Options struct {
	// Version is what `signalbox version` prints and User-Agent carries.
	Version string
	// Commit and Date are those of the source, where the linker has set them.
	Commit, Date string
	// Transport wraps the one that model calls go through, for tests; nil keeps it
	// as it is.
	Transport func(http.RoundTripper) http.RoundTripper
	// Dumpable leaves the process open to the other programs of its user, for tests
	// that look at its descriptors.
	Dumpable bool
}

// program is what a subcommand sees of the process. Tests of the binary put
// themselves in place of the parts.
type program struct {
	version        string
	commit, date   string
	stdin          *pipe.File
	stdout, stderr io.Writer
	getenv         func(string) string
	signals        <-chan os.Signal
	transport      func(http.RoundTripper) http.RoundTripper // as in Options
	mask           *mask.Masker
	flags          flags
	// drainGiven: --drain-timeout is in the command line.
	drainGiven bool
	// watchLog, if set, is told of each line of the log from info on.
	watchLog func(slog.Record)
}

// memoryLimit, in bytes, is where the collector begins to work harder. It is above
// what the bodies in flight may take (docs/protocol.md: Limits); without it the heap
// could grow to twice that.
const memoryLimit = 704 << 20

// gcPercent is low: a running stream does not allocate, so frequent collection is
// cheap and keeps a thousand starting streams small.
const gcPercent = 40

// Main sets the process up, runs the subcommand that its arguments name and
// returns the exit code. It changes what belongs to the whole process: SIGPIPE,
// the standard logger and the limits of the garbage collector.
func Main(o Options) int {
	if !o.Dumpable {
		process.Seal()
	}
	// A host that closes our stdout must not kill us in mid-write: the write then
	// fails with EPIPE (docs/protocol.md: Lifecycle).
	signal.Ignore(syscall.SIGPIPE)
	// net/http prints there; with GODEBUG=http2debug=1 even the headers.
	log.SetOutput(io.Discard)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	signals := make(chan os.Signal, 4)
	out := &output{File: pipe.New(os.Stdout), end: signals}
	// What is said about an argument repeats it, and it may be a key.
	masker := new(mask.Masker)
	masker.Add(protocol.NewSecret(os.Getenv("OPENAI_API_KEY")), protocol.NewSecret(os.Getenv("OPENAI_OAUTH_ACCESS_TOKEN")))
	p := &program{
		version: o.Version, commit: o.Commit, date: o.Date, stdin: pipe.New(os.Stdin), stdout: out, stderr: terminal.NewFiltered(pipe.New(os.Stderr), masker.Mask),
		getenv: os.Getenv, signals: signals, transport: o.Transport, mask: masker,
	}
	if term.IsTerminal(int(out.Fd())) {
		p.stdout = terminal.NewWriter(out)
	}
	code := p.runCommand(os.Args[1:], signals)
	err, silent := out.failed()
	if err == nil {
		return code
	}
	if !silent {
		_, _ = fmt.Fprintf(p.stderr, "signalbox: stdout: %v\n", err)
	}
	return max(code, exitFailure)
}

// runCommand runs the subcommand of args and returns the exit code.
func (p *program) runCommand(args []string, signals chan<- os.Signal) int {
	// In parallel with the rest of the start: it costs a thread and 0.2 ms.
	go signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	first := ""
	if len(args) > 0 {
		first = args[0]
	}
	root := p.tree(first)
	if strings.HasPrefix(first, cobra.ShellCompRequestCmd) {
		completeFlags(root)
	}
	root.SetArgs(plainArgs(args))
	c, err := root.ExecuteC()
	if err != nil {
		return p.usageError(c, err)
	}
	return exitSuccess
}

// plainArgs returns args with --help and --version as they were once written, with
// one dash. It is never nil, for which cobra would take those of the process.
func plainArgs(args []string) []string {
	plain := append([]string{}, args...)
	if len(plain) > 0 && (plain[0] == "-help" || plain[0] == "-version") {
		plain[0] = "-" + plain[0]
	}
	return plain
}
