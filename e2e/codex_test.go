//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// codexCLI is the real Codex CLI, which .ci/codex installs. Where it is absent
// the test is skipped, in print, but in CI it fails.
func codexCLI(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	found, err := filepath.Glob(filepath.Join(cache, "signalbox-tests", "codex", "node_modules", "@openai", "codex-*", "vendor", "*", "bin", "codex"))
	require.NoError(t, err)
	if len(found) == 0 {
		testcheck.Missing(t, "the Codex CLI (run .ci/codex)")
	}
	return found[0]
}

// codex is a command of Codex on the CODEX_HOME home. All that it would ask of
// OpenAI goes to the simulator, or to a proxy that is not there.
func codex(t testing.TB, sim *simulator.Server, home string, args ...string) *exec.Cmd {
	t.Helper()
	path := filepath.Join(home, "config.toml")
	settings, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(settings, []byte("chatgpt_base_url")) {
		settings = append(settings, fmt.Sprintf("chatgpt_base_url = %q\nopenai_base_url = %q\n", sim.IssuerURL()+"/backend-api/", sim.ChatGPTURL())...)
		require.NoError(t, os.WriteFile(path, settings, 0o600))
	}
	cmd := exec.Command(codexCLI(t), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "CODEX_HOME=" + home,
		"HTTPS_PROXY=http://127.0.0.1:9", "HTTP_PROXY=http://127.0.0.1:9", "NO_PROXY=127.0.0.1",
		"CODEX_REFRESH_TOKEN_URL_OVERRIDE=" + sim.IssuerURL() + "/oauth/token",
	}
	return cmd
}

// loginStatus is what `codex login status` prints, and its exit code.
func loginStatus(t testing.TB, sim *simulator.Server, home string, env ...string) (string, int) {
	t.Helper()
	cmd := codex(t, sim, home, "login", "status")
	cmd.Env = append(cmd.Env, env...)
	out, _ := cmd.CombinedOutput()
	var said []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "WARNING:") {
			said = append(said, strings.TrimSpace(line))
		}
	}
	return strings.Join(said, "\n"), cmd.ProcessState.ExitCode()
}

