package sse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// events is everything that an Reader says about body: the data of each
// event, the data that came with io.EOF, if any, and the error at the end.
type events struct {
	Data []string
	Tail string
	Err  error
}

func readEvents(t testing.TB, body io.Reader, max int) events {
	var got events
	r := NewReader(body, max, func() {})
	for {
		data, err := r.Next()
		if err == nil {
			require.NotEmpty(t, data)
			got.Data = append(got.Data, string(data))
			continue
		}
		got.Tail, got.Err = string(data), err
		// The end stays the end.
		for range 2 {
			data, again := r.Next()
			require.Nil(t, data)
			require.Equal(t, err, again)
		}
		return got
	}
}

// chunks is a body in reads of at most n bytes, and err with the last of
// them, or after it.
type chunks struct {
	body    string
	n       int
	err     error
	withErr bool
	reads   int
}

func (c *chunks) Read(p []byte) (int, error) {
	c.reads++
	n := copy(p[:min(c.n, len(p))], c.body)
	c.body = c.body[n:]
	if c.body == "" && (n == 0 || c.withErr) {
		return n, c.err
	}
	return n, nil
}

// sseCase is one file of testdata: lines that begin with # say what it is
// about, < are bytes of the stream, > the data of an event, ~ the data handed
// out together with the end of the body; all in the syntax of Go strings.
type sseCase struct {
	stream string
	want   events
}

func readCase(t testing.TB, file string) sseCase {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	c := sseCase{want: events{Err: io.EOF}}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		s, err := strconv.Unquote(strings.TrimSpace(line[1:]))
		require.NoError(t, err, "%s: %s", file, line)
		switch line[0] {
		case '<':
			c.stream += s
		case '>':
			c.want.Data = append(c.want.Data, s)
		case '~':
			c.want.Tail = s
		default:
			require.Fail(t, "unknown line", "%s: %s", file, line)
		}
	}
	return c
}

func sseFiles(t testing.TB) []string {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// Faults: C3.
func TestReaderMatrix(t *testing.T) {
	for _, file := range sseFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			c := readCase(t, file)
			for n := 1; n <= 64; n++ {
				for _, withErr := range []bool{false, true} {
					body := &chunks{body: c.stream, n: n, err: io.EOF, withErr: withErr}
					require.Equal(t, c.want, readEvents(t, body, 1<<20), "reads of %d bytes", n)
				}
			}
		})
	}
}

// An event must be handed out as soon as the blank line's end has begun to
// arrive: waiting for the byte after a CR would delay it until the next event.
func TestReaderDoesNotWait(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\r", "\r\n\r", "\n\r", "\r\n\n", "\r\n\r\n"} {
		t.Run(fmt.Sprintf("%q", end), func(t *testing.T) {
			block := "data: x" + end
			body := &chunks{body: block + "\n" + "data: y" + end, n: len(block)}
			r := NewReader(body, 100, func() {})
			data, err := r.Next()
			require.NoError(t, err)
			assert.Equal(t, "x", string(data))
			assert.Equal(t, 1, body.reads)
		})
	}
}

func TestReaderLimit(t *testing.T) {
	const max = 20
	full := strings.Repeat("x", max)
	over := events{Err: ErrTooLarge}
	tests := []struct {
		name, stream string
		want         events
	}{
		{"data at the limit", "data: " + full + "\n\n", events{Data: []string{full}, Err: io.EOF}},
		{"data at the limit after a BOM", "\ufeffdata: " + full + "\n\n", events{Data: []string{full}, Err: io.EOF}},
		{"data above it", "data: " + full + "x\n\n", over},
		{"data above it without a blank", "data:" + full + "x\n\n", over},
		{"data above it at the end of the body", "data: " + full + "x", over},
		{"an event before", "data: a\n\ndata: " + full + "x\n\n", events{Data: []string{"a"}, Err: ErrTooLarge}},
		{"joined lines at the limit", "data: 123456789\ndata: 1234567890\n\n", events{Data: []string{"123456789\n1234567890"}, Err: io.EOF}},
		{"joined lines above it by their LF", "data: 1234567890\ndata: 1234567890\n\n", over},
		{"empty lines count by their LF", strings.Repeat("data\n", max+2) + "\n", over},
		{"empty lines up to it", strings.Repeat("data\n", max+1) + "\n", events{Data: []string{strings.Repeat("\n", max)}, Err: io.EOF}},
		{"a comment at the limit of lines", ":" + strings.Repeat("c", max+lineOverhead-1) + "\ndata: a\n\n", events{Data: []string{"a"}, Err: io.EOF}},
		{"a comment above it", ":" + strings.Repeat("c", max+lineOverhead) + "\ndata: a\n\n", over},
		{"comments together have no limit", strings.Repeat(": keep-alive\n", 100) + "data: a\n" + strings.Repeat(": keep-alive\n", 100) + "\n", events{Data: []string{"a"}, Err: io.EOF}},
		{"nothing after it", "data: " + full + "x\n\ndata: a\n\n", over},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for n := 1; n <= 64; n++ {
				body := &chunks{body: tt.stream, n: n, err: io.EOF}
				require.Equal(t, tt.want, readEvents(t, body, max), "reads of %d bytes", n)
			}
		})
	}
}

