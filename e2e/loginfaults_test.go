//go:build unix

package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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

// nameless is an answer of the token endpoint whose access token names no account.
func nameless(claims object) string {
	return fmt.Sprintf(`{"id_token":%q,"access_token":"opaque-%s","refresh_token":"rt_%s"}`,
		idToken(object{"https://api.openai.com/auth": claims}), testcheck.Canary, testcheck.Canary)
}

// The token endpoint says no, or nothing of use: page and answer say so, and the
// old login stays. E20: a code of another redirect URI; E23: an id_token that is
// for another client.
//
// Faults: E13, E20, E23, E31, E32.
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
		"403":                   {says(403, `{"error":{"code":"unsupported_country_region_territory"}}`), 1005, "login_failed", "code_exchange_failed"},
		"a page with 403":       {says(403, `<html>Just a moment...</html>`), 1004, "auth_unavailable", "refused"},
		"503":                   {says(503, `{"error":{"message":"busy"}}`), 1004, "auth_unavailable", "server_error"},
		"a page":                {says(200, `<html>`), 1004, "auth_unavailable", "bad_answer"},
		"an error with 200":     {says(200, `{"error":"invalid_grant"}`), 1004, "auth_unavailable", "bad_answer"},
		"no refresh token":      {says(200, `{"id_token":"`+idToken(nil)+`","access_token":"a"}`), 1004, "auth_unavailable", "bad_answer"},
		"an empty access token": {says(200, strings.Replace(tokenSet(idToken(nil)), `"access_token":"`, `"access_token":"","x":"`, 1)), 1004, "auth_unavailable", "bad_answer"},
		"no account id":         {says(200, nameless(object{"chatgpt_plan_type": "plus"})), 1002, "credential_mismatch", "missing_account_id"},
		"an odd account id":     {says(200, tokenSet(idToken(object{"https://api.openai.com/auth": object{"chatgpt_account_id": "a b"}}))), 1002, "credential_mismatch", "missing_account_id"},
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
			e := refused(t, answer, row.code, row.kind, row.reason)
			if name == "403" { // a code and no message
				assert.Contains(t, e.Message, "unsupported_country_region_territory")
				assert.Contains(t, page.body, "unsupported_country_region_territory")
			}
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
