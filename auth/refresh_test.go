package auth

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// login is a CODEX_HOME with the login of a simulator.
type login struct {
	t    *testing.T
	sim  *simulator.Server
	home string
}

// loginOf starts a simulator; expired tokens unless cfg says otherwise.
func loginOf(t *testing.T, cfg simulator.Config) *login {
	t.Helper()
	if cfg.Scenario == "" {
		cfg.Scenario = "expired"
	}
	sim, err := simulator.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	l := &login{t, sim, t.TempDir()}
	if err := sim.WriteHome(l.home); err != nil {
		t.Fatal(err)
	}
	age(t, filepath.Join(l.home, store.FileName))
	return l
}

// issuerAt is an issuer on loopback, as its flag sets it.
func issuerAt(t *testing.T, url string) issuer.Endpoint {
	t.Helper()
	issuer, err := issuer.ParseEndpoint(url, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

// manager makes a manager for the login with short waits.
func (l *login) manager() *Manager {
	m := NewManager(Config{Home: l.home, Issuer: issuerAt(l.t, l.sim.IssuerURL()), UserAgent: "signalbox/test", Originator: "signalbox"})
	m.waits.retry, m.waits.reused, m.waits.save = time.Millisecond, 300*time.Millisecond, 5*time.Millisecond
	l.t.Cleanup(func() { settle(l.t, m) })
	return m
}

// settle ends what a manager has begun.
func settle(t *testing.T, m *Manager) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	m.pending.forget()
	m.Drain(ctx)
	if ctx.Err() != nil {
		t.Error("something of the manager goes on")
	}
	if c, ok := m.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// posts counts the refreshes that arrived at the token endpoint.
func (l *login) posts() int {
	n := 0
	for _, r := range l.sim.Requests() {
		if r.Path == "/oauth/token" && strings.Contains(string(r.Body), `"refresh_token"`) {
			n++
		}
	}
	return n
}

// checkRefreshed checks that auth.json holds the login that the issuer would refresh next.
func (l *login) checkRefreshed() {
	l.t.Helper()
	d := store.NewDocument([]byte(textOf(l.t, l.home)))
	if live := l.sim.LiveRefreshToken(); live == "" || str(d, "tokens", "refresh_token") != live {
		l.t.Error("auth.json does not hold the newest refresh token")
	}
	if s := store.Parse("auth.json", d.Text); s.Err != nil {
		l.t.Error(s.Err)
	}
	equal(l.t, "litter", litter(l.t, l.home), nil)
}

// reasonOf is the reason of an error, "" for nil; code must be its code.
func reasonOf(t *testing.T, err error, code protocol.Code) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *protocol.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T", err)
	}
	if strings.Contains(string(e.Encode()), canary) {
		t.Fatal("an error shows a secret")
	}
	equal(t, "code of "+string(e.Data.Reason), e.Code, code)
	if e.Data.Action == "" && code != protocol.CodeCancelled {
		t.Errorf("%s has no action", e.Data.Reason)
	}
	return string(e.Data.Reason)
}

