package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// pkce is the proof key of one login (RFC 7636). The verifier never leaves the
// process but to the token endpoint, so a stolen code is of no use.
type pkce struct {
	verifier  string // 86 characters from 512 random bits
	challenge string // base64url of its SHA-256, 43 characters (4.2, S256)
}

func newPKCE() pkce {
	verifier := randomText(64)
	sum := sha256.Sum256([]byte(verifier))
	return pkce{verifier, base64.RawURLEncoding.EncodeToString(sum[:])}
}

// newState gives the state of an authorization request: 256 random bits, which
// tie the answer to it (RFC 6749, 10.12).
func newState() string { return randomText(32) }

// randomText gives n random bytes in base64url without padding.
func randomText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program first
	return base64.RawURLEncoding.EncodeToString(b)
}
