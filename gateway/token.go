package gateway

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	// TokenName is the token file in CODEX_HOME.
	TokenName = "signalbox-gateway.token"
	// tokenBytes of randomness; base64url makes 43 characters of them.
	tokenBytes  = 32
	tokenLength = 43
	// maxToken is the most that is read of a token file.
	maxToken = 4 << 10
)

// Token returns the token in the file at path, which is made if it is absent or renew
// says so. Programs keep it over restarts. A file that others could read or have made
// is an error, one sentence; it never holds the token.
func Token(path string, renew bool) ([]byte, error) {
	if renew {
		if _, err := os.Lstat(path); err == nil {
			if _, err := readToken(path); err != nil {
				return nil, err // what is not ours is not replaced
			}
		}
		return replaceToken(path)
	}
	token, err := readToken(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	if err := makeToken(path, os.Link); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return readToken(path) // of several gateways that start at once, the first one's
}

func replaceToken(path string) ([]byte, error) {
	if err := makeToken(path, os.Rename); err != nil {
		return nil, err
	}
	return readToken(path)
}

// makeToken writes a new token beside path and has put put it there.
func makeToken(path string, put func(from, to string) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("the folder of the token file cannot be made: %w", err)
	}
	var random [tokenBytes]byte
	_, _ = rand.Read(random[:]) // never fails
	temp := path + "." + base64.RawURLEncoding.EncodeToString(random[:6])
	_, _ = rand.Read(random[:])
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("the token file cannot be made: %w", err)
	}
	defer func() { _ = os.Remove(temp) }() // gone after a rename
	_, err = file.WriteString(base64.RawURLEncoding.EncodeToString(random[:]) + "\n")
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("the token file cannot be written: %w", err)
	}
	return put(temp, path)
}

// readToken reads a token file of ours. The error is fs.ErrNotExist for none.
func readToken(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if reason := untrusted(info); reason != "" {
		return nil, fmt.Errorf("the token file %s %s; remove it, or name another one with --token-file", path, reason)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the token file cannot be read: %w", err)
	}
	defer func() { _ = file.Close() }()
	if opened, err := file.Stat(); err != nil || !os.SameFile(info, opened) {
		return nil, fmt.Errorf("the token file %s was replaced while it was read", path)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxToken))
	if err != nil {
		return nil, fmt.Errorf("the token file cannot be read: %w", err)
	}
	token := bytes.TrimSpace(text)
	if len(token) < tokenLength || bytes.ContainsAny(token, " \t\r\n") {
		return nil, fmt.Errorf("the token file %s holds no token of at least %d characters; make it anew with --new-token after you have removed it", path, tokenLength)
	}
	return token, nil
}
