// Package rawjson reads JSON texts without decoding them: in one pass over the
// bytes it validates a text, finds the members of the object it holds, and
// reports whether the text may stand in one line. Edits replace spans of the
// bytes, so that everything not edited stays byte for byte as it was sent:
// number spellings, escapes, blanks and the order of members.
//
// The grammar is RFC 8259, without extensions: no byte order mark
// (section 8.1), no comments, no trailing commas, no control characters inside
// strings (section 7). The text must be UTF-8 (section 8.1; well-formed as
// RFC 3629 defines it, so no surrogates and no overlong forms). An escape of an
// unpaired surrogate such as "\ud800" is within the grammar (section 8.2) and
// valid here; only [Unquote] reports it.
//
// Names of members are compared exactly (section 8.3 calls for comparing code
// units after decoding the escapes): case matters, and an escaped spelling of a
// name is that name. This differs from encoding/json, which also matches names
// in another case.
//
// A line break, wherever this package speaks of one, is LF, CR, U+0085, U+2028
// or U+2029. RFC 8259 allows the first two between tokens and the other three
// raw inside strings. Readers that follow the newline guidelines of the Unicode
// Standard (section 5.8) end a line at each of them. The remaining characters
// with that role (VT and FF) cannot be raw in a valid text.
//
// Offsets are in bytes, counted from the start of the text. The nesting of a
// text is the number of arrays and objects open at once: 1 has nesting 0, [] and
// {"a":1} have nesting 1.
//
// The package has no state. All functions may be called concurrently, also on
// the same text, as long as nobody writes to that text meanwhile. Results that
// are slices of a text stay valid as long as the text is not written to.
package rawjson
