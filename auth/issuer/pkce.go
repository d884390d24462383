package issuer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// PKCE is the proof key of one login (RFC 7636). The verifier never leaves the
// process except to the token endpoint, so a stolen code is worthless.
type PKCE struct {
	Verifier  string // 86 characters from 512 random bits
	Challenge string // base64url of its SHA-256, 43 characters (4.2, S256)
}

// NewPKCE returns the proof key of a new login.
func NewPKCE() PKCE {
	verifier := RandomText(64)
	sum := sha256.Sum256([]byte(verifier))
	return PKCE{verifier, base64.RawURLEncoding.EncodeToString(sum[:])}
}

// NewState returns the state of an authorization request: 256 random bits, which
// tie the answer to it (RFC 6749, 10.12).
func NewState() string { return RandomText(32) }

// RandomText returns n random bytes in base64url without padding.
func RandomText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program first
	return base64.RawURLEncoding.EncodeToString(b)
}
