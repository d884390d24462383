//go:build unix

package auth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/simulator"
)

// peer refreshes as Codex 0.169.0 does: it posts without any lock, and takes its two
// locks for the commit alone, in which it drops our result if the file moved. It
// reports whether it ended with a token that has not expired.
func peer(t *testing.T, home, issuerURL string) bool {
	path := filepath.Join(home, store.FileName)
	read := func() (text []byte, tokens struct {
		Tokens struct {
			ID      string `json:"id_token"`
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		} `json:"tokens"`
	}) {
		text, err := os.ReadFile(path)
		if err != nil || json.Unmarshal(text, &tokens) != nil {
			t.Error("the peer cannot read auth.json", err)
		}
		return text, tokens
	}
	text, before := read()
	if !issuer.ParseClaims(secret(before.Tokens.Access)).ExpiresAt.Before(time.Now()) {
		return true // it came late
	}
	resp, err := http.Post(issuerURL+"/oauth/token", "application/json", strings.NewReader(
		`{"client_id":"`+issuer.DefaultClientID+`","grant_type":"refresh_token","refresh_reason":"proactive_expiry","refresh_token":"`+before.Tokens.Refresh+`"}`))
	if err != nil {
		t.Error(err)
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK { // reused: what is on the disk now
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if _, now := read(); now.Tokens.Refresh != before.Tokens.Refresh {
				return true
			}
		}
		return false
	}
	var got struct {
		ID      string `json:"id_token"`
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Error(err)
		return false
	}
	for _, name := range []string{store.CommitLockName, store.FileName + store.TargetLockSuffix} {
		f, err := os.OpenFile(filepath.Join(home, name), os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			t.Error(err)
			return false
		}
		defer func() { _ = f.Close() }()
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			t.Error(err)
			return false
		}
	}
	if now, _ := read(); string(now) != string(text) {
		return true // somebody else's are there
	}
	d := store.NewDocument(text)
	d.SetString(got.ID, "tokens", "id_token")
	d.SetString(got.Access, "tokens", "access_token")
	d.SetString(got.Refresh, "tokens", "refresh_token")
	next := filepath.Join(filepath.Dir(path), tempPrefix+rand.Text())
	if err := os.WriteFile(next, d.Text, 0o600); err != nil {
		t.Error(err)
		return false
	}
	return os.Rename(next, path) == nil
}

// A3: six peers that know nothing of our lock, and six of ours, refresh one login at
// once: none of ours fails, and what is left is a login that can be refreshed.
//
// Faults: A3.
func TestBesidePeersWithoutOurLock(t *testing.T) {
	t.Parallel()
	won := 0
	for range 15 {
		l := loginOf(t, simulator.Config{Hold: func(_ simulator.Request, done bool) bool {
			if done {
				time.Sleep(20 * time.Millisecond)
			}
			return true
		}})
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				if !peer(t, l.home, l.sim.IssuerURL()) {
					t.Error("a peer failed")
				}
			})
			m := l.manager()
			m.waits.reused = reusedWatch
			all.Go(func() {
				if c, err := m.ChatGPT(context.Background()); err != nil || c.expired {
					t.Error("one of ours failed", err)
				}
			})
		}
		all.Wait()
		l.checkRefreshed()
		granted, _ := l.sim.Refreshes()
		equal(t, "granted", granted, 1)
		won += l.posts()
	}
	t.Logf("%d POSTs in 15 rounds of 12; one by one each process would have sent its own: %d", won, 15*12)
}
