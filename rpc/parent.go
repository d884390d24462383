package rpc

import (
	"context"
	"os"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

const (
	// parentPoll is how often the host's process is looked at.
	parentPoll = time.Second
	// maxAncestors bounds the walk from our parent upwards.
	maxAncestors = 64
)

// noteHost notes the process that initialize names, on the reading goroutine. It is
// watched if it is alive now and is our parent or an ancestor. Any other process that
// happens to have the id says nothing about the host: the host may be in another PID
// namespace or on another machine (docs/protocol.md: Lifecycle).
func (s *Server) noteHost(pid protocol.HostProcess) {
	host := watched{isParent: pid == 0}
	if pid > 0 {
		if isAncestor(int(pid)) {
			host.process = findProcess(int(pid))
		}
		if host.process == nil {
			s.log.Warn("the processId of initialize is not a living ancestor of this process; it is not watched", "processId", int(pid))
		}
	}
	s.host <- host // has room: initialize succeeds once
}

// watched is what initialize says to watch: a process, our own parent, or nothing.
type watched struct {
	process  *process
	isParent bool
}

// watchParent closes gone when the host's process has ended: the one that initialize
// named; without one, in header framing, our own parent, if it was not 1
// (docs/protocol.md: Lifecycle).
func (s *Server) watchParent(ctx context.Context, gone chan<- struct{}) {
	select {
	case <-s.begun.done:
	case <-ctx.Done():
		return
	}
	ticker := time.NewTicker(parentPoll)
	defer ticker.Stop()
	host := watched{isParent: true}
	for {
		select {
		case <-ctx.Done():
			return
		case host = <-s.host:
			if host == (watched{}) {
				return
			}
		case <-ticker.C:
			switch {
			case host.process != nil:
				if host.process.alive() {
					continue
				}
			case s.conn.Framing() != wire.FramingLSP || !s.parent.isGone():
				continue
			}
			close(gone)
			return
		}
	}
}

// isAncestor reports whether a process is our parent, its parent, and so on.
func isAncestor(pid int) bool {
	of := os.Getppid()
	for range maxAncestors {
		if of == pid {
			return true
		}
		if of <= 1 {
			return false
		}
		of = parentOf(of)
	}
	return false
}
