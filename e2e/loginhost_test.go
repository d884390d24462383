//go:build unix

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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

// anyPort has a login listen on a port that nobody else has: tests run side by
// side.
const anyPort = `"ports":[0]`

// loginPrompt is auth/loginPrompt.
type loginPrompt struct {
	LoginID, Method, AuthURL, VerificationURL, UserCode, ExpiresAt string
}

// promptOf reads until the next auth/loginPrompt.
func (h *host) promptOf() loginPrompt {
	h.t.Helper()
	for {
		m := h.mustNext()
		require.Nil(h.t, m.Error, "%s", m.Raw)
		if m.Method == "auth/loginPrompt" {
			var p loginPrompt
			require.NoError(h.t, json.Unmarshal(m.Params, &p))
			return p
		}
	}
}

// beginLogin sends auth/login and reads its prompt; params are members of the
// params, behind the method browser.
func (h *host) beginLogin(id, params string) loginPrompt {
	h.t.Helper()
	h.send(request(id, "auth/login", `{"method":"browser",`+params+`}`))
	return h.promptOf()
}

// redirect is the redirect URI of an authorization URL.
func redirect(t *testing.T, authURL string) *url.URL {
	t.Helper()
	u, err := url.Parse(authURL)
	require.NoError(t, err)
	back, err := url.Parse(u.Query().Get("redirect_uri"))
	require.NoError(t, err)
	return back
}

// agree has the simulated user agree, and returns the address that the browser is
// sent to.
func agree(t *testing.T, authURL string) string {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(httptest.NewRequest(http.MethodGet, authURL, nil))
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusFound, resp.StatusCode)
	return resp.Header.Get("Location")
}

// shown is what a browser gets.
type shown struct {
	status int
	header http.Header
	body   string
}

// browse asks for an address as a browser does, following nothing. The page must
// hold no secret.
func browse(t *testing.T, method, address string, header ...string) shown {
	t.Helper()
	s, err := tryBrowse(method, address, header...)
	require.NoError(t, err)
	assert.NotContains(t, s.body, testcheck.Canary, "a secret in a page")
	return s
}

func tryBrowse(method, address string, header ...string) (shown, error) {
	r, err := http.NewRequest(method, address, nil)
	if err != nil {
		return shown{}, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return shown{}, err
	}
	body, err := io.ReadAll(resp.Body)
	return shown{resp.StatusCode, resp.Header, string(body)}, err
}

// isFree reports whether the port of a redirect URI can be bound.
func isFree(t *testing.T, back *url.URL) bool {
	t.Helper()
	l, err := net.Listen("tcp4", back.Host)
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// with replaces parameters of an address; an empty value removes one.
func with(t *testing.T, address string, pairs ...string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	q := u.Query()
	for i := 0; i < len(pairs); i += 2 {
		q.Del(pairs[i])
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// authFile reads the auth.json of a home; nil for none.
func authFile(t *testing.T, home string) object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(home, "auth.json"))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	var file object
	require.NoError(t, json.Unmarshal(text, &file))
	return file
}

// atIssuer counts the requests to a path of the simulator's issuer that hold a
// text.
func atIssuer(sim *simulator.Server, path, holds string) int {
	n := 0
	for _, r := range sim.Requests() {
		if r.Path == path && strings.Contains(string(r.Body), holds) {
			n++
		}
	}
	return n
}

const codeGrant = "grant_type=authorization_code"

// issuerOf is an issuer that answers as a test says; n counts the requests to
// the path before.
type issuerOf struct {
	*httptest.Server
	mu     sync.Mutex
	counts map[string]int
	at     []time.Time // of the polls
}

// newIssuer starts one; it is closed with the test.
func newIssuer(t *testing.T, answers map[string]func(w http.ResponseWriter, r *http.Request, n int)) *issuerOf {
	i := &issuerOf{counts: map[string]int{}}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		n := i.counts[r.URL.Path]
		i.counts[r.URL.Path]++
		if strings.HasSuffix(r.URL.Path, "/deviceauth/token") {
			i.at = append(i.at, time.Now())
		}
		i.mu.Unlock()
		if answer := answers[r.URL.Path]; answer != nil {
			answer(w, r, n)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

// asked returns how often a path was asked for.
func (i *issuerOf) asked(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.counts[path]
}

// says answers with a status and a body.
func says(status int, body string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// idToken is a JWT that Codex can read; claims are added to its payload.
func idToken(claims object) string {
	payload := object{
		"email": "ada@example.com", "exp": time.Now().Add(time.Hour).Unix(), "canary": testcheck.Canary,
		"aud":                         []string{"app_EMoamEEZ73f0CkXaXp7hrann"},
		"https://api.openai.com/auth": object{"chatgpt_account_id": "account-1", "chatgpt_plan_type": "plus", "chatgpt_user_id": "user-1"},
	}
	for name, value := range claims {
		payload[name] = value
	}
	segment := base64.RawURLEncoding.EncodeToString
	text, _ := json.Marshal(payload)
	return segment([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + segment(text) + "." + testcheck.Canary
}

// tokenSet is an answer of the token endpoint.
func tokenSet(id string) string {
	return fmt.Sprintf(`{"id_token":%q,"access_token":%q,"refresh_token":"rt_%s.new"}`,
		id, fakeToken(time.Now().Add(time.Hour)), testcheck.Canary)
}
