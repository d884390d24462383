package simulator

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	maxRequests    = 4096     // requests that are remembered
	maxRequestBody = 64 << 20 // bytes, of one body and of all remembered bodies together
)

// Request is one request as it arrived.
type Request struct {
	Method  string
	Path    string
	Query   string // as sent, without the question mark
	Header  http.Header
	Body    []byte
	Aborted bool // the client went away before the answer was complete
	At      time.Time
	Proto   string
}

// requestLog remembers the newest requests within bounds.
type requestLog struct {
	mu       sync.Mutex
	requests []*Request
	bodyless int // the leading requests whose bodies were dropped
	bytes    int // of the bodies that were not
}

func (l *requestLog) add(r *http.Request, body []byte) *Request {
	request := &Request{
		Method: r.Method,
		Path:   r.URL.Path,
		Query:  r.URL.RawQuery,
		Header: r.Header.Clone(),
		Body:   body,
		At:     time.Now(),
		Proto:  r.Proto,
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, request)
	l.bytes += len(body)
	if len(l.requests) > maxRequests {
		l.bytes -= len(l.requests[0].Body)
		l.requests = slices.Delete(l.requests, 0, 1)
		l.bodyless = max(0, l.bodyless-1)
	}
	for ; l.bytes > maxRequestBody; l.bodyless++ {
		oldest := l.requests[l.bodyless]
		l.bytes -= len(oldest.Body)
		oldest.Body = nil
	}
	return request
}

func (l *requestLog) abort(r *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Aborted = true
}

func (l *requestLog) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Request, len(l.requests))
	for i, r := range l.requests {
		all[i] = *r
	}
	return all
}