// endless is a body of the same bytes for ever, in reads of at most n bytes.
type endless struct {
	block string
	n, at int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p[:min(e.n, len(p))], e.block[e.at:])
	e.at = (e.at + n) % len(e.block)
	return n, nil
}

// A line that never ends must end the stream, data or not, and a stream of
// blocks without data must not pile anything up.
func TestReaderEndlessLine(t *testing.T) {
	const max = 1 << 20
	for _, block := range []string{"data: xxx", ": comment", "event"} {
		body := io.MultiReader(strings.NewReader(block), &endless{block: "yyyy", n: 1400})
		r := NewReader(body, max, func() {})
		_, err := r.Next()
		assert.ErrorIs(t, err, ErrTooLarge, block)
		assert.LessOrEqual(t, len(r.buf), max+lineOverhead+minBuffer, block)
	}
}

func TestReaderForgetsComments(t *testing.T) {
	// One data line, then 4 MiB of comments before the blank line.
	body := io.MultiReader(strings.NewReader("event: e\ndata: x\n"),
		io.LimitReader(&endless{block: ": keep-alive, and nothing else\n", n: 1400}, 4<<20), strings.NewReader("\n\n"))
	r := NewReader(body, 1<<20, func() {})
	data, err := r.Next()
	require.NoError(t, err)
	assert.Equal(t, "x", string(data))
	assert.Equal(t, minBuffer, len(r.buf))
}

func TestReaderErrorsPass(t *testing.T) {
	for _, cause := range []error{
		context.Canceled,
		context.DeadlineExceeded,
		io.ErrUnexpectedEOF,
		&os.SyscallError{Syscall: "read", Err: syscall.ECONNRESET},
		fmt.Errorf("proxy: %w", io.EOF), // not the end of the body: io.EOF is never wrapped
	} {
		for _, half := range []string{"", "\n", "da", "data: y", "data: y\n", "data: y\r", "data: y\ndata: z\n", ": c"} {
			for n := 1; n <= 20; n++ {
				for _, withErr := range []bool{false, true} {
					body := &chunks{body: "data: x\n\n" + half, n: n, err: cause, withErr: withErr}
					got := readEvents(t, body, 100)
					require.Equal(t, events{Data: []string{"x"}, Err: cause}, got, "%q in reads of %d bytes", half, n)
					require.ErrorIs(t, got.Err, cause)
				}
			}
		}
	}
}

func TestReaderNoProgress(t *testing.T) {
	r := NewReader(iotest.ErrReader(nil), 100, func() {})
	_, err := r.Next()
	assert.Equal(t, io.ErrNoProgress, err)
}

// Output is flushed before a read that may block, and only then.
func TestReaderBeforeRead(t *testing.T) {
	var log []string
	body := &chunks{body: "data: 1\n\ndata: 2\n\ndata: 3\n\n", n: 20, err: io.EOF}
	r := NewReader(readerFunc(func(p []byte) (int, error) {
		log = append(log, "read")
		return body.Read(p)
	}), 100, func() { log = append(log, "flush") })
	for {
		data, err := r.Next()
		if err != nil {
			require.Equal(t, io.EOF, err)
			break
		}
		log = append(log, string(data))
	}
	assert.Equal(t, []string{"flush", "read", "1", "2", "flush", "read", "3", "flush", "read"}, log)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Linear time, first half: a byte that was searched for a line end is not
// searched again. So nothing changes when each read finds line ends put over the
// bytes of earlier ones.
func TestReaderSearchesOnce(t *testing.T) {
	const reads, size = 1000, 1400
	var r *Reader
	n := -1
	r = NewReader(readerFunc(func(p []byte) (int, error) {
		n++
		switch {
		case n == 0:
			return copy(p, "data: "), nil
		case n == reads:
			return copy(p, "\n\n"), nil
		case n > reads:
			return 0, io.EOF
		}
		return copy(p, strings.Repeat("x", min(size, len(p)))), nil
	}), reads*size, func() {
		require.Equal(t, r.end, r.scan, "not searched yet")
		searched := r.buf[min(r.line+len("data: "), r.end):r.end]
		// No more than the last read gave is new.
		copy(searched[max(0, len(searched)-size):], strings.Repeat("\n", size))
	})
	data, err := r.Next()
	require.NoError(t, err)
	assert.Equal(t, len(data), bytes.Count(data, []byte("\n")))
	assert.Greater(t, len(data), reads*size/2)
}

// Linear time, second half: an unfinished line stays where it is in the buffer,
// unless it comes to the front or the buffer grows.
func TestReaderMovesOnce(t *testing.T) {
	const size = 16 << 20
	long := strings.Repeat("x", size)
	for _, tt := range []struct{ name, stream, want string }{
		{"one line", "event: e\ndata: " + long + "\n\n", long},
		{"one line and comments", "event: e\ndata: " + long + "\n" + strings.Repeat(": c\n", 10000) + "\n", long},
		{"a long comment", "data: x\n:" + long + "\n\n", "x"},
		{"short lines", strings.Repeat("data: 123456789\n", size/10) + "\n", strings.Repeat("123456789\n", size/10-1) + "123456789"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r *Reader
			moved := 0
			was := struct{ data, end, size int }{size: minBuffer} // after the last read
			body := &chunks{body: tt.stream, n: 1400, err: io.EOF}
			r = NewReader(readerFunc(func(p []byte) (int, error) {
				n, err := body.Read(p)
				was.data, was.end, was.size = r.to-r.from, r.end+n, len(r.buf)
				return n, err
			}), 2*size, func() {
				line, data := r.end-r.line, r.to-r.from
				if len(r.buf) != was.size || r.end != was.end {
					moved += line
				}
				if len(r.buf) != was.size || data != was.data {
					moved += data
				}
			})
			data, err := r.Next()
			require.NoError(t, err)
			require.True(t, tt.want == string(data))
			assert.LessOrEqual(t, moved, 4*len(tt.stream))
		})
	}
}

