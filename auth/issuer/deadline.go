package issuer

import (
	"context"
	"time"
)

const (
	// ticksPerLimit is how finely the time that a process has run is counted.
	ticksPerLimit = 100
	// graceTicks is the least time that is left after a pause: what arrived
	// meanwhile is read before the limit ends the request.
	graceTicks = 10
)

// withRunningTime returns a context that ends after limit of the time in which
// this process has run; its cause is then context.DeadlineExceeded. A process that
// is stopped (SIGSTOP, a frozen container, the lid of a laptop) loses no time, and
// what arrived meanwhile counts (docs/credentials.md: Refresh). However often it
// is stopped, it runs for at most twice the limit.
func withRunningTime(parent context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	tick := limit / ticksPerLimit
	go func() {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		budget := runningBudget{tick: tick, limit: limit}
		last := time.Now()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			now := time.Now()
			if !budget.spend(now.Sub(last)) {
				cancel(context.DeadlineExceeded)
				return
			}
			last = now
		}
	}()
	return ctx, func() { cancel(nil) }
}

// runningBudget counts the time in which a process runs.
type runningBudget struct {
	tick, limit time.Duration
	ran         time.Duration
	grace       time.Duration // of running time; the limit does not count before it
}

// spend takes the time since the last tick, and reports whether any is left. A gap
// of more than two ticks was a pause: it counts as one tick.
func (b *runningBudget) spend(gap time.Duration) bool {
	if gap > 2*b.tick {
		gap = b.tick
		b.grace = b.ran + graceTicks*b.tick
	}
	b.ran += gap
	return b.ran < max(b.limit, min(b.grace, 2*b.limit))
}
