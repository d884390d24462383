package main

import (
	"fmt"
	"strings"
)

// completion prints a script that completes the subcommands.
func completion(p *program, args []string) int {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	words := strings.Join(names, " ")
	shell := ""
	if len(args) == 1 {
		shell = args[0]
	}
	switch shell {
	case "bash":
		_, _ = fmt.Fprintf(p.stdout, "complete -W %q signalbox\n", words)
	case "zsh":
		_, _ = fmt.Fprintf(p.stdout, "#compdef signalbox\ncompdef '_arguments \"1:command:(%s)\"' signalbox\n", words)
	case "fish":
		for _, c := range commands() {
			_, _ = fmt.Fprintf(p.stdout, "complete -c signalbox -n __fish_use_subcommand -f -a %s -d %q\n", c.name, c.summary)
		}
	default:
		return p.usageError(fmt.Errorf("completion takes bash, zsh or fish"))
	}
	return exitDone
}
