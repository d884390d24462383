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
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The rows E1 to E23 of the fault matrix: what a login meets.

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

// Both ports are taken, by whoever it is: told at once, and they hear nothing.
//
// Faults: E8.
func TestBusyPorts(t *testing.T) {
	t.Parallel()
	var ports []string
	heard := make(chan string, 8)
	for range 2 {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				heard <- conn.RemoteAddr().String()
				_ = conn.Close()
			}
		}()
		ports = append(ports, fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
	}
	h, _, home := loggedOut(t, options{lsp: true})
	start := time.Now()
	m := h.call("1", "auth/login", `{"method":"browser","ports":[`+strings.Join(ports, ",")+`]}`)
	within(t, start, time.Second)
	e := refused(t, m, 1005, "login_failed", "port_busy")
	assert.Contains(t, e.Message, ports[0]+" and "+ports[1])
	assert.Contains(t, string(m.Error), `"loginMethods":["device"`)
	assert.Empty(t, heard)
	assert.Nil(t, authFile(t, home))

	// The first is taken: the second is used.
	p := h.beginLogin("2", `"ports":[`+ports[0]+`,0]`)
	assert.NotEqual(t, ports[0], redirect(t, p.AuthURL).Port())
	h.waits("2", p)
}

// The code that somebody on [::1] gets is useless to them, and gets there only
// where the redirect URI names a host.
//
// Faults: E9, E10.
func TestLoopbackAddresses(t *testing.T) {
	t.Parallel()
	h, _, _ := loggedOut(t, options{lsp: true})
	p := h.beginLogin("1", anyPort)
	port := redirect(t, p.AuthURL).Port()
	assert.Equal(t, "127.0.0.1", redirect(t, p.AuthURL).Hostname())
	_, err := net.Dial("tcp", "[::1]:"+port)
	assert.Error(t, err, "only 127.0.0.1 is listened on")
	h.waits("1", p)

	named, _, _ := loggedOut(t, options{lsp: true, args: []string{"--redirect-host=localhost"}})
	p = named.beginLogin("1", anyPort)
	assert.Equal(t, "localhost", redirect(t, p.AuthURL).Hostname())
	named.waits("1", p)
}

// Faults: E11.
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
	refused(t, answer, 1005, "login_failed", "denied")
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

// The token endpoint says no, or nothing of use: page and answer say so, and the
// old login stays. E20: a code of another redirect URI; E23: an id_token that is
// for another client.
//
// Faults: E13, E20, E23.
func TestCodeIsNotRedeemed(t *testing.T) {
	t.Parallel()
	other := idToken(object{"aud": []string{"app_another"}})
	for name, row := range map[string]struct {
		token  func(http.ResponseWriter, *http.Request, int)
		code   int
		kind   string
		reason string
	}{
		"invalid_grant":         {says(400, `{"error":"invalid_grant","error_description":"The redirect_uri is not the one."}`), 1005, "login_failed", "code_exchange_failed"},
		"403":                   {says(403, `<html>unsupported region</html>`), 1005, "login_failed", "code_exchange_failed"},
		"503":                   {says(503, `{"error":{"message":"busy"}}`), 1004, "auth_unavailable", "server_error"},
		"a page":                {says(200, `<html>`), 1004, "auth_unavailable", "bad_answer"},
		"an error with 200":     {says(200, `{"error":"invalid_grant"}`), 1004, "auth_unavailable", "bad_answer"},
		"no refresh token":      {says(200, `{"id_token":"`+idToken(nil)+`","access_token":"a"}`), 1004, "auth_unavailable", "bad_answer"},
		"an empty access token": {says(200, strings.Replace(tokenSet(idToken(nil)), `"access_token":"`, `"access_token":"","x":"`, 1)), 1004, "auth_unavailable", "bad_answer"},
		"an opaque id_token":    {says(200, tokenSet(testcheck.Canary)), 1005, "login_failed", "code_exchange_failed"},
		"another client":        {says(200, tokenSet(other)), 1005, "login_failed", "code_exchange_failed"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request, _ int) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, 1004, "auth_unavailable", "redirect"},
		"hangs up": {func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }, 1004, "auth_unavailable", "connect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{})
			home, text := storedHome(t, sim)
			issuer := newIssuer(t, map[string]func(http.ResponseWriter, *http.Request, int){pathToken: row.token})
			h := spawn(t, options{home: home, lsp: true, args: []string{"--issuer=" + issuer.URL}})
			h.begin()
			p := h.beginLogin("1", anyPort)
			u, err := url.Parse(p.AuthURL)
			require.NoError(t, err)
			page := browse(t, http.MethodGet, with(t, redirect(t, p.AuthURL).String(), "code", "ac_"+testcheck.Canary, "state", u.Query().Get("state")))
			assert.Contains(t, page.body, "The login failed")
			methods, _, answer := h.until("1")
			assert.Equal(t, []string{"auth/loginCompleted"}, methods)
			refused(t, answer, row.code, row.kind, row.reason)
			assert.Equal(t, 1, issuer.asked(pathToken), "a code is sent once")
			assert.Zero(t, issuer.asked("/elsewhere"))
			unchanged(t, home, text)
			assert.NotContains(t, string(h.call("2", "auth/status", "").Result), `"login":`)
		})
	}
}

