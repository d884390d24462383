//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const pathToken = "/oauth/token"

// waits asserts that the login still waits, and ends it well.
func (h *host) waits(id string, p loginPrompt) {
	h.t.Helper()
	browse(h.t, http.MethodGet, agree(h.t, p.AuthURL))
	_, _, answer := h.until(id)
	assert.Contains(h.t, string(answer.Result), `"status":"succeeded"`, "%.1000s", answer.Raw)
}

// storedHome is a home with a login, and its bytes.
func storedHome(t *testing.T, sim *simulator.Server) (home string, text []byte) {
	t.Helper()
	home = t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	text, err := os.ReadFile(filepath.Join(home, "auth.json"))
	require.NoError(t, err)
	return home, text
}

// unchanged asserts that a home holds what it held, byte for byte, and no litter.
func unchanged(t *testing.T, home string, text []byte) {
	t.Helper()
	now, err := os.ReadFile(filepath.Join(home, "auth.json"))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(text, now), "auth.json has changed")
	entries, err := os.ReadDir(home)
	require.NoError(t, err)
	for _, e := range entries {
		assert.False(t, strings.HasPrefix(e.Name(), ".auth-"), "%s is left over", e.Name())
	}
}

// Faults: E1.
func TestStateMismatchKeepsWaiting(t *testing.T) {
	t.Parallel()
	h, sim, _ := loggedOut(t, options{lsp: true})
	p := h.beginLogin("1", anyPort)
	back := agree(t, p.AuthURL)
	for _, bad := range []string{
		with(t, back, "state", ""), with(t, back, "state", "another"), with(t, back, "state", "", "error", "access_denied"),
		with(t, back, "code", ""), back + "&state=x", back + "&code=x", redirect(t, p.AuthURL).String(), redirect(t, p.AuthURL).String() + "?%zz",
	} {
		page := browse(t, http.MethodGet, bad)
		assert.Equal(t, http.StatusBadRequest, page.status, bad)
		assert.NotContains(t, page.body, "logged in")
	}
	assert.Zero(t, atIssuer(sim, pathToken, codeGrant))
	// What the issuer may put behind the state does not matter.
	q, err := url.Parse(back)
	require.NoError(t, err)
	page := browse(t, http.MethodGet, with(t, back, "state", q.Query().Get("state")+".onboarding_entrypoint=life_sciences"))
	assert.Contains(t, page.body, "You are logged in")
	_, _, answer := h.until("1")
	assert.NotNil(t, answer.Result)
}

// Faults: E2.
func TestForeignHostIsMisdirected(t *testing.T) {
	t.Parallel()
	h, sim, _ := loggedOut(t, options{lsp: true})
	p := h.beginLogin("1", anyPort)
	back := agree(t, p.AuthURL)
	port := redirect(t, p.AuthURL).Port()
	for _, host := range []string{"evil.example", "evil.example:" + port, "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:" + port, "localhost", "[::1]"} {
		assert.Equal(t, http.StatusMisdirectedRequest, browse(t, http.MethodGet, back, "Host", host).status, host)
	}
	assert.Zero(t, atIssuer(sim, pathToken, codeGrant))
	assert.Contains(t, browse(t, http.MethodGet, back, "Host", "localhost:"+port).body, "You are logged in")
	_, _, answer := h.until("1")
	assert.NotNil(t, answer.Result)
}

// Faults: E3.
func TestOtherMethodsConsumeNothing(t *testing.T) {
	t.Parallel()
	h, sim, _ := loggedOut(t, options{lsp: true})
	p := h.beginLogin("1", anyPort)
	back := agree(t, p.AuthURL)
	for _, method := range []string{http.MethodHead, http.MethodPost, http.MethodPut, http.MethodOptions, http.MethodDelete, "PROPFIND"} {
		page := browse(t, method, back)
		assert.Equal(t, http.StatusMethodNotAllowed, page.status, method)
		assert.Equal(t, http.MethodGet, page.header.Get("Allow"))
	}
	assert.Zero(t, atIssuer(sim, pathToken, codeGrant))
	h.waits("1", p)
}

// Faults: E4.
func TestDoubleCallbackRedeemsOnce(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	issuer := newIssuer(t, map[string]func(http.ResponseWriter, *http.Request, int){
		pathToken: func(w http.ResponseWriter, r *http.Request, n int) {
			<-gate
			says(200, tokenSet(idToken(nil)))(w, r, n)
		},
	})
	h := spawn(t, options{lsp: true, args: []string{"--issuer=" + issuer.URL}})
	h.begin()
	p := h.beginLogin("1", anyPort)
	u, err := url.Parse(p.AuthURL)
	require.NoError(t, err)
	back := with(t, redirect(t, p.AuthURL).String(), "code", "ac_one", "state", u.Query().Get("state"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			page, err := tryBrowse(http.MethodGet, with(t, back, "code", fmt.Sprint("ac_", i%2)))
			if assert.NoError(t, err) {
				assert.Contains(t, page.body, "You are logged in")
			}
		})
	}
	awaitThat(t, "the exchange", func() bool { return issuer.asked(pathToken) > 0 })
	time.Sleep(50 * time.Millisecond) // the others arrive meanwhile, or later: both must do
	close(gate)
	_, _, answer := h.until("1")
	assert.NotNil(t, answer.Result)
	wg.Wait()
	assert.Equal(t, 1, issuer.asked(pathToken))
}

