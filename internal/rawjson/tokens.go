package rawjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// blanks returns the offset of the first byte from i on that is not whitespace
// (RFC 8259, section 2), and whether LF or CR was among the whitespace.
func blanks(text []byte, i int) (end int, breaks bool) {
	for ; i < len(text); i++ {
		switch text[i] {
		case ' ', '\t':
		case '\n', '\r':
			breaks = true
		default:
			return i, breaks
		}
	}
	return i, breaks
}

// literal scans word, one of true, false and null (RFC 8259, section 3), whose
// first byte is at i.
func literal(text []byte, i int, word string) (end int, f fault) {
	if rest := text[i:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
		return i + len(word), noFault
	}
	for n := 1; i+n < len(text); n++ { // ends before the word does: they differ
		if text[i+n] != word[n] {
			return i + n, faultLiteral
		}
	}
	return len(text), faultEnd
}

// number scans a number (RFC 8259, section 6) whose first byte, a minus sign or
// a digit, is at i.
func number(text []byte, i int) (end int, f fault) {
	if text[i] == '-' {
		i++
	}
	if i < len(text) && text[i] == '0' {
		i++
		if i < len(text) && isDigit(text[i]) {
			return i, faultNumber
		}
	} else if i, f = digits(text, i); f != noFault {
		return i, f
	}
	if i < len(text) && text[i] == '.' {
		if i, f = digits(text, i+1); f != noFault {
			return i, f
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		return digits(text, i)
	}
	return i, noFault
}

// digits scans one or more digits.
func digits(text []byte, i int) (end int, f fault) {
	if i >= len(text) {
		return len(text), faultEnd
	}
	if !isDigit(text[i]) {
		return i, faultNumber
	}
	for i++; i < len(text) && isDigit(text[i]); i++ {
	}
	return i, noFault
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// str scans a string (RFC 8259, section 7) whose opening quote is at i.
func str(text []byte, i int) (end int, breaks bool, f fault) {
	i++
	for i < len(text) {
		if len(text)-i >= 8 {
			m := special(binary.LittleEndian.Uint64(text[i:]))
			if m == 0 {
				if i += 8; i&63 < 8 { // once in 64 bytes
					i = plainRun(text, i)
				}
				continue
			}
			i += bits.TrailingZeros64(m) >> 3
		}
		switch c := text[i]; {
		case c == '"':
			return i + 1, breaks, noFault
		case c == '\\':
			n, f := escape(text[i:])
			if f == faultEnd {
				return len(text), false, f
			}
			if f != noFault {
				return i, false, f
			}
			i += n
		case c < ' ':
			return i, false, faultControl
		case c < utf8.RuneSelf:
			i++ // one of the last bytes of the text, too few for a word
		default:
			var b, ok bool
			i, b, ok = multibyte(text, i)
			if !ok {
				return i, false, faultUTF8
			}
			breaks = breaks || b
		}
	}
	return len(text), false, faultEnd
}

// shortString returns the offset just past the string whose opening quote is at
// i if it is plain ASCII without escapes and not near the end of text; else 0.
func shortString(text []byte, i int) int {
	for i++; len(text)-i >= 8; i += 8 {
		if m := special(binary.LittleEndian.Uint64(text[i:])); m != 0 {
			if i += bits.TrailingZeros64(m) >> 3; text[i] == '"' {
				return i + 1
			}
			return 0
		}
	}
	return 0
}

// plainRun returns an offset up to which, from i on, no byte of text is one that
// a string scan has to look at. 32 bytes share a branch, so that a long string
// takes half the time; short ones would pay for it.
//
//go:noinline
func plainRun(text []byte, i int) int {
	for len(text)-i >= 32 {
		w := text[i : i+32]
		if special(binary.LittleEndian.Uint64(w))|special(binary.LittleEndian.Uint64(w[8:]))|
			special(binary.LittleEndian.Uint64(w[16:]))|special(binary.LittleEndian.Uint64(w[24:])) != 0 {
			break
		}
		i += 32
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// special returns a word with the high bit set for each byte of x, in little
// endian order, that a string scan has to look at: below 0x20, the quote, the
// backslash, or 0x80 and above. Only the lowest bit set is exact: a borrow may
// set more above it. (A byte that borrows has its own bit set, so none below the
// first exact one is wrong.)
func special(x uint64) uint64 {
	// With bit 1 flipped, the quote (0x22) is 0x20, the only byte from 0x20 on
	// that gets below 0x21.
	low := (x ^ 0x02*ones) - 0x21*ones
	backslash := (x ^ '\\'*ones) - ones
	return (low | backslash | x) & highs
}

// escape returns the length of the escape that text, starting with a backslash,
// begins with. Whether a surrogate is paired is not looked at: the grammar
// allows any \uXXXX.
func escape(text []byte) (n int, f fault) {
	if len(text) < 2 {
		return 0, faultEnd
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, noFault
	case 'u':
		for n = 2; n < 6; n++ {
			if n >= len(text) {
				return 0, faultEnd
			}
			if c := text[n]; !isDigit(c) && (c|0x20)-'a' > 'f'-'a' {
				return 0, faultEscape
			}
		}
		return 6, noFault
	}
	return 0, faultEscape
}

// multibyte scans the run of UTF-8 sequences of two to four bytes (RFC 3629,
// section 4) that starts at i. It returns the offset just past the run, or that
// of the malformed sequence if ok is false, and whether a line break is in it.
func multibyte(text []byte, i int) (end int, breaks, ok bool) {
	for i < len(text) && text[i] >= utf8.RuneSelf {
		// The common sequences of two and three bytes first: decoding them by
		// utf8.DecodeRune takes about twice the time.
		if len(text)-i >= 4 {
			x := binary.LittleEndian.Uint32(text[i:])
			if x&0xc0c0f0 == 0x8080e0 {
				r := x&0x0f<<12 | x>>2&0xfc0 | x>>16&0x3f
				if r < 0x800 || r>>11 == 0xd800>>11 { // overlong, surrogate
					return i, false, false
				}
				breaks = breaks || r&^1 == 0x2028
				i += 3
				continue
			}
			if x&0xc0e0 == 0x80c0 {
				r := x&0x1f<<6 | x>>8&0x3f
				if r < 0x80 { // overlong
					return i, false, false
				}
				breaks = breaks || r == 0x85
				i += 2
				continue
			}
		}
		r, n := utf8.DecodeRune(text[i:])
		if n == 1 {
			return i, false, false
		}
		breaks = breaks || isBreak(r)
		i += n
	}
	return i, breaks, true
}

// isBreak reports whether r is one of the line breaks a string may hold raw.
func isBreak(r rune) bool { return r == 0x85 || r == 0x2028 || r == 0x2029 }
