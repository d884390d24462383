package transport

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/signalbox-dev/signalbox/internal/baseurl"
)

// Why a proxy could not be used. None of them holds the URL of the proxy, which
// may contain a password.
var (
	errProxyRefused  = errors.New("the proxy refused the connection")
	errProxyPassword = errors.New("the proxy asks for a user name and a password")
	errProxyInvalid  = errors.New("the proxy of the environment is no URL of a proxy")
)

// proxiedError is the failure of a request that was to go through a proxy.
type proxiedError struct {
	error
	proxy string // its host and port
}

// Unwrap returns the failure itself.
func (e *proxiedError) Unwrap() error { return e.error }

// proxyOf returns the function that chooses the proxy for a request, or nil.
func proxyOf(getenv func(string) string) func(*http.Request) (*url.URL, error) {
	_, err := parseProxy(cmp.Or(getenv("HTTPS_PROXY"), getenv("https_proxy")))
	return func(r *http.Request) (*url.URL, error) {
		// net/http would go without a proxy: past a firewall, or into a timeout. It
		// never uses one for loopback.
		if err != nil && !baseurl.IsLoopback(r.URL.Hostname()) {
			return nil, errProxyInvalid
		}
		proxy, err := http.ProxyFromEnvironment(r)
		if err != nil {
			return nil, errProxyInvalid
		}
		if proxy == nil {
			return nil, nil
		}
		switch proxy.Scheme {
		case "http", "https", "socks5", "socks5h":
			return proxy, nil
		}
		return nil, errProxyInvalid
	}
}

// parseProxy reads the value of a variable as Go does: a URL, or host:port alone.
// Unlike Go it refuses what looks like a URL and is not one, where "http" would be
// the host. It returns nil for "".
func parseProxy(value string) (*url.URL, error) {
	if value == "" {
		return nil, nil
	}
	u, err := url.Parse(value)
	switch {
	case err == nil && u.Scheme != "" && u.Host != "":
		return u, nil
	case strings.Contains(value, "://"):
		return nil, errProxyInvalid
	}
	return url.Parse("http://" + value)
}

// proxyAnswered judges the answer to CONNECT.
func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusProxyAuthRequired:
		return errProxyPassword
	}
	return errProxyRefused
}

// ProxySecrets returns what must be masked of the proxies that the environment
// names: each password, and each pair of user and password as it is sent (RFC
// 7617). Values that are no URL are given whole.
func ProxySecrets(getenv func(string) string) []string {
	var secrets []string
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		value := getenv(name)
		if value == "" {
			continue
		}
		u, err := parseProxy(value)
		if err != nil || u.User == nil && strings.ContainsRune(value, '@') {
			secrets = append(secrets, value) // whatever it was meant to be
			continue
		}
		password, ok := u.User.Password()
		if !ok {
			continue
		}
		pair := u.User.Username() + ":" + password
		secrets = append(secrets, password, url.QueryEscape(password), u.User.String(), base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	return secrets
}

// dialer dials, and bounds the time until a proxy says its first word: net/http
// allows the answer to CONNECT a minute.
func dialer(getenv func(string) string) func(context.Context, string, string) (net.Conn, error) {
	proxies := map[string]bool{}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		if u, err := parseProxy(getenv(name)); err == nil && u != nil {
			port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme])
			proxies[net.JoinHostPort(u.Hostname(), port)] = true
		}
	}
	direct := net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := direct.DialContext(ctx, network, address)
		if err != nil || !proxies[address] {
			return conn, err
		}
		_ = conn.SetReadDeadline(time.Now().Add(connectTimeout))
		return &firstWord{Conn: conn}, nil
	}
}

// firstWord is a connection whose deadline ends with the first bytes that come.
type firstWord struct {
	net.Conn
	heard atomic.Bool
}

// Read implements io.Reader.
func (c *firstWord) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && !c.heard.Swap(true) {
		_ = c.SetReadDeadline(time.Time{})
	}
	return n, err
}
