//go:build unix

package auth

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// A test process can be started again as one of several that share a login.

// Variables of such a process.
const (
	roleVariable   = "SIGNALBOX_TEST_ROLE"
	homeVariable   = "SIGNALBOX_TEST_HOME"
	issuerVariable = "SIGNALBOX_TEST_ISSUER"
	killVariable   = "SIGNALBOX_TEST_KILL_AT"
	roundsVariable = "SIGNALBOX_TEST_ROUNDS"
	limitVariable  = "SIGNALBOX_TEST_LIMIT"
)

// The roles.
const (
	// roleRefresh takes the access token and prints "ok", or the reason.
	roleRefresh = "renew"
	// roleRotate refreshes again and again and writes a member of its own, and prints
	// how often it has refreshed, or the reason.
	roleRotate = "rotate"
	// roleBracket appends "<pid" and ">pid" to a file, under the refresh lock.
	roleBracket = "bracket"
	// roleHold takes the refresh lock, prints "held" and waits to be killed.
	roleHold = "hold"
)

// play is the program of such a process; it returns the exit code.
func play(role string) int {
	home := os.Getenv(homeVariable)
	issuer, err := issuer.ParseEndpoint(os.Getenv(issuerVariable), func(string) string { return "" })
	if err != nil {
		return 2
	}
	m := NewManager(Config{Home: home, Issuer: issuer})
	if limit := os.Getenv(limitVariable); limit != "" {
		m.issuer.Limit, _ = time.ParseDuration(limit)
	}
	if step := os.Getenv(killVariable); step != "" {
		kill := func(at string) {
			if at == step {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {} // it is on its way
			}
		}
		m.at, m.store.Disk.At = kill, kill
	}
	switch role {
	case roleRefresh:
		credential, err := m.ChatGPT(context.Background())
		var known *protocol.Error
		switch {
		case err != nil:
			known, _ = err.(*protocol.Error)
			fmt.Println(known.Data.Reason)
		case credential.expired:
			fmt.Println("an expired token")
		default:
			fmt.Println("ok")
		}
		m.Drain(context.Background())
		return 0
	case roleRotate:
		var rounds, renewed int
		_, _ = fmt.Sscan(os.Getenv(roundsVariable), &rounds)
		for range rounds {
			refreshed, err := m.Refresh(context.Background())
			if err == nil {
				err = m.view.rewrite(context.Background(), store.OverLogin, func(d *store.Document) error {
					d.SetString("here", fmt.Sprintf("x_%d", os.Getpid()))
					return nil
				})
			}
			if err != nil {
				fmt.Println(err)
				return 0
			}
			if refreshed {
				renewed++
			}
		}
		fmt.Println(renewed)
		m.Drain(context.Background())
		return 0
	case roleBracket:
		var rounds int
		_, _ = fmt.Sscan(os.Getenv(roundsVariable), &rounds)
		for range rounds {
			lock, err := m.store.LockRefresh(context.Background(), nil)
			if err != nil {
				fmt.Println(err)
				return 1
			}
			bracket(home+"/bracket", "<")
			time.Sleep(time.Millisecond)
			bracket(home+"/bracket", ">")
			lock.Release()
		}
		return 0
	case roleHold:
		if _, err := m.store.LockRefresh(context.Background(), nil); err != nil {
			return 1
		}
		fmt.Println("held")
		time.Sleep(time.Minute)
	}
	return 2
}

func bracket(path, sign string) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintf(f, "%s%d\n", sign, os.Getpid())
	_ = f.Close()
}

// process makes another process in a role.
func process(role, home, issuer string, more ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append([]string{
		roleVariable + "=" + role, homeVariable + "=" + home, issuerVariable + "=" + issuer,
		"GORACE=atexit_sleep_ms=0", "HTTPS_PROXY=http://127.0.0.1:1",
		// Else a binary that counts coverage says on stderr that it has no folder.
		"GOCOVERDIR=" + os.TempDir(),
	}, more...)
	return cmd
}

// runAll starts n processes in a role at once and returns what each printed.
func runAll(t *testing.T, n int, role, home, issuer string, more ...string) []string {
	t.Helper()
	printed := make([]string, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			var out bytes.Buffer
			cmd := process(role, home, issuer, more...)
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil {
				t.Errorf("process: %v: %s", err, out.String())
			}
			printed[i] = strings.TrimSpace(out.String())
		})
	}
	all.Wait()
	return printed
}