func TestRefresh(t *testing.T) {
	l := loginOf(t, simulator.Config{})
	before := store.NewDocument([]byte(textOf(t, l.home)))
	m := l.manager()
	status, _ := statusOf(t, m)
	equal(t, "state before", status.State, protocol.StateAuthenticated)
	peeked, err := m.PeekChatGPT(t.Context())
	if err != nil || !peeked.expired {
		t.Fatal("a peek refreshes or refuses", err)
	}
	equal(t, "posts of a peek", l.posts(), 0)
	credential, err := m.ChatGPT(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "refreshed", credential.Refreshed, true)
	equal(t, "posts", l.posts(), 1)
	l.checkRefreshed()
	again, err := m.ChatGPT(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "refreshed again", again.Refreshed, false)
	equal(t, "posts in all", l.posts(), 1)
	after := store.NewDocument([]byte(textOf(t, l.home)))
	for _, path := range [][]string{{"auth_mode"}, {"OPENAI_API_KEY"}, {"tokens", "oauth_provenance"}, {"tokens", "account_id"}, {"tokens", "login_owner_id"}} {
		equal(t, strings.Join(path, "."), string(after.Value(path...)), string(before.Value(path...)))
	}
	for _, path := range [][]string{{"last_refresh"}, {"tokens", "id_token"}, {"tokens", "access_token"}, {"tokens", "refresh_token"}} {
		if str(after, path...) == str(before, path...) || str(after, path...) == "" {
			t.Errorf("%s has not changed", strings.Join(path, "."))
		}
	}
	// What is sent, as Codex 0.169.0 sends it.
	sent := l.sim.Requests()[0]
	equal(t, "body", names(string(sent.Body), map[string]string{str(before, "tokens", "refresh_token"): "RT"}),
		`{"client_id":"app_EMoamEEZ73f0CkXaXp7hrann","grant_type":"refresh_token","refresh_reason":"proactive_expiry","refresh_token":"RT"}`)
	equal(t, "content type", sent.Header.Get("Content-Type"), "application/json")
	equal(t, "originator", sent.Header.Get("Originator"), "signalbox")
	equal(t, "user agent", sent.Header.Get("User-Agent"), "signalbox/test")
}

// A2: 200 requests of one process at once.
//
// Faults: A2.
func TestOneRefreshInOneProcess(t *testing.T) {
	l := loginOf(t, simulator.Config{Hold: func(_ simulator.Request, done bool) bool {
		if done {
			time.Sleep(100 * time.Millisecond)
		}
		return true
	}})
	m := l.manager()
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if c, err := m.ChatGPT(context.Background()); err != nil || c.expired {
				t.Error("no token", err)
			}
		})
	}
	all.Wait()
	equal(t, "posts", l.posts(), 1)
	l.checkRefreshed()
}

// A5: reused, and the disk never changes: one POST, then none, however often.
//
// Faults: A5.
func TestReusedRefreshToken(t *testing.T) {
	t.Parallel()
	l := loginOf(t, simulator.Config{Scenario: "refresh-reused"})
	text := textOf(t, l.home)
	m := l.manager()
	for range 20 {
		_, err := m.ChatGPT(t.Context())
		equal(t, "reason", reasonOf(t, err, protocol.CodeLoginRequired), "refresh_reused")
	}
	_, err := m.Refresh(t.Context())
	equal(t, "reason of auth/refresh", reasonOf(t, err, protocol.CodeLoginRequired), "refresh_reused")
	equal(t, "posts", l.posts(), 1)
	equal(t, "auth.json", textOf(t, l.home) == text, true)
	status, _ := statusOf(t, m)
	equal(t, "state", status.State, protocol.StateExpired)
	equal(t, "reason in the status", status.Credentials.ChatGPT.Reason, "refresh_reused")
	// Once the file changes, the new login counts.
	good := loginOf(t, simulator.Config{Scenario: "ok"})
	put(t, filepath.Join(l.home, store.FileName), []byte(textOf(t, good.home)))
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Error(err)
	}
}

func (f *fakeIssuer) manager() *Manager {
	m := f.login.manager()
	m.issuer.Endpoint.RefreshURL = f.url + "/oauth/token"
	return m
}

