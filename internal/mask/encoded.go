package mask

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
)

// percentWords are words with percent-encoding (RFC 3986, 2.1).
var percentWords = lazyregexp.New(`[A-Za-z0-9._~+-]*(?:%[0-9A-Fa-f]{2}[A-Za-z0-9._~+-]*)+`)

// Encoded is Mask for a text that may hold JSON, percent-encoding or base64: a secret is
// found after any of them is decoded, in base64 by value only. A string or a word
// without one stays as it is spelled. Use it where speed does not count.
func (m *Masker) Encoded(text string) string {
	text = string(m.JSON([]byte(text)))
	if strings.Contains(text, "%") {
		text = percentWords().ReplaceAllStringFunc(text, func(word string) string {
			decoded, err := url.PathUnescape(word)
			if err == nil && m.Mask(decoded) != decoded {
				return Redacted
			}
			return word
		})
	}
	return m.Mask(m.base64(text))
}

// minBase64 is the length of minMasked bytes in base64, without padding.
const minBase64 = 11

// base64 replaces the words that are base64 of a text with a secret in it (RFC 4648, 4
// and 5), with their padding. It looks at each byte once: most texts have many words,
// and none of these.
func (m *Masker) base64(text string) string {
	var out strings.Builder
	from, start := 0, -1
	for i := 0; i <= len(text); i++ {
		if i < len(text) && isBase64(text[i]) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 && i-start >= minBase64 {
			word := text[start:i]
			if m.isEncoded(word) || strings.Contains(word, "/") && slices.ContainsFunc(strings.Split(word, "/"), m.isEncoded) { // or a path
				out.WriteString(text[from:start])
				out.WriteString(Redacted)
				for i < len(text) && text[i] == '=' {
					i++
				}
				from = i
			}
		}
		start = -1
	}
	if from == 0 {
		return text
	}
	return out.String() + text[from:]
}

// isBase64 reports whether c is of either alphabet.
func isBase64(c byte) bool {
	return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '+' || c == '/' || c == '-' || c == '_'
}

// isEncoded reports whether word is base64, in either alphabet and without its
// padding, of a text with a secret in it.
func (m *Masker) isEncoded(word string) bool {
	if len(word) < minBase64 || len(word)%4 == 1 { // which no base64 has
		return false
	}
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(word, "-_") {
		encoding = base64.RawURLEncoding
	}
	decoded, err := encoding.DecodeString(word)
	return err == nil && m.byValue().Replace(string(decoded)) != string(decoded)
}
