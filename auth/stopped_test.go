//go:build unix

package auth

import (
	"bytes"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// A process that is stopped in the middle of its refresh, for longer than a request
// may take, takes the answer that arrived meanwhile: the refresh token is not sent
// again, which would end the login at an issuer that revokes on reuse.
//
// Faults: A35.
func TestStoppedInMidRefresh(t *testing.T) {
	const times, limit = 20, 500 * time.Millisecond
	var all sync.WaitGroup
	for range times {
		all.Go(func() {
			asked, answer := make(chan struct{}, 9), make(chan struct{})
			l := loginOf(t, simulator.Config{Hold: func(_ simulator.Request, done bool) bool {
				if done {
					asked <- struct{}{}
					<-answer
				}
				return true
			}})
			var out bytes.Buffer
			cmd := process(roleRefresh, l.home, l.sim.IssuerURL(), limitVariable+"="+limit.String())
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			<-asked
			_ = cmd.Process.Signal(syscall.SIGSTOP)
			time.Sleep(limit / 5) // it has stopped
			close(answer)
			time.Sleep(3 * limit)
			_ = cmd.Process.Signal(syscall.SIGCONT)
			if err := cmd.Wait(); err != nil || strings.TrimSpace(out.String()) != "ok" {
				t.Errorf("%v: %s", err, out.String())
			}
			equal(t, "posts", l.posts(), 1)
			_, reused := l.sim.Refreshes()
			equal(t, "reused", reused, 0)
		})
	}
	all.Wait()
}

// A process that runs still gives up on an issuer that does not answer.
//
// Faults: A35.
func TestSilentIssuerEndsTheRefresh(t *testing.T) {
	hold := make(chan struct{})
	l := loginOf(t, simulator.Config{Hold: func(simulator.Request, bool) bool { <-hold; return false }})
	defer close(hold)
	m := l.manager()
	m.issuer.Limit = 100 * time.Millisecond
	begun := time.Now()
	_, err := m.ChatGPT(t.Context())
	equal(t, "reason", reasonOf(t, err, protocol.CodeAuthUnavailable), "connect")
	if took := time.Since(begun); took > 10*time.Second {
		t.Error("it took", took)
	}
}
