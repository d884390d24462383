package auth

import (
	"net/http"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The proactive refresh: the window, the jitter, the 8 days, and that a failure
// never takes away a token that is still good.
//
// Faults: A27.
func TestRefreshWhenDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		left    time.Duration
		refresh bool
	}{{4 * time.Minute, true}, {6 * time.Minute, false}, {time.Hour, false}, {time.Second, true}, {-time.Second, true}} {
		for range 20 {
			m := managerOf(t, "codex-chatgpt")
			m.cfg.Now = func() time.Time { return testNow.Add(time.Hour - c.left) } // the fixture lives for an hour
			equal(t, c.left.String(), m.refresher.whyDue(m.view.load(t.Context())) != "", c.refresh)
		}
	}
	spread := map[time.Duration]bool{}
	for range 50 {
		j := jitter()
		spread[j] = true
		if j < -refreshJitter || j >= refreshJitter {
			t.Errorf("jitter of %v", j)
		}
	}
	if len(spread) < 40 {
		t.Error("no jitter")
	}
	for _, c := range []struct {
		age time.Duration
		why string
	}{{7 * 24 * time.Hour, ""}, {9 * 24 * time.Hour, whyScheduled}} {
		m := managerOf(t, "access-opaque")
		last := m.view.load(t.Context()).Login.LastRefresh
		m.cfg.Now = func() time.Time { return last.Add(c.age) }
		equal(t, c.age.String(), m.refresher.whyDue(m.view.load(t.Context())), c.why)
	}
	// A token that is good for two more minutes outlives an issuer that is gone.
	for _, status := range []int{503, 401} {
		l, posts := answering(t, func(w http.ResponseWriter, _ int) { w.WriteHeader(status) })
		m := l.manager()
		expires := issuer.ParseClaims(m.view.load(t.Context()).Login.AccessToken).ExpiresAt
		m.cfg.Now = func() time.Time { return expires.Add(-2 * time.Minute) }
		for range 3 {
			c, err := m.ChatGPT(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "refreshed", c.Refreshed, false)
		}
		if posts() == 0 {
			t.Error("nothing was tried")
		}
		status, _ := statusOf(t, m)
		equal(t, "state", status.State, protocol.StateAuthenticated)
	}
	// One that hangs holds a request up for a while only.
	hang := make(chan struct{})
	l, _ := answering(t, func(w http.ResponseWriter, _ int) { <-hang; w.WriteHeader(503) })
	m := l.manager()
	m.waits.patience = 50 * time.Millisecond
	expires := issuer.ParseClaims(m.view.load(t.Context()).Login.AccessToken).ExpiresAt
	m.cfg.Now = func() time.Time { return expires.Add(-2 * time.Minute) }
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Error(err)
	}
	close(hang)
}

// A26: a clock that is wrong by more than a token lives refreshes once, not for each
// request.
//
// Faults: A26.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	l := loginOf(t, simulator.Config{Scenario: "ok"})
	m := l.manager()
	m.cfg.Now = func() time.Time { return time.Now().Add(365 * 24 * time.Hour) }
	for range 10 {
		c, err := m.ChatGPT(t.Context())
		if err != nil || c.expired {
			t.Fatal("no token", err)
		}
	}
	equal(t, "posts", l.posts(), 1)
	l.checkRefreshed()
	// A slow clock sees nothing to refresh; the 401 does, see TestRefreshAfter401.
	slow := loginOf(t, simulator.Config{})
	m = slow.manager()
	m.cfg.Now = func() time.Time { return time.Now().Add(-365 * 24 * time.Hour) }
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Error(err)
	}
	equal(t, "posts with a slow clock", slow.posts(), 0)
}

// A token that has worked and is then refused is refreshed, however fresh it is; one
// that never worked is not, so that an upstream which refuses everything is no
// storm (A26).
func TestFreshTokenThatIsRefused(t *testing.T) {
	t.Parallel()
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
	for range 5 {
		_, err = m.RefreshRejected(t.Context(), second)
		equal(t, "never worked", reasonOf(t, err, protocol.CodeLoginRequired), "token_rejected")
	}
	m.Accepted(first) // of another token this says nothing
	_, err = m.RefreshRejected(t.Context(), second)
	equal(t, "never worked", reasonOf(t, err, protocol.CodeLoginRequired), "token_rejected")
	m.Accepted(second)
	third, err := m.RefreshRejected(t.Context(), second)
	if err != nil || third.token.Reveal() == second.token.Reveal() {
		t.Fatal("not refreshed", err)
	}
	equal(t, "posts", l.posts(), 2)
}
