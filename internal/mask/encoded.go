package mask

import (
	"net/url"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
)

// percentWords are words with percent-encoding (RFC 3986, 2.1).
var percentWords = lazyregexp.New(`[A-Za-z0-9._~+-]*(?:%[0-9A-Fa-f]{2}[A-Za-z0-9._~+-]*)+`)

// Encoded is Mask for a text that may hold JSON or percent-encoding: a secret is found
// after either is decoded. A string or a word without one stays as it is spelled.
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
	return m.Mask(text)
}
