package auth

import (
	"cmp"
	"slices"
	"strings"
)

// redacted stands in the place of a secret.
const redacted = "[redacted]"

// minMasked is the length in bytes from which on a secret is masked by value; a
// shorter one would take words of the text with it.
const minMasked = 8

var (
	// tokenShapes are JWTs (also cut ones and JWEs), API keys, refresh tokens
	// and personal access tokens.
	tokenShapes = lazy(`eyJ[A-Za-z0-9_-]+=*(?:\.[A-Za-z0-9_-]*=*)+` +
		`|\bsk-[A-Za-z0-9_-]{8,}` +
		`|\brt_[A-Za-z0-9._-]{16,}` +
		`|\b(?:rt\.|at-)[A-Za-z0-9._-]{20,}`)
	// namedTokens are values behind a name that tells what they are.
	namedTokens = lazy(`(?i)(\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}` +
		`|((?:refresh_token|access_token|id_token|subject_token|api_?key)\\?["']?\s*[:=]\s*\\?["']?)[^\s"'\\&,;}]{4,}`)
)

// heldSecrets are the secrets that a manager has seen. They stay masked after
// they were replaced: an upstream may still speak of the last one.
type heldSecrets struct {
	values   map[string]struct{}
	replacer *strings.Replacer // nil: to be made
}

func (h *heldSecrets) add(secrets ...Secret) {
	for _, s := range secrets {
		value := s.Reveal()
		if _, ok := h.values[value]; ok || len(value) < minMasked {
			continue
		}
		if h.values == nil {
			h.values = make(map[string]struct{})
		}
		h.values[value] = struct{}{}
		h.replacer = nil
	}
}

// masker returns a replacer of all values. Longer ones come first, since one may
// begin with another.
func (h *heldSecrets) masker() *strings.Replacer {
	if h.replacer == nil {
		values := make([]string, 0, len(h.values))
		for value := range h.values {
			values = append(values, value)
		}
		slices.SortFunc(values, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
		pairs := make([]string, 0, 2*len(values))
		for _, value := range values {
			pairs = append(pairs, value, redacted)
		}
		h.replacer = strings.NewReplacer(pairs...)
	}
	return h.replacer
}

// Mask returns text with "[redacted]" in place of every secret of at least 8
// bytes that m has ever held, by value, and of whatever has the shape of a token
// (contract 6). It reads no file; safe for concurrent use.
func (m *Manager) Mask(text string) string {
	m.mu.Lock()
	masker := m.held.masker()
	m.mu.Unlock()
	text = masker.Replace(text)
	// The expressions take 100 ns a byte, and most texts hold nothing for them.
	if containsAny(text, "eyJ", "sk-", "rt_", "rt.", "at-") {
		text = tokenShapes().ReplaceAllString(text, redacted)
	}
	if containsAny(strings.ToLower(text), "bearer", "_token", "api_key", "apikey") {
		text = namedTokens().ReplaceAllString(text, "${1}${2}"+redacted)
	}
	return text
}

// containsAny reports whether one of the words stands in text.
func containsAny(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}
