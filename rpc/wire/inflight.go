package wire

import (
	"context"
	"errors"
	"sync"
)

// ErrCancelled is the cause of a request's context after $/cancelRequest.
var ErrCancelled = errors.New("the host cancelled the request")

// inflight holds the requests that have not been answered, by the key of their
// id. Safe for concurrent use.
type inflight struct {
	mu      sync.Mutex
	calls   map[string]context.CancelCauseFunc
	open    int // requests whose answer has not been queued yet
	waiters []waiter
}

// waiter is told when at most n requests are open.
type waiter struct {
	n    int
	done chan struct{}
}

// add registers a request; false if one with the same id has not been answered.
func (f *inflight) add(key string, cancel context.CancelCauseFunc) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, taken := f.calls[key]; taken {
		return false
	}
	f.open++
	f.calls[key] = cancel
	return true
}

// remove forgets a request that add has taken: its id may be used again.
func (f *inflight) remove(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[key](nil)
	delete(f.calls, key)
}

// answered counts a removed request as answered. It is separate from remove
// because the id must be free before the host can read the answer, and the request
// must count as open until the answer is queued.
func (f *inflight) answered() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open--
	rest := f.waiters[:0]
	for _, w := range f.waiters {
		if f.open <= w.n {
			close(w.done)
		} else {
			rest = append(rest, w)
		}
	}
	f.waiters = rest
}

// atMost returns a channel that is closed once at most n requests are open.
func (f *inflight) atMost(n int) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := waiter{n, make(chan struct{})}
	if f.open <= n {
		close(w.done)
	} else {
		f.waiters = append(f.waiters, w)
	}
	return w.done
}

// cancel ends the request with key, if it is in flight.
func (f *inflight) cancel(key string, cause error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if cancel := f.calls[key]; cancel != nil {
		cancel(cause)
	}
}

// cancelAll ends every request except the one with the given key.
func (f *inflight) cancelAll(cause error, except string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, cancel := range f.calls {
		if key != except {
			cancel(cause)
		}
	}
}