// The login cannot be saved: the error says so, and the tokens are of use in this
// process until they can be.
//
// Faults: E14.
func TestTokensAreKeptWhenTheyCannotBeSaved(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ hinder, help func(home string) error }{
		"the folder is read-only": {
			func(home string) error { return os.Chmod(home, 0o500) },
			func(home string) error { return os.Chmod(home, 0o700) },
		},
		"there is no folder": {
			func(home string) error { _ = os.Remove(home); return os.WriteFile(home, nil, 0o600) },
			os.Remove,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := filepath.Join(t.TempDir(), "codex")
			require.NoError(t, os.Mkdir(home, 0o700))
			h, sim, _ := loggedOut(t, options{lsp: true, home: home})
			p := h.beginLogin("1", anyPort)
			back := agree(t, p.AuthURL)
			require.NoError(t, row.hinder(home))
			page := browse(t, http.MethodGet, back)
			assert.NotContains(t, page.body, "You are logged in")
			_, notes, answer := h.until("1")
			assert.Equal(t, 1003, answer.failure().Code, "%s", answer.Raw)
			assert.Contains(t, string(notes["auth/loginCompleted"].Params), `"unsaved":true`)
			o := h.create("2", `{"model":"gpt-5.2-codex","input":"Hello."}`)
			assert.Equal(t, "completed", o.status())
			require.NoError(t, row.help(home))
			awaitThat(t, "the tokens being saved", func() bool { return authFile(t, home) != nil })
			assert.Equal(t, sim.Login().AccountID, tokens(authFile(t, home))["account_id"])
		})
	}
}

// Faults: E15.
func TestNobodyFinishesTheLogin(t *testing.T) {
	t.Parallel()
	h, _, home := loggedOut(t, options{lsp: true})
	p := h.beginLogin("1", `"timeoutMs":200,`+anyPort)
	methods, _, answer := h.until("1")
	assert.Equal(t, []string{"auth/loginCompleted"}, methods)
	refused(t, answer, 1005, "login_failed", "expired")
	assert.True(t, isFree(t, redirect(t, p.AuthURL)))
	assert.Nil(t, authFile(t, home))
}

// Whatever ends a login frees its port before it is answered (conformance 85).
//
// Faults: E16.
func TestCancelFreesThePort(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *host, p loginPrompt){
		"$/cancelRequest": func(h *host, p loginPrompt) {
			h.send(notification("$/cancelRequest", `{"id":1}`))
			methods, notes, answer := h.until("1")
			assert.Equal(h.t, []string{"auth/loginCompleted"}, methods)
			refused(h.t, answer, -32800, "cancelled", "")
			assert.Contains(h.t, string(notes["auth/loginCompleted"].Params), `"success":false`)
		},
		"auth/login/cancel": func(h *host, p loginPrompt) {
			h.send(request("2", "auth/login/cancel", fmt.Sprintf(`{"loginId":%q}`, p.LoginID)))
			methods, answers := []string{}, map[string]message{}
			for len(answers) < 2 {
				if m := h.mustNext(); m.isAnswer() {
					answers[string(m.ID)] = m
				} else {
					methods = append(methods, m.Method)
				}
			}
			assert.Equal(h.t, []string{"auth/loginCompleted"}, methods)
			refused(h.t, answers["1"], 1005, "login_failed", "cancelled")
			assert.JSONEq(h.t, `{"status":"cancelled"}`, string(answers["2"].Result))
			assert.JSONEq(h.t, `{"status":"notFound"}`, string(h.call("3", "auth/login/cancel", "").Result))
		},
		"auth/logout": func(h *host, p loginPrompt) {
			h.send(request("2", "auth/logout", ""))
			_, _, answer := h.until("1")
			refused(h.t, answer, 1005, "login_failed", "cancelled")
		},
		"shutdown": func(h *host, p loginPrompt) {
			h.send(request("2", "shutdown", ""))
			_, _, answer := h.until("1")
			refused(h.t, answer, -32800, "cancelled", "")
			assert.Equal(h.t, "null", string(h.answer("2").Result))
		},
		"the host is gone": func(h *host, p loginPrompt) {
			require.NoError(h.t, h.in.Close())
			assert.Equal(h.t, 1, h.exit())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _, home := loggedOut(t, options{lsp: true})
			p := h.beginLogin("1", anyPort)
			end(h, p)
			assert.True(t, isFree(t, redirect(t, p.AuthURL)))
			assert.Nil(t, authFile(t, home))
		})
	}
	t.Run("a cancel right behind its request", func(t *testing.T) {
		t.Parallel()
		h, _, _ := loggedOut(t, options{lsp: true})
		for i := range 50 {
			id := fmt.Sprint(i)
			h.send(request(id, "auth/login", `{"method":"browser",`+anyPort+`}`), notification("$/cancelRequest", `{"id":`+id+`}`))
			refused(t, h.answer(id), -32800, "cancelled", "")
		}
		assert.NotContains(t, string(h.call(`"s"`, "auth/status", "").Result), `"login":`)
	})
}

