// Package sse reads the data of the events in a text/event-stream, quickly and
// within bounds. It knows nothing of what the events mean.
package sse

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// ErrTooLarge says that the data of one event, or one line, is above the limit.
var ErrTooLarge = errors.New("event is too large")

const (
	// minBuffer is what the buffer of a stream starts with and goes back to.
	minBuffer = 4 << 10
	// burstBuffer is what it grows to while reads fill it.
	burstBuffer = 64 << 10
	// trickle is how many small reads in a row end that.
	trickle = 64
	// keepBuffer is the largest buffer kept for the next event, so that a stream
	// which had one large event does not keep its memory until the end.
	keepBuffer = 256 << 10
	// maxEmptyReads is how often a Read may return nothing, as in bufio.
	maxEmptyReads = 100

	bom = "\ufeff"
	// lineOverhead is what the longest line that can hold max bytes of data has
	// besides them.
	lineOverhead = len(bom + "data: ")
)

// Reader reads the data of the events in a text/event-stream, as WHATWG
// HTML 9.2.5 (the grammar) and 9.2.6 (its interpretation) define it, except:
//
//   - The fields event, id and retry mean nothing here, except that IsError reports
//     one event name: the JSON in data names its type, and a stream is never resumed.
//   - An event with empty data is skipped. WHATWG dispatches one that has an
//     empty data line; nothing empty is JSON.
//   - A block that the end of the body cuts off is handed out together with
//     io.EOF. WHATWG drops it, but a backend may leave out the last blank line.
//   - Bytes stay as they are. WHATWG decodes them, and puts U+FFFD for what is
//     not UTF-8.
//   - Data and lines have a limit.
//
// Time is linear in the size of the body, whatever the sizes of reads, lines and
// events: no byte is searched for a line end again, and the buffer is moved so
// that a byte moves once as a part of an unfinished line and once as data.
type Reader struct {
	// Large, if set before the first Next, keeps buffers above the common size as
	// *[]byte, so that an event with a picture does not cost a new one each time.
	// Readers may share it.
	Large *sync.Pool

	src        io.Reader
	beforeRead func()
	max        int
	err        error // how src ended

	buf     []byte
	end     int  // buf[:end] has been read
	line    int  // buf[line:end] is the unfinished line and what follows it
	scan    int  // buf[line:scan] holds no line end
	cr      int  // the first CR from scan on, end if there is none; below scan: not known
	afterCR bool // the last line ended with CR: an LF at line belongs to it
	begun   bool // the first line is over, and with it the place of a BOM

	// The data of the block so far: nothing while lines is 0, buf[from:to] while
	// it is 1, else joined. from and to are 0 unless lines is 1.
	lines    int
	from, to int
	joined   []byte
	isError  bool // the block is named error

	// small is the first buffer, while another is in use.
	small []byte
	// filled: the last read filled the buffer; trickled: how many reads in a row
	// would have done with the smallest.
	filled   bool
	trickled int
}

// NewReader returns a Reader of r. beforeRead is called before each Read of r. max
// is the limit of one event's data, in bytes, and that of any line beyond its
// field name.
func NewReader(r io.Reader, max int, beforeRead func()) *Reader {
	return &Reader{src: r, beforeRead: beforeRead, max: max, buf: make([]byte, minBuffer)}
}

// Next returns the data of the next event, never empty without an error. It is
// valid until the next call.
//
// The error is io.EOF when the body ended cleanly: with data if it ended inside
// a block, whose last line may lack its end, so that data may be half of what
// was meant; without, if it ended between events. Otherwise it is
// ErrTooLarge or the error of the reader as it came, and a half event is
// dropped. An error stays.
func (r *Reader) Next() ([]byte, error) {
	if cap(r.joined) > keepBuffer {
		r.joined = nil
	}
	r.lines, r.from, r.to, r.isError = 0, 0, 0, false
	for {
		from, to, err := r.nextLine()
		if err == io.EOF && r.lines > 0 {
			if data := r.data(); len(data) > 0 {
				return data, io.EOF
			}
		}
		if err != nil {
			return nil, err
		}
		if from < to {
			if err := r.field(from, to); err != nil {
				return nil, err
			}
			continue
		}
		// 9.2.6: a blank line dispatches the event.
		if data := r.data(); len(data) > 0 {
			return data, nil
		}
		r.lines, r.from, r.to, r.isError = 0, 0, 0, false
	}
}

// IsError reports whether the last event was framed as "event: error".
func (r *Reader) IsError() bool { return r.isError }

// data is the data of the block so far.
func (r *Reader) data() []byte {
	if r.lines > 1 {
		return r.joined
	}
	return r.buf[r.from:r.to:r.to]
}

// field takes the line buf[from:to], which is not blank.
func (r *Reader) field(from, to int) error {
	const name = "data"
	line := r.buf[from:to]
	// 9.2.6: names are compared without folding case, and a line that begins
	// with a colon is a comment. No other field counts.
	if len(line) < len(name) || string(line[:len(name)]) != name {
		if len(line) <= len("event: error") && (string(line) == "event: error" || string(line) == "event:error") {
			r.isError = true
		}
		return nil
	}
	from += len(name)
	// 9.2.6: without a colon the whole line is the name, the value is empty.
	if from < to {
		if r.buf[from] != ':' {
			return nil
		}
		from++
		// 9.2.6: one space after the colon does not belong to the value.
		if from < to && r.buf[from] == ' ' {
			from++
		}
	}

	// 9.2.6: the values of several data lines are joined by LF.
	switch r.lines++; r.lines {
	case 1:
		if to-from > r.max {
			return r.fail(ErrTooLarge)
		}
		r.from, r.to = from, to
		return nil
	case 2:
		r.joined = append(r.joined[:0], r.buf[r.from:r.to]...)
		r.from, r.to = 0, 0
	}
	if len(r.joined)+1+to-from > r.max {
		return r.fail(ErrTooLarge)
	}
	r.joined = append(r.joined, '\n')
	r.joined = append(r.joined, r.buf[from:to]...)
	return nil
}

