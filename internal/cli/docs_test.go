package cli

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the generated parts of the documents")

// TestDocs keeps the tables of commands and flags in the documents in step with the
// program.
func TestDocs(t *testing.T) {
	for file, tables := range map[string]map[string]string{
		"../../README.md":         {"commands": commandTable()},
		"../../docs/reference.md": {"commands": commandTable(), "flags": flagTable()},
	} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		got := string(text)
		for name, table := range tables {
			head, rest, found := strings.Cut(got, "<!-- generated: "+name+" -->\n")
			_, tail, ended := strings.Cut(rest, "<!-- end -->")
			require.True(t, found && ended, "%s has no table of %s", file, name)
			got = head + "<!-- generated: " + name + " -->\n" + table + "<!-- end -->" + tail
		}
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			continue
		}
		require.True(t, got == string(text), "%s is not up to date: run go test ./internal/cli -run TestDocs -update", file)
	}
}

// commandTable returns the table of the subcommands.
func commandTable() string {
	var b strings.Builder
	b.WriteString("| command | what for |\n|---|---|\n")
	for _, c := range Tree().Commands() {
		_, _ = fmt.Fprintf(&b, "| `signalbox %s` | %s |\n", strings.ReplaceAll(c.Use, "|", `\|`), c.Short)
	}
	return b.String()
}

// flagTable returns the table of the flags that every command takes.
func flagTable() string {
	var b strings.Builder
	b.WriteString("| flag | default | meaning |\n|---|---|---|\n")
	for _, f := range sharedFlags(Tree()) {
		value, usage := pflag.UnquoteUsage(f)
		byDefault := f.DefValue
		switch {
		case byDefault != "":
			byDefault = "`" + strings.TrimSuffix(byDefault, "0s") + "`"
		case slices.Contains(flagWords(f.Name), value):
			byDefault, value = "`"+value+"`", "WORD"
		}
		name := "--" + f.Name + "=" + strings.ToUpper(value)
		if f.NoOptDefVal != "" {
			name = "--" + f.Name + "[=" + strings.ToUpper(value) + "]"
		}
		_, _ = fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, byDefault, usage)
	}
	return strings.ReplaceAll(b.String(), "|  |", "| |")
}
