package engine

import (
	"bytes"
	"io"
	"time"
)

// idleReader calls expired when a read takes longer than the limit. Whatever
// comes counts as life, a comment too. Its clock runs during reads only: it
// stops while the host does not read.
type idleReader struct {
	in    io.Reader
	limit time.Duration
	timer *time.Timer
}

func newIdleReader(in io.Reader, limit time.Duration, expired func()) *idleReader {
	timer := time.AfterFunc(limit, expired)
	timer.Stop()
	return &idleReader{in: in, limit: limit, timer: timer}
}

// Read implements io.Reader.
func (r *idleReader) Read(p []byte) (int, error) {
	r.timer.Reset(r.limit)
	n, err := r.in.Read(p)
	r.timer.Stop()
	return n, err
}

// headReader keeps the beginning of a body that does not look like an event stream
// but like JSON, for what it says when no event comes. A stream costs nothing.
type headReader struct {
	in  io.Reader
	max int
	// text is nil for a stream. It may be cut off above max.
	text   []byte
	looked bool
}

// Read implements io.Reader.
func (r *headReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if piece := p[:n]; r.text != nil {
		r.text = append(r.text, piece[:min(n, r.max-len(r.text))]...)
	} else if !r.looked {
		if piece = bytes.TrimLeft(piece, "\ufeff \t\r\n"); len(piece) > 0 {
			r.looked = true
			if piece[0] == '{' || piece[0] == '[' || piece[0] == '"' {
				r.text = append(r.text, piece[:min(len(piece), r.max)]...)
			}
		}
	}
	return n, err
}