func TestReaderReleasesMemory(t *testing.T) {
	large := strings.Repeat("x", keepBuffer+1)
	for name, block := range map[string]string{
		"buffer": "data: " + large + "\n\n",
		"joined": "data: " + large + "\ndata: " + large + "\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(&chunks{body: block + strings.Repeat("data: y\n\n", 5000), n: 1400, err: io.EOF}, 1<<20, func() {})
			data, err := r.Next()
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(data), len(large))
			require.Greater(t, len(r.buf), keepBuffer)
			for range 5000 {
				data, err = r.Next()
				require.NoError(t, err)
				require.Equal(t, "y", string(data))
			}
			assert.Equal(t, minBuffer, len(r.buf))
			assert.LessOrEqual(t, cap(r.joined), keepBuffer)
		})
	}
}

// The data of an event must not be reachable beyond its end: an append by the
// caller would overwrite what follows in the buffer.
func TestReaderDataIsClipped(t *testing.T) {
	r := NewReader(strings.NewReader("data: a\n\ndata: b\n\n"), 100, func() {})
	first, err := r.Next()
	require.NoError(t, err)
	_ = append(first, "#################"...)
	second, err := r.Next()
	require.NoError(t, err)
	assert.Equal(t, "b", string(second))
}

func TestReaderAllocates(t *testing.T) {
	for name, block := range map[string]string{
		"one line":    "event: response.output_text.delta\ndata: " + strings.Repeat("x", 200) + "\n\n",
		"three lines": "data: {\ndata: " + strings.Repeat("x", 200) + "\ndata: }\n\n",
		"keep-alive":  ": keep-alive\n\ndata: x\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(&endless{block: block, n: 1400}, 1<<20, func() {})
			var err error
			allocs := testing.AllocsPerRun(1000, func() {
				if _, e := r.Next(); e != nil {
					err = e
				}
			})
			require.NoError(t, err)
			assert.Zero(t, allocs)
		})
	}
}

// Every cut of a stream yields a prefix of its events, and never a half one
// without the mark that the body ended: the error, or io.EOF beside the data.
//
// Faults: C2.
func TestReaderCuts(t *testing.T) {
	const stream = "event: a\ndata: {\"n\":1}\n\nevent: b\r\ndata: {\"n\":2}\r\n\r\ndata: {\ndata: \"n\":3}\n\n"
	whole := readEvents(t, strings.NewReader(stream), 100)
	require.Equal(t, events{Data: []string{`{"n":1}`, `{"n":2}`, "{\n\"n\":3}"}, Err: io.EOF}, whole)
	for cut := range len(stream) {
		for _, cause := range []error{io.EOF, errors.New("reset")} {
			got := readEvents(t, &chunks{body: stream[:cut], n: 7, err: cause}, 100)
			require.Equal(t, cause, got.Err)
			require.Less(t, len(got.Data), 4)
			require.Equal(t, whole.Data[:len(got.Data)], append([]string{}, got.Data...), "cut at %d", cut)
			if cause != io.EOF {
				require.Empty(t, got.Tail)
			} else if got.Tail != "" {
				require.True(t, strings.HasPrefix(whole.Data[len(got.Data)], got.Tail), "cut at %d: %q", cut, got.Tail)
			}
		}
	}
}

// A large buffer full of short lines that end with CR must not be searched for an
// LF to its end for each of them: here that would be 32 TiB.
func TestReaderManyCR(t *testing.T) {
	const n = 8 << 20
	r := NewReader(strings.NewReader(""), 100, func() {})
	r.buf, r.end = bytes.Repeat([]byte("\r"), n), n // as after a large event
	_, err := r.Next()
	assert.Equal(t, io.EOF, err)
}
