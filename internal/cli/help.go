package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (p *program) helpCommand() *cobra.Command {
	var c *cobra.Command
	c = p.command(spec{
		use: "help [COMMAND|flags|environment|exit-codes]", short: "print this text, or what there is to know of a command",
		words: func() []string { return append(commandNames(c.Root()), topicNames()...) },
		args: func(args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("help takes one command")
			}
			return nil
		},
		run: func(args []string) error { return p.help(c.Root(), args) },
	})
	return c
}

// help prints the usage of signalbox, or what there is to say of a command or a topic.
func (p *program) help(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		printUsage(p.stdout, root)
		return nil
	}
	if printTopic(p.stdout, root, args[0]) {
		return nil
	}
	for _, c := range root.Commands() {
		if c.Name() == args[0] {
			printHelp(p.stdout, c)
			return nil
		}
	}
	return unknownCommand(root, args)
}

// printUsage prints the help of signalbox itself.
func printUsage(w io.Writer, root *cobra.Command) {
	_, _ = fmt.Fprint(w, "Usage: signalbox [COMMAND] [FLAGS]\n\n")
	for _, c := range root.Commands() {
		if !c.Hidden {
			_, _ = fmt.Fprintf(w, "  %-11s %s\n", c.Name(), c.Short)
		}
	}
	_, _ = fmt.Fprint(w, `
Try it without an account: signalbox demo
More: signalbox help COMMAND, help flags, help environment, help exit-codes
`)
}

// printHelp prints what `signalbox help NAME` says.
func printHelp(w io.Writer, c *cobra.Command) {
	if !c.HasParent() {
		printUsage(w, c)
		return
	}
	_, _ = fmt.Fprintf(w, "Usage: signalbox %s [FLAGS]\n\n%s.\n%s", c.Use, upper(c.Short), c.Long)
	title := "\nFlags:\n"
	for _, f := range ownFlags(c) {
		_, _ = fmt.Fprint(w, title)
		title = ""
		printFlag(w, f)
	}
	_, _ = fmt.Fprint(w, "\nFlags of every command: signalbox help flags\n")
}

// ownFlags returns the flags that c does not share with every command, and for serve
// those shared ones that mean something to it alone.
func ownFlags(c *cobra.Command) []*pflag.Flag {
	var all []*pflag.Flag
	c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" {
			all = append(all, f)
		}
	})
	if c.Name() == "serve" {
		for _, f := range sharedFlags(c.Root()) {
			if isServeFlag(f.Name) {
				all = append(all, f)
			}
		}
	}
	return all
}

// sharedFlags returns the flags that every command takes.
func sharedFlags(root *cobra.Command) []*pflag.Flag {
	var all []*pflag.Flag
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { all = append(all, f) })
	return all
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
func printFlag(w io.Writer, f *pflag.Flag) {
	const column = 30
	value, text := pflag.UnquoteUsage(f)
	name := "  --" + f.Name
	if f.Shorthand != "" {
		name = "  -" + f.Shorthand + ", --" + f.Name
	}
	words := flagWords(f.Name)
	switch {
	case f.NoOptDefVal != "" && value != "":
		name += "[=" + value + "]"
	case value != "" && slices.Contains(words, value):
		name += "=WORD"
	case value != "":
		name += "=" + strings.ToUpper(value)
	}
	if slices.Contains(words, value) && f.DefValue == "" {
		text += " (default " + value + ")" // the word in back quotes
	}
	if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" {
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
