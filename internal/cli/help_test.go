package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every command has its help, by three names, within 80 columns and 24 rows, and
// takes the shared flags before its name and behind it.
func TestHelpOfEachCommand(t *testing.T) {
	t.Parallel()
	fits := func(text string) {
		assert.LessOrEqual(t, strings.Count(text, "\n"), 24, text)
		for line := range strings.Lines(text) {
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 80, line)
		}
	}
	all := runCommand("help").stdout
	fits(all)
	for _, name := range topicNames() {
		out := runCommand("help", name)
		assert.Equal(t, exitSuccess, out.code)
		fits(out.stdout)
	}
	for _, c := range Tree().Commands() {
		name := c.Name()
		assert.Contains(t, all, fmt.Sprintf("  %-11s %s\n", name, c.Short))
		out := runCommand("help", name)
		assert.Equal(t, exitSuccess, out.code)
		assert.Empty(t, out.stderr)
		assert.True(t, strings.HasPrefix(out.stdout, "Usage: signalbox "+name), out.stdout)
		assert.Equal(t, out, runCommand(name, "-h"))
		assert.Equal(t, out, runCommand(name, "--help"))
		assert.Equal(t, out, runCommand("--log-level", "debug", name, "--help"))
		fits(out.stdout)
		if name == "help" {
			continue
		}
		for _, args := range [][]string{{name, "--simulate=list"}, {"--simulate=list", name}} {
			out := runCommand(args...)
			assert.Equal(t, exitSuccess, out.code, name)
			assert.Contains(t, out.stdout, "usage-limit")
		}
	}
}

// A command by itself is the one that it is among all: a start makes no other.
func TestOneCommandIsMade(t *testing.T) {
	t.Parallel()
	for _, c := range Tree().Commands() {
		var names []string
		for _, made := range new(program).tree(c.Name()).Commands() {
			names = append(names, made.Name())
		}
		if c.Name() == "help" {
			assert.Equal(t, commandNames(Tree()), names)
			continue
		}
		assert.Equal(t, []string{c.Name(), "help"}, names)
	}
	assert.Empty(t, cobra.MousetrapHelpText, "on Windows it would look at all processes")
}

// A wrong command line says what is wrong, what was meant, and where to look.
func TestUsageErrorsTeach(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ line, says, topic string }{
		{"staus", `there is no command "staus"; did you mean "status"?`, "help"},
		{"stauts", `there is no command "stauts"; did you mean "status"?`, "help"},
		{"whoami", `there is no command "whoami"; did you mean "status"?`, "help"},
		{"auth login", `there is no command "auth"; did you mean "login"?`, "help"},
		{"auth login --device", `there is no command "auth"; did you mean "login"?`, "help"},
		{"account signout", `there is no command "account"; did you mean "logout"?`, "help"},
		{"chat hello there", `there is no command "chat"; did you mean "ask"?`, "help"},
		{"aks -m x y", `there is no command "aks"; did you mean "ask"?`, "help"},
		{"help valdate", `there is no command "valdate"; did you mean "validate"?`, "help help"},
		{"xyz", `there is no command "xyz"`, "help"},
		{"xyz --json", `there is no command "xyz"`, "help"},
		{"status --jsn", `there is no flag --jsn; did you mean "--json"?`, "help status"},
		{"status -json", `there is no flag -json; did you mean "--json"?`, "help status"},
		{"login --api-key", `there is no flag --api-key; did you mean "--with-api-key"?`, "help login"},
		{"status --url", `there is no flag --url`, "help status"},
		{"--simulat", `there is no flag --simulat; did you mean "--simulate"?`, "help"},
		{"status --originator=a=b --originator= ", `--originator must be a name without spaces`, "help status"},
		{"status --framing=xml", `--framing: must be auto, lsp or ndjson`, "help status"},
		{"status --max-message-bytes=many", `--max-message-bytes: invalid syntax`, "help status"},
		{"status --idle-timeout=1", `--idle-timeout: time: missing unit in duration "1"`, "help status"},
		{"login --timeout", `--timeout needs a value`, "help login"},
		{"schema --lang=x", `--lang: must be jsonschema, openrpc, python or typescript`, "help schema"},
		{"help a b", `help takes one command`, "help help"},
	} {
		out := runCommand(strings.Split(strings.TrimSuffix(row.line, " "), " ")...)
		assert.Equal(t, finished{exitUsage, "", "signalbox: " + row.says + "\nRun \"signalbox " + row.topic + "\" for the usage.\n"}, out, row.line)
	}
}

