package wire

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// Framing is how messages are cut out of a stream of bytes.
type Framing int

// The framings.
const (
	// FramingAuto detects the framing from the first non-blank byte of input.
	FramingAuto Framing = iota
	// FramingLSP puts Content-Length headers before each message (LSP 3.17, base
	// protocol).
	FramingLSP
	// FramingNDJSON puts one JSON object on each line.
	FramingNDJSON
)

// String returns the name that the flag --framing and initialize use.
func (f Framing) String() string {
	switch f {
	case FramingLSP:
		return "lsp"
	case FramingNDJSON:
		return "ndjson"
	default:
		return "auto"
	}
}

const (
	// maxHeaderBytes of one header block.
	maxHeaderBytes = 8 << 10
	// maxAnnounced: a larger Content-Length is taken for garbage.
	maxAnnounced = 1 << 30
	// eagerBytes may be allocated because a header announces them; more only as
	// they arrive.
	eagerBytes = 64 << 10
	// peekBytes of a message that is too large are kept to find its id.
	peekBytes = 4 << 10
	// byteOrderMark in UTF-8.
	byteOrderMark = "\xef\xbb\xbf"
)

// frameReader cuts messages out of its input. Not safe for concurrent use.
type frameReader struct {
	in       *bufio.Reader
	framing  Framing
	max      int64
	detected func(Framing)
	line     []byte // of a header; one buffer for all
}

func newFrameReader(in io.Reader, framing Framing, max int64, detected func(Framing)) *frameReader {
	return &frameReader{in: bufio.NewReaderSize(in, 64<<10), framing: framing, max: max, detected: detected}
}

// next returns the bytes of the next message, which the caller owns; a fault to
// answer; or the error that ended the input: io.EOF between two messages,
// io.ErrUnexpectedEOF inside a frame.
func (r *frameReader) next() ([]byte, *fault, error) {
	if r.detected != nil {
		if err := r.detect(); err != nil {
			return nil, nil, err
		}
	}
	if r.framing == FramingLSP {
		return r.nextFrame()
	}
	return r.nextLine()
}

// detect fixes the framing once: a letter starts a header, anything else a line. A
// byte order mark and blanks around it are skipped.
func (r *frameReader) detect() error {
	first, err := r.skipBlank()
	if first == byteOrderMark[0] {
		if mark, _ := r.in.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
			_, _ = r.in.Discard(len(byteOrderMark))
			first, err = r.skipBlank()
		}
	}
	if err != nil {
		return err
	}
	if r.framing == FramingAuto {
		r.framing = FramingNDJSON
		if isLetter(first) {
			r.framing = FramingLSP
		}
	}
	r.detected(r.framing)
	r.detected = nil
	return nil
}

// skipBlank discards blanks and line ends and returns the byte that follows
// without consuming it.
func (r *frameReader) skipBlank() (byte, error) {
	for {
		c, err := r.in.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c, r.in.UnreadByte()
		}
	}
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// nextLine reads one line of NDJSON; blank lines are skipped, and the last one
// may lack its end. What was read of a line when a read failed is dropped: it may be
// half a message.
func (r *frameReader) nextLine() ([]byte, *fault, error) {
	for {
		line, fault, err := r.readLine()
		if fault != nil {
			return nil, fault, nil
		}
		if err != nil && err != io.EOF {
			return nil, nil, err
		}
		if line = bytes.Trim(line, " \t\r\n"); len(line) > 0 {
			return line, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// readLine returns one line, or a fault for one above the limit, which is then
// skipped to its end without being kept.
func (r *frameReader) readLine() ([]byte, *fault, error) {
	var line []byte
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		if err != bufio.ErrBufferFull {
			if int64(len(bytes.TrimRight(line, "\r\n"))) > r.max {
				return nil, r.tooLarge(line), nil
			}
			return line, nil, err
		}
		if int64(len(line))-2 > r.max {
			r.skipLine()
			return nil, r.tooLarge(line), nil
		}
	}
}

// skipLine discards the rest of a line. The next read notices the end of input.
func (r *frameReader) skipLine() {
	for {
		if _, err := r.in.ReadSlice('\n'); err != bufio.ErrBufferFull {
			return
		}
	}
}

func (r *frameReader) tooLarge(head []byte) *fault {
	message := fmt.Sprintf("the message is larger than %d bytes", r.max)
	return invalidFault(readID(head[:min(len(head), peekBytes)]), "too_large", message)
}

// nextFrame reads a header block and its body.
func (r *frameReader) nextFrame() ([]byte, *fault, error) {
	// A line end after a body that its length does not count is forgiven.
	if _, err := r.skipBlank(); err != nil {
		return nil, nil, err
	}
	head, fault, err := r.readHeader()
	if fault != nil || err != nil {
		return nil, fault, err
	}
	switch {
	case head.length > r.max:
		return r.skipBody(head.length)
	case head.length == 0:
		return nil, invalidFault(nil, "", "the message is empty"), nil
	}
	body, err := r.readBody(int(head.length))
	if err != nil {
		return nil, nil, err
	}
	if head.refused != nil {
		head.refused.id = readID(body)
		return nil, head.refused, nil
	}
	return body, nil, nil
}

// readBody reads exactly n bytes; memory grows with what has arrived, not with
// what was announced.
func (r *frameReader) readBody(n int) ([]byte, error) {
	body := make([]byte, 0, min(n, eagerBytes))
	for len(body) < n {
		if len(body) == cap(body) {
			grown := make([]byte, len(body), min(n, 2*cap(body)))
			copy(grown, body)
			body = grown
		}
		m, err := r.in.Read(body[len(body):cap(body)])
		body = body[:len(body)+m]
		if err != nil && len(body) < n {
			return nil, unexpected(err)
		}
	}
	return body, nil
}

// skipBody discards a body above the limit, except the start, which may hold the
// id.
func (r *frameReader) skipBody(n int64) ([]byte, *fault, error) {
	head := make([]byte, min(n, peekBytes))
	if _, err := io.ReadFull(r.in, head); err != nil {
		return nil, nil, unexpected(err)
	}
	if _, err := io.CopyN(io.Discard, r.in, n-int64(len(head))); err != nil {
		return nil, nil, unexpected(err)
	}
	return nil, r.tooLarge(head), nil
}

// unexpected turns an end inside a frame into io.ErrUnexpectedEOF.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
