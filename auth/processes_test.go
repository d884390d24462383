//go:build unix

package auth

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// A1: many processes on one expired login, single-use refresh tokens: exactly one
// POST, none reused, all succeed. (Codex itself: 12 POSTs, 11 reused.)
//
// Faults: A1.
func TestOneRefreshAmongProcesses(t *testing.T) {
	t.Parallel()
	for _, n := range []int{12, 50} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			l := loginOf(t, simulator.Config{Hold: func(_ simulator.Request, done bool) bool {
				if done {
					time.Sleep(500 * time.Millisecond)
				}
				return true
			}})
			start := time.Now()
			for i, printed := range runAll(t, n, roleRefresh, l.home, l.sim.IssuerURL()) {
				if printed != "ok" {
					t.Errorf("process %d: %s", i, printed)
				}
			}
			granted, reused := l.sim.Refreshes()
			t.Logf("%d processes: %d POSTs, %d granted, %d reused, %v", n, l.posts(), granted, reused, time.Since(start).Round(time.Millisecond))
			equal(t, "posts", l.posts(), 1)
			equal(t, "granted", granted, 1)
			equal(t, "reused", reused, 0)
			l.checkRefreshed()
		})
	}
}

// Eight processes refresh and write without a pause: no token is spent twice, no
// change of another process is lost.
func TestManyRefreshes(t *testing.T) {
	t.Parallel()
	const processes, rounds = 8, 10
	l := loginOf(t, simulator.Config{Scenario: "ok"})
	for i, printed := range runAll(t, processes, roleRotate, l.home, l.sim.IssuerURL(), fmt.Sprintf("%s=%d", roundsVariable, rounds)) {
		if printed != fmt.Sprint(rounds) {
			t.Errorf("process %d: %s", i, printed)
		}
	}
	granted, reused := l.sim.Refreshes()
	t.Logf("%d processes of %d rounds: %d granted, %d reused", processes, rounds, granted, reused)
	equal(t, "reused", reused, 0)
	l.checkRefreshed()
	equal(t, "members", strings.Count(textOf(t, l.home), `"x_`), processes)
}

// The brackets that processes write under the lock are never mixed, also while
// somebody keeps deleting the lock file (A23).
//
// Faults: A23.
func TestLocksExclude(t *testing.T) {
	t.Parallel()
	for name, deleting := range map[string]bool{"the file stays": false, "the file is deleted": true} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			stop := make(chan struct{})
			cleaned := make(chan struct{})
			go func() {
				defer close(cleaned)
				for deleting {
					select {
					case <-stop:
						return
					case <-time.After(7 * time.Millisecond):
						// Between two holders, as a cleaner that looks whether it is in use;
						// a lock file that is deleted while it is held cannot keep others out.
						deleteUnheld(filepath.Join(home, store.RefreshLockName))
					}
				}
			}()
			const processes, rounds = 20, 20
			runAll(t, processes, roleBracket, home, "", fmt.Sprintf("%s=%d", roundsVariable, rounds))
			close(stop)
			<-cleaned
			text, err := os.ReadFile(filepath.Join(home, "bracket"))
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Fields(string(text))
			equal(t, "lines", len(lines), 2*processes*rounds)
			for i := 0; i+1 < len(lines); i += 2 {
				if lines[i][0] != '<' || lines[i+1] != ">"+lines[i][1:] {
					t.Fatalf("line %d: %s %s", i, lines[i], lines[i+1])
				}
			}
		})
	}
}

// deleteUnheld deletes a lock file that nobody holds at this moment; others may
// wait for it.
func deleteUnheld(path string) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		_ = os.Remove(path)
	}
}

// hold starts a process that holds the refresh lock of home.
func hold(t *testing.T, home string) *exec.Cmd {
	t.Helper()
	cmd := process(roleHold, home, "")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatal("the process does not hold the lock")
	}
	return cmd
}

// A21: the lock of a process that was killed is free at once. A22: one that hangs
// is named after the deadline, and other methods go on.
//
// Faults: A21, A22.
func TestLockHolderHangs(t *testing.T) {
	l := loginOf(t, simulator.Config{})
	holder := hold(t, l.home)
	if err := holder.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	m := l.manager()
	m.store.Waits.Lock = 300 * time.Millisecond
	start := time.Now()
	done := make(chan error, 1)
	go func() { _, err := m.ChatGPT(context.Background()); done <- err }()
	for range 5 {
		statusOf(t, m)
	}
	if took := time.Since(start); took > 250*time.Millisecond {
		t.Logf("five statuses took %v", took)
	}
	err := <-done
	equal(t, "reason", reasonOf(t, err, protocol.CodeCredentialStore), "locked")
	if !strings.Contains(err.Error(), fmt.Sprintf("Process %d holds", holder.Process.Pid)) {
		t.Errorf("the holder is not named: %v", err)
	}
	equal(t, "posts", l.posts(), 0)

	// A21
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait()
	m.store.Waits.Lock = 45 * time.Second
	start = time.Now()
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Error(err)
	}
	t.Logf("after the holder's death: %v", time.Since(start).Round(time.Millisecond))
	l.checkRefreshed()
}