// A4: the issuer says reused while the winner has not saved yet; its tokens are
// adopted when they come.
//
// Faults: A4, A19.
func TestAdoptsTheWinner(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit   func(*store.Document)
		reason string
	}{
		"the same account":  {func(*store.Document) {}, ""},
		"another account":   {func(d *store.Document) { d.SetString(jwtFor("acct_2", "user-2"), "tokens", "id_token") }, "account_changed"},
		"another user":      {func(d *store.Document) { d.SetString(jwtFor("", "user-2"), "tokens", "id_token") }, "account_changed"},
		"logged out (A19)":  {nil, "account_changed"},
		"never saved (A5)":  {func(d *store.Document) { d.Text = nil }, "refresh_reused"},
		"an API key (mode)": {func(d *store.Document) { d.Remove("tokens") }, "account_changed"},
	} {
		t.Run(name, func(t *testing.T) {
			var posts atomic.Int64
			save := make(chan struct{})
			l := loginOf(t, simulator.Config{Hold: func(_ simulator.Request, done bool) bool {
				if done && posts.Add(1) == 2 { // ours, which is refused
					close(save)
				}
				return true
			}})
			m := l.manager()
			if c.reason != "refresh_reused" {
				m.waits.reused = time.Minute // it ends when the other program has saved
			}
			// Another program spends the token, and saves a little later.
			winner := l.manager()
			winner.cfg.Home = t.TempDir()
			if err := l.sim.WriteHome(winner.cfg.Home); err != nil {
				t.Fatal(err)
			}
			winner.path = filepath.Join(winner.cfg.Home, store.FileName)
			winner.store = store.Open(winner.cfg.Home, winner.watch.notice)
			if _, err := winner.ChatGPT(t.Context()); err != nil {
				t.Fatal(err)
			}
			text := textOf(t, winner.cfg.Home)
			saved := make(chan struct{})
			go func() {
				defer close(saved)
				<-save
				time.Sleep(50 * time.Millisecond)
				path := filepath.Join(l.home, store.FileName)
				if c.edit == nil {
					_ = os.Remove(path)
					return
				}
				d := store.NewDocument([]byte(text))
				c.edit(d)
				if d.Text != nil {
					_ = os.WriteFile(path+".next", d.Text, 0o600)
					_ = os.Rename(path+".next", path)
				}
			}()
			credential, err := m.ChatGPT(t.Context())
			equal(t, "reason", reasonOf(t, err, protocol.CodeLoginRequired), c.reason)
			equal(t, "posts", l.posts(), 2) // the winner's, and ours once
			<-saved
			if c.reason == "" {
				equal(t, "token", credential.token.Reveal() == str(store.NewDocument([]byte(text)), "tokens", "access_token"), true)
			}
		})
	}
}

// jwtFor is an id_token of another account or user; "" leaves a claim out.
func jwtFor(account, user string) string {
	auth := map[string]any{"chatgpt_user_id": user}
	if account != "" {
		auth["chatgpt_account_id"] = account
	}
	return jwtOf(map[string]any{authClaim: auth})
}

// A7, A19: the disk holds another login, or none, when the answer comes: ours is
// dropped, theirs stays, and nothing is adopted silently.
//
// Faults: A7, A19.
func TestAccountChangedMeanwhile(t *testing.T) {
	for name, edit := range map[string]func(path string){
		"another account": func(path string) {
			text, _ := os.ReadFile(path)
			d := store.NewDocument(text)
			d.SetString(jwtFor("acct_2", "user-2"), "tokens", "id_token")
			d.SetString("rt_"+canary+"-other", "tokens", "refresh_token")
			_ = os.WriteFile(path, d.Text, 0o600)
		},
		"no file (A19)": func(path string) { _ = os.Remove(path) },
	} {
		t.Run(name, func(t *testing.T) {
			var l *login
			l = loginOf(t, simulator.Config{Hold: func(_ simulator.Request, done bool) bool {
				if done {
					edit(filepath.Join(l.home, store.FileName))
				}
				return true
			}})
			m := l.manager()
			_, err := m.ChatGPT(t.Context())
			equal(t, "reason", reasonOf(t, err, protocol.CodeLoginRequired), "account_changed")
			text := textOf(t, l.home)
			equal(t, "ours is not written", strings.Contains(text, l.sim.LiveRefreshToken()), false)
			equal(t, "unsaved", m.pending.current == nil, true)
			equal(t, "litter", litter(t, l.home), nil)
		})
	}
}

