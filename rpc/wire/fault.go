package wire

import (
	"strconv"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// JSON-RPC 2.0 section 5.1.
const (
	codeParseError     = -32700
	codeInvalidRequest = -32600
)

// fault is what is wrong with a message, and the answer to it. The conversation
// goes on unless the fault is fatal.
type fault struct {
	// id is the raw id when it could be read, else nil, which answers null.
	id   []byte
	code int
	// message is a sentence without its capital and its full stop.
	message string
	reason  string
	// fatal: the frame boundary is lost, so nothing more can be read.
	fatal bool
}

func parseFault(id []byte, message string) *fault {
	return &fault{id: id, code: codeParseError, message: message}
}

func invalidFault(id []byte, reason, message string) *fault {
	return &fault{id: id, code: codeInvalidRequest, reason: reason, message: message}
}

func lostFault(message string) *fault {
	return &fault{code: codeParseError, message: message + "; the frame boundary is lost", fatal: true}
}

// error returns the JSON-RPC error object. Its message never holds any of the
// input.
func (f *fault) error() []byte {
	kind := "invalid_request"
	if f.code == codeParseError {
		kind = "parse_error"
	}
	b := []byte(`{"code":`)
	b = strconv.AppendInt(b, int64(f.code), 10)
	b = append(b, `,"message":`...)
	b = rawjson.AppendQuote(b, strings.ToUpper(f.message[:1])+f.message[1:]+".")
	b = append(b, `,"data":{"kind":"`...)
	b = append(b, kind...)
	b = append(b, '"')
	if f.reason != "" {
		b = append(b, `,"reason":`...)
		b = rawjson.AppendQuote(b, f.reason)
	}
	return append(b, `,"retryable":false}}`...)
}
