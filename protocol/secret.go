package protocol

import (
	"fmt"
	"log/slog"
)

// redacted is what printing or marshalling a Secret results in.
const redacted = "[redacted]"

// Secret is a string that must not be shown: a token or a key. Printing it
// with any verb, marshalling it or logging it results in "[redacted]". The zero
// value is the empty secret. Reveal is the only way out; a test keeps the list
// of its callers closed.
type Secret struct {
	// A pointer, because fmt prints what it finds in an unexported field of
	// another struct without asking the methods below; it then finds an address.
	value *string
}

// NewSecret wraps value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal returns the value in the clear.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.value == nil || *s.value == "" }

// String implements fmt.Stringer.
func (s Secret) String() string { return redacted }

// GoString implements fmt.GoStringer, for %#v.
func (s Secret) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb (%x, %d, %+v) bypasses String.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText implements encoding.TextMarshaler, which encoding/json uses too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
