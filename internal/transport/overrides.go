package transport

import "github.com/signalbox-dev/signalbox/protocol"

// Overrides returns the settings of the environment that decide how OpenAI is
// reached, for auth/status: the proxy, by its host and port alone, and the file of
// additional authorities.
func Overrides(getenv func(string) string) []protocol.Override {
	var overrides []protocol.Override
	add := func(name, value string) {
		overrides = append(overrides, protocol.Override{Name: name, Value: value, Source: "environment"})
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		value := getenv(name)
		if value == "" {
			continue
		}
		host := "not the URL of a proxy"
		if u, err := parseProxy(value); err == nil {
			host = u.Host
		}
		add(name, host)
		break // the first one counts
	}
	for _, name := range []string{"CODEX_CA_CERTIFICATE", "SSL_CERT_FILE"} {
		if path := getenv(name); path != "" {
			add(name, path)
			break
		}
	}
	return overrides
}
