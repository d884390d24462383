//go:build unix

package e2e

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startPage is the form of the address that an opener gets for a login.
func startPage(t *testing.T, p loginPrompt) string {
	t.Helper()
	return regexp.QuoteMeta("http://127.0.0.1:"+redirect(t, p.AuthURL).Port()+"/start/") + "[A-Za-z0-9_-]{40,}"
}

// holdsNothingOf asserts that a text holds neither the state nor the challenge.
func holdsNothingOf(t *testing.T, p loginPrompt, text string) {
	t.Helper()
	u, err := url.Parse(p.AuthURL)
	require.NoError(t, err)
	for _, name := range []string{"state", "code_challenge"} {
		require.NotEmpty(t, u.Query().Get(name))
		assert.NotContains(t, text, u.Query().Get(name))
	}
}

// opened begins a login and returns the address that its opener got.
func opened(t *testing.T, params string) (h *host, p loginPrompt, start, home string) {
	t.Helper()
	dir, log := opener(t, "xdg-open")
	sim := simulated(t, simulator.Config{})
	home, _ = storedHome(t, sim)
	h = spawn(t, options{lsp: true, home: home, upstream: sim, env: []string{"PATH=" + dir + ":/usr/bin:/bin"}})
	h.begin()
	p = h.beginLogin("1", params)
	awaitThat(t, "the opener", func() bool { _, err := os.Stat(log); return err == nil })
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	start, _, _ = strings.Cut(strings.TrimPrefix(string(text), "arg "), "\n")
	return h, p, start, home
}

// The start page sends its first visitor on to the issuer, and the same browser
// again; other methods do not count as a visit, and the prompt's own address works
// beside it.
//
// Faults: E24.
func TestStartPage(t *testing.T) {
	t.Parallel()
	h, p, start, _ := opened(t, anyPort)
	for _, method := range []string{http.MethodHead, http.MethodPost} {
		assert.Equal(t, http.StatusMethodNotAllowed, browse(t, method, start).status)
	}
	assert.Equal(t, http.StatusNotFound, browse(t, http.MethodGet, start+"x").status)
	assert.Equal(t, http.StatusMisdirectedRequest, browse(t, http.MethodGet, start, "Host", "evil.example").status)
	cookie := ""
	for range 2 {
		page := browse(t, http.MethodGet, start, "Cookie", cookie)
		require.Equal(t, http.StatusFound, page.status)
		assert.Equal(t, p.AuthURL, page.header.Get("Location"))
		assert.Equal(t, "no-store", page.header.Get("Cache-Control"))
		assert.Equal(t, "no-referrer", page.header.Get("Referrer-Policy"))
		set := page.header.Get("Set-Cookie")
		assert.Regexp(t, `^signalbox_login=[A-Za-z0-9_-]{40,}; Path=/; HttpOnly; SameSite=Lax$`, set)
		cookie, _, _ = strings.Cut(set, ";")
	}
	page := browse(t, http.MethodGet, agree(t, p.AuthURL))
	assert.Contains(t, page.body, "You are logged in")
	assert.Contains(t, page.body, "stored the login of ")
	_, _, answer := h.until("1")
	assert.Contains(t, string(answer.Result), `"status":"succeeded"`)
}

// A visitor without the cookie ends the login: nothing is stored, the port is free.
//
// Faults: E25.
func TestStartPageIsOpenedTwice(t *testing.T) {
	t.Parallel()
	for name, cookie := range map[string]string{"no cookie": "", "another cookie": "signalbox_login=x"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, p, start, home := opened(t, anyPort)
			before, err := os.ReadFile(filepath.Join(home, "auth.json"))
			require.NoError(t, err)
			require.Equal(t, http.StatusFound, browse(t, http.MethodGet, start).status)
			page := browse(t, http.MethodGet, start, "Cookie", cookie)
			assert.Equal(t, http.StatusForbidden, page.status)
			assert.Empty(t, page.header.Get("Location"))
			holdsNothingOf(t, p, page.body)
			_, _, answer := h.until("1")
			refused(t, answer, 1005, "login_failed", "start_reused")
			assert.True(t, isFree(t, redirect(t, p.AuthURL)))
			unchanged(t, home, before)
		})
	}
}

// Where nothing listens, the opener gets the address of the prompt.
//
// Faults: E24.
func TestNoStartPageWithoutAListener(t *testing.T) {
	t.Parallel()
	_, p, start, _ := opened(t, `"ports":[]`)
	assert.Equal(t, p.AuthURL, start)
}

// A login over one of another account says whose it has replaced; one over the same
// account says nothing.
//
// Faults: E29.
func TestReplacedAccountIsNamed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		claims object
		named  bool
	}{
		"another account": {object{"email": "eve<b>@example.com", "https://api.openai.com/auth": object{"chatgpt_account_id": "account-2", "chatgpt_user_id": "user-2"}}, true},
		"the same":        {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ids := []string{idToken(nil), idToken(row.claims)}
			issuer := newIssuer(t, map[string]func(http.ResponseWriter, *http.Request, int){
				pathToken: func(w http.ResponseWriter, r *http.Request, n int) { says(200, tokenSet(ids[min(n, 1)]))(w, r, n) },
			})
			h := spawn(t, options{home: t.TempDir(), lsp: true, args: []string{"--issuer=" + issuer.URL}})
			h.begin()
			var page shown
			var notes map[string]message
			var answer message
			for _, id := range []string{"1", "2"} {
				p := h.beginLogin(id, anyPort+`,"exchange":"never"`)
				u, err := url.Parse(p.AuthURL)
				require.NoError(t, err)
				page = browse(t, http.MethodGet, with(t, redirect(t, p.AuthURL).String(), "code", "ac_x", "state", u.Query().Get("state")))
				_, notes, answer = h.until(id)
				require.NotNil(t, answer.Result)
			}
			said := string(notes["auth/loginCompleted"].Params)
			if !row.named {
				assert.NotContains(t, said, "has replaced")
				assert.Contains(t, page.body, "stored the login of ada@example.com.")
				return
			}
			assert.Contains(t, said, "his login has replaced the one of ada@example.com (account account-1)")
			assert.Contains(t, said, `"accountId":"account-2"`)
			assert.Contains(t, page.body, "stored the login of eve&lt;b&gt;@example.com.")
		})
	}
}
