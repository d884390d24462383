package transport

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// Roots returns the authorities for TLS: the system's, and those in the file that
// CODEX_CA_CERTIFICATE names, else SSL_CERT_FILE (docs/reference.md: Flags and
// environment). nil means the system's alone. A file that cannot be used is left
// out, and warning, one sentence, says why.
//
// Where crypto/x509 reads SSL_CERT_FILE itself, that is the file of the system's
// authorities; macOS and Windows have none, and there it adds to them.
func Roots(getenv func(string) string) (roots *x509.CertPool, warning string) {
	name := "CODEX_CA_CERTIFICATE"
	path := getenv(name)
	if path == "" {
		name = "SSL_CERT_FILE"
		if path = getenv(name); path == "" {
			return nil, ""
		}
	}
	isSystems := name == "SSL_CERT_FILE" && readsCertFile
	if isSystems {
		// The first connection reads it: parsing the authorities of a system costs
		// 10 ms and 5 MB, which most processes never need. Even reading it all would
		// be a tenth of the start.
		if head, err := readBounded(path, firstCertificateBytes); err == nil && firstCertificate(head) {
			return nil, ""
		}
	}
	text, err := readBounded(path, maxRootsFile)
	if err != nil {
		return nil, fmt.Sprintf("%s is not used: %v.", name, err)
	}
	if isSystems && firstCertificate(text) {
		return nil, ""
	}
	if roots, err = x509.SystemCertPool(); err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Sprintf("%s is not used: there is no certificate in %s.", name, path)
	}
	return roots, ""
}

// readsCertFile: crypto/x509 reads SSL_CERT_FILE itself.
const readsCertFile = runtime.GOOS != "darwin" && runtime.GOOS != "windows"

// firstCertificate reports whether the first certificate of a PEM file is one.
func firstCertificate(text []byte) bool {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return false
		}
		if block.Type == "CERTIFICATE" {
			_, err := x509.ParseCertificate(block.Bytes)
			return err == nil
		}
	}
}

const (
	// maxRootsFile is more than all authorities of a system take.
	maxRootsFile = 16 << 20
	// firstCertificateBytes is where the first of them mostly ends.
	firstCertificateBytes = 8 << 10
)

// readBounded reads the start of a regular file, n bytes at most. A pipe or a
// device could keep the start of the process waiting for ever.
func readBounded(path string, n int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	case info.Size() > maxRootsFile:
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxRootsFile>>20)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text := make([]byte, min(n, info.Size()))
	read, err := io.ReadFull(f, text)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = nil // it has shrunk meanwhile
	}
	return text[:read], err
}
