package rpc

import "sync"

// latch is something that happens once. Safe for concurrent use.
type latch struct {
	once sync.Once
	done chan struct{} // closed when it has happened
}

func newLatch() *latch { return &latch{done: make(chan struct{})} }

// set notes that it has happened; the second time changes nothing.
func (l *latch) set() { l.once.Do(func() { close(l.done) }) }

// isSet reports whether it has happened.
func (l *latch) isSet() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}
