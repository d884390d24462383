package signalbox

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

// hosts says how the snippet of a language in the README is run.
var hosts = []struct {
	language, file string
	command        []string
	needs          []string
}{
	{"sh", "ask.sh", []string{"sh", "ask.sh"}, []string{"jq"}},
	{"python", "ask.py", []string{"python3", "ask.py"}, nil},
	{"js", "ask.mjs", []string{"node", "ask.mjs"}, nil},
	{"lua", "ask.lua", []string{"nvim", "--headless", "-u", "NONE", "-S", "ask.lua", "+qa"}, nil},
	{"elisp", "ask.el", []string{"emacs", "--batch", "-Q", "-l", "ask.el"}, nil},
}

// examples says what each script in examples prints.
var examples = map[string]string{
	"ask.sh":      "2 + 2 = 4.\n",
	"answer.sh":   "2 + 2 = 4.\n12 tokens in, 17 out\n",
	"evidence.sh": "gpt-5.2-codex\tgpt-5.2-codex\tchatgpt\tcodex_auth_json_oauth\t200\n",
	"both-routes.sh": "gpt-5.2-codex\tchatgpt\t2 + 2 = 4.\n" +
		"gpt-5.2-pro\tplatform\t2 + 2 = 4.\n",
	"route-table.sh": "gpt-5.2-codex\tchatgpt\tpinned\tcodex_auth_json_oauth\n" +
		"gpt-5.2-pro\tplatform\tpinned\tcodex_auth_json_api_key\n" +
		"gpt-7-codex-mini\tchatgpt\tpattern\tcodex_auth_json_oauth\n" +
		"gpt-7-pro-2027-01-31\tplatform\tpattern\tcodex_auth_json_api_key\n" +
		"gpt-5.5\tchatgpt\tmode\tcodex_auth_json_oauth\n",
	"cancel.sh": "cancelled\n-32800 cancelled\n",
	"retry-info.sh": `{
  "code": 1103,
  "message": "The upstream's rate limit has been reached.",
  "kind": "rate_limited",
  "reason": "tokens",
  "action": "Wait before you try again, or send less.",
  "retryable": true,
  "retryAfterMs": 2000
}
`,
	"models.sh": "gpt-5.2-codex\tchatgpt\tlive\ngpt-5.2-pro\tplatform\tlive\ngpt-6.1-sol\tchatgpt\tlive\n" +
		"gpt-5.2-pro-2025-12-11\tplatform\tlive\ngpt-5.5\tplatform\tlive\n",
	"limits.sh":   "primary: 9 % of 5 h\nsecondary: 3 % of 168 h\ncodex_bengalfox_primary: 1 % of 5 h\n",
	"login.sh":    "Open http://127.0.0.1:…/codex/device and enter ….\nLogged in as ada@example.com (plus).\n",
	"validate.sh": "PASS\tgpt-5.2-codex\tgpt-5.2-codex\tcodex_auth_json_oauth\nPASS\tgpt-5.2-pro\tgpt-5.2-pro\tcodex_auth_json_api_key\n",
	"status.sh":   "authenticated\nchatgpt\tcodex_auth_json_oauth\nplatform\tcodex_auth_json_api_key\n",
}

// withoutLogin says what the scripts print when nobody is logged in; the others
// end with jq's report of the error.
var withoutLogin = map[string]string{
	"both-routes.sh": "gpt-5.2-codex\tlogin_required\ngpt-5.2-pro\tlogin_required\n",
	"cancel.sh":      "failed\n1001 login_required\n",
	"models.sh":      "",
	"limits.sh":      "The usage of the ChatGPT route could not be refreshed: a ChatGPT access token is needed, and there is no credential.\n",
	"login.sh":       "Open http://127.0.0.1:…/codex/device and enter ….\nLogged in as ada@example.com (plus).\n",
	"validate.sh":    "FAIL\tgpt-5.2-codex\t-\tlogin_required\nFAIL\tgpt-5.2-pro\t-\tlogin_required\n",
	"status.sh":      "unauthenticated\nchatgpt\tnot available: no_credentials\nplatform\tnot available: no_credentials\n",
}

