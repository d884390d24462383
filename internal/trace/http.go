package trace

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Upstream traces what goes through next: calls of the two backends.
func (f *File) Upstream(next http.RoundTripper) http.RoundTripper {
	return &roundTripper{f, next, "upstream"}
}

// Issuer traces what goes through next, by the allow-lists of the issuer.
func (f *File) Issuer(next http.RoundTripper) http.RoundTripper {
	return &roundTripper{f, next, "issuer"}
}

type roundTripper struct {
	file    *File
	next    http.RoundTripper
	traffic string
}

// CloseIdleConnections passes on what http.Transport has under this name.
func (t *roundTripper) CloseIdleConnections() {
	if next, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}

// RoundTrip implements http.RoundTripper.
func (t *roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	traffic := t.traffic
	if r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/responses") {
		traffic = "issuer" // whichever way it came: nothing else is sent to the backends
	}
	x := &exchange{file: t.file, n: t.file.exchanges.Add(1), issuer: traffic == "issuer"}
	at := *r.URL
	if x.issuer {
		at.RawQuery = ""
	}
	t.file.add(record{
		Kind: "request", N: x.n, Traffic: traffic, Method: r.Method, URL: at.Redacted(), Headers: x.headers(r.Header),
	})
	resp, err := t.next.RoundTrip(x.observe(r))
	if err != nil {
		t.file.add(record{Kind: "failed", N: x.n, Error: err.Error()})
		return nil, err
	}
	t.file.add(record{Kind: "response", N: x.n, Status: resp.StatusCode, Proto: resp.Proto, Headers: x.headers(resp.Header)})
	// A copy: the transport may look at its own later.
	seen := *resp
	seen.Body = x.reader("response.body", resp.Body, resp.Header)
	return &seen, nil
}

// exchange is one request and its answer.
type exchange struct {
	file   *File
	n      int64
	issuer bool
}

// observe returns a request whose body is written down as it is sent. The request
// of the caller stays as it is (net/http.RoundTripper).
func (x *exchange) observe(r *http.Request) *http.Request {
	if r.Body == nil || r.Body == http.NoBody {
		return r
	}
	seen := *r
	seen.Body = x.reader("request.body", r.Body, r.Header)
	if again := r.GetBody; again != nil {
		seen.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				return nil, err
			}
			return x.reader("request.body", body, r.Header), nil
		}
	}
	return &seen
}

// headers by name, in lower case. Those that carry a credential are left out by
// their names, whatever the mask knows of their values.
func (x *exchange) headers(h http.Header) map[string]string {
	all := make(map[string]string, len(h))
	for name, values := range h {
		name, value := strings.ToLower(name), strings.Join(values, ", ")
		if name == "chatgpt-account-id" {
			x.file.account(value)
		}
		scheme, _, found := strings.Cut(value, " ")
		switch {
		case value == "" && name == "user-agent":
			continue // which tells net/http to send none
		case name == "authorization" && found && len(scheme) < 16:
			value = scheme + " " + redacted
		case isSecretHeader(name), x.issuer && !isPlainHeader(name):
			value = redacted
		}
		all[name] = value
	}
	return all
}

func isSecretHeader(name string) bool {
	switch name {
	case "authorization", "proxy-authorization", "cookie", "set-cookie", "chatgpt-account-id", "x-api-key", "api-key":
		return true
	}
	return strings.Contains(name, "token") && !strings.HasPrefix(name, "x-ratelimit-") || strings.Contains(name, "secret")
}

// isPlainHeader: the allow-list of the issuer's traffic.
func isPlainHeader(name string) bool {
	switch name {
	case "accept", "content-type", "content-length", "content-encoding", "date", "server", "retry-after",
		"cache-control", "user-agent", "originator", "x-request-id", "cf-ray", "cf-mitigated":
		return true
	}
	return false
}

// reader writes down what is read through it: a stream line by line, as its lines
// come; another body at its end; of one in a content encoding, which no mask looks
// into, the length.
func (x *exchange) reader(kind string, body io.ReadCloser, h http.Header) io.ReadCloser {
	b := &observedBody{exchange: x, kind: kind, body: body}
	b.stream = !x.issuer && strings.HasPrefix(h.Get("Content-Type"), "text/event-stream")
	if coding := strings.ToLower(h.Get("Content-Encoding")); coding != "" && coding != "identity" {
		b.stream, b.encoded = false, true
	}
	return b
}

type observedBody struct {
	*exchange
	kind string
	body io.ReadCloser
	// stream: written down line by line; encoded: not written down.
	stream, encoded bool

	mu      sync.Mutex // net/http may close a body while it reads it
	pending []byte     // not written down yet
	omitted int64      // bytes of the line or body at hand that there was no room for
	bytes   int64
	ended   bool
}

// Read implements io.Reader.
func (b *observedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.take(p[:n])
	if err != nil {
		b.end(err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *observedBody) Close() error {
	err := b.body.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end(nil)
	return err
}

// take keeps bytes, within the bound, and writes down the lines of a stream.
func (b *observedBody) take(p []byte) {
	b.bytes += int64(len(p))
	if b.encoded {
		b.omitted += int64(len(p))
		return
	}
	for b.stream {
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			break
		}
		b.keep(p[:end])
		p = p[end:]
		// The bound holds for a line; several short ones share a record.
		if len(b.pending) > 64<<10 || bytes.IndexByte(p, '\n') < 0 {
			b.flush()
		}
	}
	b.keep(p)
}

func (b *observedBody) keep(p []byte) {
	// One byte more than is written, so that the bound shows.
	room := max(0, maxText+1-len(b.pending))
	kept := p[:min(room, len(p))]
	b.pending = append(b.pending, kept...)
	b.omitted += int64(len(p) - len(kept))
}

// flush writes down what is pending.
func (b *observedBody) flush() {
	if len(b.pending) == 0 && b.omitted == 0 {
		return
	}
	r := record{Kind: b.kind, N: b.n}
	switch {
	case b.encoded:
		r.Omitted = b.omitted
	case b.issuer:
		r.Text = plainBody(b.pending)
	default:
		r.Text, r.Omitted = bounded(b.pending)
		r.Omitted += b.omitted
	}
	b.file.add(r)
	b.pending, b.omitted = b.pending[:0], 0
	if cap(b.pending) > 64<<10 {
		b.pending = nil
	}
}

func (b *observedBody) end(err error) {
	if b.ended {
		return
	}
	b.ended = true
	b.flush()
	if b.kind != "response.body" {
		return
	}
	r := record{Kind: "end", N: b.n, Bytes: &b.bytes}
	if err != nil && err != io.EOF {
		r.Error = err.Error()
	}
	b.file.add(r)
}
