// Package mask takes secrets out of texts: those that it was told of, by value,
// and whatever has the shape of a token.
package mask

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Redacted replaces a secret.
const Redacted = "[redacted]"

// minMasked is the length in bytes from which on a secret is masked by value; a
// shorter one would take words of the text with it.
const minMasked = 8

var (
	// tokenShapes are JWTs (also cut ones and JWEs), API keys, refresh tokens
	// and personal access tokens.
	tokenShapes = lazyregexp.New(`eyJ[A-Za-z0-9_-]+=*(?:\.[A-Za-z0-9_-]*=*)+` +
		`|\bsk-[A-Za-z0-9_-]{8,}` +
		`|\brt_[A-Za-z0-9._-]{16,}` +
		`|\b(?:rt\.|at-)[A-Za-z0-9._-]{20,}`)
	// namedTokens are values after a name that says what they are.
	namedTokens = lazyregexp.New(`(?i)(\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}` +
		`|((?:refresh_token|access_token|id_token|subject_token|api_?key)\\?["']?\s*[:=]\s*\\?["']?)[^\s"'\\&,;}]{4,}`)
)

// Masker knows the secrets that this process has seen. They stay masked after
// they were replaced: an upstream may still speak of the last one. The zero
// Masker is ready for use; its methods are safe for concurrent use.
type Masker struct {
	mu       sync.Mutex
	values   map[string]struct{}
	replacer *strings.Replacer // nil: to be made
}

// Add has secrets masked from now on. One of fewer than 8 bytes is ignored.
func (m *Masker) Add(secrets ...protocol.Secret) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range secrets {
		value := s.Reveal()
		if _, ok := m.values[value]; ok || len(value) < minMasked {
			continue
		}
		if m.values == nil {
			m.values = make(map[string]struct{})
		}
		m.values[value] = struct{}{}
		m.replacer = nil
	}
}

// Mask returns text with [Redacted] in place of every secret that was added, by
// value, and of whatever has the shape of a token (docs/protocol.md: Errors and
// retries).
func (m *Masker) Mask(text string) string {
	text = m.byValue().Replace(text)
	// The expressions take 100 ns a byte, and most texts hold nothing for them.
	if containsAny(text, "eyJ", "sk-", "rt_", "rt.", "at-") {
		text = tokenShapes().ReplaceAllString(text, Redacted)
	}
	if containsAny(strings.ToLower(text), "bearer", "_token", "api_key", "apikey") {
		text = namedTokens().ReplaceAllString(text, "${1}${2}"+Redacted)
	}
	return text
}

// HasToken reports whether text contains something of the shape of a token.
func HasToken(text string) bool { return tokenShapes().MatchString(text) }

// byValue returns a replacer of all values. Longer ones come first, since one may
// begin with another.
func (m *Masker) byValue() *strings.Replacer {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.replacer == nil {
		values := make([]string, 0, len(m.values))
		for value := range m.values {
			values = append(values, value)
		}
		slices.SortFunc(values, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
		pairs := make([]string, 0, 2*len(values))
		for _, value := range values {
			pairs = append(pairs, value, Redacted)
		}
		m.replacer = strings.NewReplacer(pairs...)
	}
	return m.replacer
}

// containsAny reports whether text contains one of the words.
func containsAny(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}
