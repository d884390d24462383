//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// refreshes counts the refreshes that arrived.
func refreshes(sim *simulator.Server) int {
	n := 0
	for _, r := range sim.Requests() {
		if r.Path == "/oauth/token" && strings.Contains(string(r.Body), `"grant_type":"refresh_token"`) {
			n++
		}
	}
	return n
}

// slowAnswer lets the answers of the token endpoint wait.
func slowAnswer(d time.Duration) func(simulator.Request, bool) bool {
	return func(_ simulator.Request, done bool) bool {
		if done {
			time.Sleep(d)
		}
		return true
	}
}

// homeOf is a CODEX_HOME with the login of a simulator.
func homeOf(t *testing.T, sim *simulator.Server) string {
	t.Helper()
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	return home
}

// savedRefreshToken and savedAccessToken are those of auth.json.
func savedRefreshToken(t *testing.T, home string) string { return savedTokens(t, home)[0] }
func savedAccessToken(t *testing.T, home string) string  { return savedTokens(t, home)[1] }

func savedTokens(t *testing.T, home string) [2]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(home, "auth.json"))
	require.NoError(t, err)
	var file struct {
		Tokens struct {
			Refresh string `json:"refresh_token"`
			Access  string `json:"access_token"`
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	return [2]string{file.Tokens.Refresh, file.Tokens.Access}
}

// requireSaved asserts that auth.json holds the token that the next refresh takes.
func requireSaved(t *testing.T, sim *simulator.Server, home string) {
	t.Helper()
	require.True(t, savedRefreshToken(t, home) == sim.LiveRefreshToken(), "auth.json does not hold the newest refresh token")
	left, err := filepath.Glob(filepath.Join(home, ".auth-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

const askAgain = `{"model":"gpt-5.2-codex","input":"Hello.","stream":true,"_meta":{"events":"none"}}`

// A1: 12 and 50 processes on one expired login: exactly one POST, none reused,
// all requests succeed, and whoever waited for the refresh says so. A process
// that came to look at auth.json only after it was saved has refreshed nothing.
//
// Faults: A1, D11.
func TestOneRefreshAmongFiftyProcesses(t *testing.T) {
	for _, n := range []int{12, 50} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			begun := make(chan struct{}) // closed when all have begun: then the answer comes
			release := sync.OnceFunc(func() { close(begun) })
			sim := simulated(t, simulator.Config{Scenario: "expired", Hold: func(_ simulator.Request, done bool) bool {
				if done {
					<-begun
				}
				return true
			}})
			defer release()
			home := homeOf(t, sim)
			hosts := make([]*host, n)
			for i := range hosts {
				hosts[i] = spawn(t, options{home: home, upstream: sim})
			}
			for _, h := range hosts {
				h.send(request("1", "responses/create", askAgain))
			}
			for _, h := range hosts {
				require.Contains(t, string(h.call("0", "server/diagnostics", "").Result), `"streams":1`)
			}
			release()
			refreshed := 0
			for _, h := range hosts {
				got := h.outcome("1")
				require.Equal(t, "completed", got.status(), "%s", got.answer.Raw)
				if got.completed.Evidence.Refreshed {
					refreshed++
				}
			}
			require.NotZero(t, refreshed)
			granted, reused := sim.Refreshes()
			t.Logf("%d processes: %d POSTs, %d granted, %d reused", n, refreshes(sim), granted, reused)
			require.Equal(t, []int{1, 1, 0}, []int{refreshes(sim), granted, reused})
			requireSaved(t, sim, home)
		})
	}
}

// A2: 200 requests of one process at once: one POST.
//
// Faults: A2.
func TestOneRefreshAmongRequests(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{Scenario: "expired", Hold: slowAnswer(200 * time.Millisecond)})
	home := homeOf(t, sim)
	h := spawn(t, options{home: home, upstream: sim})
	const n = 200
	for i := range n {
		h.send(request(fmt.Sprint(i), "responses/create", askAgain))
	}
	for answered := 0; answered < n; {
		if m := h.mustNext(); m.isAnswer() {
			require.Nil(t, m.Error, "%s", m.Raw)
			answered++
		}
	}
	require.Equal(t, 1, refreshes(sim))
	requireSaved(t, sim, home)
}

