package cli

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/nearest"
)

// help prints the usage of signalbox, or of one subcommand.
func help(p *program, args []string) int {
	_, rest, err := parseFlags("help", args, p.stdout)
	switch {
	case err != nil:
		return p.usageError(err)
	case len(rest) == 0:
		usage(p.stdout)
		return exitSuccess
	case len(rest) > 1:
		return p.usageError(fmt.Errorf("help takes one command"))
	}
	c, found := find(rest[0])
	if !found {
		return p.usageError(unknownCommand(rest[0]))
	}
	return c.run(p, []string{"--help"})
}

func unknownCommand(name string) error {
	return fmt.Errorf("there is no command %q%s", name, didYouMean(name, names()))
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

  signalbox demo
  printf '{"id":1,"method":"auth/status"}\n' | signalbox serve --simulate

"signalbox help COMMAND" has the flags of a command; docs/reference.md has the
methods.

Exit codes: 0 success, 1 failure (refused, failed, not logged in), 2 usage,
3 drain timeout, 4 error of call.
`)
}

// printHelp prints what `signalbox help NAME` says. own are the names of the flags
// that the command does not share.
func printHelp(w io.Writer, name string, flags *flag.FlagSet, own map[string]bool) {
	c, _ := find(name)
	_, _ = fmt.Fprintf(w, "Usage: signalbox %s\n\n%s.\n", strings.TrimSpace(name+" "+c.usage), upper(c.summary))
	_, _ = fmt.Fprint(w, c.about)
	group := func(title string, member func(string) bool) {
		flags.VisitAll(func(f *flag.Flag) {
			if !member(f.Name) {
				return
			}
			if title != "" {
				_, _ = fmt.Fprintf(w, "\n%s\n", title)
				title = ""
			}
			printFlag(w, f)
		})
	}
	group("Flags:", func(name string) bool { return own[name] || c.name == "serve" && isServeFlag(name) })
	if c.local {
		_, _ = fmt.Fprint(w, "\nThe flags of every command are taken, without effect: signalbox help status.\n")
		return
	}
	group("Flags of every command:", func(name string) bool { return !own[name] && !isServeFlag(name) })
}

// isServeFlag: of the shared flags, those that mean something to serve alone.
func isServeFlag(name string) bool {
	switch name {
	case "framing", "parent-watch", "drain-timeout", "max-message-bytes":
		return true
	}
	return false
}

// printFlag prints one flag within 80 columns.
func printFlag(w io.Writer, f *flag.Flag) {
	const column = 30
	value, text := flag.UnquoteUsage(f)
	name := "  --" + f.Name
	switch {
	case len(f.Name) == 1:
		name = "  -" + f.Name + " " + value
	case f.Name == "simulate":
		name += "[=" + value + "]"
	case value != "" && flagWords(f.Name) != nil:
		name += "=WORD"
	case value != "":
		name += "=" + strings.ToUpper(value)
	}
	if words := flagWords(f.Name); slices.Contains(words, value) && f.DefValue == "" {
		text += " (default " + value + ")" // the word in back quotes
	}
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" {
		text += " (default " + f.DefValue + ")"
	}
	for i, line := range wrap(text, 80-column) {
		if i > 0 || len(name) >= column {
			if i == 0 {
				_, _ = fmt.Fprintln(w, name)
			}
			name = ""
		}
		_, _ = fmt.Fprintf(w, "%-*s%s\n", column, name, line)
	}
}

// upper returns text with a capital at its start.
func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