// Two processes log in: each has a port of its own, and the file is from one
// of them.
//
// Faults: E17.
func TestLoginsOfTwoProcesses(t *testing.T) {
	t.Parallel()
	first, sim, home := loggedOut(t, options{lsp: true})
	second := spawn(t, options{lsp: true, upstream: sim, home: home})
	second.begin()
	p := first.beginLogin("1", anyPort)
	port := redirect(t, p.AuthURL).Port()
	q := second.beginLogin("1", `"ports":[`+port+`,0]`)
	assert.NotEqual(t, port, redirect(t, q.AuthURL).Port())
	second.waits("1", q)
	first.waits("1", p)
	assert.Equal(t, sim.Login().AccountID, tokens(authFile(t, home))["account_id"])
	for _, h := range []*host{first, second} {
		assert.Contains(t, string(h.call("2", "auth/status", "").Result), `"state":"authenticated"`)
	}
}

// A refresh of the old login is under way when the new one is stored: what it
// brings is dropped.
//
// Faults: E18.
func TestLoginBesideARefresh(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	renewing := make(chan struct{})
	fresh := idToken(object{"https://api.openai.com/auth": object{"chatgpt_account_id": "account-2", "chatgpt_plan_type": "plus", "chatgpt_user_id": "user-2"}})
	issuer := newIssuer(t, map[string]func(http.ResponseWriter, *http.Request, int){
		pathToken: func(w http.ResponseWriter, r *http.Request, n int) {
			body, _ := io.ReadAll(r.Body)
			if strings.Contains(string(body), "refresh_token") {
				close(renewing)
				<-gate
				says(200, tokenSet(idToken(nil)))(w, r, n)
				return
			}
			says(200, tokenSet(fresh))(w, r, n)
		},
	})
	sim := simulated(t, simulator.Config{})
	home := editedHome(t, sim, func(auth object) {
		delete(tokens(auth), "oauth_provenance")
		delete(tokens(auth), "account_id")
		tokens(auth)["id_token"] = idToken(nil)
		tokens(auth)["access_token"] = fakeToken(time.Now().Add(time.Hour))
	})
	h := spawn(t, options{home: home, lsp: true, args: []string{"--issuer=" + issuer.URL}})
	h.begin()
	p := h.beginLogin("1", anyPort)
	h.send(request("2", "auth/refresh", ""))
	<-renewing
	u, err := url.Parse(p.AuthURL)
	require.NoError(t, err)
	paged := make(chan struct{})
	go func() {
		defer close(paged)
		_, _ = tryBrowse(http.MethodGet, with(t, redirect(t, p.AuthURL).String(), "code", "ac_one", "state", u.Query().Get("state")))
	}()
	awaitThat(t, "the code being redeemed", func() bool { return issuer.asked(pathToken) == 2 })
	close(gate)
	answers := map[string]message{}
	for len(answers) < 2 {
		if m := h.mustNext(); m.isAnswer() {
			answers[string(m.ID)] = m
		}
	}
	<-paged
	assert.NotNil(t, answers["1"].Result, "%s", answers["1"].Raw)
	assert.Equal(t, "account-2", tokens(authFile(t, home))["account_id"])
}

// The browser cannot be opened: only the prompt is sent. (No program of these
// tests finds one, see spawn.)
//
// Faults: E21.
func TestNoBrowserToOpen(t *testing.T) {
	t.Parallel()
	h, _, _ := loggedOut(t, options{lsp: true, args: []string{"--log-level=info"}})
	p := h.beginLogin("1", anyPort)
	awaitThat(t, "the attempt", func() bool { return strings.Contains(h.stderr.String(), "no browser was opened") })
	h.waits("1", p)
}

