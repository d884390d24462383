package engine

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// errSent: the body is wanted again after it was given up.
var errSent = errors.New("the body of the request has been given up")

// upload is the body of a request for as long as it may be sent (again). net/http
// holds on to a request until its answer has been read to the end, which for a
// stream is long; so what it holds leads to the bytes only until they are sent.
type upload struct {
	mu   sync.Mutex
	body []byte // nil once dropped
}

// attach makes the upload the body of req. progress is called with each piece
// that is taken, on any goroutine.
func (u *upload) attach(req *http.Request, progress func()) {
	u.mu.Lock()
	size := len(u.body)
	u.mu.Unlock()
	req.ContentLength = int64(size)
	// The transport asks for the body again if the connection turned out to be
	// gone before anything was written to it.
	req.GetBody = func() (io.ReadCloser, error) {
		u.mu.Lock()
		defer u.mu.Unlock()
		if u.body == nil {
			return nil, errSent
		}
		return &uploadReader{left: u.body, progress: progress}, nil
	}
	req.Body, _ = req.GetBody()
}

// drop frees the bytes.
func (u *upload) drop() {
	u.mu.Lock()
	u.body = nil
	u.mu.Unlock()
}

// uploadReader reads the body once. An answer may come before the body has been
// sent, so it does not notice a drop.
type uploadReader struct {
	left     []byte
	progress func()
}

// Read implements io.Reader.
func (r *uploadReader) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		return 0, io.EOF
	}
	r.progress()
	n := copy(p, r.left)
	r.left = r.left[n:]
	if len(r.left) == 0 {
		r.left = nil // or the empty rest would hold the whole
	}
	return n, nil
}

// Close implements io.Closer.
func (r *uploadReader) Close() error { return nil }

// headerClock calls expired when neither the body is taken further nor an answer
// comes for as long as limit. A limit of 0 never ends.
type headerClock struct {
	limit time.Duration

	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

func startHeaderClock(limit time.Duration, expired func()) *headerClock {
	c := &headerClock{limit: limit, stopped: limit == 0}
	if limit > 0 {
		c.timer = time.AfterFunc(limit, expired)
	}
	return c
}

// touch starts the time again, unless the clock has been stopped.
func (c *headerClock) touch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.timer.Reset(c.limit)
	}
}

func (c *headerClock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	if c.timer != nil {
		c.timer.Stop()
	}
}
