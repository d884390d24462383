//go:build wine && linux

package e2e

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

const wineQuestion = `{"model":"gpt-5.2-codex","input":"What is 2+2?","stream":true}`

// TestWine runs the program for Windows under Wine, as a host and a person would:
// `make test-wine`. It is no proof of Windows.
//
// Faults: B12.
func TestWine(t *testing.T) {
	w := setUpWine(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *wine)
	}{
		{"version and ask", wineVersionAndAsk},
		{"serve", wineServe},
		{"cancel", wineCancel},
		{"login with a key, and logout", wineLoginWithKeyAndLogout},
		{"login by device", wineLoginByDevice},
		{"the page is opened", wineOpensThePage},
		{"four processes renew once", wineFourProcessesRenewOnce},
		{"kills in the commit", wineKillsInTheCommit},
		{"a reader that holds the file", wineReaderThatHoldsTheFile},
		{"a renewal under a reader", wineRenewalUnderAReader},
		{"the parent ends", wineParentEnds},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, w) })
	}
}

func wineVersionAndAsk(t *testing.T, w *wine) {
	home := umlautHome(t)
	printed, err := w.run(t, home, "", "version", "--json")
	require.NoError(t, err, printed)
	require.Contains(t, printed, `"platform":"windows/amd64"`)
	printed, err = w.run(t, home, "", "ask", "--simulate", "-m", "gpt-5.2-codex", "What is 2+2?")
	require.NoError(t, err, printed)
	require.Equal(t, "2 + 2 = 4.\n", printed)
}

// Both framings, byte for byte as elsewhere: no line ends in CR LF.
func wineServe(t *testing.T, w *wine) {
	for name, isLSP := range map[string]bool{"lines": ndjson, "headers": lsp} {
		t.Run(name, func(t *testing.T) {
			home, sim := umlautHome(t), simulated(t, simulator.Config{})
			require.NoError(t, sim.WriteHome(home))
			h := w.serve(t, options{lsp: isLSP, upstream: sim, home: home})
			if isLSP {
				h.call("0", "initialize", `{"processId":null}`)
			}
			h.send(request("1", "responses/create", wineQuestion))
			o := h.outcome("1")
			require.NotNil(t, o.started)
			require.NotEmpty(t, o.events)
			require.Nil(t, o.answer.Error, "%s", o.answer.Raw)

			status := h.call("2", "auth/status", "")
			var auth struct{ File struct{ Path, Mode *string } }
			require.NoError(t, json.Unmarshal(status.Result, &auth))
			assert.Nil(t, auth.File.Mode, "%s", status.Raw)
			assert.Equal(t, windowsPath(filepath.Join(home, "auth.json")), *auth.File.Path)

			require.NoError(t, h.in.Close())
			code := h.exit()
			assert.Equal(t, map[bool]int{ndjson: 0, lsp: 1}[isLSP], code, "the end of stdin")
			if !isLSP {
				assert.NotContains(t, h.stdout.String(), "\r")
			}
		})
	}
}

func wineCancel(t *testing.T, w *wine) {
	home := umlautHome(t)
	sim := simulated(t, simulator.Config{Scenario: "slow"})
	require.NoError(t, sim.WriteHome(home))
	h := w.serve(t, options{lsp: true, upstream: sim, home: home})
	h.call("0", "initialize", `{"processId":null}`)
	h.send(request("1", "responses/create", wineQuestion))
	for h.mustNext().Method != "responses/event" {
	}
	h.send(notification("$/cancelRequest", `{"id":1}`))
	o := h.outcome("1")
	require.Equal(t, -32800, o.answer.failure().Code, "%s", o.answer.Raw)
	h.call("2", "shutdown", "")
	h.send(notification("exit", ""))
	require.Equal(t, 0, h.exit())
}

