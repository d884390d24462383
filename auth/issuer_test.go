package auth

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// A6: what the issuer says of a refresh token.
//
// Faults: A6.
func TestRefusedRefreshToken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		status       int
		body, reason string
	}{
		{"expired", 401, `{"error":{"code":"refresh_token_expired"}}`, "refresh_expired"},
		{"expired with another status", 400, `{"code":"refresh_token_expired"}`, "refresh_expired"},
		{"reused by RFC 6749", 403, `{"error":"Refresh_Token_Reused"}`, "refresh_reused"},
		{"revoked", 401, `{"error":{"code":"refresh_token_invalidated"}}`, "refresh_revoked"},
		{"invalid_grant", 400, `{"error":"invalid_grant","error_description":"gone"}`, "refresh_revoked"},
		{"401 of an unknown kind", 401, `{}`, "refresh_revoked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, posts := answering(t, func(w http.ResponseWriter, _ int) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			text := textOf(t, l.home)
			m := l.manager()
			for range 3 {
				_, err := m.ChatGPT(t.Context())
				equal(t, "reason", reasonOf(t, err, protocol.CodeLoginRequired), c.reason)
			}
			equal(t, "posts", posts(), 1)
			equal(t, "auth.json", textOf(t, l.home) == text, true)
			var e *protocol.Error
			_, err := m.ChatGPT(t.Context())
			if errors.As(err, &e) {
				equal(t, "retryable", e.Data.Retryable, false)
				equal(t, "need", e.Data.Need, protocol.CredentialChatGPT)
				equal(t, "methods", len(e.Data.LoginMethods), 2)
			}
		})
	}
}

// fakeIssuer is an issuer that answers as a test says; n counts from 1.
type fakeIssuer struct {
	*login
	url string
}

// answering returns an expired login whose refreshes are answered by answer.
func answering(t *testing.T, answer func(w http.ResponseWriter, n int)) (f *fakeIssuer, posts func() int) {
	t.Helper()
	var mu sync.Mutex
	n := 0
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		n++
		turn := n
		mu.Unlock()
		answer(w, turn)
	})
	return &fakeIssuer{loginOf(t, simulator.Config{}), server}, func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// A30: answers that make no sense. Nothing of them is kept.
//
// Faults: A30.
func TestAnswersThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter){
		"empty access token":   write(200, `{"access_token":"","refresh_token":"rt_new"}`),
		"no access token":      write(200, `{}`),
		"empty body":           write(200, ``),
		"a page":               write(200, `<html>captive portal</html>`),
		"an error with 200":    write(200, `{"error":"invalid_grant"}`),
		"an array":             write(200, `[]`),
		"a number as a token":  write(200, `{"access_token":7}`),
		"a token with a break": write(200, `{"access_token":"a\nb"}`),
		"cut JSON":             write(200, `{"access_token":"abc`),
		"10 MB": func(w http.ResponseWriter) {
			_, _ = w.Write([]byte(`{"access_token":"` + strings.Repeat("a", 10<<20) + `"}`))
		},
		"gzip": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(make([]byte, 1024))
		},
		"204": write(204, ``),
	} {
		t.Run(name, func(t *testing.T) {
			l, posts := answering(t, func(w http.ResponseWriter, _ int) { answer(w) })
			text := textOf(t, l.home)
			m := l.manager()
			_, err := m.ChatGPT(t.Context())
			equal(t, "reason", reasonOf(t, err, protocol.CodeAuthUnavailable), "bad_answer")
			equal(t, "posts", posts(), 1)
			equal(t, "auth.json", textOf(t, l.home) == text, true)
			equal(t, "litter", litter(t, l.home), nil)
		})
	}
}

func write(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		if status != http.StatusNoContent {
			_, _ = w.Write([]byte(body))
		}
	}
}

