package mask

import (
	"bytes"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// ellipsis ends a text that was cut.
const ellipsis = "…"

// JSON returns text with every JSON string in it masked after its escapes are
// decoded: \u0073k-… is a key as well. Everything else stays byte for byte, so valid
// JSON stays valid. A text that was cut, and ends in an ellipsis, may hold the
// beginning of a secret alone.
func (m *Masker) JSON(text []byte) []byte {
	var masked []byte // nil while nothing has changed
	done := 0
	for i := 0; i < len(text); {
		start := bytes.IndexByte(text[i:], '"')
		if start < 0 {
			break
		}
		start += i
		end := stringEnd(text, start)
		i = end
		decoded, ok := rawjson.Unquote(text[start:end])
		if !ok && (end-start < 2 || text[end-1] != '"') {
			break // it has no end
		}
		if clean := m.maskCut(m.Mask(decoded)); clean != decoded {
			masked = rawjson.AppendQuote(append(masked, text[done:start]...), clean)
			done = end
		}
	}
	if masked == nil {
		return text
	}
	return append(masked, text[done:]...)
}

// stringEnd returns the offset just past the string that starts at start.
func stringEnd(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// maskCut masks the beginning of a known secret at the end of a text that was cut.
func (m *Masker) maskCut(text string) string {
	head, cut := strings.CutSuffix(text, ellipsis)
	if !cut {
		return text
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for value := range m.values {
		if at := strings.Index(head, value[:minMasked]); at >= 0 && strings.HasPrefix(value, head[at:]) {
			return head[:at] + Redacted
		}
	}
	return text
}
