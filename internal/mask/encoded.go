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

// base64Words are words that may be base64 of at least minMasked bytes (RFC 4648, 4
// and 5).
var base64Words = lazyregexp.New(`[A-Za-z0-9+/_-]{11,}={0,2}`)

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
	text = base64Words().ReplaceAllStringFunc(text, func(word string) string {
		if m.isEncoded(word) || slices.ContainsFunc(strings.Split(word, "/"), m.isEncoded) { // or a path
			return Redacted
		}
		return word
	})
	return m.Mask(text)
}

// isEncoded reports whether word is base64, in either alphabet and without its
// padding, of a text with a secret in it.
func (m *Masker) isEncoded(word string) bool {
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(word, "-_") {
		encoding = base64.RawURLEncoding
	}
	decoded, err := encoding.DecodeString(strings.TrimRight(word, "="))
	return err == nil && m.byValue().Replace(string(decoded)) != string(decoded)
}
