package auth

import (
	"errors"
	"net/http"
	"net/url"
	"os"
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

// simulated is a manager over the home of a scenario, and its simulator.
func simulated(t *testing.T, scenario string, edit ...func(*store.Document)) (*Manager, *simulator.Server) {
	t.Helper()
	sim, err := simulator.Start(simulator.Config{Scenario: scenario})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	home := t.TempDir()
	if err := sim.WriteHome(home); err != nil {
		t.Fatal(err)
	}
	if len(edit) > 0 {
		d := store.NewDocument([]byte(textOf(t, home)))
		for _, e := range edit {
			e(d)
		}
		put(t, filepath.Join(home, store.FileName), d.Text)
	}
	return at(t, sim, home), sim
}

// at is another manager of the same home: another process.
func at(t *testing.T, sim *simulator.Server, home string) *Manager {
	t.Helper()
	issuer, err := issuer.ParseEndpoint(sim.IssuerURL(), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	m := NewManager(Config{Home: home, Issuer: issuer})
	m.waits.reused, m.waits.retry = 50*time.Millisecond, time.Millisecond
	return m
}

// grants are the grant types of the POSTs to the token endpoint, in short.
func grants(sim *simulator.Server) string {
	var all []string
	for _, r := range sim.Requests() {
		switch body := string(r.Body); {
		case r.Path != "/oauth/token":
			all = append(all, r.Path)
		case strings.Contains(body, "token-exchange"):
			all = append(all, "exchange")
		case strings.Contains(body, "refresh_token"):
			all = append(all, "refresh")
		}
	}
	return strings.Join(all, " ")
}

func storedKey(t *testing.T, m *Manager) string {
	t.Helper()
	return str(store.NewDocument([]byte(textOf(t, m.cfg.Home))), "OPENAI_API_KEY")
}

// The request is as the OAuth plan has it, to the byte, and the id_token as it is.
func TestExchangeRequest(t *testing.T) {
	m, sim := simulated(t, "no-key")
	c, err := m.Platform(t.Context())
	equal(t, "source", string(c.Source)+outcome(t, err), "codex_token_exchange_api_key")
	requests := sim.Requests()
	equal(t, "requests", len(requests), 1)
	r := requests[0]
	equal(t, "request", []string{r.Method, r.Path, r.Query}, []string{"POST", "/oauth/token", ""})
	equal(t, "content type", r.Header["Content-Type"], []string{"application/x-www-form-urlencoded"})
	if !strings.HasPrefix(string(r.Body), "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&client_id=app_EMoamEEZ73f0CkXaXp7hrann&requested_token=openai-api-key&subject_token=eyJ") ||
		!strings.HasSuffix(string(r.Body), "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token") {
		t.Error("not in the order of the plan")
	}
	form, err := url.ParseQuery(string(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	if got := form.Get("subject_token"); got != sim.Login().IDToken {
		t.Error("the id_token was changed")
	}
	form.Del("subject_token")
	equal(t, "form", form, url.Values{
		"grant_type":         {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"client_id":          {"app_EMoamEEZ73f0CkXaXp7hrann"},
		"requested_token":    {"openai-api-key"},
		"subject_token_type": {"urn:ietf:params:oauth:token-type:id_token"},
	})
	equal(t, "headers", r.Header.Get("User-Agent")+r.Header.Get("Originator")+r.Header.Get("Authorization"), "")
}

// Before anything is sent, the routes are said to be open: nothing else is known.
func TestExchangeIsNotMadeForALook(t *testing.T) {
	m, sim := simulated(t, "no-key")
	c, err := m.PeekPlatform(t.Context())
	equal(t, "peek", string(c.Source)+outcome(t, err), "codex_token_exchange_api_key")
	equal(t, "pending", c.Pending(), true)
	equal(t, "headers", len(headersOf(c, "")), 1) // only what headersOf adds
	status, _ := statusOf(t, m)
	equal(t, "platform", []any{status.Routes[1].Available, status.Routes[1].CredentialSource, status.Credentials.Platform.Present},
		[]any{true, "codex_token_exchange_api_key", false})
	equal(t, "sent", grants(sim), "")
}

// The key is written beside the tokens, where Codex goes on to use these, and
// the next process has it without asking.
func TestExchangeIsSaved(t *testing.T) {
	m, sim := simulated(t, "no-key", func(d *store.Document) { d.Set([]byte(`{"a":[1.50]}`), "x_unknown") })
	before := textOf(t, m.cfg.Home)
	c, err := m.Platform(t.Context())
	equal(t, "exchange", outcome(t, err), "")
	key := storedKey(t, m)
	equal(t, "saved", key != "" && key == c.key.Reveal(), true)
	equal(t, "nothing else was changed", strings.Replace(textOf(t, m.cfg.Home), `"`+key+`"`, "null", 1) == before, true)
	for range 3 {
		again, err := m.Platform(t.Context())
		equal(t, "again", string(again.Source)+outcome(t, err), "codex_token_exchange_api_key")
	}
	other, err := at(t, sim, m.cfg.Home).Platform(t.Context())
	equal(t, "another process", string(other.Source)+outcome(t, err), "codex_auth_json_api_key")
	equal(t, "sent", grants(sim), "exchange")
	mode, err := m.Mode(t.Context())
	equal(t, "mode", string(mode)+outcome(t, err), "chatgpt")
}

// Where Codex would begin to bill the key, it is not written, and a warning says
// so (docs/credentials.md: Exchange).
func TestExchangeIsKeptInMemory(t *testing.T) {
	noMode := func(d *store.Document) { d.Remove("auth_mode") }
	for _, c := range []struct {
		name, scenario, setting string
		edit                    func(*store.Document)
		saved                   bool
		mode                    string // auth_mode afterwards
	}{
		{"chatgpt", "no-key", "", func(*store.Document) {}, true, "chatgpt"},
		{"chatgpt and business", "business", "", func(*store.Document) {}, true, "chatgpt"},
		{"no mode, account mode chatgpt", "no-key", "", noMode, true, "chatgpt"},
		{"no mode, account mode apiKey by plan", "business", "", noMode, false, ""},
		{"no mode, account mode apiKey by flag", "no-key", "apiKey", noMode, false, ""},
		{"no mode, account mode chatgpt by flag", "business", "chatgpt", noMode, true, "chatgpt"},
		{"apikey and a blank key", "no-key", "", func(d *store.Document) { d.SetString("apikey", "auth_mode"); d.SetString(" ", "OPENAI_API_KEY") }, false, "apikey"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, sim := simulated(t, c.scenario, c.edit)
			m.cfg.AccountMode = c.setting
			before := textOf(t, m.cfg.Home)
			for range 2 {
				p, err := m.Platform(t.Context())
				equal(t, "exchange", string(p.Source)+outcome(t, err), "codex_token_exchange_api_key")
			}
			equal(t, "sent", grants(sim), "exchange")
			equal(t, "auth_mode", str(store.NewDocument([]byte(textOf(t, m.cfg.Home))), "auth_mode"), c.mode)
			status, _ := statusOf(t, m)
			if c.saved {
				equal(t, "saved", storedKey(t, m) != "", true)
				equal(t, "warnings", len(status.Warnings), 0)
				return
			}
			equal(t, "the file is as it was", textOf(t, m.cfg.Home) == before, true)
			equal(t, "warnings", len(status.Warnings), 1)
			equal(t, "platform", []any{status.Credentials.Platform.Present, status.Credentials.Platform.Source}, []any{true, "codex_token_exchange_api_key"})
		})
	}
}

// A file that cannot be written, and a folder in which no lock can be made, keep
// nobody from the key.
func TestExchangeInAReadOnlyHome(t *testing.T) {
	for name, spoil := range map[string]func(m *Manager) error{
		"file":   func(m *Manager) error { return os.Chmod(m.path, 0o400) },
		"folder": func(m *Manager) error { return os.Chmod(m.cfg.Home, 0o500) },
	} {
		t.Run(name, func(t *testing.T) {
			m, sim := simulated(t, "no-key")
			if err := spoil(m); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(m.cfg.Home, 0o700) })
			for range 2 {
				c, err := m.Platform(t.Context())
				equal(t, "exchange", string(c.Source)+outcome(t, err), "codex_token_exchange_api_key")
			}
			equal(t, "not saved", storedKey(t, m), "")
			_, text := statusOf(t, m)
			equal(t, "warnings", strings.Count(text, "in memory only"), 1)
			equal(t, "sent", grants(sim), "exchange")
		})
	}
}

// A refusal has its reason, keeps the login, and is not asked for again with the
// same id_token.
//
// Faults: A33.
func TestExchangeRefused(t *testing.T) {
	for scenario, want := range map[string]struct{ reason, sent, methods string }{
		"missing-organization": {"missing_organization", "exchange", "apiKey"},
		"invalid-id-token":     {"invalid_id_token", "exchange", "apiKey browser"},
		"id-token-expired":     {"token_expired", "exchange refresh exchange", "apiKey browser"}, // by the issuer's clock
		"exchange-refused":     {"other", "exchange", "apiKey"},
	} {
		t.Run(scenario, func(t *testing.T) {
			m, sim := simulated(t, scenario)
			for range 3 {
				_, err := m.Platform(t.Context())
				equal(t, "reason", outcome(t, err), want.reason)
				data := asError(t, err).Data
				equal(t, "about", []any{data.Need, data.Have, strings.Join(data.LoginMethods, " ")},
					[]any{"platformKey", []string{"chatgpt"}, want.methods})
			}
			equal(t, "sent", grants(sim), want.sent)
			_, err := m.PeekPlatform(t.Context())
			equal(t, "peek", outcome(t, err), want.reason)
			_, err = m.Exchange(t.Context())
			equal(t, "auth/exchange", outcome(t, err), want.reason)
			status, _ := statusOf(t, m)
			equal(t, "route", []any{status.Routes[1].Available, status.Routes[1].Reason}, []any{false, want.reason})
			equal(t, "state", status.State, protocol.StateAuthenticated)
			_, err = m.ChatGPT(t.Context())
			equal(t, "the login", outcome(t, err), "")
			equal(t, "not saved", storedKey(t, m), "")

			// Another process asks itself, and so does this one with another id_token.
			_, err = at(t, sim, m.cfg.Home).Platform(t.Context())
			equal(t, "another process", outcome(t, err), want.reason)
			if refreshed, err := m.Refresh(t.Context()); err != nil || !refreshed {
				t.Fatal("no refresh", outcome(t, err))
			}
			before := strings.Count(grants(sim), "exchange")
			_, err = m.Platform(t.Context())
			equal(t, "after a refresh", outcome(t, err), want.reason)
			if strings.Count(grants(sim), "exchange") == before {
				t.Error("a new id_token was not tried")
			}
		})
	}
}

// An id_token that has expired is refreshed first; when that is refused, it is the
// reason, and no exchange is sent: the state of the validation report.
//
// Faults: A28.
func TestExchangeRefreshesFirst(t *testing.T) {
	m, sim := simulated(t, "expired")
	c, err := m.Platform(t.Context())
	equal(t, "exchange", string(c.Source)+outcome(t, err), "codex_token_exchange_api_key")
	equal(t, "sent", grants(sim), "refresh exchange")
	equal(t, "saved", storedKey(t, m) != "", true)

	m, sim = simulated(t, "report")
	_, err = m.PeekPlatform(t.Context())
	equal(t, "peek", outcome(t, err), "")
	for range 3 {
		_, err = m.Platform(t.Context())
		equal(t, "reason", outcome(t, err), "refresh_reused")
		data := asError(t, err).Data
		equal(t, "about", []any{data.Need, data.Have, data.LoginMethods}, []any{"platformKey", []string{"chatgpt"}, []string{"apiKey", "browser"}})
	}
	_, err = m.PeekPlatform(t.Context())
	equal(t, "peek", outcome(t, err), "refresh_reused")
	equal(t, "sent", grants(sim), "refresh")
	_, err = m.ChatGPT(t.Context())
	equal(t, "the access token", outcome(t, err), "")

	// Without a refresh token it is the expiry.
	m, sim = simulated(t, "report", func(d *store.Document) { d.SetString("", "tokens", "refresh_token") })
	_, err = m.Platform(t.Context())
	equal(t, "reason", outcome(t, err), "token_expired")
	equal(t, "code", asError(t, err).Code, protocol.CodeExchangeFailed)
	equal(t, "sent", grants(sim), "")
}

// Of many that need a key, in one process and among several, one asks.
func TestOneExchange(t *testing.T) {
	m, sim := simulated(t, "expired")
	managers := []*Manager{m}
	for range 5 {
		managers = append(managers, at(t, sim, m.cfg.Home))
	}
	var wait sync.WaitGroup
	for _, m := range managers {
		for range 20 {
			wait.Go(func() {
				c, err := m.Platform(t.Context())
				if outcome(t, err) != "" || c.Pending() {
					t.Error("no key")
				}
			})
		}
	}
	wait.Wait()
	equal(t, "sent", grants(sim), "refresh exchange")
}

// A request that ends gets its answer at once; the exchange goes on and is
// saved, and Settle waits for it.
func TestExchangeOutlivesItsRequest(t *testing.T) {
	m, _ := simulated(t, "no-key")
	_, err := m.Platform(ended(t))
	equal(t, "the request", outcome(t, err), "cancelled")
	for storedKey(t, m) == "" { // until the test's deadline
		time.Sleep(time.Millisecond)
	}
	m.Drain(t.Context())
	c, err := m.Platform(t.Context())
	equal(t, "later", string(c.Source)+outcome(t, err), "codex_token_exchange_api_key")
}

// The key belongs to a login, and goes with it.
func TestExchangedKeyGoesWithItsLogin(t *testing.T) {
	m, _ := simulated(t, "business", func(d *store.Document) { d.Remove("auth_mode") })
	_, err := m.Platform(t.Context())
	equal(t, "in memory", outcome(t, err), "")
	put(t, m.path, fixture(t, "codex-chatgpt"))
	c, err := m.PeekPlatform(t.Context())
	equal(t, "another login, from elsewhere", []any{c.Pending(), outcome(t, err)}, []any{true, "foreign_issuer"})
	equal(t, "logout", outcome(t, logoutOf(m, t.Context())), "")
	_, err = m.Platform(t.Context())
	equal(t, "logged out", outcome(t, err), "no_credentials")
}

// Failures of the issuer say nothing about the login.
//
// Faults: A33.
func TestExchangeAnswers(t *testing.T) {
	for scenario, want := range map[string]string{"issuer-error": "server_error", "issuer-html": "bad_answer", "issuer-disconnect": "connect"} {
		m, _ := simulated(t, scenario)
		m.cfg.Now = func() time.Time { return time.Now().Add(-300 * 24 * time.Hour) } // so that nothing is refreshed first
		_, err := m.Platform(t.Context())
		failure, ok := errors.AsType[*protocol.Error](err)
		if !ok {
			t.Fatalf("%s: no error", scenario)
		}
		equal(t, scenario, []any{failure.Code, failure.Data.Reason, failure.Data.Retryable}, []any{protocol.CodeAuthUnavailable, want, true})
		_, err = m.PeekPlatform(t.Context())
		equal(t, "it is not remembered", outcome(t, err), "")
	}
}

// An id_token goes to the issuer that it is from, and to no other.
func TestExchangeStaysWithItsIssuer(t *testing.T) {
	m, sim := simulated(t, "no-key", func(d *store.Document) { d.SetString("https://issuer.example", "tokens", "oauth_provenance", "issuer") })
	_, err := m.Platform(t.Context())
	equal(t, "reason", outcome(t, err), "foreign_issuer")
	equal(t, "sent", grants(sim), "")
	m, sim = simulated(t, "no-key", func(d *store.Document) { d.SetString("app_Other", "tokens", "oauth_provenance", "client_id") })
	_, err = m.Platform(t.Context())
	equal(t, "another client's", outcome(t, err), "invalid_id_token")
	equal(t, "client", strings.Contains(string(sim.Requests()[0].Body), "client_id=app_Other&"), true)
}

// auth/exchange returns the key that is there, without asking.
func TestExchangeOfALoginWithAKey(t *testing.T) {
	m, sim := simulated(t, "ok")
	c, err := m.Exchange(t.Context())
	equal(t, "stored", string(c.Source)+outcome(t, err), "codex_auth_json_api_key")
	m, _ = simulated(t, "logged-out")
	_, err = m.Exchange(t.Context())
	equal(t, "logged out", outcome(t, err), "no_credentials")
	m, none := simulated(t, "no-key")
	m.cfg.APIKey = secret("sk-" + canary + "-env")
	c, err = m.Exchange(t.Context())
	equal(t, "the environment does not count", string(c.Source)+outcome(t, err), "codex_token_exchange_api_key")
	equal(t, "sent", grants(sim)+grants(none), "exchange")
}

// What config.toml forbids is not exchanged either.
func TestForbiddenLoginIsNotExchanged(t *testing.T) {
	for text, want := range map[string]string{
		`forced_login_method = "api"`:            "wrong_kind",
		`forced_chatgpt_workspace_id = "acct_2"`: "account_mismatch",
	} {
		m, sim := simulated(t, "no-key")
		put(t, filepath.Join(m.cfg.Home, store.ConfigName), []byte(text))
		_, err := m.Exchange(t.Context())
		equal(t, text, outcome(t, err), want)
		_, err = m.Platform(t.Context())
		equal(t, text, outcome(t, err), "wrong_kind")
		equal(t, "sent", grants(sim), "")
	}
}

// transportFunc is a transport.
type transportFunc func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The login is refreshed, replaced or removed by another program while it is
// exchanged: the key is for who asked, and is not written beside what it is not
// of.
func TestExchangeBesideAnotherChange(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, m *Manager){
		"renewed":  func(t *testing.T, m *Manager) { edit(t, m, `"<id>"`, "tokens", "id_token") },
		"replaced": func(t *testing.T, m *Manager) { put(t, m.path, fixture(t, "codex-chatgpt")) },
		"logged out": func(t *testing.T, m *Manager) {
			if err := os.Remove(m.path); err != nil {
				t.Fatal(err)
			}
		},
		"a key now":      func(t *testing.T, m *Manager) { edit(t, m, `"apikey"`, "auth_mode") },
		"something else": func(t *testing.T, m *Manager) { edit(t, m, `[1.50]`, "x_unknown") },
	} {
		t.Run(name, func(t *testing.T) {
			m, sim := simulated(t, "no-key")
			real, after := m.issuer.Transport, ""
			m.issuer.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
				change(t, m)
				after = textOf(t, m.cfg.Home)
				return real.RoundTrip(r)
			})
			c, err := m.Platform(t.Context())
			equal(t, "for who asked", string(c.Source)+outcome(t, err), "codex_token_exchange_api_key")
			equal(t, "sent", grants(sim), "exchange")
			if name == "something else" {
				equal(t, "saved beside it", storedKey(t, m) == c.key.Reveal() && strings.Contains(textOf(t, m.cfg.Home), "[1.50]"), true)
				return
			}
			equal(t, "the store is theirs", textOf(t, m.cfg.Home) == after, true)
			_, text := statusOf(t, m)
			equal(t, "warnings", strings.Count(text, "in memory only"), 1)
		})
	}
}

// edit changes one member of the manager's auth.json, from outside.
func edit(t *testing.T, m *Manager, value string, path ...string) {
	t.Helper()
	d := store.NewDocument([]byte(textOf(t, m.cfg.Home)))
	d.Set(fill([]byte(value)), path...)
	put(t, m.path, d.Text)
}
