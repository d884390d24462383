package wire

import (
	"context"
	"io"
	"strconv"
	"sync"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

const (
	// eventRoom: while more than this is waiting, events wait as well. So the buffer
	// for a host that does not read holds this much and at most one event more.
	eventRoom = 256 << 10
	// flushAt: a buffer of this size is written without waiting for a flush.
	flushAt = 64 << 10
	// keepBuffer: a buffer that grew above this is given back.
	keepBuffer = 256 << 10
	// frameRoom: more than a frame takes besides head and body.
	frameRoom = 128
	// minCost is the least that a queued message counts against the look-ahead.
	minCost = 1 << 10
)

// writer sends frames. It has one buffer and two ways in: event blocks while much
// is waiting, post never blocks. The goroutine that finds the writer idle writes;
// frames join the buffer while a write is in progress and leave with the next one.
// A blocked write cannot be interrupted: whoever must not hang uses post.
//
// Safe for concurrent use. Frames of one goroutine leave in its order.
type writer struct {
	out io.Writer
	// lines: NDJSON instead of headers. Set once, before the first frame.
	lines bool
	// wellFormed: no string holds an escape of a lone surrogate. Guarded by mu.
	wellFormed bool

	mu      sync.Mutex
	buf     []byte // waiting
	spare   []byte // the other buffer, while none is being written
	writing bool   // some goroutine is in, or on its way to, out.Write
	queued  int64  // cost of the posted frames in buf
	onWire  int64  // cost of the posted frames being written
	err     error  // the first error of out; final
	changed chan struct{}
	failed  chan struct{}

	// large buffers, above keepBuffer, as *[]byte: an image does not cost a new one
	// each time, and the collector takes what is not used again.
	large sync.Pool
}

func newWriter(out io.Writer) *writer {
	return &writer{out: out, failed: make(chan struct{})}
}

// setLines chooses NDJSON or headers, before the first frame.
func (w *writer) setLines(lines bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = lines
}

// setWellFormed chooses what becomes of lone surrogates from the next frame on.
func (w *writer) setWellFormed(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wellFormed = on
}

// post queues one message without blocking.
func (w *writer) post(message []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	w.queued += max(int64(len(message)), minCost)
	start := len(w.buf)
	w.buf = w.appendFrame(w.buf, message)
	w.mend(start)
	if !w.writing {
		w.writing = true
		go w.drain()
	}
}

// mend replaces lone surrogates in what has been appended to the buffer since start,
// where that is wanted. Called with mu held.
func (w *writer) mend(start int) {
	if w.wellFormed {
		rawjson.ReplaceLone(w.buf[start:])
	}
}

// appendFrame appends one message as a frame.
func (w *writer) appendFrame(dst, message []byte) []byte {
	if w.lines {
		return append(rawjson.AppendLine(dst, message), '\n')
	}
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(message)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, message...)
}

// event queues one event of a stream, to be written at the next flush; it
// blocks while much is waiting, until ctx ends or the output fails. The body is
// not kept. It does not allocate while the buffer has room.
func (w *writer) event(ctx context.Context, t *EventTemplate, seq int64, body []byte, breaks bool) error {
	w.mu.Lock()
	for w.err == nil && len(w.buf) > eventRoom {
		if err := w.wait(ctx); err != nil {
			w.mu.Unlock()
			return err
		}
	}
	if w.err != nil {
		w.mu.Unlock()
		return w.err
	}
	w.reserve(len(t.head) + len(body) + frameRoom)
	start := len(w.buf)
	w.buf = t.append(w.buf, w.lines, seq, body, breaks)
	w.mend(start)
	if len(w.buf) < flushAt {
		w.mu.Unlock()
		return nil
	}
	return w.writeOnce()
}

// reserve makes room for n bytes in the buffer if that takes a large one.
// Called with mu held.
func (w *writer) reserve(n int) {
	n += len(w.buf)
	if n <= keepBuffer || n <= cap(w.buf) {
		return
	}
	b, _ := w.large.Get().(*[]byte)
	if b == nil || cap(*b) < n {
		grown := make([]byte, 0, n+n/4)
		b = &grown
	}
	w.buf = append(*b, w.buf...)
}

// keepLarge keeps a large buffer for reserve. It is separate from write, where
// taking the address would allocate for every buffer.
func (w *writer) keepLarge(buf []byte) { w.large.Put(&buf) }

// flush writes what is waiting, unless another goroutine does.
func (w *writer) flush() error {
	w.mu.Lock()
	return w.writeOnce()
}

// writeOnce writes what is waiting, unless another goroutine does, and hands over
// what came meanwhile. Called with mu held, which it releases.
func (w *writer) writeOnce() error {
	defer w.mu.Unlock()
	if w.err == nil && !w.writing && len(w.buf) > 0 {
		w.writing = true
		w.write()
		if w.err == nil && len(w.buf) > 0 {
			go w.drain()
		} else {
			w.writing = false
		}
	}
	return w.err
}

// drain writes until nothing is waiting. Its caller has set writing.
func (w *writer) drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && len(w.buf) > 0 {
		w.write()
	}
	w.writing = false
}

// write writes the buffer that is waiting. Called with mu held, which is released
// during the write. Those that it wakes get mu after its caller, so they see what
// the caller does to writing.
func (w *writer) write() {
	full := w.buf
	w.buf, w.spare = w.spare, nil
	w.onWire, w.queued = w.queued, 0
	w.mu.Unlock()
	_, err := w.out.Write(full)
	w.mu.Lock()
	w.onWire = 0
	if cap(full) <= keepBuffer {
		w.spare = full[:0]
	} else {
		w.keepLarge(full[:0])
	}
	if err != nil && w.err == nil {
		w.err = err
		w.buf, w.queued = nil, 0
		close(w.failed)
	}
	w.broadcast()
}

// wait releases mu until something has changed or ctx ends.
func (w *writer) wait(ctx context.Context) error {
	if w.changed == nil {
		w.changed = make(chan struct{})
	}
	changed := w.changed
	w.mu.Unlock()
	defer w.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (w *writer) broadcast() {
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

// failure returns the error that the output has failed with; nil while it has not.
func (w *writer) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// waiting returns how many bytes have not been handed to out.
func (w *writer) waiting() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int64(len(w.buf))
}

// awaitBelow blocks while posted frames above the look-ahead are waiting. Before it
// blocks it calls blocked, which must not use the writer.
func (w *writer) awaitBelow(ctx context.Context, lookAhead int64, blocked func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && w.queued+w.onWire > lookAhead {
		blocked()
		if err := w.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// awaitEmpty blocks until everything has been written, the output has failed or
// ctx ends.
func (w *writer) awaitEmpty(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil && !w.writing && len(w.buf) > 0 {
		w.writing = true
		go w.drain()
	}
	for w.err == nil && (w.writing || len(w.buf) > 0) {
		if err := w.wait(ctx); err != nil {
			return err
		}
	}
	return w.err
}
