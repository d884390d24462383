package auth

import (
	"strings"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
	"github.com/signalbox-dev/signalbox/protocol"
)

// assignment is a key with the name of its variable, as in a .env file.
var assignment = lazyregexp.New(`^(?:export\s+|set\s+|\$env:)?[A-Za-z_][A-Za-z0-9_]*\s*=`)

// keyFault returns why a value cannot be a Platform key, as the rest of a sentence
// that begins with the name of its place; "" when it may be one. Any text that can
// be sent may be a key, except what people paste in its place.
func keyFault(key Secret) string {
	value := key.Reveal()
	switch {
	case strings.TrimSpace(value) == "":
		return "is blank"
	case strings.ContainsRune(value, 0), strings.HasPrefix(value, "\xff\xfe"), strings.HasPrefix(value, "\xfe\xff"):
		return "is UTF-16 text; save it as UTF-8"
	case strings.ContainsAny(value, "\r\n"):
		return "contains a line break"
	case len(value) >= len("bearer ") && strings.EqualFold(value[:len("bearer ")], "bearer "):
		return "begins with Bearer, which belongs to the header and not to the key"
	case assignment().MatchString(value):
		return "begins with the name of a variable; only what follows the = is the key"
	case strings.ContainsAny(value, "\"'`“”‘’"):
		return "contains quotes, which do not belong to the key"
	case strings.HasPrefix(value, "{"), strings.HasPrefix(value, "["):
		return "is JSON, not a key"
	case strings.ContainsAny(value, "*…•"), strings.Contains(value, "..."):
		return "is masked: some of its characters are hidden"
	case strings.HasPrefix(value, "at-"):
		return "is a personal access token, not a Platform key"
	case !issuer.IsSendable(key):
		return "contains whitespace or characters that no key has"
	case len(value) > issuer.MaxTokenBytes:
		return "is too long"
	case issuer.IsJWT(key):
		return "is an access token, not a Platform key"
	}
	return ""
}

// checkAPIKey refuses what is not a Platform key (docs/protocol.md: Errors and
// retries). The error is -32602.
func checkAPIKey(key Secret) error {
	fault := keyFault(key)
	if fault == "" {
		return nil
	}
	e := protocol.InvalidParams("apiKey", "The API key "+fault+".")
	e.Data.Action = "Give the key alone, as the OpenAI Platform shows it."
	return e
}
