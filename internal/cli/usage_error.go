package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/signalbox-dev/signalbox/internal/nearest"
	"github.com/signalbox-dev/signalbox/internal/terminal"
)

// usageError prints what is wrong with the command line of c and returns the exit
// code.
func (p *program) usageError(c *cobra.Command, err error) int {
	if errors.Is(err, errListed) {
		return exitSuccess
	}
	if code, ok := errors.AsType[exited](err); ok {
		return int(code)
	}
	if stopped, ok := errors.AsType[interrupted](err); ok {
		return stopped.code()
	}
	topic := "help"
	if c.HasParent() {
		topic += " " + c.Name()
	}
	said := strings.Join(p.fitted(p.stderr, "signalbox: "+terminal.Line(err.Error()), 0), "\n")
	_, _ = fmt.Fprintf(p.stderr, "%s\nRun \"signalbox %s\" for the usage.\n", said, topic)
	return exitUsage
}

// flagError returns what is wrong with a flag, in the words of a person: how flags
// are written, and which one may have been meant.
func (p *program) flagError(c *cobra.Command, err error) error {
	if args := c.Flags().Args(); !c.HasParent() && len(args) > 0 {
		return unknownCommand(c, args)
	}
	var (
		unknown *pflag.NotExistError
		invalid *pflag.InvalidValueError
		missing *pflag.ValueRequiredError
	)
	switch {
	case errors.As(err, &unknown):
		given := "--" + unknown.GetSpecifiedName()
		if cluster := unknown.GetSpecifiedShortnames(); cluster != "" {
			given = "-" + cluster
		}
		var all []string
		c.Flags().VisitAll(func(f *pflag.Flag) { all = append(all, f.Name) })
		return fmt.Errorf("there is no flag %s%s", given, meantFlag(strings.TrimLeft(given, "-"), all))
	case errors.As(err, &invalid):
		return fmt.Errorf("--%s: %w", invalid.GetFlag().Name, plainCause(invalid.Unwrap()))
	case errors.As(err, &missing):
		return fmt.Errorf("--%s needs a value", missing.GetFlag().Name)
	}
	return err
}

// meantFlag suggests the flag that is most like given, or else the only one that given
// is a part of: "api-key" is --with-api-key.
func meantFlag(given string, names []string) string {
	dashed := make([]string, len(names))
	var around []string
	for i, name := range names {
		dashed[i] = "--" + name
		if len(given) > 2 && strings.Contains("-"+name+"-", "-"+given+"-") {
			around = append(around, name)
		}
	}
	if like := didYouMean("--"+given, dashed); like != "" || len(around) != 1 {
		return like
	}
	return fmt.Sprintf("; did you mean %q?", "--"+around[0])
}

// plainCause returns err without the name of the function that found it.
func plainCause(err error) error {
	if cause := errors.Unwrap(err); cause != nil && strings.HasPrefix(err.Error(), "strconv.") {
		return cause
	}
	return err
}

// synonyms are the names that commands have elsewhere.
func synonyms() map[string]string {
	return map[string]string{
		"whoami": "status", "who": "status", "me": "status", "auth": "status", "account": "status", "info": "status",
		"signin": "login", "sign-in": "login", "log-in": "login", "authenticate": "login",
		"signout": "logout", "sign-out": "logout", "log-out": "logout", "revoke": "logout",
		"exec": "ask", "chat": "ask", "prompt": "ask", "run": "ask", "complete": "ask", "query": "ask", "create": "ask",
		"server": "serve", "start": "serve", "stdio": "serve", "app-server": "serve", "daemon": "serve", "mcp": "serve", "lsp": "serve",
		"proxy": "gateway", "http": "gateway", "api": "gateway",
		"rpc": "call", "request": "call", "send": "call",
		"routes": "route", "resolve": "route", "which": "route",
		"diagnose": "doctor", "diagnostics": "doctor", "debug": "doctor", "health": "doctor",
		"test": "validate", "verify": "validate", "check": "validate", "selftest": "validate",
		"try": "demo", "example": "demo", "tour": "demo",
		"openrpc": "schema", "types": "schema", "completions": "completion", "list-models": "models", "model": "models", "quota": "limits", "rate-limits": "limits", "limit": "limits", "man": "help", "usage": "limits",
	}
}

// unknownCommand says that args begin with no command of root, and which one may
// have been meant: "auth login" is login, "whoami" is status.
func unknownCommand(root *cobra.Command, args []string) error {
	names := commandNames(root)
	for _, word := range slices.Backward(args[:min(2, len(args))]) {
		meant := synonyms()[strings.ToLower(word)]
		if slices.Contains(names, word) {
			meant = word
		}
		if meant != "" {
			return fmt.Errorf("there is no command %q; did you mean %q?", args[0], meant)
		}
	}
	return fmt.Errorf("there is no command %q%s", args[0], didYouMean(args[0], names))
}

// commandNames returns the names of the commands of root, in the order of the help.
func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// didYouMean suggests the most similar of words, unless it is as different as another
// word.
func didYouMean(given string, words []string) string {
	best := nearest.Names(given, words, 1)
	if len(best) == 0 || nearest.Distance(given, best[0]) > 1+len(given)/4 {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best[0])
}