// A10, A11, A12: however the client goes away while a refresh is in flight, the
// new tokens are saved, the replies are on time, and the exit code is the one of the
// end; only the exit waits.
//
// Faults: A10, A11.
func TestRefreshSurvivesClient(t *testing.T) {
	t.Parallel()
	signal := func(all ...syscall.Signal) func(*host) {
		return func(h *host) {
			for _, s := range all {
				_ = h.cmd.Process.Signal(s)
				time.Sleep(50 * time.Millisecond)
			}
		}
	}
	for name, row := range map[string]struct {
		lsp  bool
		end  func(h *host)
		code int
		// drains: the request is answered with a result.
		drains bool
	}{
		"stdin ends, lines":   {ndjson, func(h *host) { _ = h.in.Close() }, 0, true},
		"stdin ends, headers": {lsp, func(h *host) { _ = h.in.Close() }, 1, false},
		"exit":                {lsp, func(h *host) { h.send(notification("exit", "")) }, 1, false},
		"shutdown and exit": {lsp, func(h *host) {
			h.send(request("9", "shutdown", ""), notification("exit", ""))
		}, 0, false},
		"cancel and stdin ends": {ndjson, func(h *host) {
			h.send(notification("$/cancelRequest", `{"id":1}`))
			_ = h.in.Close()
		}, 0, false},
		"SIGTERM":       {ndjson, signal(syscall.SIGTERM), 143, false},
		"SIGINT":        {ndjson, signal(syscall.SIGINT), 130, false},
		"SIGHUP":        {lsp, signal(syscall.SIGHUP), 129, false},
		"SIGTERM twice": {ndjson, signal(syscall.SIGTERM, syscall.SIGTERM), 143, false},
		"stdout closed (A11)": {lsp, func(h *host) {
			_ = h.out.Close()
			h.send(request("2", "ping", ""))
		}, 1, false},
		"both closed": {ndjson, func(h *host) { _, _ = h.in.Close(), h.out.Close() }, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const delay = 2500 * time.Millisecond
			var spent time.Time
			var mu sync.Mutex
			sim := simulated(t, simulator.Config{Scenario: "expired", Hold: func(_ simulator.Request, done bool) bool {
				if done {
					mu.Lock()
					spent = time.Now()
					mu.Unlock()
					time.Sleep(delay)
				}
				return true
			}})
			home := homeOf(t, sim)
			h := spawn(t, options{home: home, upstream: sim, lsp: row.lsp})
			if row.lsp {
				h.begin()
			}
			h.send(request("1", "responses/create", askAgain))
			awaitThat(t, "the token being spent", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return !spent.IsZero()
			})
			ended := time.Now()
			row.end(h)
			if !strings.Contains(name, "closed") {
				for answered := false; !answered; {
					m, err := h.next()
					require.NoError(t, err, "no reply")
					if !m.isAnswer() || string(m.ID) != "1" {
						continue
					}
					answered = true
					if row.drains {
						require.Nil(t, m.Error, "%s", m.Raw)
						continue
					}
					refused(t, m, -32800, "cancelled", "")
					if took := time.Since(ended); took > delay {
						t.Errorf("the reply took %v", took)
					}
				}
			}
			code := h.wait(patience)
			if name != "both closed" {
				require.Equal(t, row.code, code)
			}
			require.Equal(t, 1, refreshes(sim))
			requireSaved(t, sim, home)
		})
	}
}

// A12: a cancel during the refresh is answered at once, and the next request
// finds the new tokens.
//
// Faults: A12.
func TestCancelDuringARefresh(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{Scenario: "expired", Hold: slowAnswer(time.Second)})
	home := homeOf(t, sim)
	h := spawn(t, options{home: home, upstream: sim})
	h.send(request("1", "responses/create", askAgain))
	awaitThat(t, "the refresh", func() bool { return refreshes(sim) == 1 })
	h.send(notification("$/cancelRequest", `{"id":1}`))
	refused(t, h.answer("1"), -32800, "cancelled", "")
	require.True(t, savedRefreshToken(t, home) != sim.LiveRefreshToken(), "the answer waited for the refresh")
	got := h.create("2", askAgain)
	require.Equal(t, "completed", got.status())
	require.Equal(t, 1, refreshes(sim))
	requireSaved(t, sim, home)
}

