package rawjson

import (
	"errors"
	"strconv"
)

// ErrNotObject is returned by [Object] for a text that is one valid JSON value,
// but not an object. It is returned as it is, not wrapped.
var ErrNotObject = errors.New("JSON value is not an object")

// SyntaxError says where and why a text is not one valid JSON value in valid
// UTF-8 within the nesting allowed. The functions of this package return it as
// *SyntaxError. It never holds any content of the text, so it may be logged and
// sent to a peer.
type SyntaxError struct {
	// Offset is the offset, in bytes, of the first byte at which the text
	// cannot be the beginning of a valid one (for invalid UTF-8: of the first
	// byte of the malformed sequence; for an escape: of its backslash). It is
	// the length of the text if the text ends too early.
	Offset int
	// Reason is a short English phrase without a period, such as "unexpected
	// end of text".
	Reason string
}

// Error returns offset and reason as in "invalid JSON at offset 17: unexpected
// end of text".
func (e *SyntaxError) Error() string {
	return "invalid JSON at offset " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// fault is the reason of a SyntaxError while scanning: one byte, so that the
// scanning functions return it in a register and allocate nothing.
type fault uint8

const (
	noFault fault = iota
	faultEnd
	faultValue
	faultName
	faultColon
	faultInArray
	faultInObject // must be the one after faultInArray
	faultLiteral
	faultNumber
	faultControl
	faultEscape
	faultUTF8
	faultDepth
	faultSecond
	faultMany
)

// reasons holds the phrase for each fault except faultDepth, whose phrase names
// the limit.
var reasons = [...]string{
	faultEnd:      "unexpected end of text",
	faultValue:    "expected a value",
	faultName:     "expected a member name",
	faultColon:    "expected a colon",
	faultInArray:  "expected a comma or a closing bracket",
	faultInObject: "expected a comma or a closing brace",
	faultLiteral:  "invalid literal",
	faultNumber:   "invalid number",
	faultControl:  "control character in a string",
	faultEscape:   "invalid escape in a string",
	faultUTF8:     "invalid UTF-8",
	faultSecond:   "unexpected text after the value",
	faultMany:     "too many members",
}

// syntaxError makes the error for a fault, which must not be noFault.
func syntaxError(at int, f fault, maxDepth int) error {
	if f == faultDepth {
		return &SyntaxError{Offset: at, Reason: "nested deeper than " + strconv.Itoa(max(maxDepth, 0))}
	}
	return &SyntaxError{Offset: at, Reason: reasons[f]}
}
