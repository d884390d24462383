package issuer

import (
	"context"
	"testing"
	"time"
)

// A pause counts as one tick, leaves time to read what has arrived, and cannot be
// repeated for ever.
func TestRunningBudget(t *testing.T) {
	const tick = 200 * time.Millisecond
	count := func(b *runningBudget, gap time.Duration) (n int) {
		for n = 1; b.spend(gap); n++ {
			if n > 10_000 {
				t.Fatal("it never ends")
			}
		}
		return n
	}
	steady := &runningBudget{tick: tick, limit: Timeout}
	if n := count(steady, tick); n != ticksPerLimit {
		t.Errorf("%d ticks, want %d", n, ticksPerLimit)
	}
	late := &runningBudget{tick: tick, limit: Timeout}
	for range ticksPerLimit - 1 {
		late.spend(tick)
	}
	if !late.spend(time.Hour) {
		t.Error("the pause itself ended it")
	}
	if n := count(late, tick); n != graceTicks-1 {
		t.Errorf("%d ticks after the pause, want %d", n, graceTicks-1)
	}
	stopped := &runningBudget{tick: tick, limit: Timeout}
	if n := count(stopped, time.Hour); n != 2*ticksPerLimit {
		t.Errorf("%d pauses, want %d", n, 2*ticksPerLimit)
	}
}

func TestRunningTimeEnds(t *testing.T) {
	ctx, cancel := withRunningTime(t.Context(), 50*time.Millisecond)
	defer cancel()
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
	if cause := context.Cause(ctx); cause != context.DeadlineExceeded {
		t.Error(cause)
	}
}
