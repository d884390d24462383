package auth

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The bases of the two routes.
const (
	defaultChatGPT  = "https://chatgpt.com/backend-api/codex"
	defaultPlatform = "https://api.openai.com/v1"
)

// Endpoint is where the requests of a route go. It is a value; make it with
// [ChatGPTEndpoint] or [PlatformEndpoint].
type Endpoint struct {
	// URL is the base, without a trailing slash, a query or userinfo. It is
	// empty when Bad is set, so that nothing can be sent.
	URL string
	// Override says what replaced the default; nil for the default.
	Override *protocol.Override
	// Bad is why a value of the environment was refused, one sentence without
	// the value. The route is then not available: 1002 bad_override.
	Bad string
	// Foreign: the base of the platform route is outside openai.com and
	// loopback, so that it gets only a key that was given for it.
	Foreign bool
}

// ChatGPTEndpoint makes the endpoint of the chatgpt route from the values of
// --chatgpt-base-url and SIGNALBOX_CHATGPT_BASE_URL; blank counts as absent, and
// the flag goes first. From the environment only loopback, openai.com and
// chatgpt.com are taken (contract 9): the credential goes where the URL points.
// The error is that of a bad flag; a bad variable gives Endpoint.Bad.
func ChatGPTEndpoint(flag, env string) (Endpoint, error) {
	e, _, err := endpoint(defaultChatGPT, "--chatgpt-base-url", flag, "SIGNALBOX_CHATGPT_BASE_URL", env,
		func(host string) bool {
			return isLoopback(host) || within(host, "openai.com") || within(host, "chatgpt.com")
		})
	return e, err
}

// PlatformEndpoint makes the endpoint of the platform route from the values of
// --platform-base-url and OPENAI_BASE_URL; blank counts as absent, and the flag
// goes first. Any host may be named, see Endpoint.Foreign. The error is that of
// a bad flag; a bad variable gives Endpoint.Bad.
func PlatformEndpoint(flag, env string) (Endpoint, error) {
	e, host, err := endpoint(defaultPlatform, "--platform-base-url", flag, "OPENAI_BASE_URL", env,
		func(string) bool { return true })
	e.Foreign = host != "" && !isLoopback(host) && !within(host, "openai.com")
	return e, err
}

// endpoint also returns the host of an override that is in force.
func endpoint(base, flagName, flag, envName, env string, fromEnv func(host string) bool) (Endpoint, string, error) {
	flag, env = strings.TrimSpace(flag), strings.TrimSpace(env)
	name, value, source := flagName, flag, "flag"
	if flag == "" {
		if env == "" {
			return Endpoint{URL: base}, "", nil
		}
		name, value, source = envName, env, "environment"
	}
	given, host, err := parseBase(value)
	if err == nil && source == "environment" && !fromEnv(host) {
		err = fmt.Errorf("names a host that only %s may name", flagName)
	}
	switch {
	case err != nil && source == "flag":
		return Endpoint{}, "", fmt.Errorf("%s %w", flagName, err)
	case err != nil:
		return Endpoint{Bad: envName + " " + err.Error()}, "", nil
	case given == base:
		return Endpoint{URL: base}, "", nil
	}
	return Endpoint{
		URL:      given,
		Override: &protocol.Override{Name: name, Value: given, Source: source},
	}, host, nil
}

// hostName is a DNS name in ASCII, without a dot at its end.
var hostName = lazyregexp.New(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)

// parseBase checks a base URL and writes it in one way: host in lower case,
// nothing after the path, no slash at the end. Its errors continue a sentence
// that begins with the name of the setting, and hold nothing of raw.
func parseBase(raw string) (base, host string, err error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "", "", errors.New("is not an absolute URL")
	}
	if u.User != nil {
		return "", "", errors.New("must not hold a user name or password")
	}
	if u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#") {
		return "", "", errors.New("must not hold a query or fragment")
	}
	host = strings.ToLower(u.Hostname())
	if addr, err := netip.ParseAddr(host); (err != nil || addr.Zone() != "") && !hostName().MatchString(host) {
		return "", "", errors.New("does not name a host")
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", "", errors.New("does not name a port")
		}
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(host)) {
		return "", "", errors.New("must be https, or http on loopback")
	}
	return u.Scheme + "://" + strings.ToLower(u.Host) + strings.TrimRight(u.EscapedPath(), "/"), host, nil
}

// isLoopback reports whether host is 127.0.0.0/8, ::1 or "localhost", in their
// plain spellings.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host == "localhost"
	}
	return addr.IsLoopback() && !addr.Is4In6()
}

// within reports whether host is domain or below it.
func within(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}
