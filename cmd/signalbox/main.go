// Command signalbox is one process that owns a user's OpenAI credentials and
// routing: a host spawns it and speaks JSON-RPC 2.0 with it on stdin and stdout.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

// version of signalbox; the linker sets it in a release.
var version = "0.1.0"

// Exit codes of contract 8.
const (
	exitDone  = 0
	exitNot   = 1
	exitUsage = 2
	exitError = 4
)

// program is what a subcommand sees of the process. Tests of the binary put
// themselves in place of the parts.
type program struct {
	stdin          *os.File
	stdout, stderr io.Writer
	getenv         func(string) string
	signals        <-chan os.Signal
	// transport wraps the one that model calls go through; nil: as it is.
	transport func(http.RoundTripper) http.RoundTripper
}

// command is one subcommand.
type command struct {
	name, usage, summary string
	run                  func(p *program, args []string) int
}

// commands in the order of the help.
func commands() []command {
	return []command{
		{"serve", "[FLAGS]", "answer a host on stdin and stdout; the default without a terminal", serve},
		{"login", "[--device|--with-api-key|--no-browser] [FLAGS]", "log in with a browser, a code on another device, or a key", login},
		{"status", "[--json] [FLAGS]", "who am I, and which routes can be used now", status},
		{"logout", "[--local] [FLAGS]", "forget the login and the key, and tell the issuer", logout},
		{"route", "MODEL [FLAGS]", "where a model would go, without any network call", route},
		{"ask", "-m MODEL PROMPT|- [FLAGS]", "ask a model and stream its text", ask},
		{"call", "METHOD [JSON|-] [FLAGS]", "send one request, print what comes, one JSON object a line", call},
		{"validate", "[--json] [FLAGS]", "ask each pinned model, prove which one answers; pass or fail", validate},
		{"demo", "", "watch a host at work, without an account", demo},
		{"schema", "[--lang LANGUAGE]", "describe the protocol: openrpc, jsonschema, typescript, python", schema},
		{"completion", "bash|zsh|fish", "print the completion script of a shell", completion},
		{"version", "", "print the version", printVersion},
		{"help", "", "print this text", help},
	}
}

// usageOf gives the usage line of a subcommand.
func usageOf(name string) string {
	for _, c := range commands() {
		if c.name == name {
			return c.name + " " + c.usage
		}
	}
	return name
}

func main() { os.Exit(start(nil)) }

// start sets the process up and runs the subcommand of its arguments.
func start(transport func(http.RoundTripper) http.RoundTripper) int {
	// A host that closes our stdout must not kill us in mid-write: the write then
	// fails with EPIPE (contract 1).
	signal.Ignore(syscall.SIGPIPE)
	// net/http prints there, and with GODEBUG=http2debug=1 the very headers.
	log.SetOutput(io.Discard)
	signals := make(chan os.Signal, 4)
	p := &program{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		getenv: os.Getenv, signals: signals, transport: transport,
	}
	args := os.Args[1:]
	if len(args) == 0 || args[0] != "" && args[0][0] == '-' && !isHelp(args[0]) && !isVersion(args[0]) {
		if len(args) == 0 && term.IsTerminal(int(os.Stdin.Fd())) {
			usage(p.stderr)
			return exitUsage
		}
		args = append([]string{"serve"}, args...)
	}
	// Beside the rest of the start: it costs a thread and 0.2 ms.
	go signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	switch {
	case isHelp(args[0]):
		args[0] = "help"
	case isVersion(args[0]):
		args[0] = "version"
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(p, args[1:])
		}
	}
	return p.usageError(fmt.Errorf("there is no subcommand %q%s", args[0], didYouMean(args[0])))
}

// didYouMean suggests the subcommand that starts most like word.
func didYouMean(word string) string {
	best, most := "", 1
	for _, c := range commands() {
		n := 0
		for n < min(len(word), len(c.name)) && word[n] == c.name[n] {
			n++
		}
		if n > most {
			best, most = c.name, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

func isVersion(arg string) bool { return arg == "-version" || arg == "--version" }

// usageError prints what is wrong with the command line.
func (p *program) usageError(err error) int {
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	_, _ = fmt.Fprintf(p.stderr, "signalbox: %v\nRun \"signalbox help\" for the usage.\n", err)
	return exitUsage
}

func help(p *program, _ []string) int {
	usage(p.stdout)
	return exitDone
}

func usage(w io.Writer) {
	_, _ = fmt.Fprint(w, `signalbox answers an editor, an agent or a script on stdin and stdout: JSON-RPC
2.0 that owns the user's OpenAI credentials and routing.

Usage: signalbox [COMMAND] [FLAGS]

`)
	for _, c := range commands() {
		_, _ = fmt.Fprintf(w, "  %-11s %s\n", c.name, c.summary)
	}
	_, _ = fmt.Fprint(w, `
Try it without an account:

  printf '{"id":1,"method":"auth/status"}\n' | signalbox serve --simulate

"signalbox COMMAND -h" lists the flags of a command; docs/protocol.md has the
methods. Exit codes: 0 done, 1 not, 2 usage, 3 drain timeout, 4 error of call.
`)
}

func printVersion(p *program, _ []string) int {
	_, _ = fmt.Fprintln(p.stdout, "signalbox "+version)
	return exitDone
}
