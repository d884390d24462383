package engine

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"

	"github.com/signalbox-dev/signalbox/protocol"
)

// unreachable is why no answer came.
type unreachable struct {
	*protocol.Error
	// unsent: there was no connection, so that nothing was sent and the same
	// request may be sent again.
	unsent bool
}

// unreachable explains the error of a transport. connected tells that there was
// a connection, so that the request may have been served. The words of err are
// not passed on: they hold addresses, and a proxy's its credentials.
func (x *exchange) unreachable(err error, connected bool) *unreachable {
	var (
		dns     *net.DNSError
		op      *net.OpError
		timeout net.Error
	)
	isOp := errors.As(err, &op) // the outermost
	isTimeout := errors.As(err, &timeout) && timeout.Timeout()
	switch {
	case errors.Is(err, errProxyRefused):
		return &unreachable{x.unavailable("proxy", "The proxy refused the connection to the upstream.", "Check HTTPS_PROXY."), false}
	case isOp && (op.Op == "proxyconnect" || op.Op == "socks connect"):
		return &unreachable{x.unavailable("proxy", "The proxy could not be reached.", "Check HTTPS_PROXY."), !isTimeout}
	case errors.As(err, &dns):
		return &unreachable{x.unavailable("dns", "The name of the upstream's host could not be resolved.", "Check the network connection."), !connected}
	case isTLS(err) || isOp && (op.Op == "remote error" || op.Op == "local error"): // an alert
		failure := x.unavailable("tls", "The upstream's certificate or TLS handshake was not accepted.",
			"Check the clock and the certificates; set CODEX_CA_CERTIFICATE or SSL_CERT_FILE for a private authority.")
		failure.Data.Retryable = false
		return &unreachable{failure, false}
	case isTimeout && !connected:
		// Not sent again: five times connectTimeout is longer than anybody waits.
		return &unreachable{x.unavailable("timeout", "The connection to the upstream took too long.", "Check the network connection."), false}
	case connected:
		return &unreachable{x.unavailable("connect", "The connection ended before the upstream answered.", "Try again."), false}
	}
	return &unreachable{x.unavailable("connect", "The upstream could not be reached.", "Check the network connection."), true}
}

// isTLS reports whether the handshake failed for a reason that another attempt
// does not change.
func isTLS(err error) bool {
	var (
		record    tls.RecordHeaderError
		verify    *tls.CertificateVerificationError
		unknownCA x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		roots     x509.SystemRootsError
	)
	return errors.As(err, &record) || errors.As(err, &verify) || errors.As(err, &unknownCA) ||
		errors.As(err, &hostname) || errors.As(err, &invalid) || errors.As(err, &roots) ||
		errors.Is(err, http.ErrSchemeMismatch)
}