// Faults: E5.
func TestOtherPathsChangeNothing(t *testing.T) {
	t.Parallel()
	h, sim, _ := loggedOut(t, options{lsp: true})
	p := h.beginLogin("1", anyPort)
	back, err := url.Parse(agree(t, p.AuthURL))
	require.NoError(t, err)
	for _, path := range []string{"/", "/favicon.ico", "/success", "/cancel", "/auth", "/auth/callback/", "/auth/../auth/callback",
		"/auth/%63allback", "//auth/callback", "/auth/callback%2f", "/AUTH/CALLBACK", "/auth/callback;x"} {
		// As it is: a client would tidy it up.
		conn, err := net.Dial("tcp", back.Host)
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "GET %s?%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, back.RawQuery, back.Host)
		require.NoError(t, err)
		text, err := io.ReadAll(conn)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(text), "HTTP/1.1 404 "), "%s: %.100q", path, text)
		require.NoError(t, conn.Close())
	}
	assert.Zero(t, atIssuer(sim, pathToken, codeGrant))
	h.waits("1", p)
}

// Faults: E6.
func TestLongQueryIsRefused(t *testing.T) {
	t.Parallel()
	h, _, _ := loggedOut(t, options{lsp: true})
	p := h.beginLogin("1", anyPort)
	page, err := tryBrowse(http.MethodGet, agree(t, p.AuthURL)+"&x="+strings.Repeat("x", 900_000))
	if err == nil { // the connection may be gone before all of it was sent
		assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, page.status)
	}
	page = browse(t, http.MethodGet, agree(t, p.AuthURL)+"&x="+strings.Repeat("x", 16<<10))
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, page.status)
	h.waits("1", p)
}

// Faults: E7.
func TestSlowClientsDelayNothing(t *testing.T) {
	t.Parallel()
	h, _, _ := loggedOut(t, options{lsp: true})
	p := h.beginLogin("1", anyPort)
	back := redirect(t, p.AuthURL)
	for _, part := range []string{"", "GET /auth/callback?", "GET /auth/callback HTTP/1.1\r\nHost: x\r\n"} {
		conn, err := net.Dial("tcp", back.Host)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = io.WriteString(conn, part)
		require.NoError(t, err)
	}
	// They keep neither the login from its end nor its port.
	start := time.Now()
	h.waits("1", p)
	within(t, start, 2*time.Second)
	assert.True(t, isFree(t, back))
	// Nor are they kept for long.
	p = h.beginLogin("2", anyPort)
	conn, err := net.Dial("tcp", redirect(t, p.AuthURL).Host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	_, err = io.ReadAll(conn)
	require.NoError(t, err, "the process has not given up")
	h.waits("2", p)
}

// Faults: E11, E32.
func TestDeniedLogin(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home, text := storedHome(t, sim)
	h := spawn(t, options{upstream: sim, home: home, lsp: true})
	h.begin()
	p := h.beginLogin("1", anyPort)
	const script = `"><script>alert(1)</script>`
	page := browse(t, http.MethodGet, with(t, agree(t, p.AuthURL), "code", "", "error", "access_denied", "error_description", script))
	assert.NotContains(t, page.body, "<script")
	assert.Contains(t, page.body, "The login failed")
	assert.Contains(t, page.header.Get("Content-Security-Policy"), "default-src 'none'")
	methods, notes, answer := h.until("1")
	assert.Equal(t, []string{"auth/loginCompleted"}, methods)
	refused(t, answer, 1005, "login_failed", "denied")
	var completed struct {
		Success bool
		Error   json.RawMessage
	}
	require.NoError(t, json.Unmarshal(notes["auth/loginCompleted"].Params, &completed))
	assert.False(t, completed.Success)
	assert.JSONEq(t, string(answer.Error), string(completed.Error), "the whole error of the answer")
	unchanged(t, home, text)

	// An error wins over a code, and any error ends the login.
	p = h.beginLogin("2", anyPort)
	browse(t, http.MethodGet, with(t, agree(t, p.AuthURL), "error", "server_error"))
	_, _, answer = h.until("2")
	assert.Contains(t, refused(t, answer, 1005, "login_failed", "denied").Message, "(server_error)")
	assert.Zero(t, atIssuer(sim, pathToken, codeGrant))
	unchanged(t, home, text)

	// Codex is not enabled for the workspace.
	p = h.beginLogin("3", anyPort)
	browse(t, http.MethodGet, with(t, agree(t, p.AuthURL), "error", "access_denied", "error_description", "missing_codex_entitlement"))
	_, _, answer = h.until("3")
	refused(t, answer, 1005, "login_failed", "workspace_not_allowed")
}

// Faults: E12.
func TestAnotherIssuer(t *testing.T) {
	t.Parallel()
	h, sim, home := loggedOut(t, options{lsp: true})
	p := h.beginLogin("1", anyPort)
	page := browse(t, http.MethodGet, with(t, agree(t, p.AuthURL), "iss", "https://evil.example"))
	assert.Contains(t, page.body, "The login failed")
	_, _, answer := h.until("1")
	refused(t, answer, 1005, "login_failed", "state_mismatch")
	assert.Zero(t, atIssuer(sim, pathToken, codeGrant))
	assert.Nil(t, authFile(t, home))

	p = h.beginLogin("2", anyPort)
	browse(t, http.MethodGet, with(t, agree(t, p.AuthURL), "iss", sim.IssuerURL()))
	_, _, answer = h.until("2")
	assert.NotNil(t, answer.Result)
}
