// Package transport is the one place that makes HTTP transports, for model
// calls and for the issuer alike: proxies, certificate authorities, HTTP/2 with
// bounded buffers, timeouts. It also explains why no answer came.
//
// Whoever uses a transport calls RoundTrip, without an http.Client around it: a
// redirect is then an answer like any other and never followed, so that a token
// goes to no other host (docs/protocol.md: Routing).
package transport

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"time"
)

const (
	// connectTimeout bounds dialling and the TLS handshake, each.
	connectTimeout = 15 * time.Second
	// streamWindow is how much of one HTTP/2 stream may wait unread in memory;
	// net/http's own default lets each take 4 MiB.
	streamWindow = 256 << 10
	// connectionWindow bounds all streams of one HTTP/2 connection together.
	connectionWindow = 16 << 20
	// pingAfter silence a HTTP/2 connection is asked whether it is alive, and given
	// up pingTimeout later: after the sleep of a laptop, or where a router has
	// forgotten it, nothing else would tell before the idle limit of a stream.
	pingAfter, pingTimeout = 30 * time.Second, 15 * time.Second
	// maxHeaderBytes of a response; net/http's own default is 10 MiB.
	maxHeaderBytes = 256 << 10
)

// Options of a transport.
type Options struct {
	// Direct: the proxy of the environment is not used.
	Direct bool
	// Roots are the authorities for TLS, see [Roots]; nil: those of the system.
	Roots *x509.CertPool
}

// Transport is an http.Transport whose errors say whether a proxy was in between.
type Transport struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.Transport.RoundTrip(r)
	if err != nil && t.Proxy != nil {
		if proxy, _ := t.Proxy(r); proxy != nil {
			err = &proxiedError{err, proxy.Host}
		}
	}
	return resp, err
}

// New returns a transport: HTTP/2 with bounded receive buffers, no transparent
// compression, connect timeouts, and the proxy of the environment as Go reads
// it (HTTPS_PROXY, HTTP_PROXY, NO_PROXY; never for loopback), except that a value
// that is not a URL, which Go ignores, is an error. The environment is read once.
func New(o Options) *Transport {
	t := &http.Transport{
		DialContext:           dialer(func(string) string { return "" }),
		TLSHandshakeTimeout:   connectTimeout,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		// A connection writes one head and one body, which goes around the buffer.
		WriteBufferSize: 1 << 10,

		MaxResponseHeaderBytes: maxHeaderBytes,
		OnProxyConnectResponse: proxyAnswered,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     streamWindow,
			SendPingTimeout:               pingAfter,
			PingTimeout:                   pingTimeout,
			MaxReceiveBufferPerConnection: connectionWindow,
		},
	}
	if !o.Direct {
		t.Proxy, t.DialContext = proxyOf(os.Getenv), dialer(os.Getenv)
	}
	if o.Roots != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
	}
	return &Transport{t}
}
