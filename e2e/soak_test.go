//go:build soak && unix

package e2e

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
)

// work is what a process is killed in.
type work struct {
	name, scenario, request string
	// endsLogin: afterwards there may be none.
	endsLogin bool
}

func soakWorks() []work {
	return []work{
		{"refresh", "expired", request("1", "auth/refresh", ""), false},
		{"request with a refresh", "expired", request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`), false},
		{"exchange", "expired", request("1", "auth/exchange", ""), false},
		{"login by device", "ok", request("1", "auth/login", `{"method":"device"}`), false},
		{"login by key", "ok", request("1", "auth/login", `{"method":"apiKey","apiKey":"sk-abcdefghijklmnop","persist":true}`), false},
		{"logout", "ok", request("1", "auth/logout", ""), true},
	}
}

// soakResult counts the kills.
type soakResult struct {
	kills, changed, unhelped, lost, torn atomic.Int64
}

// number returns the variable's value, else its default.
func number(name string, fallback int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return fallback
}

// SIGKILL at random points of refreshes, exchanges, logins and logouts, with a second
// process at the same work beside. auth.json is always absent, old or new, and a
// process that comes later can work, unless the answer of the issuer died with the
// process that had it, which no program can help.
//
// SOAK_KILLS is the number of kills (1,000); `make soak` runs it.
func TestSoakKills(t *testing.T) {
	want := int64(number("SOAK_KILLS", 1000))
	var result soakResult
	t.Run("workers", func(t *testing.T) {
		for i := range 4 {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				for result.kills.Load() < want && !t.Failed() {
					works := soakWorks()
					soakOnce(t, works[rand.IntN(len(works))], &result)
				}
			})
		}
	})
	t.Logf("%d kills, %d of them after auth.json had changed; %d answers of the issuer died with their process; %d logins lost, %d files torn",
		result.kills.Load(), result.changed.Load(), result.unhelped.Load(), result.lost.Load(), result.torn.Load())
	assert.Zero(t, result.lost.Load(), "logins lost")
	assert.Zero(t, result.torn.Load(), "files torn")
}

// soakOnce kills one of two processes in w, and lets a third one work.
func soakOnce(t *testing.T, w work, result *soakResult) {
	sim := simulated(t, simulator.Config{Scenario: w.scenario})
	defer sim.Close()
	home, stored := storedHome(t, sim)
	path := filepath.Join(home, "auth.json")
	begun := func() *host {
		h := spawn(t, options{upstream: sim, home: home})
		h.ping()
		return h
	}
	victim, other := begun(), begun()
	victim.send(w.request)
	other.send(w.request)
	time.Sleep(time.Duration(rand.Int64N(int64(30 * time.Millisecond))))
	require.NoError(t, victim.cmd.Process.Kill())
	<-victim.ended
	result.kills.Add(1)
	mine, _ := os.ReadFile(path)
	if !bytes.Equal(mine, stored) {
		result.changed.Add(1)
	}
	other.outcome("1")
	other.cleanup()

	text, err := os.ReadFile(path)
	if err == nil && !json.Valid(text) || err != nil && !os.IsNotExist(err) {
		result.torn.Add(1)
		t.Errorf("%s: auth.json is torn", w.name)
		return
	}
	if w.endsLogin {
		return
	}
	h := spawn(t, options{upstream: sim, home: home})
	defer h.cleanup()
	m := h.call("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","_meta":{"route":"chatgpt"}}`)
	switch {
	case m.Error == nil:
	case w.name == "login by key" && strings.Contains(string(m.Raw), `"kind":"credential_mismatch"`): // the key is there now
	case !bytes.Contains(text, []byte(sim.LiveRefreshToken())) && strings.Contains(string(m.Raw), `"refresh_reused"`):
		result.unhelped.Add(1) // only the dead process had the answer
	default:
		result.lost.Add(1)
		t.Errorf("%s: the login is lost: %s", w.name, m.Raw)
	}
}
