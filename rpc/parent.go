package rpc

import (
	"context"
	"os"
	"time"

	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// parentPoll is how often the host's process is looked at.
const parentPoll = time.Second

// watchParent closes gone when the host's process has ended: the one that
// initialize named, if it was alive then; without one, in header framing, our
// own parent, if it was not 1 (docs/protocol.md: Lifecycle).
func (s *Server) watchParent(ctx context.Context, gone chan<- struct{}) {
	select {
	case <-s.begun.done:
	case <-ctx.Done():
		return
	}
	ticker := time.NewTicker(parentPoll)
	defer ticker.Stop()
	var host *process
	for {
		select {
		case <-ctx.Done():
			return
		case pid := <-s.hostID:
			if host = findProcess(pid); host == nil {
				s.log.Warn("the process of initialize is not alive here; it is not watched", "processId", pid)
				return
			}
		case <-ticker.C:
			switch {
			case host != nil:
				if host.alive() {
					continue
				}
			case s.parent == 1 || s.conn.Framing() != wire.FramingLSP || os.Getppid() == s.parent:
				continue
			}
			close(gone)
			return
		}
	}
}