func wineLoginWithKeyAndLogout(t *testing.T, w *wine) {
	home := umlautHome(t)
	key := "sk-" + testcheck.Canary + "0123456789"
	said, err := w.run(t, home, key+"\n", "login", "--with-api-key")
	require.NoError(t, err, said)
	require.NotContains(t, said, key)
	text, err := os.ReadFile(filepath.Join(home, "auth.json"))
	require.NoError(t, err)
	require.Contains(t, string(text), key)
	said, err = w.run(t, home, "", "logout", "--simulate")
	require.NoError(t, err, said)
	said, err = w.run(t, home, "", "logout")
	require.NoError(t, err, said)
	require.NoFileExists(t, filepath.Join(home, "auth.json"))
}

func wineLoginByDevice(t *testing.T, w *wine) {
	home := umlautHome(t)
	sim := simulated(t, simulator.Config{Scenario: "logged-out"})
	h := w.serve(t, options{upstream: sim, home: home})
	m := h.call("1", "auth/login", `{"method":"device"}`)
	require.Nil(t, m.Error, "%s", m.Raw)
	require.FileExists(t, filepath.Join(home, "auth.json"))
	h.send(request("2", "responses/create", wineQuestion))
	require.Nil(t, h.outcome("2").answer.Error)
}

// Wine hands the address to a program of Linux; it comes whole.
func wineOpensThePage(t *testing.T, w *wine) {
	home := umlautHome(t)
	bin, opened := t.TempDir(), filepath.Join(t.TempDir(), "opened")
	require.NoError(t, os.WriteFile(filepath.Join(bin, "xdg-open"), []byte("#!/bin/sh\nprintf '%s\\n' \"$@\" >'"+opened+"'\n"), 0o755))
	sim := simulated(t, simulator.Config{Scenario: "logged-out"})
	h := w.serve(t, options{upstream: sim, home: home, env: []string{"PATH=" + bin + ":" + os.Getenv("PATH")}})
	h.send(request("1", "auth/login", `{"method":"browser"}`))
	for h.mustNext().Method != "auth/loginPrompt" {
	}
	awaitThat(t, "the page is opened", func() bool {
		text, _ := os.ReadFile(opened)
		return strings.HasPrefix(string(text), "http://127.0.0.1:") && strings.HasSuffix(string(text), "\n")
	})
	h.call("2", "auth/login/cancel", "")
}

func wineFourProcessesRenewOnce(t *testing.T, w *wine) {
	home := umlautHome(t)
	sim := simulated(t, simulator.Config{Scenario: "expired"})
	require.NoError(t, sim.WriteHome(home))
	var hosts []*host
	for range 4 {
		h := w.serve(t, options{upstream: sim, home: home})
		h.ping()
		hosts = append(hosts, h)
	}
	for _, h := range hosts {
		h.send(request("1", "responses/create", wineQuestion))
	}
	for _, h := range hosts {
		require.Nil(t, h.outcome("1").answer.Error)
	}
	granted, reused := sim.Refreshes()
	require.Equal(t, []int{1, 0}, []int{granted, reused})
	text, err := os.ReadFile(filepath.Join(home, "auth.json"))
	require.NoError(t, err)
	require.True(t, strings.Contains(string(text), sim.LiveRefreshToken()), "auth.json does not have the new token")
}

