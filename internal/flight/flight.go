// Package flight runs a piece of work once for all callers that want it at the
// same time.
package flight

import "sync"

// Group is a set of calls, at most one for each key at a time. The zero Group is
// ready for use. All methods are safe for concurrent use.
type Group[K comparable, V any] struct {
	mu    sync.Mutex
	calls map[K]*Call[V]
}

// Call is one run of a piece of work.
type Call[V any] struct {
	done  chan struct{}
	value V
}

// Join returns the call of key that is running, or starts one, which runs work
// in a goroutine of its own. The work belongs to no caller: it goes on when all
// of them have stopped waiting. started reports whether this caller started it.
func (g *Group[K, V]) Join(key K, work func() V) (call *Call[V], started bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if call := g.calls[key]; call != nil {
		return call, false
	}
	call = &Call[V]{done: make(chan struct{})}
	if g.calls == nil {
		g.calls = make(map[K]*Call[V])
	}
	g.calls[key] = call
	go func() {
		call.value = work()
		g.mu.Lock()
		delete(g.calls, key)
		g.mu.Unlock()
		close(call.done)
	}()
	return call, true
}

// Running returns the call of key that is running, or nil.
func (g *Group[K, V]) Running(key K) *Call[V] {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls[key]
}

// Done returns a channel that is closed when the work has ended. By then the
// group has forgotten the call: whoever joins next starts a new one.
func (c *Call[V]) Done() <-chan struct{} { return c.done }

// Value returns what the work returned. It blocks until Done is closed.
func (c *Call[V]) Value() V {
	<-c.done
	return c.value
}
