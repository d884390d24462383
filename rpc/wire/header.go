package wire

import (
	"bytes"
	"fmt"
	"mime"
	"strconv"
	"strings"
)

// header is what a header block says.
type header struct {
	length int64
	// refused answers a message whose boundary is known but whose header is
	// wrong; its body is skipped.
	refused *fault
}

// readHeader reads one header block: names in any case and order, optional
// blanks around values, LF alone tolerated (RFC 9110 section 5.1, LSP 3.17 base
// protocol). Only a block without a length is fatal.
func (r *frameReader) readHeader() (header, *fault, error) {
	var (
		head   header
		seen   bool
		budget = maxHeaderBytes
	)
	for {
		line, fault, err := r.readHeaderLine(&budget)
		if fault != nil || err != nil {
			return head, fault, err
		}
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !isToken(name) || !isText(value) {
			head.refused = parseFault(nil, "a header line is malformed")
			continue
		}
		switch {
		case strings.EqualFold(string(name), "Content-Length"):
			length, err := parseLength(string(bytes.Trim(value, " \t")))
			if err != nil {
				return head, lostFault(err.Error()), nil
			}
			if seen && length != head.length {
				return head, lostFault("two Content-Length headers differ"), nil
			}
			head.length, seen = length, true
		case strings.EqualFold(string(name), "Content-Type"):
			if !isUTF8(string(value)) {
				head.refused = invalidFault(nil, "charset", "the charset of a message must be utf-8")
			}
		}
	}
	if !seen {
		return head, lostFault("a Content-Length header is missing"), nil
	}
	return head, nil, nil
}

// readHeaderLine returns a line without its end, until the next read; budget
// bounds the whole block.
func (r *frameReader) readHeaderLine(budget *int) ([]byte, *fault, error) {
	r.line = r.line[:0]
	for {
		c, err := r.in.ReadByte()
		if err != nil {
			return nil, nil, unexpected(err)
		}
		if *budget--; *budget < 0 {
			return nil, lostFault(fmt.Sprintf("a header block is larger than %d bytes", maxHeaderBytes)), nil
		}
		if c == '\n' {
			return bytes.TrimSuffix(r.line, []byte("\r")), nil, nil
		}
		r.line = append(r.line, c)
	}
}

// parseLength takes decimal digits only: no sign, no list, no other base.
func parseLength(value string) (int64, error) {
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return 0, fmt.Errorf("a Content-Length header is not a number")
	}
	length, err := strconv.ParseInt(value, 10, 64)
	if err != nil || length > maxAnnounced {
		return 0, fmt.Errorf("a Content-Length header announces more than %d bytes", maxAnnounced)
	}
	return length, nil
}

// isToken reports whether name is a field name (RFC 9110 section 5.6.2).
func isToken(name []byte) bool {
	for _, c := range name {
		if !isLetter(c) && (c < '0' || c > '9') && !bytes.ContainsRune([]byte("!#$%&'*+-.^_`|~"), rune(c)) {
			return false
		}
	}
	return len(name) > 0
}

// isText reports whether value has ASCII only, and no control characters except
// tabs (RFC 9110 section 5.5; LSP 3.17: "encoded using the 'ascii' encoding").
func isText(value []byte) bool {
	for _, c := range value {
		if c != '\t' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}

// isUTF8 reports whether a Content-Type names no charset or UTF-8, which LSP
// once spelled utf8.
func isUTF8(contentType string) bool {
	_, params, err := mime.ParseMediaType(strings.TrimSpace(contentType))
	if err != nil {
		return !strings.Contains(strings.ToLower(contentType), "charset")
	}
	charset, ok := params["charset"]
	return !ok || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}