// What Codex writes is read here: an API key, and the login of its device flow.
func TestCodexWritesWhatWeRead(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})

	home := t.TempDir()
	withKey := codex(t, sim, home, "login", "--with-api-key")
	withKey.Stdin = strings.NewReader(sim.Login().PlatformKey + "\n")
	require.NoError(t, withKey.Run())
	h := spawn(t, options{home: home, upstream: sim})
	status := string(h.call("1", "auth/status", "").Result)
	assert.Contains(t, status, `"mode":"apiKey"`)
	assert.Contains(t, status, `"credential_source":"codex_auth_json_api_key"`)
	assert.Equal(t, "completed", h.create("2", `{"model":"gpt-5.2-pro","input":"Hello.","stream":true}`).status())

	home = t.TempDir()
	device := codex(t, sim, home, "login", "--device-auth", "--experimental_issuer", sim.IssuerURL())
	out, err := device.CombinedOutput()
	require.NoError(t, err, "%s", strings.ReplaceAll(string(out), testcheck.Canary, "CANARY"))
	h = spawn(t, options{home: home, upstream: sim})
	status = string(h.call("1", "auth/status", "").Result)
	assert.Contains(t, status, `"state":"authenticated","mode":"chatgpt"`)
	assert.Equal(t, "completed", h.create("2", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`).status())
}

// slowIssuer is in front of the token endpoint of a simulator: it answers each
// refresh after a while, so that all who come meanwhile have sent theirs.
type slowIssuer struct {
	*httptest.Server
	mu       sync.Mutex
	came     int   // requests
	statuses []int // of the refreshes, in the order of their answers
}

func startSlowIssuer(t testing.TB, sim *simulator.Server, wait time.Duration) *slowIssuer {
	t.Helper()
	s := &slowIssuer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.came++
		s.mu.Unlock()
		time.Sleep(wait)
		resp, err := http.Post(sim.IssuerURL()+r.URL.Path, r.Header.Get("Content-Type"), bytes.NewReader(body))
		if err != nil {
			return
		}
		defer func() { _ = resp.Body.Close() }()
		s.mu.Lock()
		s.statuses = append(s.statuses, resp.StatusCode)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}))
	t.Cleanup(func() { s.Close(); http.DefaultClient.CloseIdleConnections() })
	return s
}

// asked counts the requests that have come.
func (s *slowIssuer) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.came
}

// posts counts the refreshes, and those of them that were refused as reused.
func (s *slowIssuer) posts() (all, reused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, status := range s.statuses {
		if status == http.StatusUnauthorized {
			reused++
		}
	}
	return len(s.statuses), reused
}

// appServer starts Codex as its own editor plugins do, which refreshes an expired
// login at once. The function that it returns waits until Codex says what it has
// and reports whether that is a token.
func appServer(t testing.TB, sim *simulator.Server, home, refreshURL string, env ...string) (hasToken func() bool) {
	t.Helper()
	cmd := codex(t, sim, home, "app-server")
	cmd.Env = append(slices.DeleteFunc(cmd.Env, func(v string) bool {
		return strings.HasPrefix(v, "CODEX_REFRESH_TOKEN_URL_OVERRIDE=")
	}), append(env, "CODEX_REFRESH_TOKEN_URL_OVERRIDE="+refreshURL)...)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	_, err = io.WriteString(in, `{"id":1,"method":"initialize","params":{"clientInfo":{"name":"test","version":"1"}}}
{"method":"initialized"}
{"id":2,"method":"getAuthStatus","params":{"includeToken":true,"refreshToken":false}}
`)
	require.NoError(t, err)
	return func() bool {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var m struct {
				ID     int
				Result struct{ AuthToken string }
			}
			if json.Unmarshal(lines.Bytes(), &m) == nil && m.ID == 2 {
				return m.Result.AuthToken != ""
			}
		}
		return false
	}
}

// Codex alone: its processes send the same refresh token, and all but one of
// them are told that it was used before. That is the figure that
// docs/performance.md has beside ours; here it shows that the issuer is strict.
func TestCodexRefreshesAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("Codex takes several seconds")
	}
	sim := simulated(t, simulator.Config{Scenario: "expired"})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	issuer := startSlowIssuer(t, sim, 5*time.Second)
	var waits []func() bool
	for range 12 {
		waits = append(waits, appServer(t, sim, home, issuer.URL+"/oauth/token"))
	}
	for _, hasToken := range waits {
		assert.True(t, hasToken(), "Codex has a token at last")
	}
	all, reused := issuer.posts()
	t.Logf("12 processes of Codex on one expired login: %d POSTs, %d reused", all, reused)
	assert.Equal(t, all-1, reused)
}

// What we write, Codex takes: after a login with a browser, a device, a key, an
// exchange, a refresh and a logout.
func TestCodexReadsWhatWeWrite(t *testing.T) {
	t.Parallel()
	codexCLI(t)
	const chatGPT, loggedOut = "Logged in using ChatGPT", "Not logged in"
	sim, home := scenarioHome(t, "no-key")
	h := spawn(t, options{home: home, upstream: sim, lsp: lsp})
	h.begin()
	said := func(want string) {
		t.Helper()
		text, code := loginStatus(t, sim, home)
		line, _, _ := strings.Cut(text, "\n")
		assert.Regexp(t, want, line)
		assert.Equal(t, want == loggedOut, code != 0, text)
	}
	n := 0
	call := func(method, params string) {
		t.Helper()
		n++
		m := h.call(fmt.Sprint(n), method, params)
		require.Nil(t, m.Error, "%s: %s", method, m.Error)
	}
	call("auth/refresh", "")
	said(chatGPT)
	call("auth/exchange", "")
	said(chatGPT)
	call("auth/logout", "")
	said(loggedOut)
	p := h.beginLogin(`"browser"`, anyPort)
	_ = browse(t, http.MethodGet, agree(t, p.AuthURL))
	require.Nil(t, h.answer(`"browser"`).Error)
	said(chatGPT)
	call("auth/login", `{"method":"apiKey","apiKey":"`+sim.Login().PlatformKey+`x","persist":true}`)
	said(chatGPT) // which the key stands beside
	call("auth/logout", "")
	call("auth/login", `{"method":"device"}`)
	said(chatGPT)
	call("auth/logout", "")
	call("auth/login", `{"method":"apiKey","apiKey":"sk-`+strings.ReplaceAll(testcheck.Canary, "-", "")+`","persist":true}`)
	said(`^API key configured - sk-`)
}

// 12 of ours on one expired login: one POST, nothing reused, 12 answers; the
// figure beside the one of Codex alone.
func TestWeRefreshAlone(t *testing.T) {
	sim, home := scenarioHome(t, "expired")
	issuer := startSlowIssuer(t, sim, time.Second)
	hosts := refreshers(t, sim, home, issuer, 12)
	for _, h := range hosts {
		m := h.answer("1")
		assert.Nil(t, m.Error, "%s", m.Error)
	}
	all, reused := issuer.posts()
	t.Logf("12 processes of signalbox on one expired login: %d POSTs, %d reused", all, reused)
	assert.Equal(t, []int{1, 0}, []int{all, reused})
}

// refreshers starts processes that all ask for a model, with a login that has to be
// refreshed first.
func refreshers(t *testing.T, sim *simulator.Server, home string, issuer *slowIssuer, n int) []*host {
	t.Helper()
	var hosts []*host
	for range n {
		h := spawn(t, options{home: home, upstream: sim, env: []string{"CODEX_REFRESH_TOKEN_URL_OVERRIDE=" + issuer.URL + "/oauth/token"}})
		h.ping()
		hosts = append(hosts, h)
	}
	for _, h := range hosts {
		h.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`))
	}
	return hosts
}

