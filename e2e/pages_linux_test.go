package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var updatePages = flag.Bool("update-pages", false, "write testdata/terminal")

// pages are what commands print on a terminal of 80 columns, by the name of the file in
// testdata/terminal. Help has its own: internal/cli/testdata/help.
var pages = map[string]string{
	"ask":              "ask -v -m gpt-5.2-codex hello --simulate",
	"ask-error":        "ask -m gpt-5.2-codex hello --simulate=usage-limit",
	"call":             `call routes/resolve {"model":"gpt-5.2-pro"} --simulate`,
	"demo":             "demo",
	"doctor":           "doctor --simulate",
	"doctor-loggedout": "doctor --simulate=logged-out",
	"gateway":          "gateway --print=curl",
	"limits":           "limits --simulate",
	"login":            "login --simulate --ports=0",
	"login-denied":     "login --simulate=login-denied --ports=0",
	"logout":           "logout --simulate",
	"models":           "models --all --simulate",
	"route":            "route gpt-5.2-codex --simulate",
	"route-refused":    "route gpt-5.2-pro --simulate=logged-out",
	"scenarios":        "serve --simulate=list",
	"serve-unknown":    "serv --simulate",
	"status":           "status --simulate",
	"status-loggedout": "status --simulate=logged-out",
	"validate":         "validate --simulate",
	"validate-fails":   "validate --simulate=report",
	"version":          "version --check",
}

// changing is what differs from run to run; what takes its place is as long where the
// breaks of lines depend on it.
var changing = []struct {
	what *regexp.Regexp
	word string
}{
	{regexp.MustCompile(`\rWaiting, [^\r\n]*`), ""},
	{regexp.MustCompile(`(\r\x1b\[K[^\r\n]*)*\r\x1b\[K`), ""}, // progress: progress_linux_test.go
	{regexp.MustCompile(`(127\.0\.0\.1(?::|%3A))\d+`), "${1}PORT"},
	{regexp.MustCompile(`/\S*/signalbox-simulate-\d+`), "HOME"},
	{regexp.MustCompile(`/\S*/\.codex/`), "HOME/.codex/"},
	{regexp.MustCompile(`\bgo1\.\S+?,\s+\S+e2e\.test`), "GO, PROGRAM"},
	{regexp.MustCompile(`linux/\w+`), "PLATFORM"},
	{regexp.MustCompile(`(state|code_challenge)=[\w-]{43}`), "${1}=RANDOM"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`sk-…\w{4}`), "sk-…HINT"},
	{regexp.MustCompile(`(\d+ \w{3} )?(\d{4} )?\b\d\d:\d\d(:\d\d)?\b`), "TIME"},
	{regexp.MustCompile(`TIME,\s+(now|\d+ s ago)`), "TIME, AGO"},
	{regexp.MustCompile(`TIME,\s+in\s+\d+\s+(days?|h|min)(\s+\d+\s+min)?`), "TIME, SOON"},
	{regexp.MustCompile(`SOON,\s+refreshed\s+automatically`), "SOON, refreshed automatically"},
	{regexp.MustCompile(`answers,\s+status\s+404,\s+\S+\s+m?s\b`), "answers, status 404, SECONDS"},
	{regexp.MustCompile(`(time +(?:\x1b\[0m)? *)[\d.]+ m?s\b`), "${1}SECONDS"},
}

// sequences are control sequences (ECMA-48).
var sequences = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// longWord is one that has a line for itself, after a name.
var longWord = regexp.MustCompile(`\S{40}`)

// What each command prints on a terminal, in colour and with NO_COLOR, is what
// testdata/terminal has, and text keeps to 80 columns.
func TestPages(t *testing.T) {
	t.Parallel()
	for name, line := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			colour, plain := page(t, line), page(t, line, "NO_COLOR=1")
			assert.NotContains(t, plain, "\x1b")
			got := "$ signalbox " + line + "\n\n-- plain --\n" + plain + "-- colour --\n" + strings.ReplaceAll(colour, "\x1b", "␛")
			path := filepath.Join("..", "testdata", "terminal", name+".txt")
			if *updatePages {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
				return
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), got, "go test ./e2e -run TestPages -update-pages writes it")
		})
	}
	files, err := os.ReadDir(filepath.Join("..", "testdata", "terminal"))
	require.NoError(t, err)
	assert.Len(t, files, len(pages), "a page of no command")
}

// page returns what a command shows on a terminal, without what changes.
func page(t *testing.T, line string, env ...string) string {
	t.Helper()
	w := watch(t, "xterm", line, append(env, "TZ=UTC", "BROWSER=true")...)
	w.end()
	text := strings.ReplaceAll(w.seen.String(), "\r\n", "\n")
	for row := range strings.Lines(sequences.ReplaceAllString(text, "")) {
		row = strings.TrimSuffix(row, "\n")
		if at := strings.LastIndex(row, "\r"); at >= 0 {
			row = row[at+1:]
		}
		// An address or a path is not broken: it is copied. JSON is for programs.
		if !longWord.MatchString(row) && !strings.HasPrefix(row, "{") {
			assert.LessOrEqual(t, utf8.RuneCountInString(row), 80, row)
		}
	}
	for _, c := range changing {
		text = c.what.ReplaceAllString(text, c.word)
	}
	return text
}
