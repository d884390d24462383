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

// neverText is in no text, and stays as it is if it should be.
const neverText = "\x00\xff\x00"

// minMasked is the length in bytes from which on a secret is masked by value; a
// shorter one would take words of the text with it.
const minMasked = 8

// What a Masker remembers is bounded: an issuer that sends new tokens with every
// answer must not fill the memory. A login, its successors of a day and what is in
// the environment are a few dozen values of some KiB.
const (
	maxValues = 256
	maxBytes  = 1 << 20
)

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

// Masker knows the secrets that this process has seen. They stay masked after they
// were replaced, since an upstream may still speak of the last one; of more than 256
// values, or 1 MiB, those that were added longest ago are forgotten. The zero Masker
// is ready for use; its methods are safe for concurrent use.
type Masker struct {
	mu       sync.Mutex
	values   map[string]*value
	added    int64             // calls of Add and While
	bytes    int               // of all values
	replacer *strings.Replacer // nil: to be made
}

// value is what is known of one secret.
type value struct {
	last  int64 // when it was added last, as Masker.added counts
	users int   // of While: it is not forgotten
}

// Add has secrets masked from now on. One of fewer than 8 bytes is ignored.
func (m *Masker) Add(secrets ...protocol.Secret) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range secrets {
		m.add(s.Reveal())
	}
	m.forgetOldest()
}

// While has secrets masked until the function that it returns is called, such as a
// code while it is redeemed.
func (m *Masker) While(secrets ...protocol.Secret) (forget func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var used []string
	for _, s := range secrets {
		text := s.Reveal()
		if m.values[text] != nil && m.values[text].users == 0 {
			continue // of Add
		}
		if v := m.add(text); v != nil {
			v.users++
			used = append(used, text)
		}
	}
	m.forgetOldest()
	return sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, text := range used {
			if v := m.values[text]; v != nil {
				if v.users--; v.users == 0 {
					m.forget(text)
				}
			}
		}
	})
}

// add returns what is known of a secret; nil for one that is too short. Called with
// mu held.
func (m *Masker) add(text string) *value {
	if len(text) < minMasked {
		return nil
	}
	m.added++
	v := m.values[text]
	if v == nil {
		if m.values == nil {
			m.values = make(map[string]*value)
		}
		v = &value{}
		m.values[text] = v
		m.bytes += len(text)
		m.replacer = nil
	}
	v.last = m.added
	return v
}

// forget is called with mu held.
func (m *Masker) forget(text string) {
	delete(m.values, text)
	m.bytes -= len(text)
	m.replacer = nil
}

// forgetOldest keeps the bounds. Called with mu held.
func (m *Masker) forgetOldest() {
	for len(m.values) > maxValues || m.bytes > maxBytes {
		oldest, found := "", false
		for text, v := range m.values {
			if v.users == 0 && v.last < m.added && (!found || v.last < m.values[oldest].last) {
				oldest, found = text, true
			}
		}
		if !found { // all are in use, or the one that is left is the latest
			return
		}
		m.forget(oldest)
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
		// A Replacer of one value prepares its search in time that is quadratic in
		// the value; of two, it does not.
		pairs := append(make([]string, 0, 2*len(values)+2), neverText, neverText)
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
