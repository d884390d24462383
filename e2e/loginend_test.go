//go:build unix

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// redeeming is a process whose login is in the middle of redeeming its code: the
// issuer answers when open is called.
func redeeming(t *testing.T, lsp bool, home string) (h *host, open func()) {
	t.Helper()
	gate := make(chan struct{})
	issuer := newIssuer(t, map[string]func(http.ResponseWriter, *http.Request, int){
		pathToken: func(w http.ResponseWriter, r *http.Request, n int) {
			<-gate
			says(200, tokenSet(idToken(nil)))(w, r, n)
		},
	})
	h = spawn(t, options{home: home, lsp: lsp, args: []string{"--issuer=" + issuer.URL}})
	h.begin()
	p := h.beginLogin("1", anyPort)
	u, err := url.Parse(p.AuthURL)
	require.NoError(t, err)
	var browser sync.WaitGroup
	browser.Go(func() {
		_, _ = tryBrowse(http.MethodGet, with(t, redirect(t, p.AuthURL).String(), "code", "ac_one", "state", u.Query().Get("state")))
	})
	awaitThat(t, "the code being redeemed", func() bool { return issuer.asked(pathToken) == 1 })
	var once sync.Once
	open = func() { once.Do(func() { close(gate) }) }
	t.Cleanup(func() { open(); browser.Wait() })
	return h, open
}

// A code that is being redeemed is redeemed and saved before the process exits,
// whatever ends it; the answers do not wait for that (docs/protocol.md:
// Lifecycle).
//
// Faults: D10.
func TestRedemptionSurvivesTheEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *host){
		"end of stdin": func(h *host) { _ = h.in.Close() },
		"exit":         func(h *host) { h.send(notification("exit", "")) },
		"SIGTERM":      func(h *host) { _ = h.cmd.Process.Signal(syscall.SIGTERM) },
		"SIGINT":       func(h *host) { _ = h.cmd.Process.Signal(syscall.SIGINT) },
		"two signals": func(h *host) {
			_ = h.cmd.Process.Signal(syscall.SIGTERM)
			time.Sleep(100 * time.Millisecond)
			_ = h.cmd.Process.Signal(syscall.SIGTERM)
		},
		"stdout is gone": func(h *host) { _ = h.out.Close(); _, _ = h.in.WriteString(h.frame(request("9", "ping", ""))) },
		"shutdown": func(h *host) {
			start := time.Now()
			h.send(request("2", "shutdown", ""), notification("exit", ""))
			refused(h.t, h.answer("1"), -32800, "cancelled", "")
			assert.Equal(h.t, "null", string(h.answer("2").Result))
			within(h.t, start, 1500*time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			h, open := redeeming(t, lsp, home)
			end(h)
			select {
			case <-h.ended:
				t.Fatal("the process did not wait")
			case <-time.After(2 * time.Second):
			}
			open()
			h.wait(patience)
			require.NotNil(t, authFile(t, home), "the login is lost")
			assert.Equal(t, "account-1", tokens(authFile(t, home))["account_id"])
		})
	}
}