// A29: what an answer lacks keeps its old value; an id_token that Codex could not
// read is left out.
//
// Faults: A29.
func TestAnswerWithoutTokens(t *testing.T) {
	t.Parallel()
	access := jwtOf(map[string]any{"exp": time.Now().Add(time.Hour).Unix()})
	for name, body := range map[string]string{
		"only an access token":   `{"access_token":"` + access + `"}`,
		"nulls":                  `{"access_token":"` + access + `","refresh_token":null,"id_token":null}`,
		"empty texts":            `{"access_token":"` + access + `","refresh_token":"","id_token":""}`,
		"an opaque id_token":     `{"access_token":"` + access + `","id_token":"opaque"}`,
		"an id_token of objects": `{"access_token":"` + access + `","id_token":{"email":"u"}}`,
		"a plan that is a number": `{"access_token":"` + access + `","id_token":"` +
			jwtOf(map[string]any{authClaim: map[string]any{"chatgpt_plan_type": 5}}) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := answering(t, func(w http.ResponseWriter, _ int) { _, _ = w.Write([]byte(body)) })
			before := store.NewDocument([]byte(textOf(t, l.home)))
			if _, err := l.manager().ChatGPT(t.Context()); err != nil {
				t.Fatal(err)
			}
			after := store.NewDocument([]byte(textOf(t, l.home)))
			equal(t, "access token", str(after, "tokens", "access_token") == access, true)
			for _, name := range []string{"id_token", "refresh_token"} {
				equal(t, name+" kept", str(after, "tokens", name) == str(before, "tokens", name), true)
			}
		})
	}
}

// A31: an issuer that fails. What was provably not processed is sent again, what
// may have been is sent once more, and an answer is not argued with.
//
// Faults: A31.
func TestIssuerFails(t *testing.T) {
	t.Parallel()
	abort := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		reason string
		posts  int
	}{
		"500":        {write(500, `{}`), "server_error", 1},
		"503":        {write(503, `<html>`), "server_error", 1},
		"429":        {write(429, `{}`), "rate_limited", 1},
		"403":        {write(403, `<html>unsupported region</html>`), "refused", 1},
		"404":        {write(404, ``), "refused", 1},
		"disconnect": {abort, "connect", 2},
		"redirect": {func(w http.ResponseWriter) {
			w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
			w.WriteHeader(307)
		}, "redirect", 1},
	} {
		t.Run(name, func(t *testing.T) {
			l, posts := answering(t, func(w http.ResponseWriter, _ int) { c.answer(w) })
			text := textOf(t, l.home)
			m := l.manager()
			_, err := m.ChatGPT(t.Context())
			equal(t, "reason", reasonOf(t, err, protocol.CodeAuthUnavailable), c.reason)
			equal(t, "posts", posts(), c.posts)
			equal(t, "auth.json", textOf(t, l.home) == text, true)
			status, _ := statusOf(t, m)
			equal(t, "state", status.State, protocol.StateAuthenticated) // later may be better
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		l := loginOf(t, simulator.Config{})
		m := l.manager()
		m.issuer.Endpoint.RefreshURL = "http://127.0.0.1:1/oauth/token"
		_, err := m.ChatGPT(t.Context())
		equal(t, "reason", reasonOf(t, err, protocol.CodeAuthUnavailable), "connect")
	})
	t.Run("an answer that was lost", func(t *testing.T) {
		l := loginOf(t, simulator.Config{Hold: lose(1)})
		// The second POST of the same token is refused as reused, and nobody has
		// saved the answer that was lost.
		m := l.manager()
		_, err := m.ChatGPT(t.Context())
		equal(t, "reason", reasonOf(t, err, protocol.CodeLoginRequired), "refresh_reused")
		equal(t, "posts", l.posts(), 2)
	})
	t.Run("a request that was lost", func(t *testing.T) {
		var once sync.Once
		l := loginOf(t, simulator.Config{Hold: func(_ simulator.Request, done bool) bool {
			ok := true
			if !done {
				once.Do(func() { ok = false })
			}
			return ok
		}})
		if _, err := l.manager().ChatGPT(t.Context()); err != nil {
			t.Error(err)
		}
		equal(t, "posts", l.posts(), 2)
		l.checkRefreshed()
	})
	t.Run("it comes back", func(t *testing.T) {
		access := jwtOf(map[string]any{"exp": time.Now().Add(time.Hour).Unix()})
		l, posts := answering(t, func(w http.ResponseWriter, n int) {
			if n == 1 {
				w.WriteHeader(503)
			}
			_, _ = w.Write([]byte(`{"access_token":"` + access + `"}`))
		})
		m := l.manager()
		_, err := m.ChatGPT(t.Context())
		equal(t, "first", reasonOf(t, err, protocol.CodeAuthUnavailable), "server_error")
		_, err = m.ChatGPT(t.Context())
		equal(t, "second", reasonOf(t, err, 0), "")
		equal(t, "posts", posts(), 2)
	})
	t.Run("it does not, and is left alone", func(t *testing.T) {
		l, posts := answering(t, func(w http.ResponseWriter, _ int) { w.WriteHeader(503) })
		m := l.manager()
		var last *protocol.Error
		for range 20 {
			_, err := m.ChatGPT(t.Context())
			equal(t, "reason", reasonOf(t, err, protocol.CodeAuthUnavailable), "server_error")
			errors.As(err, &last)
		}
		if n := posts(); n > 5 {
			t.Errorf("%d posts", n)
		}
		if last.Data.RetryAfterMs <= 0 || !last.Data.Retryable {
			t.Error("it does not say when to try again")
		}
	})
}

