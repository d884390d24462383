package engine

import "strings"

const (
	// maxWord is as much of a word of the upstream as is passed on, in bytes, maxID
	// as much of an id or the name of a model, and maxHeader as much of a header.
	maxWord, maxID, maxHeader = 100, 256, 4 << 10
	// maxHeaders of an answer are passed on.
	maxHeaders = 64
	// maxMasked is as much of a text as is looked through for secrets.
	maxMasked = 16 << 10
)

// bound returns the first part of what the upstream said, masked, of at most limit
// bytes and an ellipsis. It masks first: half a secret is one that no mask knows.
func bound(mask func(string) string, text string, limit int) string {
	whole := len(text) <= maxMasked
	if !whole {
		// Not in the middle of a word, which may be a secret.
		text = text[:strings.LastIndexAny(text[:maxMasked], " \t\r\n\"',;")+1]
	}
	text = mask(text)
	if len(text) <= limit && whole {
		return text
	}
	text = text[:min(len(text), limit)]
	return strings.ToValidUTF8(text, "") + "…"
}

// brief is bound for a word: a name, a plan, a window.
func brief(mask func(string) string, text string) string { return bound(mask, text, maxWord) }