// The user cancels while the code is being redeemed: answered at once, and what
// comes is dropped: the old login stays, byte for byte.
//
// Faults: E16.
func TestCancelWhileRedeeming(t *testing.T) {
	t.Parallel()
	for name, cancel := range map[string]string{
		"cancelRequest":     notification("$/cancelRequest", `{"id":1}`),
		"auth/login/cancel": request("2", "auth/login/cancel", ""),
		"superseded":        request("2", "auth/login", `{"method":"browser","wait":false,`+anyPort+`}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{})
			home, text := storedHome(t, sim)
			h, open := redeeming(t, lsp, home)
			start := time.Now()
			h.send(cancel)
			m := h.answer("1")
			within(t, start, 500*time.Millisecond)
			assert.NotNil(t, m.Error)
			open()
			h.call(`"p"`, "ping", "")
			require.NoError(t, h.in.Close())
			h.exit()
			unchanged(t, home, text)
		})
	}
}

// In NDJSON the end of stdin waits for a login, in both ways to ask for one, up
// to the drain timeout.
func TestDrainWaitsForALogin(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]string{"wait": "true", "no wait": "false"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _, home := loggedOut(t, options{})
			p := h.beginLogin("1", `"wait":`+wait+`,`+anyPort)
			require.NoError(t, h.in.Close())
			browse(t, http.MethodGet, agree(t, p.AuthURL))
			var text strings.Builder
			for _, m := range h.rest() {
				text.Write(m.Raw)
			}
			assert.Contains(t, text.String(), `"auth/loginCompleted","params":{"loginId":"`+p.LoginID+`","success":true`)
			assert.Equal(t, 0, h.wait(patience))
			assert.NotNil(t, authFile(t, home))
		})
		t.Run(name+", drain timeout", func(t *testing.T) {
			t.Parallel()
			h, _, _ := loggedOut(t, options{args: []string{"--drain-timeout=300ms"}})
			p := h.beginLogin("1", `"wait":`+wait+`,`+anyPort)
			require.NoError(t, h.in.Close())
			assert.Equal(t, 3, h.exit())
			assert.Contains(t, h.stdout.String(), `"auth/loginCompleted","params":{"loginId":"`+p.LoginID+`","success":false`)
			assert.True(t, isFree(t, redirect(t, p.AuthURL)))
		})
	}
}

// What could not be saved is refused before anything is asked of the user or the
// issuer; replace:true puts a file aside that cannot be read.
func TestLoginIsRefusedWhereItCannotBeSaved(t *testing.T) {
	t.Parallel()
	const broken = `{"auth_mode":"chatgpt","tokens":`
	login := func(more string) string { return `{"method":"browser",` + anyPort + more + `}` }
	t.Run("corrupt", func(t *testing.T) {
		t.Parallel()
		home := t.TempDir()
		path := filepath.Join(home, "auth.json")
		require.NoError(t, os.WriteFile(path, []byte(broken), 0o644))
		h, sim, _ := loggedOut(t, options{lsp: true, home: home})
		for id, params := range map[string]string{"1": login(""), "2": `{"method":"device"}`, "3": `{"method":"apiKey","apiKey":"sk-abcdefghijkl","persist":true}`} {
			refused(t, h.call(id, "auth/login", params), 1003, "credential_store", "corrupt")
		}
		assert.Empty(t, paths(sim))
		unchanged(t, home, []byte(broken))
		p := h.beginLogin("4", `"replace":true,`+anyPort)
		h.waits("4", p)
		assert.Equal(t, "chatgpt", authFile(t, home)["auth_mode"])
		backups, err := filepath.Glob(path + ".bak*")
		require.NoError(t, err)
		require.Len(t, backups, 1)
		text, err := os.ReadFile(backups[0])
		require.NoError(t, err)
		assert.Equal(t, broken, string(text))
		info, err := os.Stat(backups[0])
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	})
	t.Run("read-only", func(t *testing.T) {
		t.Parallel()
		sim := simulated(t, simulator.Config{})
		home, text := storedHome(t, sim)
		require.NoError(t, os.Chmod(filepath.Join(home, "auth.json"), 0o400))
		h := spawn(t, options{upstream: sim, home: home})
		refused(t, h.call("1", "auth/login", login("")), 1003, "credential_store", "read_only")
		assert.Empty(t, paths(sim))
		unchanged(t, home, text)
	})
	t.Run("no folder for it", func(t *testing.T) {
		t.Parallel()
		h := spawn(t, options{lsp: false, home: "/dev/null/codex"})
		m := h.call("1", "auth/login", login(""))
		assert.Equal(t, 1003, m.failure().Code, "%s", m.Raw)
	})
}

// Codex's config.toml: what it forbids is refused, and never deleted (contract
// 9).
func TestLoginThatTheConfigForbids(t *testing.T) {
	t.Parallel()
	configured := func(t *testing.T, text string) (h *host, sim *simulator.Server, home string, stored []byte) {
		t.Helper()
		sim = simulated(t, simulator.Config{})
		home, stored = storedHome(t, sim)
		require.NoError(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte(text), 0o600))
		h = spawn(t, options{upstream: sim, home: home, lsp: true})
		h.begin()
		return h, sim, home, stored
	}
	t.Run("the method", func(t *testing.T) {
		t.Parallel()
		h, sim, home, stored := configured(t, `forced_login_method = "api"`)
		refused(t, h.call("1", "auth/login", `{"method":"browser",`+anyPort+`}`), 1005, "login_failed", "denied")
		refused(t, h.call("2", "auth/login", `{"method":"device"}`), 1005, "login_failed", "denied")
		assert.Empty(t, paths(sim))
		unchanged(t, home, stored)
		h, _, home, stored = configured(t, `forced_login_method = "chatgpt"`)
		for id, persist := range map[string]string{"1": "true", "2": "false"} {
			m := h.call(id, "auth/login", `{"method":"apiKey","apiKey":"sk-abcdefghijkl","persist":`+persist+`}`)
			refused(t, m, 1005, "login_failed", "denied")
		}
		unchanged(t, home, stored)
	})
	t.Run("the workspace", func(t *testing.T) {
		t.Parallel()
		h, _, home, stored := configured(t, `forced_chatgpt_workspace_id = ["ws-1", "ws-2"]`)
		p := h.beginLogin("1", anyPort)
		assert.Contains(t, p.AuthURL, "&allowed_workspace_id=ws-1%2Cws-2")
		page := browse(t, http.MethodGet, agree(t, p.AuthURL))
		assert.Contains(t, page.body, "The login failed")
		_, _, answer := h.until("1")
		refused(t, answer, 1005, "login_failed", "workspace_not_allowed")
		unchanged(t, home, stored)

		h, _, _, _ = configured(t, `forced_chatgpt_workspace_id = "elsewhere"`)
		p = h.beginLogin("1", anyPort)
		assert.Contains(t, p.AuthURL, "&allowed_workspace_id=elsewhere")
	})
	t.Run("the store", func(t *testing.T) {
		t.Parallel()
		h, sim, home, stored := configured(t, `cli_auth_credentials_store = "ephemeral"`)
		refused(t, h.call("1", "auth/login", `{"method":"browser",`+anyPort+`}`), 1003, "credential_store", "unsupported_store")
		assert.Empty(t, paths(sim))
		unchanged(t, home, stored)
	})
}

// Ctrl-C ends `signalbox login` with a word and the code of the signal; what is
// pasted in the wrong shape does not end it.
func TestLoginCommandIsInterrupted(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "login", "--no-browser", "--simulate", "--ports=0")
	cmd.Env = append(asMain[:2:2], "HOME="+t.TempDir())
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, stderr := &syncBuffer{}, &syncBuffer{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	require.NoError(t, cmd.Start())
	awaitThat(t, "the prompt", func() bool { return strings.Contains(stdout.String(), "Waiting until ") })
	_, err = io.WriteString(stdin, "http://127.0.0.1/auth/callback?code=c&state=s\n")
	require.NoError(t, err)
	awaitThat(t, "the refusal", func() bool { return strings.Contains(stderr.String(), "state_mismatch") })
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait()
	assert.Equal(t, 130, cmd.ProcessState.ExitCode())
	assert.Contains(t, stderr.String(), "The login was cancelled; nothing was changed.")
}

// What is pasted ends it, also where nothing listens.
func TestLoginCommandTakesAPastedAddress(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{Scenario: "logged-out"})
	home := filepath.Join(t.TempDir(), "codex")
	cmd := exec.Command(os.Args[0], "login", "--no-browser", "--issuer="+sim.IssuerURL(), "--ports=0")
	cmd.Env = append(asMain[:2:2], "HOME="+t.TempDir(), "CODEX_HOME="+home)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout := &syncBuffer{}
	cmd.Stdout = stdout
	require.NoError(t, cmd.Start())
	address := regexp.MustCompile(`(?m)^http\S+$`)
	awaitThat(t, "the address", func() bool { return strings.Contains(stdout.String(), "Waiting until ") })
	_, err = io.WriteString(stdin, "  "+agree(t, address.FindString(stdout.String()))+" \n")
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
	assert.Contains(t, stdout.String(), "Logged in as ada@example.com (plus).")
	assert.NotNil(t, authFile(t, home))
}

// Logins that are cancelled, superseded, refused and finished leave nothing
// behind in the process.
func TestManyLoginsLeaveNothing(t *testing.T) {
	t.Parallel()
	h, _, _ := loggedOut(t, options{lsp: true})
	logins := func(n int) {
		for range n {
			p := h.beginLogin("1", anyPort)
			h.send(notification("$/cancelRequest", `{"id":1}`))
			h.answer("1")
			p = h.beginLogin("2", `"wait":false,`+anyPort)
			h.answer("2")
			p = h.beginLogin("3", anyPort)
			browse(t, http.MethodGet, with(t, redirect(t, p.AuthURL).String(), "state", "x", "code", "y"))
			browse(t, http.MethodGet, with(t, agree(t, p.AuthURL), "error", "access_denied"))
			h.answer("3")
			p = h.beginLogin("4", anyPort)
			browse(t, http.MethodGet, agree(t, p.AuthURL))
			require.NotNil(t, h.answer("4").Result)
		}
	}
	goroutines := func() (n int) {
		var d struct{ Goroutines int }
		require.NoError(t, json.Unmarshal(h.call(`"d"`, "server/diagnostics", "").Result, &d))
		return d.Goroutines
	}
	logins(3)
	before, open := goroutines(), len(fds(t, h.cmd.Process.Pid))
	logins(40)
	awaitThat(t, "as few goroutines and descriptors as before", func() bool {
		return goroutines() <= before+2 && len(fds(t, h.cmd.Process.Pid)) <= open
	})
}
