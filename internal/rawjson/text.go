package rawjson

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// Unquote decodes raw, a valid JSON string with its quotes and without blanks
// around it, such as the Value of a [Member]. ok is false when raw is not that,
// with s empty, or when it holds an escape of an unpaired surrogate, which is no
// character (RFC 8259, section 8.2), with U+FFFD for each of them in s.
func Unquote(raw []byte) (s string, ok bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	if end, _, f := str(raw, 0); f != noFault || end != len(raw) {
		return "", false
	}
	if plain(raw) {
		return string(inner(raw)), true
	}
	decoded, ok := appendDecoded(make([]byte, 0, len(raw)), inner(raw))
	return string(decoded), ok
}

// appendDecoded appends raw, the inside of a valid string, with its escapes
// decoded (RFC 8259, section 7). paired is false if a surrogate is unpaired.
func appendDecoded(dst, raw []byte) (out []byte, paired bool) {
	paired = true
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			n := bytes.IndexByte(raw[i:], '\\')
			if n < 0 {
				n = len(raw) - i
			}
			dst = append(dst, raw[i:i+n]...)
			i += n
			continue
		}
		switch c := raw[i+1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := codeUnit(raw[i:])
			i += 6
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if len(raw)-i >= 6 && raw[i] == '\\' && raw[i+1] == 'u' {
					pair = utf16.DecodeRune(r, codeUnit(raw[i:]))
				}
				if r = pair; r == utf8.RuneError {
					paired = false
				} else {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		default: // quote, backslash, slash
			dst = append(dst, c)
		}
		i += 2
	}
	return dst, paired
}

// ReplaceLone replaces each escape of an unpaired surrogate in text, which must be
// valid JSON, by \ufffd (RFC 8259, section 8.2), in place: the length stays. Every
// other byte stays as it is. It allocates nothing.
func ReplaceLone(text []byte) {
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '\\')
		if n < 0 {
			return
		}
		i += n
		if text[i+1] != 'u' {
			i += 2
			continue
		}
		r := codeUnit(text[i:])
		if utf16.IsSurrogate(r) {
			rest := text[i+6:]
			if len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' && utf16.DecodeRune(r, codeUnit(rest)) != utf8.RuneError {
				i += 6
			} else {
				copy(text[i:], `\ufffd`)
			}
		}
		i += 6
	}
}

// codeUnit returns the code unit of the escape \uXXXX that raw begins with.
func codeUnit(raw []byte) rune {
	var r rune
	for _, c := range raw[2:6] {
		if isDigit(c) {
			r = r<<4 | rune(c-'0')
		} else {
			r = r<<4 | rune(c|0x20-'a'+10)
		}
	}
	return r
}

const hexDigits = "0123456789abcdef"

// AppendQuote appends s as a JSON string (RFC 8259, section 7) that holds no
// line break. It escapes the quote, the backslash, control characters below
// U+0020, U+0085, U+2028 and U+2029, and nothing else: no HTML characters. Bytes
// of s that are not valid UTF-8 become U+FFFD, one for each byte.
func AppendQuote(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0 // s[start:i] is as it may be in the string
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if c >= utf8.RuneSelf && n > 1 && !isBreak(r) {
			i += n
			continue
		}
		dst = append(dst, s[start:i]...)
		i += n
		start = i
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\b':
			dst = append(dst, `\b`...)
		case c == '\f':
			dst = append(dst, `\f`...)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case r == utf8.RuneError:
			dst = utf8.AppendRune(dst, r)
		default:
			dst = appendEscape(dst, r)
		}
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// appendEscape appends r, which must be below U+10000, as \uXXXX.
func appendEscape(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// AppendLine appends text, which must be valid JSON, as it may stand in one line
// of newline-delimited JSON: LF and CR become blanks, one for one, raw U+0085,
// U+2028 and U+2029 become \u0085, \u2028 and \u2029, and every other byte stays
// as it is. The result is the same value, and holds no line break. No line feed
// is added at its end. text and the unused room of dst must not overlap.
//
// Where [Check] or [Object] told that there are no breaks, AppendLine is a copy,
// and need not be called.
func AppendLine(dst, text []byte) []byte {
	// Strings need not be told apart: in a valid text LF and CR are always
	// outside of them, the other three always inside.
	start := 0 // text[start:i] is as it may be in the line
	for i := 0; i < len(text); {
		if len(text)-i >= 8 {
			m := special(binary.LittleEndian.Uint64(text[i:]))
			if m == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(m) >> 3
		}
		switch c := text[i]; {
		case c == '\n' || c == '\r':
			dst = append(dst, text[start:i]...)
			dst = append(dst, ' ')
			i++
			start = i
		case c == 0xc2 || c == 0xe2: // the first bytes of the three
			r, n := utf8.DecodeRune(text[i:])
			if isBreak(r) {
				dst = append(dst, text[start:i]...)
				dst = appendEscape(dst, r)
				start = i + n
			}
			i += n
		default:
			// Other non-ASCII text comes in runs, where looking at eight bytes
			// for each one would be slow.
			for i++; i < len(text) && text[i] >= utf8.RuneSelf && text[i] != 0xc2 && text[i] != 0xe2; {
				i++
			}
		}
	}
	return append(dst, text[start:]...)
}