// While the lock is held elsewhere, a refresh that somebody else saved is adopted
// without waiting for the lock.
func TestAdoptsWhileTheLockIsHeld(t *testing.T) {
	t.Parallel()
	l := loginOf(t, simulator.Config{})
	fresh := loginOf(t, simulator.Config{Scenario: "ok"})
	hold(t, l.home)
	m := l.manager()
	time.AfterFunc(100*time.Millisecond, func() {
		d := store.NewDocument([]byte(textOf(t, l.home)))
		d.Set(store.NewDocument([]byte(textOf(t, fresh.home))).Value("tokens", "access_token"), "tokens", "access_token")
		put(t, filepath.Join(l.home, store.FileName), d.Text)
	})
	if _, err := m.ChatGPT(t.Context()); err != nil {
		t.Error(err)
	}
	equal(t, "posts", l.posts(), 0)
}

// steps of a refresh, in order.
var steps = []string{"post", "answer", "create", "write", "fsync", "lock", "rename", "renamed", "dirsync", "done"}

// A8, A9: SIGKILL at every step of a refresh, 22 times each. The file is always
// the old one or the new one and parses; a process that comes later works, with
// the tokens that were written beside it, unless the answer was lost with the one
// that died, which no program can help.
//
// Faults: A8, A9.
func TestKilledAtEveryStep(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	t.Parallel()
	const times = 22
	var kills atomic.Int64
	t.Cleanup(func() { t.Logf("%d kills", kills.Load()) })
	for i, step := range steps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			for range times {
				l := loginOf(t, simulator.Config{})
				old := textOf(t, l.home)
				cmd := process(roleRefresh, l.home, l.sim.IssuerURL(), killVariable+"="+step)
				out, err := cmd.CombinedOutput()
				if cmd.ProcessState.Success() || err == nil {
					t.Fatalf("it lives: %s", out)
				}
				kills.Add(1)
				now := textOf(t, l.home)
				isNew := now != old
				if s := store.Parse("auth.json", []byte(now)); s.Err != nil || now == "" {
					t.Fatal("auth.json does not parse", s.Err)
				}
				if isNew != (i >= 7) {
					t.Fatalf("killed at %s: new is %t", step, isNew)
				}
				if isNew && str(store.NewDocument([]byte(now)), "tokens", "refresh_token") != l.sim.LiveRefreshToken() {
					t.Fatal("the new file does not hold the newest token")
				}
				if info, _ := os.Stat(filepath.Join(l.home, store.FileName)); info.Mode().Perm() != 0o600 {
					t.Fatal("mode", info.Mode())
				}
				// Who comes next.
				want := "ok"
				if slices.Contains([]string{"answer", "create", "write"}, step) {
					want = "refresh_reused" // the answer died with the process
				}
				m := l.manager()
				m.waits.reused = 10 * time.Millisecond
				_, err = m.ChatGPT(t.Context())
				if got := reasonOf(t, err, protocol.CodeLoginRequired); got != want && !(want == "ok" && got == "") {
					t.Fatalf("next: %q, want %q", got, want)
				}
				if step == "lock" || step == "rename" {
					equal(t, "what was found beside it is gone", litter(t, l.home), nil)
				}
				// What the dead process left behind goes once it is old.
				for _, path := range litter(t, l.home) {
					old := time.Now().Add(-2 * tempLife)
					_ = os.Chtimes(path, old, old)
				}
				_ = m.view.rewrite(t.Context(), store.OverLogin, func(d *store.Document) error { d.SetNull("x"); return nil })
				equal(t, "litter", litter(t, l.home), nil)
			}
		})
	}
}

// SIGKILL from outside at any time, with a second process at work beside.
//
// Faults: A9.
func TestKilledAtAnyTime(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	t.Parallel()
	for i := range 40 {
		l := loginOf(t, simulator.Config{})
		old := textOf(t, l.home)
		cmd := process(roleRefresh, l.home, l.sim.IssuerURL())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		now := textOf(t, l.home)
		if s := store.Parse("auth.json", []byte(now)); s.Err != nil || now == "" {
			t.Fatal("auth.json does not parse", s.Err)
		}
		if now != old && str(store.NewDocument([]byte(now)), "tokens", "refresh_token") != l.sim.LiveRefreshToken() {
			t.Fatal("neither the old file nor the new one")
		}
	}
}

// A limit on the size of files ends no process and loses no token: it is a full
// disk (A13).
//
// Faults: A13.
func TestFileSizeLimit(t *testing.T) {
	t.Parallel()
	l := loginOf(t, simulator.Config{})
	old := textOf(t, l.home)
	inner := process(roleRefresh, l.home, l.sim.IssuerURL())
	cmd := exec.Command("/bin/sh", "-c", `ulimit -f 0; exec "$0"`, inner.Path)
	cmd.Env = inner.Env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan []byte, 1)
	go func() {
		_ = cmd.Wait()
		done <- out.Bytes()
	}()
	for deadline := time.Now().Add(10 * time.Second); l.posts() == 0 && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond)
	equal(t, "auth.json", textOf(t, l.home) == old, true)
	select {
	case out := <-done:
		t.Fatalf("it has ended: %s", out)
	default:
	}
	_ = cmd.Process.Kill() // it would wait for room
	<-done
}
