// Package terminal keeps what others say from controlling a person's terminal: the
// text of a model, of a server, of a file or of the command line may hold escape
// sequences that write the clipboard, clear the screen or reorder a line
// (docs/decisions.md 50).
package terminal

import (
	"bytes"
	"io"
	"sync"
	"unicode/utf8"
)

// maxOwn is the length in bytes of the longest sequence of our own.
const maxOwn = 16

// Writer writes text for people. Control characters, and the characters that reorder
// a line, become visible as \u and four hex digits, which is how JSON spells them.
// Newline and tab pass; a carriage return before a newline is left out. Sequences of
// our own pass if Own has made them.
//
// A character may be split over two writes: its first bytes wait for the next one.
// Safe for concurrent use.
type Writer struct {
	out    io.Writer
	filter func(string) string // nil: none

	mu   sync.Mutex
	tail []byte // the beginning of a character, or a carriage return
	key  []byte // around our own sequences; nil before the first
}

// NewWriter returns a Writer to out.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// NewFiltered is NewWriter with a filter that each text passes first, as a whole.
func NewFiltered(out io.Writer, filter func(string) string) *Writer {
	return &Writer{out: out, filter: filter}
}

// Fd returns the file descriptor that is written to, an invalid one if there is none.
func (w *Writer) Fd() uintptr {
	if file, ok := w.out.(interface{ Fd() uintptr }); ok {
		return file.Fd()
	}
	return ^uintptr(0)
}

// Write implements io.Writer. It returns len(text) unless the write failed.
func (w *Writer) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	full := text
	if w.filter != nil {
		full = []byte(w.filter(string(text)))
	}
	if len(w.tail) > 0 {
		full = append(w.tail, full...)
	}
	shown, rest := w.show(full)
	w.tail = bytes.Clone(rest)
	if len(shown) == 0 {
		return len(text), nil
	}
	if _, err := w.out.Write(shown); err != nil {
		return 0, err
	}
	return len(text), nil
}

// show returns text as it is shown, and what of it waits for the next write.
func (w *Writer) show(text []byte) (shown, rest []byte) {
	shown = make([]byte, 0, len(text)+maxOwn)
	for len(text) > 0 {
		if own, length := w.own(text); length > 0 {
			shown, text = append(shown, own...), text[length:]
			continue
		}
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1 && !utf8.FullRune(text), r == '\r' && size == len(text):
			return shown, text
		case r == '\r' && text[1] == '\n': // the newline follows
		case r == utf8.RuneError && size == 1: // in some terminals a control character
			shown = utf8.AppendRune(shown, utf8.RuneError)
		case controls(r):
			shown = appendVisible(shown, r)
		default:
			shown = append(shown, text[:size]...)
		}
		text = text[size:]
	}
	return shown, nil
}

// Own returns sequence, which must be shorter than 16 bytes, in the form that passes
// the Writer. The form holds random bytes, so that nobody else can write it.
func (w *Writer) Own(sequence string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.key == nil {
		w.key = newKey()
	}
	return string(w.key) + sequence + string(w.key)
}

// own returns the sequence of our own at the start of text, and the length of its
// form; 0 if there is none.
func (w *Writer) own(text []byte) (sequence []byte, length int) {
	if w.key == nil || text[0] != 0 || !bytes.HasPrefix(text, w.key) {
		return nil, 0
	}
	sequence = text[len(w.key):]
	end := bytes.Index(sequence[:min(len(sequence), maxOwn+len(w.key))], w.key)
	if end < 0 {
		return nil, 0
	}
	return sequence[:end], end + 2*len(w.key)
}
