package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Encode returns v as JSON without HTML escaping, so that "<", ">" and "&" in a
// message stay readable. v is a type of this package or a raw message; one that
// cannot be encoded is a programming error and panics.
func Encode(v any) json.RawMessage {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("protocol: encode %T: %v", v, err))
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// RawMember is a member of an object whose value is the upstream's, byte for
// byte. encoding/json would take its blanks out.
type RawMember struct {
	Name string
	// Value is checked JSON; nil leaves the member out.
	Value json.RawMessage
}

// EncodeWith returns v, a struct that encodes at least one member, with raw
// members at its end.
func EncodeWith(v any, members ...RawMember) json.RawMessage {
	text := Encode(v)
	text = text[:len(text)-1]
	for _, m := range members {
		if m.Value != nil {
			text = append(text, ',', '"')
			text = append(text, m.Name...)
			text = append(text, '"', ':')
			text = append(text, m.Value...)
		}
	}
	return append(text, '}')
}