// nextLine returns the next line as buf[from:to], without its end. At a clean
// end of the body what is left counts as a line, and then io.EOF follows. Offsets
// of earlier lines are void, except from and to of r.
func (r *Reader) nextLine() (from, to int, err error) {
	for {
		// 9.2.5: CRLF is one line end. Whether an LF follows a CR is looked at
		// only here, so that a CR ends its line before the next byte is there.
		if r.afterCR && r.line < r.end {
			if r.buf[r.line] == '\n' {
				r.line++
				r.scan = r.line
			}
			r.afterCR = false
		}
		found := r.lineEnd()
		from, to = r.line, r.scan
		// Finished or not: the verdict must not depend on the sizes of reads.
		if to-from > r.max+lineOverhead {
			return 0, 0, r.fail(ErrTooLarge)
		}
		switch {
		case found:
			r.afterCR = r.buf[to] == '\r'
			r.line = to + 1
			r.scan = r.line
		case r.err == io.EOF && from < to:
			r.line = to
		case r.err != nil:
			return 0, 0, r.err
		default:
			r.fill()
			continue
		}
		// 9.2.5: one byte order mark may lead the stream.
		if !r.begun {
			r.begun = true
			if bytes.HasPrefix(r.buf[from:to], []byte(bom)) {
				from += len(bom)
			}
		}
		return from, to, nil
	}
}

// lineEnd moves scan to the first LF or CR, or else to end. CR is rare, so it is
// looked for once in all that has been read.
func (r *Reader) lineEnd() (found bool) {
	if r.cr < r.scan {
		r.cr = r.end
		if n := bytes.IndexByte(r.buf[r.scan:r.end], '\r'); n >= 0 {
			r.cr = r.scan + n
		}
	}
	if n := bytes.IndexByte(r.buf[r.scan:r.cr], '\n'); n >= 0 {
		r.scan += n
		return true
	}
	r.scan = r.cr
	return r.cr < r.end
}

// fill reads once more, after what must stay: the one data line of the block and
// the unfinished line. The bytes between and before them go, so that comments
// after a data line do not pile up.
func (r *Reader) fill() {
	held := r.to - r.from
	kept := held + r.end - r.line
	size := len(r.buf)
	// A burst is read in larger pieces, which are fewer writes to the host; a
	// stream that trickles goes back to the smallest buffer.
	switch {
	case r.filled && size < burstBuffer:
		size *= 2
	case size > keepBuffer && kept <= keepBuffer/2, r.trickled >= trickle && size <= burstBuffer && kept <= minBuffer/2:
		size = minBuffer
	}
	// nextLine let no line past max+lineOverhead, so kept is below this bound,
	// and an event just above a limit of 2^n does not take a buffer of 2^(n+1).
	bound := held + r.max + lineOverhead + minBuffer
	size = min(size, max(bound, len(r.buf)))
	for size <= kept {
		// The last step goes to the bound at once: one of a few bytes behind 2^n
		// would cost a buffer of that size.
		if size = 2 * size; size > bound/2 {
			size = bound
		}
	}
	buf, fresh := r.buf, size != len(r.buf)
	if fresh {
		buf = r.take(size)
	}
	// What is in front already stays there: data is moved once, however many lines
	// follow it, and a line once, however many reads it takes to complete.
	if r.from > 0 || fresh {
		copy(buf, r.buf[r.from:r.to])
	}
	if r.line > held || fresh {
		copy(buf[held:], r.buf[r.line:r.end])
	}
	if fresh {
		r.giveBack(r.buf)
	}
	r.buf, r.from, r.to = buf, 0, held
	r.scan -= r.line - held
	r.line, r.end, r.cr = held, kept, -1

	for range maxEmptyReads {
		r.beforeRead()
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		r.err = err
		r.filled = r.end == len(r.buf)
		if r.trickled++; n >= minBuffer/2 {
			r.trickled = 0
		}
		if n > 0 || err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// take returns a buffer of at least size bytes.
func (r *Reader) take(size int) []byte {
	switch {
	case size == len(r.small):
		return r.small
	case size > keepBuffer/4 && r.Large != nil:
		if b, _ := r.Large.Get().(*[]byte); b != nil && len(*b) >= size {
			return *b
		}
	}
	return make([]byte, size)
}

// giveBack keeps a buffer that is no longer in use.
func (r *Reader) giveBack(buf []byte) {
	switch {
	case len(buf) == minBuffer:
		r.small = buf
	case len(buf) > keepBuffer && r.Large != nil:
		r.Large.Put(&buf)
	}
}

// Close returns the buffer to the pool. The data of the last event is void.
func (r *Reader) Close() {
	r.giveBack(r.buf)
	r.buf, r.err = nil, io.ErrClosedPipe
	r.line, r.scan, r.end, r.cr = 0, 0, 0, -1
}

// fail ends the stream with err: nothing more is read or handed out.
func (r *Reader) fail(err error) error {
	r.err = err
	r.line, r.scan, r.end, r.cr = 0, 0, 0, -1
	return err
}
