package main

import (
	"crypto/x509"
	"fmt"
	"os"
)

// rootCAs gives the authorities for TLS: those of the system (or of
// SSL_CERT_FILE, which crypto/x509 reads itself) and those in the file that
// CODEX_CA_CERTIFICATE names. nil: the system's. The warning says why the file
// was left out.
func rootCAs(getenv func(string) string) (roots *x509.CertPool, warning string) {
	const name = "CODEX_CA_CERTIFICATE"
	path := getenv(name)
	if path == "" {
		return nil, ""
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Sprintf("%s is not used: %v.", name, err)
	}
	if roots, err = x509.SystemCertPool(); err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Sprintf("%s is not used: there is no certificate in %s.", name, path)
	}
	return roots, ""
}
