package auth

import (
	"context"
	"sync"

	"github.com/signalbox-dev/signalbox/protocol"
)

// Work whose loss would lose a token is not ended by anybody: not by the request
// that asked for it, not by the end of the process, which waits for it (contract
// 2). Only SIGKILL is exempt.

// vital counts such work.
type vital struct {
	mu      sync.Mutex
	running int
	closed  bool
	idle    chan struct{} // closed when nothing runs; nil while nobody waits
}

// begin announces work that must not be lost: the process does not exit before
// end is called. ok is false when the process is about to exit: the work must
// not begin.
func (m *Manager) begin() (end func(), ok bool) { return m.vital.enter(false) }

// enter is begin; with always it also begins when the process is about to exit,
// for what is a part of work that runs.
func (v *vital) enter(always bool) (end func(), ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed && !always {
		return nil, false
	}
	v.running++
	var once sync.Once
	return func() {
		once.Do(func() {
			v.mu.Lock()
			defer v.mu.Unlock()
			if v.running--; v.running == 0 && v.idle != nil {
				close(v.idle)
				v.idle = nil
			}
		})
	}, true
}

// isClosed reports whether the process is about to exit.
func (v *vital) isClosed() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.closed
}

// undisturbed runs work under a context that nobody ends, and waits for it. When
// ctx ends first, the error is -32800 at once, while the work goes on; when the
// process is about to exit, the work does not begin.
func (m *Manager) undisturbed(ctx context.Context, work func(context.Context) error) error {
	end, ok := m.begin()
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

// Settle lets no further renewal, redemption or exchange begin, and waits until
// those that run have been saved, or ctx ends.
func (m *Manager) Settle(ctx context.Context) {
	v := &m.vital
	v.mu.Lock()
	v.closed = true
	if v.running == 0 {
		v.mu.Unlock()
		return
	}
	if v.idle == nil {
		v.idle = make(chan struct{})
	}
	idle := v.idle
	v.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}