// The words that the completion offers for a flag are those that it takes.
func TestFlagWordsAreTaken(t *testing.T) {
	t.Parallel()
	for flag, command := range map[string]string{
		"framing": "serve", "parent-watch": "serve", "account-mode": "status", "redirect-host": "login", "log-level": "status",
		"lang": "schema", "exchange": "login", "simulate": "serve", "log-format": "serve",
	} {
		require.NotEmpty(t, flagWords(flag))
		for _, word := range flagWords(flag) {
			out := runCommand(command, "--"+flag+"="+word, "--help")
			assert.Equal(t, exitSuccess, out.code, "%s=%s: %s", flag, word, out.stderr)
		}
	}
}

// The completion scripts, as the shells themselves read them.
func TestCompletion(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "completion")
	for _, shell := range shells() {
		out := runCommand("completion", shell)
		require.Equal(t, exitSuccess, out.code)
		assert.Empty(t, out.stderr)
		assert.Contains(t, out.stdout, "__complete")
		require.NoError(t, os.WriteFile(script, []byte(out.stdout), 0o600))
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("SKIP: %s, which checks its completion, is not installed", shell)
			continue
		}
		text, err := exec.Command(path, "-n", script).CombinedOutput()
		assert.NoError(t, err, string(text))
	}
	assert.Equal(t, exitUsage, runCommand("completion").code)
	assert.Equal(t, exitUsage, runCommand("completion", "tcsh").code)
}

// What a shell is offered for the last word of a line.
func TestCompletedWords(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"val":                             "validate",
		"status --js":                     "--json",
		"--log-level debug stat":          "status",
		"call routes":                     "routes/resolve",
		"route gpt-5.2-p":                 "gpt-5.2-pro",
		"ask -m gpt-5.2-c":                "gpt-5.2-codex",
		"ask --model gpt-5.2-c":           "gpt-5.2-codex",
		"serve --account-mode=api":        "apiKey",
		"serve --account-mode plan":       "plan",
		"validate --simulate=repo":        "report",
		"status --simulate --log-fi":      "--log-file",
		"schema --lang ty":                "typescript",
		"help ver":                        "version",
		"help env":                        "environment",
		"completion z":                    "zsh",
		"status --idle-timeout 1":         "",
		"login --exchange require --repl": "--replace",
	} {
		out := runCommand(append([]string{"__completeNoDesc"}, strings.Split(line, " ")...)...)
		require.Equal(t, exitSuccess, out.code, out.stderr)
		var words []string
		for word := range strings.Lines(out.stdout) {
			if word = strings.TrimSuffix(word, "\n"); !strings.HasPrefix(word, ":") {
				words = append(words, word)
			}
		}
		assert.Equal(t, want, strings.Join(words, " "), line)
	}
	out := runCommand("__complete", "status", "--log-file", "x")
	assert.Contains(t, out.stdout, ":0\n", "files are completed by the shell")
}

// Every page of help as it is printed, at 80 columns: testdata/help.
func TestHelpPages(t *testing.T) {
	t.Parallel()
	pages := map[string]finished{"signalbox": runCommand("help")}
	for _, name := range append(commandNames(Tree()), topicNames()...) {
		pages[name] = runCommand("help", name)
	}
	for name, page := range pages {
		require.Equal(t, exitSuccess, page.code, name)
		path := filepath.Join("testdata", "help", name+".txt")
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(page.stdout), 0o644))
			continue
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, string(want), page.stdout, "run go test ./internal/cli -run TestHelpPages -update")
	}
	entries, err := os.ReadDir(filepath.Join("testdata", "help"))
	require.NoError(t, err)
	assert.Len(t, entries, len(pages), "a page of no command")
}
