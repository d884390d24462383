package cli

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/rpc"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// flags are the ones that every command takes (docs/reference.md: Flags and
// environment).
type flags struct {
	framing         wire.Framing
	maxMessageBytes int64
	drainTimeout    time.Duration
	idleTimeout     time.Duration
	ignoreParent    bool
	accountMode     string
	clientVersion   string
	originator      string
	chatgptBaseURL  string
	platformBaseURL string
	issuer          string
	redirectHost    string
	logLevel        slog.Level
	logFile         string
	trace           string
	simulate        scenarioFlag
	// atTerminal says that a person is waiting, not a host. It is not a flag.
	atTerminal bool
}

// parseFlags reads the flags of a subcommand, its own ones included, which may
// stand before and behind its arguments. Its error is a usage error;
// flag.ErrHelp when help or the list of scenarios was printed to out.
func parseFlags(command string, args []string, out io.Writer, own ...func(*flag.FlagSet)) (*flags, []string, error) {
	f := &flags{accountMode: "auto", redirectHost: "127.0.0.1", logLevel: slog.LevelWarn}
	set := flag.NewFlagSet(command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, add := range own {
		add(set)
	}
	ownNames := map[string]bool{}
	set.VisitAll(func(one *flag.Flag) { ownNames[one.Name] = true })
	set.Func("framing", "`auto`, lsp or ndjson", choose(&f.framing, map[string]wire.Framing{
		"auto": wire.FramingAuto, "lsp": wire.FramingLSP, "ndjson": wire.FramingNDJSON,
	}))
	set.Int64Var(&f.maxMessageBytes, "max-message-bytes", wire.DefaultMaxMessageBytes, "largest message from the host, in `bytes`")
	set.DurationVar(&f.drainTimeout, "drain-timeout", rpc.DefaultDrainTimeout, "how long after the end of stdin to finish what is in flight (NDJSON)")
	set.DurationVar(&f.idleTimeout, "idle-timeout", engine.DefaultIdleTimeout, "how long a stream may be silent")
	set.Func("parent-watch", "`auto` or off: end when the host's process is gone", choose(&f.ignoreParent, map[string]bool{"auto": false, "off": true}))
	set.Func("account-mode", "`auto`, plan, chatgpt or apiKey: the route of models that no rule names", choose(&f.accountMode, map[string]string{
		"auto": "auto", "plan": "plan", "chatgpt": "chatgpt", "apiKey": "apiKey",
	}))
	set.StringVar(&f.clientVersion, "client-version", engine.DefaultClientVersion, "Codex client `VERSION` declared on the ChatGPT route")
	set.StringVar(&f.originator, "originator", engine.DefaultOriginator, "`NAME` sent as originator on the ChatGPT route")
	set.StringVar(&f.chatgptBaseURL, "chatgpt-base-url", "", "`URL` in place of the ChatGPT Codex backend")
	set.StringVar(&f.platformBaseURL, "platform-base-url", "", "`URL` in place of the OpenAI Platform")
	set.StringVar(&f.issuer, "issuer", "", "`URL` in place of OpenAI's login server")
	set.Func("redirect-host", "`127.0.0.1` or localhost: the host that the browser comes back to after a login", choose(&f.redirectHost, map[string]string{
		"127.0.0.1": "127.0.0.1", "localhost": "localhost",
	}))
	set.Func("log-level", "debug, info, `warn` or error", choose(&f.logLevel, map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}))
	set.StringVar(&f.logFile, "log-file", "", "append the log to this `file` instead of stderr")
	set.StringVar(&f.trace, "trace", "", "write what is sent and received, masked, into this new `file`")
	set.Var(&f.simulate, "simulate", "use the built-in simulator instead of OpenAI; =`SCENARIO` or =list")
	var rest []string
	for {
		if err := set.Parse(args); err != nil {
			if err == flag.ErrHelp {
				printHelp(out, command, set, ownNames)
			}
			return nil, nil, flagError{command, teach(err, set)}
		}
		parsed := args[:len(args)-set.NArg()]
		if args = set.Args(); len(args) == 0 || len(parsed) > 0 && parsed[len(parsed)-1] == "--" {
			if f.simulate.name == "list" {
				listScenarios(out)
				return nil, nil, flag.ErrHelp
			}
			if err := f.check(); err != nil {
				return nil, nil, flagError{command, err}
			}
			return f, append(rest, args...), nil
		}
		rest, args = append(rest, args[0]), args[1:]
	}
}

// flagError is an error in the flags of a command.
type flagError struct {
	command string
	error
}

// Unwrap returns the error itself, which may be flag.ErrHelp.
func (e flagError) Unwrap() error { return e.error }

// teach adds to the error about an unknown flag the one that may have been meant,
// and writes flags as the help does.
func teach(err error, f *flag.FlagSet) error {
	name, found := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !found {
		return err
	}
	var all []string
	f.VisitAll(func(f *flag.Flag) { all = append(all, "--"+f.Name) })
	return fmt.Errorf("there is no flag --%s%s", name, didYouMean("--"+name, all))
}

// check returns the first error in the values of the flags.
func (f *flags) check() error {
	switch {
	case f.maxMessageBytes < 1:
		return fmt.Errorf("--max-message-bytes must be above 0")
	case f.drainTimeout <= 0:
		return fmt.Errorf("--drain-timeout must be above 0")
	case f.idleTimeout <= 0:
		return fmt.Errorf("--idle-timeout must be above 0")
	case !isHeaderText(f.originator):
		return fmt.Errorf("--originator must be a name without spaces")
	case !isHeaderText(f.clientVersion):
		return fmt.Errorf("--client-version must be a version without spaces")
	case f.simulate.on && (f.chatgptBaseURL != "" || f.platformBaseURL != "" || f.issuer != ""):
		return fmt.Errorf("--simulate cannot be combined with a base URL or an issuer")
	}
	return nil
}

// choose returns a flag whose value must be one of several words.
func choose[T any](value *T, words map[string]T) func(string) error {
	return func(word string) error {
		v, ok := words[word]
		if !ok {
			return fmt.Errorf("must be %s", oneOf(slices.Sorted(maps.Keys(words))))
		}
		*value = v
		return nil
	}
}

// oneOf writes words as a choice: "auto, lsp or ndjson".
func oneOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// isHeaderText reports whether text can be part of a header and a User-Agent: at
// most 256 visible characters of ASCII.
func isHeaderText(text string) bool {
	if len(text) > 256 {
		return false
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return text != ""
}

// listScenarios is --simulate=list.
func listScenarios(out io.Writer) {
	for _, scenario := range simulator.Scenarios() {
		_, _ = fmt.Fprintf(out, "%-20s %s\n", scenario.Name, scenario.Summary)
	}
}

// scenarioFlag is --simulate[=SCENARIO].
type scenarioFlag struct {
	on   bool
	name string
}

// IsBoolFlag allows the flag without a value.
func (s *scenarioFlag) IsBoolFlag() bool { return true }

// String implements flag.Value.
func (s *scenarioFlag) String() string { return s.name }

// Set implements flag.Value; "true" is the flag without a value.
func (s *scenarioFlag) Set(value string) error {
	s.on, s.name = value != "false", value
	if value == "true" || value == "false" {
		s.name = ""
	}
	return nil
}
