package engine

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
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
	// maxHeaderBytes of a response; net/http's own default is 10 MiB.
	maxHeaderBytes = 256 << 10
)

// errProxyRefused: the proxy answered CONNECT with a status other than 200.
var errProxyRefused = errors.New("the proxy refused the connection")

// NewTransport gives the transport for model calls: HTTP/2 with bounded receive
// buffers, no transparent compression, connect timeouts. direct ignores the
// proxy of the environment. The engine calls it without an http.Client around
// it, so that a redirect is an answer like any other and never followed: a token
// goes to no other host (contract 5).
func NewTransport(direct bool) *http.Transport {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   connectTimeout,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,

		MaxResponseHeaderBytes: maxHeaderBytes,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
			if resp.StatusCode != http.StatusOK {
				return errProxyRefused
			}
			return nil
		},
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     streamWindow,
			MaxReceiveBufferPerConnection: connectionWindow,
		},
	}
	if direct {
		t.Proxy = nil
	}
	return t
}