// Another program changed something else in the file meanwhile: both changes are
// there afterwards (docs/credentials.md: Refresh).
func TestCommitOverAnotherChange(t *testing.T) {
	var l *login
	l = loginOf(t, simulator.Config{Hold: func(_ simulator.Request, done bool) bool {
		if done {
			path := filepath.Join(l.home, store.FileName)
			text, _ := os.ReadFile(path)
			d := store.NewDocument(text)
			d.SetString("theirs", "x_theirs")
			_ = os.WriteFile(path, d.Text, 0o600)
		}
		return true
	}})
	if _, err := l.manager().ChatGPT(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.checkRefreshed()
	equal(t, "theirs", str(store.NewDocument([]byte(textOf(t, l.home))), "x_theirs"), "theirs")
}

// A12: a request that ends does not end the refresh.
//
// Faults: A12.
func TestCancelledRefreshIsSaved(t *testing.T) {
	sent := make(chan struct{})
	l := loginOf(t, simulator.Config{Hold: func(_ simulator.Request, done bool) bool {
		if done {
			close(sent)
			time.Sleep(200 * time.Millisecond)
		}
		return true
	}})
	m := l.manager()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-sent; cancel() }()
	start := time.Now()
	_, err := m.ChatGPT(ctx)
	reasonOf(t, err, protocol.CodeCancelled)
	if time.Since(start) > 190*time.Millisecond {
		t.Log("the cancel came late, perhaps for want of CPU")
	}
	settle(t, m)
	l.checkRefreshed()
	equal(t, "posts", l.posts(), 1)
}

// A32: a 401 refreshes once; a token that was just refreshed is not refreshed again, and
// neither is one of the environment.
//
// Faults: A26, A32.
func TestRejectedTokenIsRefreshedOnce(t *testing.T) {
	l := loginOf(t, simulator.Config{Scenario: "ok"})
	m := l.manager()
	first, err := m.ChatGPT(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := m.RefreshRejected(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "another token", second.token.Reveal() != first.token.Reveal(), true)
	// Ten more that had the first token get the second one without a POST.
	for range 10 {
		if c, err := m.RefreshRejected(t.Context(), first); err != nil || c.token.Reveal() != second.token.Reveal() {
			t.Error("not the newer token", err)
		}
	}
	_, err = m.RefreshRejected(t.Context(), second)
	equal(t, "again", reasonOf(t, err, protocol.CodeLoginRequired), "token_rejected")
	equal(t, "posts", l.posts(), 1)
	equal(t, "reason sent", strings.Contains(string(l.sim.Requests()[0].Body), `"refresh_reason":"forced"`), true)

	m = NewManager(Config{Home: l.home, AccessToken: secret(jwtOf(map[string]any{
		authClaim: map[string]any{"chatgpt_account_id": "acct_env"}}))})
	env, err := m.ChatGPT(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.RefreshRejected(t.Context(), env)
	equal(t, "environment", reasonOf(t, err, protocol.CodeLoginRequired), "token_rejected")
}

func TestRefreshOnDemand(t *testing.T) {
	l := loginOf(t, simulator.Config{Scenario: "ok"})
	m := l.manager()
	for range 2 {
		refreshed, err := m.Refresh(t.Context())
		if err != nil || !refreshed {
			t.Fatal("not refreshed", err)
		}
	}
	equal(t, "posts", l.posts(), 2)
	l.checkRefreshed()
	m = managerOf(t, "codex-apikey")
	_, err := m.Refresh(t.Context())
	equal(t, "key only", reasonOf(t, err, protocol.CodeLoginRequired), "no_credentials")
	m = managerOf(t, "access-expired-alone")
	_, err = m.Refresh(t.Context())
	equal(t, "no refresh token", reasonOf(t, err, protocol.CodeLoginRequired), "token_expired")
}

// The file is spoilt during the POST: it is not overwritten, the new tokens are
// in use, and they are saved when it is whole again.
func TestFileIsSpoiltDuringARefresh(t *testing.T) {
	t.Parallel()
	var l *login
	var old string
	l = loginOf(t, simulator.Config{Hold: func(_ simulator.Request, done bool) bool {
		if done {
			_ = os.WriteFile(filepath.Join(l.home, store.FileName), []byte(old[:100]), 0o600)
		}
		return true
	}})
	old = textOf(t, l.home)
	m := l.manager()
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "not overwritten", textOf(t, l.home) == old[:100], true)
	status, _ := statusOf(t, m)
	equal(t, "unsaved", status.Credentials.ChatGPT.Unsaved, true)
	put(t, filepath.Join(l.home, store.FileName), []byte(old))
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline) && textOf(t, l.home) == old; {
		time.Sleep(5 * time.Millisecond)
	}
	l.checkRefreshed()
}