// lose cuts the first n answers after the token was spent.
func lose(n int) func(simulator.Request, bool) bool {
	var mu sync.Mutex
	return func(_ simulator.Request, done bool) bool {
		mu.Lock()
		defer mu.Unlock()
		if !done || n == 0 {
			return true
		}
		n--
		return false
	}
}

// The refresh token of another issuer is not sent to ours, nor one that could
// not stand in a header.
func TestForeignIssuer(t *testing.T) {
	t.Parallel()
	l := loginOf(t, simulator.Config{})
	m := l.manager()
	other := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	m.issuer.Endpoint = issuerAt(t, other)
	_, err := m.ChatGPT(t.Context())
	equal(t, "reason", reasonOf(t, err, protocol.CodeCredentialMismatch), "foreign_issuer")
	_, err = m.Refresh(t.Context())
	equal(t, "reason of auth/refresh", reasonOf(t, err, protocol.CodeCredentialMismatch), "foreign_issuer")
	m.issuer.Endpoint = issuer.Endpoint{Bad: "SIGNALBOX_ISSUER is not an absolute URL"}
	_, err = m.ChatGPT(t.Context())
	equal(t, "bad override", reasonOf(t, err, protocol.CodeCredentialMismatch), "bad_override")
}

// A client id of the login goes before ours.
func TestClientIDOfTheLogin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stored, env, want string }{
		{"app_stored", "app_env", "app_stored"}, {"", "app_env", "app_env"}, {"", "", issuer.DefaultClientID},
	} {
		var body string
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			text := make([]byte, 4096)
			n, _ := r.Body.Read(text)
			body = string(text[:n])
			w.WriteHeader(500)
		})
		l := loginOf(t, simulator.Config{})
		path := filepath.Join(l.home, store.FileName)
		d := store.NewDocument([]byte(textOf(t, l.home)))
		d.SetString(c.stored, "tokens", "oauth_provenance", "client_id")
		d.SetString(server, "tokens", "oauth_provenance", "issuer")
		put(t, path, d.Text)
		m := l.manager()
		var err error
		m.issuer.Endpoint, err = issuer.ParseEndpoint(server, func(name string) string {
			return map[string]string{"CODEX_CLIENT_ID": c.env}[name]
		})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = m.ChatGPT(t.Context())
		if !strings.Contains(body, `"client_id":"`+c.want+`"`) {
			t.Errorf("%+v: another client id was sent", c)
		}
	}
}

// serve listens on loopback until the test ends, and returns the URL.
func serve(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}
