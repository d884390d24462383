package transport

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

// The black-box tests of proxies, authorities and TLS are in e2e.

// A password of a proxy is known in each of its spellings, and so is a value of
// which nobody knows what it was meant to be.
func TestProxySecrets(t *testing.T) {
	for value, want := range map[string][]string{
		"":                                 nil,
		"proxy.example:8080":               nil,
		"http://proxy.example:8080":        nil,
		"http://user@proxy.example":        nil,
		"http://user:p%40ss/@proxy":        {"http://user:p%40ss/@proxy"}, // the slash ends the host
		"http://user:p%40ss%2Fw@proxy":     {"p@ss/w", "p%40ss%2Fw", "user:p%40ss%2Fw", "dXNlcjpwQHNzL3c="},
		"user:password@proxy.example:8080": {"password", "password", "user:password", "dXNlcjpwYXNzd29yZA=="},
		"http://user:password@[::bad":      {"http://user:password@[::bad"},
		"%zz":                              {"%zz"},
	} {
		assert.Equal(t, want, ProxySecrets(func(name string) string {
			if name == "HTTPS_PROXY" {
				return value
			}
			return ""
		}), value)
	}
}

// A value that is no URL of a proxy stops what is not for loopback.
func TestInvalidProxy(t *testing.T) {
	for _, value := range []string{"%zz", "http://a b", "http://", "://x"} {
		choose := proxyOf(func(string) string { return value })
		for host, stops := range map[string]bool{"api.openai.com": true, "10.0.0.1": true, "localhost": false, "127.0.0.9": false, "[::1]": false} {
			r, err := http.NewRequest(http.MethodGet, "https://"+host, nil)
			require.NoError(t, err)
			proxy, err := choose(r)
			assert.Nil(t, proxy)
			assert.Equal(t, stops, errors.Is(err, errProxyInvalid), "%s through %s", host, value)
		}
	}
}

// Every failure has one sentence and one imperative, without a word of the error but
// for the place: an address or a name.
func TestExplain(t *testing.T) {
	for _, err := range []error{
		errors.New("SECRET"), errProxyInvalid, errProxyPassword, errProxyRefused, &proxiedError{errors.New("SECRET"), "proxy.example:1"},
		&net.OpError{Op: "dial", Err: errors.New("SECRET")}, &net.OpError{Op: "proxyconnect", Err: errors.New("SECRET")},
		&net.DNSError{Name: "api.example", Err: "SECRET", Server: "SECRET"}, &net.OpError{Op: "remote error", Err: errors.New("SECRET")},
	} {
		for _, connected := range []bool{false, true} {
			why := Explain(err, "the upstream", connected)
			assert.Regexp(t, `^[A-Z]([^.]|\.[^ ])*\.$`, why.Message)
			assert.Regexp(t, `^[A-Z][^.]*(\.\.\.)?.*\.$`, why.Action)
			assert.NotContains(t, why.Message+why.Action, "SECRET")
			assert.Contains(t, []protocol.Reason{"connect", "dns", "tls", "proxy", "timeout"}, why.Reason)
		}
	}
}

// The sentence says where the connection failed, and why.
func TestExplainNamesThePlace(t *testing.T) {
	dialed := &net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 443}, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for want, err := range map[string]error{
		"No connection to the upstream could be made (10.0.0.1:443: connection refused).":                     dialed,
		"The proxy could not be reached (10.0.0.1:443: connection refused).":                                  &net.OpError{Op: "proxyconnect", Err: dialed},
		"The host name of the upstream could not be resolved (api.example: no such host).":                    &net.DNSError{Name: "api.example", IsNotFound: true},
		"The host name of the upstream could not be resolved (api.example: the name server does not answer).": &net.DNSError{Name: "api.example", IsTimeout: true},
		"The proxy (proxy.example:1) did not lead to the upstream.":                                           &proxiedError{errors.New("x"), "proxy.example:1"},
		"No connection to the upstream could be made.":                                                        errors.New("x"),
	} {
		assert.Equal(t, want, Explain(err, "the upstream", false).Message)
	}
}

// What is asked for over the transport is not followed elsewhere.
func TestNoRedirect(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	transport := New(Options{Direct: true})
	defer transport.CloseIdleConnections()
	r, err := http.NewRequest(http.MethodPost, server.URL+"/token", strings.NewReader("body"))
	require.NoError(t, err)
	resp, err := transport.RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusTemporaryRedirect, resp.StatusCode)
	assert.Equal(t, []string{"/token"}, asked)
}
