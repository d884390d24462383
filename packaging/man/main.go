// Command man writes the manual pages of signalbox, one for each command, into a
// folder: `go run ./packaging/man FOLDER`. They are made from the help of the
// commands. The binary itself has nothing of it.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/signalbox-dev/signalbox/internal/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: man FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(1)
	}
}

// write writes the pages into folder, which it makes. They bear the date of
// SOURCE_DATE_EPOCH, else today's.
func write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	tree := cli.Tree()
	for _, c := range tree.Commands() {
		c.Long, c.DisableFlagsInUseLine = example(c), false
	}
	return doc.GenManTree(tree, &doc.GenManHeader{Title: "SIGNALBOX", Section: "1", Source: "signalbox", Manual: "signalbox"}, folder)
}

// example returns what the help says of c, its examples set apart as Markdown has them:
// the help indents them by two blanks.
func example(c *cobra.Command) string {
	var b strings.Builder
	b.WriteString(strings.ToUpper(c.Short[:1]) + c.Short[1:] + ".\n")
	for line := range strings.Lines(c.Long) {
		if strings.HasPrefix(line, "  ") {
			line = "    " + strings.TrimLeft(line, " ")
		}
		b.WriteString(line)
	}
	return b.String()
}
