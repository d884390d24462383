package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every command has its help, by three names, within 80 columns; what the table
// says of it is there.
func TestHelpOfEachCommand(t *testing.T) {
	t.Parallel()
	all := runCommand("help").stdout
	for _, c := range commands() {
		assert.Contains(t, all, fmt.Sprintf("  %-11s %s\n", c.name, c.summary))
		out := runCommand("help", c.name)
		assert.Equal(t, exitSuccess, out.code)
		assert.Empty(t, out.stderr)
		assert.True(t, strings.HasPrefix(out.stdout, "Usage: signalbox "+c.name), out.stdout)
		assert.Equal(t, out, runCommand(c.name, "-h"))
		assert.Equal(t, out, runCommand(c.name, "--help"))
		for line := range strings.Lines(all + out.stdout) {
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 80, line)
		}
	}
	// Every command takes the shared flags.
	for _, c := range commands() {
		if c.name == "help" {
			continue
		}
		out := runCommand(c.name, "--simulate=list")
		assert.Equal(t, exitSuccess, out.code, c.name)
		assert.Contains(t, out.stdout, "usage-limit")
	}
}

// A wrong command line says what is wrong, what was meant, and where to look.
func TestUsageErrorsTeach(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"staus"}, "signalbox: there is no command \"staus\"; did you mean \"status\"?\nRun \"signalbox help\" for the usage.\n"},
		{[]string{"help", "valdate"}, "signalbox: there is no command \"valdate\"; did you mean \"validate\"?\nRun \"signalbox help\" for the usage.\n"},
		{[]string{"xyz"}, "signalbox: there is no command \"xyz\"\nRun \"signalbox help\" for the usage.\n"},
		{[]string{"status", "--jsn"}, "signalbox: there is no flag --jsn; did you mean \"--json\"?\nRun \"signalbox help status\" for the usage.\n"},
		{[]string{"--simulat"}, "signalbox: there is no flag --simulat; did you mean \"--simulate\"?\nRun \"signalbox help serve\" for the usage.\n"},
		{[]string{"status", "--originator=a b"}, "signalbox: --originator must be a name without spaces\nRun \"signalbox help status\" for the usage.\n"},
		{[]string{"help", "a", "b"}, "signalbox: help takes one command\nRun \"signalbox help\" for the usage.\n"},
	} {
		out := runCommand(row.args...)
		assert.Equal(t, finished{exitUsage, "", row.want}, out)
	}
}

// The words that the completion offers for a flag are those that it takes.
func TestFlagWordsAreTaken(t *testing.T) {
	t.Parallel()
	for flag, command := range map[string]string{
		"framing": "serve", "parent-watch": "serve", "account-mode": "status", "redirect-host": "login", "log-level": "status",
		"lang": "schema", "exchange": "login", "simulate": "serve",
	} {
		require.NotEmpty(t, flagWords(flag))
		for _, word := range flagWords(flag) {
			out := runCommand(command, "--"+flag+"="+word, "--help")
			assert.Equal(t, exitSuccess, out.code, "%s=%s: %s", flag, word, out.stderr)
			assert.Contains(t, out.stdout, "--"+flag)
		}
	}
}

// The completion, as the shells themselves run it.
func TestCompletion(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "completion")
	for _, shell := range []string{"bash", "zsh", "fish"} {
		out := runCommand("completion", shell)
		require.Equal(t, exitSuccess, out.code)
		assert.Empty(t, out.stderr)
		require.NoError(t, os.WriteFile(script, []byte(out.stdout), 0o600))
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("SKIP: %s, which checks its completion, is not installed", shell)
			continue
		}
		text, err := exec.Command(path, "-n", script).CombinedOutput()
		assert.NoError(t, err, string(text))
		if shell == "bash" {
			bashCompletes(t, path, script)
		}
	}
	assert.Equal(t, exitUsage, runCommand("completion").code)
	assert.Equal(t, exitUsage, runCommand("completion", "tcsh").code)
}

func bashCompletes(t *testing.T, bash, script string) {
	t.Helper()
	for line, want := range map[string]string{
		"signalbox val":                           "validate",
		"signalbox status --js":                   "--json",
		"signalbox call routes":                   "routes/resolve",
		"signalbox route gpt-5.2-p":               "gpt-5.2-pro",
		"signalbox ask -m gpt-5.2-c":              "gpt-5.2-codex",
		"signalbox serve --account-mode = api":    "apiKey",
		"signalbox serve --account-mode plan":     "plan",
		"signalbox validate --simulate = repo":    "report",
		"signalbox status --simulate --log-f":     "--log-file",
		"signalbox schema --lang ty":              "typescript",
		"signalbox help ver":                      "version",
		"signalbox completion z":                  "zsh",
		"signalbox version --simul":               "",
		"signalbox status --log-file " + script:   script,
		"signalbox status --trace = " + script:    script,
		"signalbox status --idle-timeout = 1":     "",
		"signalbox login --exchange = require --": "--device --exchange --no-browser",
	} {
		cmd := exec.Command(bash, "--norc", "-c", `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _signalbox; echo "${COMPREPLY[@]}"`,
			"bash", script)
		cmd.Args = append(cmd.Args, strings.Fields(line)...)
		text, err := cmd.CombinedOutput()
		require.NoError(t, err, string(text))
		got := strings.TrimSpace(string(text))
		if strings.HasSuffix(line, "--") {
			assert.True(t, strings.HasPrefix(got, want), got)
		} else {
			assert.Equal(t, want, got, line)
		}
	}
}
