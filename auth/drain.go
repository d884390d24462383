package auth

import (
	"context"
	"sync"

	"github.com/signalbox-dev/signalbox/protocol"
)

// Work whose loss would lose a token is not ended by anybody: not by the request
// that asked for it, not by the end of the process, which waits for it
// (docs/protocol.md: Lifecycle). Only SIGKILL is exempt.

// inFlight counts such work. The zero inFlight is ready for use.
type inFlight struct {
	mu      sync.Mutex
	running int
	closed  bool
	idle    chan struct{} // closed when nothing runs; nil while nobody waits
}

// begin announces work that must not be lost: the process does not exit before
// end is called. ok is false when the process is about to exit: the work must
// not begin.
func (w *inFlight) begin() (end func(), ok bool) { return w.enter(false) }

// enter is begin; with always it also begins when the process is about to exit,
// for what is a part of work that runs.
func (f *inFlight) enter(always bool) (end func(), ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed && !always {
		return nil, false
	}
	f.running++
	var once sync.Once
	return func() {
		once.Do(func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.running--; f.running == 0 && f.idle != nil {
				close(f.idle)
				f.idle = nil
			}
		})
	}, true
}

// isClosed reports whether the process is about to exit.
func (f *inFlight) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// do runs work under a context that nobody ends, and waits for it. When
// ctx ends first, the error is -32800 at once, while the work goes on; when the
// process is about to exit, the work does not begin.
func (w *inFlight) do(ctx context.Context, work func(context.Context) error) error {
	end, ok := w.begin()
	if !ok || ctx.Err() != nil {
		if ok {
			end()
		}
		return protocol.Cancelled()
	}
	done := make(chan error, 1)
	go func() {
		defer end()
		done <- work(context.WithoutCancel(ctx))
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return protocol.Cancelled()
	}
}

// Drain lets no further refresh, redemption or exchange begin, and waits until
// those that run have been saved, or ctx ends.
func (m *Manager) Drain(ctx context.Context) {
	f := &m.work
	f.mu.Lock()
	f.closed = true
	if f.running == 0 {
		f.mu.Unlock()
		return
	}
	if f.idle == nil {
		f.idle = make(chan struct{})
	}
	idle := f.idle
	f.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}
