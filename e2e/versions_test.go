//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// firstVersion is the first commit of this program whose auth/refresh takes the locks.
const firstVersion = "009c1bee0bafc513ca0d4f2f4269e99002749c2e"

var oldBuild sync.Mutex

// oldBinary builds the program of firstVersion, or takes it from the cache. A clone that
// does not have the commit, as a shallow one, cannot run these tests, and says so.
func oldBinary(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	path := filepath.Join(cache, "signalbox-tests", "signalbox-"+firstVersion)
	oldBuild.Lock()
	defer oldBuild.Unlock()
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if exec.Command("git", "cat-file", "-e", firstVersion+"^{commit}").Run() != nil {
		t.Skip("NOT TESTED: two versions that share a CODEX_HOME. The commit " + firstVersion + " is not in this clone; git fetch --unshallow brings it")
	}
	tree, made := t.TempDir(), filepath.Join(t.TempDir(), "signalbox")
	pack := exec.Command("git", "archive", "--format=tar", firstVersion)
	pack.Dir = ".." // else of this folder alone
	archive, err := pack.Output()
	require.NoError(t, err)
	unpack := exec.Command("tar", "-xf", "-", "-C", tree)
	unpack.Stdin = bytes.NewReader(archive)
	require.NoError(t, unpack.Run())
	build := exec.Command("go", "build", "-o", made, "./cmd/signalbox")
	build.Dir, build.Env = tree, append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		testcheck.Missing(t, "the dependencies of the version "+firstVersion+": "+string(text))
	}
	// By a rename, so that another test run never starts a part of it.
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	text, err := os.ReadFile(made)
	require.NoError(t, err)
	temp := path + "." + filepath.Base(tree) + time.Now().Format("150405.000000000")
	require.NoError(t, os.WriteFile(temp, text, 0o755))
	require.NoError(t, os.Rename(temp, path))
	return path
}

// spawnOld starts serve of the old version.
func spawnOld(t *testing.T, binary string, o options) *host {
	t.Helper()
	c := serveCommand(t, o)
	c.Path, c.Args[0] = binary, binary
	c.Env = slices.DeleteFunc(c.Env, func(pair string) bool { return strings.HasPrefix(pair, mainVariable+"=") })
	return run(t, c, o)
}

// Two of the first version and two of this one renew one login at once: the names of the
// locks and their order are the same in all versions.
//
// Faults: B13.
func TestVersionsShareTheLocks(t *testing.T) {
	t.Parallel()
	old := oldBinary(t)
	for range 4 {
		sim := simulated(t, simulator.Config{Scenario: "expired"})
		home, _ := storedHome(t, sim)
		o := options{upstream: sim, home: home}
		hosts := []*host{spawnOld(t, old, o), spawn(t, o), spawnOld(t, old, o), spawn(t, o)}
		for _, h := range hosts {
			h.ping()
		}
		for _, h := range hosts {
			h.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello."}`))
		}
		for _, h := range hosts {
			require.Nil(t, h.outcome("1").answer.Error)
		}
		granted, reused := sim.Refreshes()
		require.Equal(t, []int{1, 0}, []int{granted, reused}, "refreshes granted, tokens used twice")
		for _, h := range hosts {
			h.cleanup()
		}
	}
}

// What a killed process of one version leaves behind, the other one copes with: locks
// and temporary files mean the same to both.
//
// Faults: B13.
func TestVersionsAfterAKill(t *testing.T) {
	t.Parallel()
	old := oldBinary(t)
	start := map[string]func(o options) *host{
		"the first version": func(o options) *host { return spawnOld(t, old, o) },
		"this version":      func(o options) *host { return spawn(t, o) },
	}
	for victim, next := range map[string]string{"the first version": "this version", "this version": "the first version"} {
		for range 6 {
			sim := simulated(t, simulator.Config{Scenario: "expired"})
			home, stored := storedHome(t, sim)
			o := options{upstream: sim, home: home}
			h := start[victim](o)
			h.ping()
			h.send(request("1", "auth/refresh", ""))
			awaitThat(t, "the issuer answering", func() bool { granted, _ := sim.Refreshes(); return granted == 1 })
			time.Sleep(time.Duration(rand.Int64N(int64(10 * time.Millisecond))))
			require.NoError(t, h.cmd.Process.Kill())
			<-h.ended

			text, err := os.ReadFile(filepath.Join(home, "auth.json"))
			require.NoError(t, err)
			require.True(t, json.Valid(text), "auth.json is torn")
			isNew := bytes.Contains(text, []byte(sim.LiveRefreshToken()))
			require.True(t, isNew || bytes.Equal(stored, text), "auth.json is neither the old one nor the new one")
			other := start[next](o)
			other.send(request("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello."}`))
			answer := other.outcome("1").answer // it comes, whatever was left behind
			if isNew {
				require.Nil(t, answer.Error, "%s after %s", next, victim)
			}
			other.cleanup()
			sim.Close()
		}
	}
}

// A login by one version is that of the other one, and so is a logout.
func TestVersionsShareALogin(t *testing.T) {
	t.Parallel()
	binary := oldBinary(t)
	sim := simulated(t, simulator.Config{Scenario: "logged-out"})
	o := options{upstream: sim, home: t.TempDir()}
	old, this := spawnOld(t, binary, o), spawn(t, o)
	becomes := func(h *host, want string) {
		awaitThat(t, "the state of the other one is "+want, func() bool {
			var status struct{ State string }
			require.NoError(t, json.Unmarshal(h.call("9", "auth/status", "").Result, &status))
			return status.State == want
		})
	}
	for _, one := range []*host{old, this} {
		require.Nil(t, one.call("1", "auth/login", `{"method":"device"}`).Error)
		becomes(old, "authenticated")
		becomes(this, "authenticated")
		// The answer of the first version's logout was another one.
		require.Nil(t, this.call("2", "auth/logout", "").Error)
		becomes(old, "unauthenticated")
	}
}