// TestAsWritten runs what the README and the examples show, as it is printed there.
func TestAsWritten(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the snippets are not claimed on Windows yet")
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "./cmd/signalbox")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	readme := read(t, "README.md")

	for _, host := range hosts {
		t.Run("README/"+host.language, func(t *testing.T) {
			t.Parallel()
			need(t, append(host.needs, host.command[0])...)
			snippets := fenced(readme, host.language)
			require.Len(t, snippets, 1)
			require.Contains(t, snippets[0], "Without --simulate this is the real thing.")
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, host.file), []byte(snippets[0]), 0o600))
			out, err := run(t, bin, dir, nil, host.command...)
			require.NoError(t, err, "%s", out)
			lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(out, "\r", "")), "\n")
			require.Equal(t, []string{"2 + 2 = 4.", "gpt-5.2-codex over chatgpt with codex_auth_json_oauth"}, lines)
		})
		t.Run("README/"+host.language+"/logged-out", func(t *testing.T) {
			t.Parallel()
			need(t, append(host.needs, host.command[0])...)
			dir := t.TempDir()
			text := strings.ReplaceAll(fenced(readme, host.language)[0], "serve --simulate ", "serve --simulate=logged-out ")
			text = strings.ReplaceAll(text, `"--simulate"`, `"--simulate=logged-out"`)
			require.NoError(t, os.WriteFile(filepath.Join(dir, host.file), []byte(text), 0o600))
			out, _ := run(t, bin, dir, nil, host.command...)
			require.Contains(t, out, "A ChatGPT access token is needed")
		})
	}

	t.Run("README/one line", func(t *testing.T) {
		t.Parallel()
		line := regexp.MustCompile(`(?m)^    printf .*\n +\./signalbox serve --simulate$`).FindString(readme)
		require.NotEmpty(t, line)
		out, err := run(t, bin, bin, nil, "sh", "-c", line)
		require.NoError(t, err, "%s", out)
		require.Contains(t, out, `"method":"responses/started"`)
		require.Contains(t, out, `{"jsonrpc":"2.0","id":1,"result":{`)
	})

	t.Run("README/commands", func(t *testing.T) {
		t.Parallel()
		makefile := read(t, "Makefile")
		for _, target := range []string{"demo", "test"} {
			require.Contains(t, readme, "\n    make "+target+" ")
			require.Contains(t, makefile, "\n"+target+":")
		}
		help, err := run(t, bin, bin, nil, filepath.Join(bin, "signalbox"), "help")
		require.NoError(t, err, "%s", help)
		rows := regexp.MustCompile("(?m)^\\| `signalbox (\\w+)").FindAllStringSubmatch(readme, -1)
		require.NotEmpty(t, rows)
		for _, row := range rows {
			require.Regexp(t, `(?m)^  `+row[1]+` `, help)
		}
		codes := regexp.MustCompile(`Exit codes: [^.]*`).FindString(readme)
		help, err = run(t, bin, bin, nil, filepath.Join(bin, "signalbox"), "help", "exit-codes")
		require.NoError(t, err, "%s", help)
		for _, row := range regexp.MustCompile(`(?m)^ +(\d+) `).FindAllStringSubmatch(help, -1) {
			require.Contains(t, codes, row[1])
		}
	})

	scripts, err := filepath.Glob("examples/*.sh")
	require.NoError(t, err)
	require.Len(t, scripts, len(examples))
	list := read(t, "examples/README.md")
	for _, script := range scripts {
		name := filepath.Base(script)
		path, err := filepath.Abs(script)
		require.NoError(t, err)
		t.Run("examples/"+name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, list, "("+name+")")
			want, known := examples[name]
			require.True(t, known)
			need(t, "sh", "jq")
			out, err := run(t, bin, t.TempDir(), nil, path)
			require.NoError(t, err, "%s", out)
			require.Equal(t, sorted(name, want), sorted(name, out))
		})
		t.Run("examples/"+name+"/logged-out", func(t *testing.T) {
			t.Parallel()
			need(t, "sh", "jq")
			out, err := run(t, bin, t.TempDir(), []string{"SIGNALBOX_FLAGS=--simulate=logged-out"}, path)
			if want, known := withoutLogin[name]; known {
				require.NoError(t, err, "%s", out)
				require.Equal(t, sorted(name, want), sorted(name, out))
				return
			}
			require.Regexp(t, `login_required|(?m)^jq: error .*and there is no credential\.$`, out)
		})
	}
}

// TestLinks follows the relative links of the documents, to their headings too.
func TestLinks(t *testing.T) {
	pages := []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md"}
	docs, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, docs)
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headings := map[string][]string{} // of each target
	for _, page := range append(pages, docs...) {
		for _, match := range link.FindAllStringSubmatch(withoutCode(read(t, page)), -1) {
			if strings.Contains(match[1], ":") {
				continue
			}
			path, heading, _ := strings.Cut(match[1], "#")
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
				_, err := os.Stat(target)
				require.NoError(t, err, "%s links to %s", page, match[1])
			}
			if heading != "" {
				if headings[target] == nil {
					headings[target] = anchors(read(t, target))
				}
				require.Contains(t, headings[target], heading, "%s links to %s", page, match[1])
			}
		}
	}
}

// need skips a test whose programs are not installed; in CI that is a failure.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not installed", program)
			}
			t.Skipf("%s is not installed", program)
		}
	}
}

// run runs a command with signalbox on its PATH and nothing of the user's in its
// environment, and returns what it printed.
func run(t *testing.T, bin, dir string, env []string, command ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	cmd.WaitDelay = 10 * time.Second
	home := t.TempDir()
	cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool {
		for _, prefix := range []string{"OPENAI_", "CODEX_", "SIGNALBOX_", "XDG_", "NVIM", "EMACS", "PYTHON", "NODE_"} {
			if strings.HasPrefix(entry, prefix) {
				return true
			}
		}
		return false
	})
	cmd.Env = append(cmd.Env, "HOME="+home, "CODEX_HOME="+filepath.Join(home, ".codex"),
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// sorted puts the answers of concurrent requests, a line each, in order: they come in
// none (docs/protocol.md: Order on the pipe).
func sorted(name, out string) string {
	if name == "login.sh" { // which differ from run to run
		out = regexp.MustCompile(`:\d+/`).ReplaceAllString(out, ":…/")
		return regexp.MustCompile(`enter [0-9A-F-]+`).ReplaceAllString(out, "enter …")
	}
	if name != "both-routes.sh" && name != "route-table.sh" {
		return out
	}
	lines := strings.SplitAfter(out, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// fenced returns the fenced blocks of a language.
func fenced(text, language string) []string {
	var blocks []string
	for _, match := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

// withoutCode takes fenced blocks out of a page.
func withoutCode(text string) string {
	return regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(text, "")
}

// anchors returns the names by which the headings of a page are linked.
func anchors(text string) []string {
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(withoutCode(text), -1) {
		name := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(match[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}
