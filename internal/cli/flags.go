package cli

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

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
	logAsJSON       bool
	trace           string
	simulate        scenarioFlag
	// atTerminal says that a person is waiting, not a host. It is not a flag.
	atTerminal bool
}

// add adds the flags to set, which writes what is given into f.
func (f *flags) add(set *pflag.FlagSet) {
	f.accountMode, f.redirectHost, f.logLevel = "auto", "127.0.0.1", slog.LevelWarn
	set.Var(choose(&f.framing, map[string]wire.Framing{
		"auto": wire.FramingAuto, "lsp": wire.FramingLSP, "ndjson": wire.FramingNDJSON,
	}), "framing", "`auto`, lsp or ndjson")
	set.Int64Var(&f.maxMessageBytes, "max-message-bytes", wire.DefaultMaxMessageBytes, "largest message from the host, in `bytes`")
	set.DurationVar(&f.drainTimeout, "drain-timeout", rpc.DefaultDrainTimeout, "how long after the end of stdin to finish what is in flight (NDJSON)")
	set.DurationVar(&f.idleTimeout, "idle-timeout", engine.DefaultIdleTimeout, "how long a stream may be silent")
	set.Var(choose(&f.ignoreParent, map[string]bool{"auto": false, "off": true}), "parent-watch", "`auto` or off: end when the host's process is gone")
	set.Var(choose(&f.accountMode, map[string]string{
		"auto": "auto", "plan": "plan", "chatgpt": "chatgpt", "apiKey": "apiKey",
	}), "account-mode", "`auto`, plan, chatgpt or apiKey: the route of models that no rule names")
	set.StringVar(&f.clientVersion, "client-version", engine.DefaultClientVersion, "Codex client `VERSION` declared on the ChatGPT route")
	set.StringVar(&f.originator, "originator", engine.DefaultOriginator, "`NAME` sent as originator on the ChatGPT route")
	set.StringVar(&f.chatgptBaseURL, "chatgpt-base-url", "", "`URL` in place of the ChatGPT Codex backend")
	set.StringVar(&f.platformBaseURL, "platform-base-url", "", "`URL` in place of the OpenAI Platform")
	set.StringVar(&f.issuer, "issuer", "", "`URL` in place of OpenAI's login server")
	set.Var(choose(&f.redirectHost, map[string]string{
		"127.0.0.1": "127.0.0.1", "localhost": "localhost",
	}), "redirect-host", "`127.0.0.1` or localhost: the host that the browser comes back to after a login")
	set.Var(choose(&f.logLevel, map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}), "log-level", "debug, info, `warn` or error")
	set.Var(choose(&f.logAsJSON, map[string]bool{"text": false, "json": true}), "log-format", "`text` or json: how a line of the log is written")
	set.StringVar(&f.logFile, "log-file", "", "append the log to this `file` instead of stderr")
	set.StringVar(&f.trace, "trace", "", "write what is sent and received, masked, into this new `file`")
	set.Var(&f.simulate, "simulate", "use the built-in simulator instead of OpenAI; =`SCENARIO` or =list")
	set.Lookup("simulate").NoOptDefVal = "true"
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
	case f.simulate.on && !f.simulate.byVariable:
		return f.simulate.check()
	}
	return nil
}

// choice is a flag whose value must be one of several words.
type choice[T any] struct {
	value *T
	words map[string]T
	given string
}

// choose returns a flag that sets value to what the word means.
func choose[T any](value *T, words map[string]T) *choice[T] {
	return &choice[T]{value: value, words: words}
}

// Set implements pflag.Value.
func (c *choice[T]) Set(word string) error {
	v, ok := c.words[word]
	if !ok {
		return fmt.Errorf("must be %s", oneOf(slices.Sorted(maps.Keys(c.words))))
	}
	*c.value, c.given = v, word
	return nil
}

// String implements pflag.Value.
func (c *choice[T]) String() string { return c.given }

// Type implements pflag.Value.
func (c *choice[T]) Type() string { return "word" }

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
func (p *program) listScenarios() {
	for _, scenario := range simulator.Scenarios() {
		name := scenario.Name
		for _, line := range p.fitted(p.stdout, scenario.Summary, 21) {
			_, _ = fmt.Fprintf(p.stdout, "%-20s %s\n", name, line)
			name = ""
		}
	}
}

// scenarioFlag is --simulate[=SCENARIO].
type scenarioFlag struct {
	on         bool
	given      bool // perhaps to turn it off
	name       string
	byVariable bool
}

// check returns an error when there is no such scenario.
func (s *scenarioFlag) check() error {
	names := scenarioNames()
	if s.name == "" || slices.Contains(names, s.name) {
		return nil
	}
	by := "--simulate"
	if s.byVariable {
		by = simulateVariable
	}
	return fmt.Errorf("%s: there is no scenario %q%s; --simulate=list lists them", by, s.name, didYouMean(s.name, names))
}

// Type implements pflag.Value.
func (s *scenarioFlag) Type() string { return "scenario" }

// String implements pflag.Value.
func (s *scenarioFlag) String() string { return s.name }

// Set implements pflag.Value; "true" is the flag without a value.
func (s *scenarioFlag) Set(value string) error {
	s.given, s.on, s.name = true, value != "false", value
	if value == "true" || value == "false" {
		s.name = ""
	}
	return nil
}

// simulateVariable stands for --simulate where a program cannot be given flags.
const simulateVariable = "SIGNALBOX_SIMULATE"

// simulateByVariable sets --simulate as the variable says, unless the flag is given.
func (f *flags) simulateByVariable(getenv func(string) string) error {
	name := strings.TrimSpace(getenv(simulateVariable))
	if name == "" || f.simulate.given {
		return nil
	}
	if f.chatgptBaseURL != "" || f.platformBaseURL != "" || f.issuer != "" {
		return fmt.Errorf("%s cannot be combined with a base URL or an issuer", simulateVariable)
	}
	if name == "1" || name == "true" {
		name = "ok"
	}
	f.simulate = scenarioFlag{on: true, name: name, byVariable: true}
	return nil
}