// opener puts a program in the place of xdg-open, which writes its arguments and
// environment to a file, something to stdout, and asks for the page.
func opener(t *testing.T, name string) (path, log string) {
	t.Helper()
	dir := t.TempDir()
	log = filepath.Join(dir, "log")
	script := "#!/bin/sh\necho noise; echo noise >&2; read line\n{ for a in \"$@\"; do printf '%s\\n' \"arg $a\"; done; env; ls -l /proc/$$/fd; } >'" + log + ".part'\nmv '" + log + ".part' '" + log + "'\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700))
	return dir, log
}

// The opener of the system gets the address as one argument, without a shell,
// and nothing that is secret; nothing of it comes to stdout (E22, F11s).
//
// Faults: E22, F11s.
func TestOpenerGetsTheAddressAlone(t *testing.T) {
	t.Parallel()
	for _, variable := range []string{"PATH", "BROWSER"} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			dir, log := opener(t, "xdg-open")
			env := []string{
				"PATH=" + dir + ":/usr/bin:/bin", "DISPLAY=:7", "LANG=C.UTF-8",
				"OPENAI_API_KEY=sk-proj-" + testcheck.Canary, "CODEX_ACCESS_TOKEN=" + testcheck.Canary, "GITHUB_TOKEN=" + testcheck.Canary,
				"OPENAI_OAUTH_ACCESS_TOKEN=" + fakeToken(time.Now().Add(time.Hour)), "X=" + fakeToken(time.Now().Add(time.Hour)),
				"ALL_PROXY=http://user:" + testcheck.Canary + "@127.0.0.1:1",
			}
			if variable == "BROWSER" {
				require.NoError(t, os.Rename(filepath.Join(dir, "xdg-open"), filepath.Join(dir, "mine")))
				env = append(env, "BROWSER=not-there:mine --page=%s &")
			}
			h, _, _ := loggedOut(t, options{lsp: true, env: env})
			p := h.beginLogin("1", anyPort)
			awaitThat(t, "the opener", func() bool { _, err := os.Stat(log); return err == nil })
			text, err := os.ReadFile(log)
			require.NoError(t, err)
			arg, _, _ := strings.Cut(string(text), "\n")
			if variable == "BROWSER" {
				assert.Equal(t, "arg --page="+p.AuthURL, arg)
			} else {
				assert.Equal(t, "arg "+p.AuthURL, arg)
			}
			assert.NotContains(t, string(text), testcheck.Canary)
			assert.Contains(t, string(text), "DISPLAY=:7")
			assert.Contains(t, string(text), "LANG=C.UTF-8")
			assert.NotContains(t, string(text), "OPENAI_")
			h.waits("1", p)
			assert.NotContains(t, h.stdout.String()+h.stderr.String(), "noise")
		})
	}
}

// window/showDocument: the host opens the page if it has said that it can; an
// error, success:false or silence, and the system does.
//
// Faults: E21.
func TestShowDocument(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		answer string // members of the response; "" for none
		system bool
	}{
		"shown":     {`"result":{"success":true}`, false},
		"not shown": {`"result":{"success":false}`, true},
		"an error":  {`"error":{"code":-32601,"message":"no"}`, true},
		"nonsense":  {`"result":7`, true},
		"silence":   {"", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, log := opener(t, "xdg-open")
			sim := simulated(t, simulator.Config{Scenario: "logged-out"})
			h := spawn(t, options{lsp: true, upstream: sim, env: []string{"PATH=" + dir + ":/usr/bin:/bin"}})
			h.call("0", "initialize", `{"processId":null,"capabilities":{"window":{"showDocument":{"support":true}}}}`)
			before := time.Now()
			p := h.beginLogin("1", anyPort)
			m := h.mustNext()
			require.Equal(t, "window/showDocument", m.Method)
			assert.JSONEq(t, fmt.Sprintf(`{"uri":%q,"external":true}`, p.AuthURL), string(m.Params))
			if row.answer != "" {
				h.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,%s}`, m.ID, row.answer))
			}
			if row.system {
				awaitThat(t, "the opener", func() bool { _, err := os.Stat(log); return err == nil })
				if row.answer == "" {
					assert.Greater(t, time.Since(before), 5*time.Second)
				}
			}
			h.waits("1", p)
			if !row.system {
				assert.NoFileExists(t, log)
			}
		})
	}
	t.Run("openBrowser:false", func(t *testing.T) {
		t.Parallel()
		dir, log := opener(t, "xdg-open")
		h, _, _ := loggedOut(t, options{env: []string{"PATH=" + dir + ":/usr/bin:/bin"}})
		h.call("0", "initialize", `{"capabilities":{"window":{"showDocument":{"support":true}}}}`)
		p := h.beginLogin("1", `"openBrowser":false,`+anyPort)
		h.waits("1", p)
		assert.NoFileExists(t, log)
		assert.NotContains(t, h.stdout.String(), `"method":"window/showDocument"`)
	})
}