// A32: a token that the upstream does not accept any more is refreshed once and the
// request sent again; the evidence says so.
//
// Faults: A32.
func TestRefreshAfter401(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home := homeOf(t, sim)
	revoke := func(token string) {
		resp, err := http.Post(sim.IssuerURL()+"/oauth/revoke", "application/json", strings.NewReader(fmt.Sprintf(`{"token":%q}`, token)))
		require.NoError(t, err)
		_ = resp.Body.Close()
	}
	h := spawn(t, options{home: home, upstream: sim})
	revoke(sim.Login().AccessToken)
	got := h.create("1", askAgain)
	require.Equal(t, "completed", got.status(), "%s", got.answer.Raw)
	require.True(t, got.completed.Evidence.Refreshed)
	require.Len(t, got.completed.Evidence.Attempts, 2)
	require.Equal(t, 1, refreshes(sim))
	requireSaved(t, sim, home)
	got = h.create("2", askAgain)
	require.False(t, got.completed.Evidence.Refreshed)
	require.Len(t, got.completed.Evidence.Attempts, 1)
	revoke(savedAccessToken(t, home)) // it has worked, so that this is news
	got = h.create("3", askAgain)
	require.Equal(t, "completed", got.status(), "%s", got.answer.Raw)
	require.Equal(t, 2, refreshes(sim))

	// The token of the environment is nobody's to refresh, and no other takes its place.
	sim = simulated(t, simulator.Config{})
	h = spawn(t, options{home: homeOf(t, sim), upstream: sim, env: []string{"OPENAI_OAUTH_ACCESS_TOKEN=" + sim.Login().AccessToken}})
	revoke = func(token string) {
		resp, err := http.Post(sim.IssuerURL()+"/oauth/revoke", "application/json", strings.NewReader(fmt.Sprintf(`{"token":%q}`, token)))
		require.NoError(t, err)
		_ = resp.Body.Close()
	}
	revoke(sim.Login().AccessToken)
	got = h.create("1", askAgain)
	e := refused(t, got.answer, 1001, "login_required", "token_rejected")
	require.Equal(t, "env_oauth_access_token", e.Data.Evidence.CredentialSource)
	require.Len(t, e.Data.Evidence.Attempts, 1)
	require.Zero(t, refreshes(sim))
}

// A login that cannot be refreshed: the documented reason, one POST however often
// it is asked for, and a status that says what helps.
//
// Faults: A5, A6, A31.
func TestRefreshRefused(t *testing.T) {
	t.Parallel()
	for scenario, reason := range map[string]string{
		"refresh-reused": "refresh_reused", "refresh-expired": "refresh_expired", "refresh-revoked": "refresh_revoked",
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{Scenario: scenario})
			home := homeOf(t, sim)
			before, err := os.ReadFile(filepath.Join(home, "auth.json"))
			require.NoError(t, err)
			h := spawn(t, options{home: home, upstream: sim})
			for i := range 3 {
				got := h.create(fmt.Sprint(i), askAgain)
				e := refused(t, got.answer, 1001, "login_required", reason)
				assert.Equal(t, "chatgpt", e.Data.Need)
				assert.NotEmpty(t, e.Data.Action)
				assert.False(t, e.Data.Retryable)
			}
			require.Equal(t, 1, refreshes(sim))
			after, err := os.ReadFile(filepath.Join(home, "auth.json"))
			require.NoError(t, err)
			require.True(t, string(before) == string(after), "auth.json was touched")
			status := string(h.call("9", "auth/status", "").Result)
			assert.Contains(t, status, `"state":"expired"`)
			assert.Contains(t, status, `"reason":"`+reason+`"`)
			refused(t, h.call("10", "routes/resolve", `{"model":"gpt-5.2-codex"}`), 1001, "login_required", reason)
		})
	}
	for scenario, reason := range map[string]string{"issuer-error": "server_error", "issuer-html": "bad_answer", "issuer-disconnect": "connect"} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{Scenario: scenario})
			h := spawn(t, options{home: homeOf(t, sim), upstream: sim})
			e := refused(t, h.create("1", askAgain).answer, 1004, "auth_unavailable", reason)
			assert.True(t, e.Data.Retryable)
			assert.Contains(t, string(h.call("9", "auth/status", "").Result), `"state":"authenticated"`)
		})
	}
}

// auth/status refreshes only when it is asked to; routes/resolve never does.
func TestStatusRefreshesWhenAsked(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{Scenario: "expired"})
	home := homeOf(t, sim)
	h := spawn(t, options{home: home, upstream: sim})
	for i, params := range []string{"", `{"refresh":"never"}`} {
		assert.Contains(t, string(h.call(fmt.Sprint(i), "auth/status", params).Result), `"state":"authenticated"`)
	}
	assert.Nil(t, h.call("2", "routes/resolve", `{"model":"gpt-5.2-codex"}`).Error)
	require.Zero(t, refreshes(sim))
	status := string(h.call("3", "auth/status", `{"refresh":"ifExpiring"}`).Result)
	assert.Contains(t, status, `"available":true`)
	require.Equal(t, 1, refreshes(sim))
	requireSaved(t, sim, home)
	h.call("4", "auth/status", `{"refresh":"ifExpiring"}`)
	require.Equal(t, 1, refreshes(sim))
}
