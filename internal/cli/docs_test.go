package cli

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the generated parts of the documents")

const docsFile = "../../docs/reference.md"

// TestDocs keeps the tables of commands and flags in docs/reference.md in step
// with the program.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile(docsFile)
	require.NoError(t, err)
	got := string(text)
	for name, table := range map[string]string{"commands": commandTable(), "flags": flagTable(t)} {
		head, rest, found := strings.Cut(got, "<!-- generated: "+name+" -->\n")
		_, tail, ended := strings.Cut(rest, "<!-- end -->")
		require.True(t, found && ended, "the document has no table of %s", name)
		got = head + "<!-- generated: " + name + " -->\n" + table + "<!-- end -->" + tail
	}
	if *update {
		require.NoError(t, os.WriteFile(docsFile, []byte(got), 0o644))
		return
	}
	require.Equal(t, string(text), got, "run go test ./internal/cli -run TestDocs -update")
}

// commandTable returns the table of the subcommands.
func commandTable() string {
	var b strings.Builder
	b.WriteString("| command | what for |\n|---|---|\n")
	for _, c := range commands() {
		usage := strings.TrimSpace(c.name + " " + strings.ReplaceAll(c.usage, "|", `\|`))
		_, _ = fmt.Fprintf(&b, "| `%s` | %s |\n", usage, c.summary)
	}
	return b.String()
}

// flagTable returns the table of the flags of serve.
func flagTable(t *testing.T) string {
	var flags *flag.FlagSet
	_, _, err := parseFlags("serve", nil, io.Discard, func(f *flag.FlagSet) { flags = f })
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString("| flag | default | meaning |\n|---|---|---|\n")
	flags.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		byDefault := f.DefValue
		switch {
		case byDefault != "":
			byDefault = "`" + strings.TrimSuffix(byDefault, "0s") + "`"
		case value == strings.ToLower(value) && strings.Contains(usage, " or "): // one of several words
			byDefault, value = "`"+value+"`", "WORD"
		}
		name := "--" + f.Name + "=" + strings.ToUpper(value)
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
			name = "--" + f.Name + "[=" + strings.ToUpper(value) + "]"
		}
		_, _ = fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, byDefault, usage)
	})
	return strings.ReplaceAll(b.String(), "|  |", "| |")
}