// TerminateProcess at random points of a renewal.
func wineKillsInTheCommit(t *testing.T, w *wine) {
	const rounds = 10
	changed := 0
	for round := range rounds {
		home := umlautHome(t)
		sim := simulated(t, simulator.Config{Scenario: "expired"})
		require.NoError(t, sim.WriteHome(home))
		path := filepath.Join(home, "auth.json")
		old, err := os.ReadFile(path)
		require.NoError(t, err)
		h := w.serve(t, options{upstream: sim, home: home})
		h.ping()
		h.send(request("1", "auth/refresh", ""))
		awaitThat(t, "the issuer answering", func() bool { granted, _ := sim.Refreshes(); return granted == 1 })
		if round%2 == 0 { // else before it
			awaitThat(t, "the commit having begun", func() bool {
				temporary, _ := filepath.Glob(filepath.Join(home, ".auth-*"))
				text, _ := os.ReadFile(path)
				return len(temporary) > 0 || string(text) != string(old)
			})
		}
		time.Sleep(time.Duration(rand.Int64N(int64(10 * time.Millisecond))))
		require.NoError(t, h.cmd.Process.Kill())
		<-h.ended

		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, json.Valid(text), "auth.json is torn")
		isNew := strings.Contains(string(text), sim.LiveRefreshToken())
		if isNew {
			changed++
		} else {
			require.True(t, string(old) == string(text), "auth.json is neither the old one nor the new one")
		}
		next := w.serve(t, options{upstream: sim, home: home})
		next.send(request("1", "responses/create", wineQuestion))
		answer := next.outcome("1").answer
		// The locks of the dead process hold nobody up, and what it has saved is used.
		if isNew {
			require.Nil(t, answer.Error, "%s", answer.Raw)
		}
		sim.Close()
	}
	t.Logf("%d kills, %d of them after auth.json had changed", rounds, changed)
}

// A program that reads the file keeps it from being replaced: the commit waits.
func wineReaderThatHoldsTheFile(t *testing.T, w *wine) {
	home := umlautHome(t)
	path := filepath.Join(home, "auth.json")
	login := func(n string) (string, error) {
		return w.run(t, home, "sk-"+testcheck.Canary+n+"\n", "login", "--with-api-key")
	}
	holds := func(n string) bool {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return strings.Contains(string(text), testcheck.Canary+n+`"`)
	}
	said, err := login("0001")
	require.NoError(t, err, said)

	release := w.holding(t, path)
	time.AfterFunc(time.Second, release)
	said, err = login("0003")
	require.NoError(t, err, "it was closed in time: %s", said)
	require.True(t, holds("0003"))

	// Wine 8 refuses this also where the reader shares the right to delete.
	for _, share := range []string{"", "delete"} {
		release = w.holding(t, path, share)
		said, err = login("0004")
		require.Error(t, err)
		require.Contains(t, said, "cannot be replaced, because another program has it open", "shared: %q", share)
		require.True(t, holds("0003"), "nothing has changed")
		release()
	}
	left, err := filepath.Glob(filepath.Join(home, ".auth-*"))
	require.NoError(t, err)
	require.Empty(t, left)
	said, err = login("0005")
	require.NoError(t, err, said)
}

// A renewal that meets such a reader works with its new tokens, and saves them when it
// can.
func wineRenewalUnderAReader(t *testing.T, w *wine) {
	home := umlautHome(t)
	sim := simulated(t, simulator.Config{Scenario: "expired"})
	require.NoError(t, sim.WriteHome(home))
	path := filepath.Join(home, "auth.json")
	release := w.holding(t, path)
	h := w.serve(t, options{upstream: sim, home: home})
	h.send(request("1", "responses/create", wineQuestion))
	require.Nil(t, h.outcome("1").answer.Error)
	release()
	awaitThat(t, "the new tokens are saved", func() bool {
		h.ping()
		text, _ := os.ReadFile(path)
		return strings.Contains(string(text), sim.LiveRefreshToken())
	})
}

// In header framing the end of the parent ends the process, although stdin stays open.
func wineParentEnds(t *testing.T, w *wine) {
	home := umlautHome(t)
	end := filepath.Join(t.TempDir(), "end")
	c := w.command(w.orphan, windowsPath(end), `"`+windowsPath(w.exe)+`" serve --simulate`)
	c.Env = append(c.Env, "CODEX_HOME="+windowsPath(home))
	h := run(t, c, options{lsp: true})
	t.Cleanup(func() { _ = h.in.Close() }) // ends it where nothing else has
	h.call("0", "initialize", `{}`)
	require.NoError(t, os.WriteFile(end, nil, 0o644))
	h.rest() // until stdout ends
	require.Equal(t, 0, h.wait(patience), "of the parent")
}
