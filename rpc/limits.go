package rpc

import (
	"context"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/internal/params"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// limitsPause is the shortest time between two limits/changed (docs/protocol.md:
// Order on the pipe).
const limitsPause = time.Second

// readLimits serves limits/read: what the backends last said of their limits.
func (s *Server) readLimits(ctx context.Context, req *wire.Request) (any, error) {
	var p protocol.LimitsReadParams
	if err := params.Decode(req.Params, &p); err != nil {
		return nil, err
	}
	if p.Refresh {
		limits := s.cfg.Engine.RefreshLimits(ctx)
		return limits, context.Cause(ctx) // nil unless the host has cancelled it
	}
	return s.cfg.Engine.Limits(ctx), nil
}

// limitsNotice spaces limits/changed. The zero value is ready.
type limitsNotice struct {
	mu sync.Mutex
	// last one that was sent; waiting: the next one is on its way.
	last    time.Time
	waiting bool
}

// limitsChanged sends limits/changed, now or when limitsPause has passed since
// the last one. What changes until then goes with it. It does not block.
func (s *Server) limitsChanged() {
	n := &s.limits
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.waiting || !s.greeted.isSet() || s.isOptedOut(protocol.NotificationLimitsChanged) {
		return
	}
	n.waiting = true
	time.AfterFunc(max(0, limitsPause-time.Since(n.last)), func() {
		n.mu.Lock()
		n.waiting, n.last = false, time.Now()
		n.mu.Unlock()
		s.announce(protocol.NotificationLimitsChanged, s.cfg.Engine.Limits(context.Background()))
	})
}
