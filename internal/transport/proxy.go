package transport

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
)

// Why a proxy was of no use. None of them holds the URL of the proxy, which may
// hold a password.
var (
	errProxyRefused  = errors.New("the proxy refused the connection")
	errProxyPassword = errors.New("the proxy asks for a user name and a password")
	errProxyInvalid  = errors.New("the proxy of the environment is no URL of a proxy")
)

// proxyOf gives the proxy for a request, nil for none.
func proxyOf(r *http.Request) (*url.URL, error) {
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

// ProxySecrets gives what must be masked of the proxies that the environment
// names: each password, and each pair of user and password as it is sent (RFC
// 7617). Values that are no URL are given whole.
func ProxySecrets(getenv func(string) string) []string {
	var secrets []string
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		value := getenv(name)
		if value == "" {
			continue
		}
		u, err := url.Parse(value)
		if err != nil || u.Host == "" { // as Go reads it: host:port alone
			u, err = url.Parse("http://" + value)
		}
		if err != nil {
			secrets = append(secrets, value)
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
