package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/signalbox-dev/signalbox/protocol"
)

// Failure is why no answer came, without a word of the error itself, which may hold a
// URL with a password. It names the host and port that could not be reached.
type Failure struct {
	// Reason is one of ReasonConnect, ReasonDNS, ReasonTLS, ReasonProxy and
	// ReasonTimeout.
	Reason protocol.Reason
	// Message is one sentence, Action one imperative.
	Message, Action string
	// Unsent reports that there was no connection, so that nothing was sent and the
	// same request may be sent again.
	Unsent bool
	// Permanent reports that another attempt would fail in the same way until
	// somebody changes something.
	Permanent bool
}

const (
	checkNetwork = "Check the network connection."
	checkProxy   = "Check HTTPS_PROXY."
)

// Explain explains the error of a transport. peer is what the sentence calls the
// other side, such as "the upstream". connected says that there was a connection,
// so that the request may have been served.
func Explain(err error, peer string, connected bool) Failure {
	var (
		dns     *net.DNSError
		op      *net.OpError
		timeout net.Error
		proxied *proxiedError
	)
	isOp := errors.As(err, &op) // the outermost
	isTimeout := errors.As(err, &timeout) && timeout.Timeout()
	switch {
	case errors.Is(err, errProxyRefused):
		return failure(protocol.ReasonProxy, "The proxy refused the connection to "+peer+".", checkProxy, false)
	case errors.Is(err, errProxyPassword):
		return failure(protocol.ReasonProxy, "The proxy asks for a user name and a password.",
			"Put the user name and the password of the proxy into HTTPS_PROXY.", false)
	case errors.Is(err, errProxyInvalid):
		return failure(protocol.ReasonProxy, "The proxy of the environment is not the URL of a proxy.",
			"Set HTTPS_PROXY to a URL such as http://host:port.", false)
	case isOp && (op.Op == "proxyconnect" || op.Op == "socks connect"):
		return failure(protocol.ReasonProxy, "The proxy could not be reached"+where(err)+".", checkProxy, !isTimeout)
	case errors.As(err, &dns):
		return failure(protocol.ReasonDNS, "The host name of "+peer+" could not be resolved"+where(err)+".", checkNetwork, !connected)
	case isTLS(err) || isOp && (op.Op == "remote error" || op.Op == "local error"): // an alert
		message, action := explainTLS(err, peer)
		return Failure{Reason: protocol.ReasonTLS, Message: message, Action: action, Permanent: true}
	case isTimeout && !connected && errors.As(err, &proxied):
		return failure(protocol.ReasonProxy, "The proxy"+address(proxied.proxy)+" took too long to lead to "+peer+".", checkProxy, false)
	case isTimeout && !connected:
		// Not sent again: five times connectTimeout is longer than anybody waits.
		return failure(protocol.ReasonTimeout, "The connection to "+peer+" took too long"+where(err)+".", checkNetwork, false)
	case !connected && errors.As(err, &proxied):
		return failure(protocol.ReasonProxy, "The proxy"+address(proxied.proxy)+" did not lead to "+peer+".", checkProxy, true)
	case connected:
		return failure(protocol.ReasonConnect, "The connection ended before "+peer+" answered.", "Try again.", false)
	}
	return failure(protocol.ReasonConnect, "No connection to "+peer+" could be made"+where(err)+".", checkNetwork, true)
}

// where returns the place and the cause of a connection that could not be made, for a
// sentence: " (10.0.0.1:443: connection refused)"; "" where they are not known. The
// place is an address or a name, never a URL.
func where(err error) string {
	var (
		dns   *net.DNSError
		op    *net.OpError
		errno syscall.Errno
	)
	place, cause := "", ""
	switch {
	case errors.As(err, &dns):
		place, cause = dns.Name, "no such host"
		if !dns.IsNotFound {
			cause = "the name server does not answer"
		}
	case errors.As(err, &op) && op.Addr != nil:
		place = op.Addr.String()
	}
	for inner := op; inner != nil && errors.As(inner.Err, &op); inner = op { // of a proxy, the connection itself
		if op.Addr != nil {
			place = op.Addr.String()
		}
	}
	if errors.As(err, &errno) {
		cause = errno.Error()
	}
	return address(strings.Trim(place+": "+cause, ": "))
}

// address returns text in brackets, for a sentence; "" for none.
func address(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func failure(reason protocol.Reason, message, action string, unsent bool) Failure {
	return Failure{Reason: reason, Message: message, Action: action, Unsent: unsent}
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

// explainTLS names what was wrong with the certificate or the handshake.
func explainTLS(err error, peer string) (message, action string) {
	var (
		record    tls.RecordHeaderError
		unknownCA x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		roots     x509.SystemRootsError
	)
	switch {
	case errors.As(err, &hostname):
		return "The certificate of " + peer + " is for another host.", "Check the base URL and the proxy."
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "The certificate of " + peer + " has expired or is not valid yet.", "Check the clock of this machine."
	case errors.As(err, &unknownCA):
		return "The certificate of " + peer + " comes from an unknown authority.",
			"Set CODEX_CA_CERTIFICATE to the file of the authority, if you trust it."
	case errors.As(err, &roots):
		return "There are no certificate authorities on this machine.",
			"Set SSL_CERT_FILE to the file of the authorities."
	case errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch):
		return "The answer of " + peer + " is not TLS.", "Check the base URL and the proxy."
	case errors.As(err, &invalid):
		return "The certificate of " + peer + " is not valid for a server.", "Check the base URL and the proxy."
	}
	return "The TLS handshake with " + peer + " failed.", "Check the base URL and the proxy."
}
