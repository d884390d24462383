package cli

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/rpc"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// settings are the flags that serve and the commands for people share
// (contract 9).
type settings struct {
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
	// atTerminal: a person waits, not a host. No flag.
	atTerminal bool
}

// parseFlags reads the flags of a subcommand, its own ones included, which may
// stand before and behind its arguments. Its error is a usage error;
// flag.ErrHelp when help or the list of scenarios was printed to out.
func parseFlags(command string, args []string, out io.Writer, own ...func(*flag.FlagSet)) (*settings, []string, error) {
	s := &settings{accountMode: "auto", redirectHost: "127.0.0.1", logLevel: slog.LevelWarn}
	f := flag.NewFlagSet(command, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	for _, add := range own {
		add(f)
	}
	ownNames := map[string]bool{}
	f.VisitAll(func(f *flag.Flag) { ownNames[f.Name] = true })
	f.Func("framing", "`auto`, lsp or ndjson", choose(&s.framing, map[string]wire.Framing{
		"auto": wire.FramingAuto, "lsp": wire.FramingLSP, "ndjson": wire.FramingNDJSON,
	}))
	f.Int64Var(&s.maxMessageBytes, "max-message-bytes", wire.DefaultMaxMessageBytes, "largest message from the host, in `bytes`")
	f.DurationVar(&s.drainTimeout, "drain-timeout", rpc.DefaultDrainTimeout, "how long after the end of stdin to finish what is in flight (NDJSON)")
	f.DurationVar(&s.idleTimeout, "idle-timeout", engine.DefaultIdleTimeout, "how long a stream may be silent")
	f.Func("parent-watch", "`auto` or off: end when the host's process is gone", choose(&s.ignoreParent, map[string]bool{"auto": false, "off": true}))
	f.Func("account-mode", "`auto`, plan, chatgpt or apiKey: the route of models that no rule names", choose(&s.accountMode, map[string]string{
		"auto": "auto", "plan": "plan", "chatgpt": "chatgpt", "apiKey": "apiKey",
	}))
	f.StringVar(&s.clientVersion, "client-version", engine.DefaultClientVersion, "Codex client `VERSION` declared on the ChatGPT route")
	f.StringVar(&s.originator, "originator", engine.DefaultOriginator, "`NAME` sent as originator on the ChatGPT route")
	f.StringVar(&s.chatgptBaseURL, "chatgpt-base-url", "", "`URL` in place of the ChatGPT Codex backend")
	f.StringVar(&s.platformBaseURL, "platform-base-url", "", "`URL` in place of the OpenAI Platform")
	f.StringVar(&s.issuer, "issuer", "", "`URL` in place of OpenAI's login server")
	f.Func("redirect-host", "`127.0.0.1` or localhost: the host that the browser comes back to after a login", choose(&s.redirectHost, map[string]string{
		"127.0.0.1": "127.0.0.1", "localhost": "localhost",
	}))
	f.Func("log-level", "debug, info, `warn` or error", choose(&s.logLevel, map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}))
	f.StringVar(&s.logFile, "log-file", "", "append the log to this `file` instead of stderr")
	f.StringVar(&s.trace, "trace", "", "write what is sent and received, masked, into this new `file`")
	f.Var(&s.simulate, "simulate", "use the built-in simulator instead of OpenAI; =`SCENARIO` or =list")
	var rest []string
	for {
		if err := f.Parse(args); err != nil {
			if err == flag.ErrHelp {
				printHelp(out, command, f, ownNames)
			}
			return nil, nil, flagError{command, teach(err, f)}
		}
		parsed := args[:len(args)-f.NArg()]
		if args = f.Args(); len(args) == 0 || len(parsed) > 0 && parsed[len(parsed)-1] == "--" {
			if s.simulate.name == "list" {
				listScenarios(out)
				return nil, nil, flag.ErrHelp
			}
			if err := s.check(); err != nil {
				return nil, nil, flagError{command, err}
			}
			return s, append(rest, args...), nil
		}
		rest, args = append(rest, args[0]), args[1:]
	}
}

// flagError is what is wrong with a flag of a command.
type flagError struct {
	command string
	error
}

// Unwrap gives flag.ErrHelp, where it is that.
func (e flagError) Unwrap() error { return e.error }

// teach adds to the error of an unknown flag the one that may have been meant, and
// writes flags as the help does.
func teach(err error, f *flag.FlagSet) error {
	name, found := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !found {
		return err
	}
	var all []string
	f.VisitAll(func(f *flag.Flag) { all = append(all, "--"+f.Name) })
	return fmt.Errorf("there is no flag --%s%s", name, didYouMean("--"+name, all))
}

// check refuses what no single flag can see.
func (s *settings) check() error {
	switch {
	case s.maxMessageBytes < 1:
		return fmt.Errorf("--max-message-bytes must be above 0")
	case s.drainTimeout <= 0:
		return fmt.Errorf("--drain-timeout must be above 0")
	case s.idleTimeout <= 0:
		return fmt.Errorf("--idle-timeout must be above 0")
	case !isHeaderText(s.originator):
		return fmt.Errorf("--originator must be a name without blanks")
	case !isHeaderText(s.clientVersion):
		return fmt.Errorf("--client-version must be a version without blanks")
	case s.simulate.on && (s.chatgptBaseURL != "" || s.platformBaseURL != "" || s.issuer != ""):
		return fmt.Errorf("--simulate does not go together with a base URL or an issuer")
	}
	return nil
}

// choose makes a flag of one of several words.
func choose[T any](value *T, words map[string]T) func(string) error {
	return func(word string) error {
		v, ok := words[word]
		if !ok {
			return fmt.Errorf("not one of its words")
		}
		*value = v
		return nil
	}
}

// isHeaderText reports whether text can stand in a header and a User-Agent: at
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

// IsBoolFlag lets the flag stand without a value.
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
