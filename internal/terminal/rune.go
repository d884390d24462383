package terminal

import (
	"crypto/rand"
	"fmt"
	"strings"
	"unicode"
)

// controls reports whether a terminal obeys the character instead of showing it:
// those of C0 and C1 (ECMA-48) except newline and tab, and what reorders the text
// around it (UAX 9: embeddings, overrides and isolates).
func controls(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r) || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}

// isInvisible reports whether the character has no width of its own: two words that
// look the same may differ by it. Text in some scripts needs it; a name does not.
func isInvisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || r == '\u034f' || r == '\u115f' || r == '\u1160' || r == '\u3164'
}

// Line returns text that must stay in one line, such as the message of an error:
// breaks become blanks, and what cannot be seen becomes visible.
func Line(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if strings.IndexFunc(text, func(r rune) bool { return isBreak(r) || controls(r) || isInvisible(r) }) < 0 {
		return text
	}
	var line []byte
	for _, r := range strings.ReplaceAll(text, "\r\n", "\n") {
		switch {
		case isBreak(r):
			line = append(line, ' ')
		case controls(r), isInvisible(r):
			line = appendVisible(line, r)
		default:
			line = append(line, string(r)...)
		}
	}
	return string(line)
}

func isBreak(r rune) bool {
	return r == '\n' || r == '\t' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

func appendVisible(dst []byte, r rune) []byte {
	if r > 0xffff {
		return fmt.Appendf(dst, `\u{%x}`, r)
	}
	return fmt.Appendf(dst, `\u%04x`, r)
}

// newKey returns a byte that no text for people holds, and random ones.
func newKey() []byte {
	key := make([]byte, 9)
	_, _ = rand.Read(key[1:]) // never fails
	return key
}