// 6 of Codex and 6 of ours refresh one login at once, with an issuer that takes
// each refresh token once: none of ours fails, and what is left is a login that
// both can use and refresh.
//
// Faults: A3.
func TestRefreshBesideCodex(t *testing.T) {
	if testing.Short() {
		t.Skip("Codex takes several seconds")
	}
	codexCLI(t)
	sim, home := scenarioHome(t, "expired")
	issuer := startSlowIssuer(t, sim, 3*time.Second)
	var waits []func() bool
	for range 6 {
		waits = append(waits, appServer(t, sim, home, issuer.URL+"/oauth/token"))
	}
	hosts := refreshers(t, sim, home, issuer, 6)
	for _, h := range hosts {
		m := h.answer("1")
		assert.Nil(t, m.Error, "%s", m.Error)
	}
	for _, hasToken := range waits {
		hasToken() // what Codex makes of its own reuse is its affair
	}
	all, reused := issuer.posts()
	t.Logf("6 processes of Codex and 6 of ours on one expired login: %d POSTs, %d reused", all, reused)
	assert.Equal(t, all-1, reused)

	said, code := loginStatus(t, sim, home)
	assert.Equal(t, "Logged in using ChatGPT", said)
	assert.Equal(t, 0, code)
	h := spawn(t, options{home: home, upstream: sim})
	assert.Contains(t, string(h.call("1", "auth/status", "").Result), `"state":"authenticated"`)
	assert.Equal(t, "completed", h.create("2", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`).status())
	refreshed := h.call("3", "auth/refresh", "")
	require.Nil(t, refreshed.Error, "the refresh token that is left can be spent: %s", refreshed.Error)
	assert.True(t, appServer(t, sim, home, sim.IssuerURL()+"/oauth/token")())
}
