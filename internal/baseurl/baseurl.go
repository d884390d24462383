// Package baseurl checks the base URLs that a user may put in the place of
// OpenAI's: credentials go where they point.
package baseurl

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

// hostName is a DNS name in ASCII, without a dot at its end.
var hostName = lazyregexp.New(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)

// Parse checks a base URL and returns it in one spelling: host in lower case,
// nothing after the path, no slash at the end. Its errors continue a sentence
// that begins with the name of the setting, and contain nothing of raw.
func Parse(raw string) (base, host string, err error) {
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
	if u.Scheme != "https" && (u.Scheme != "http" || !IsLoopback(host)) {
		return "", "", errors.New("must be https, or http on loopback")
	}
	return u.Scheme + "://" + strings.ToLower(u.Host) + strings.TrimRight(u.EscapedPath(), "/"), host, nil
}

// IsLoopback reports whether host is 127.0.0.0/8, ::1 or "localhost", in their
// plain spellings.
func IsLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host == "localhost"
	}
	return addr.IsLoopback() && !addr.Is4In6()
}

// IsWithin reports whether host is domain or below it.
func IsWithin(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}

// IsTrusted reports whether an environment variable may send the credentials of a
// ChatGPT login to host: loopback, openai.com and chatgpt.com.
func IsTrusted(host string) bool {
	return IsLoopback(host) || IsWithin(host, "openai.com") || IsWithin(host, "chatgpt.com")
}

// Setting is where a base URL may come from. Blank values count as absent; the
// flag takes precedence over the variable.
type Setting struct {
	Default                string
	FlagName, Flag         string
	VariableName, Variable string
	AllowVariable          func(host string) bool
}

// Choice is the base URL that is in use.
type Choice struct {
	// URL has no trailing slash, no query and no userinfo. It is empty when Bad is
	// set, so that nothing can be sent.
	URL string
	// Host of an override, "" for the default.
	Host string
	// Override says what replaced the default; nil for the default.
	Override *protocol.Override
	// Bad is why the variable was refused, one sentence without its value.
	Bad string
}

// Choose returns the base URL of a setting. The error is about a bad flag; a bad
// variable is reported by Choice.Bad.
func (s Setting) Choose() (Choice, error) {
	flag, variable := strings.TrimSpace(s.Flag), strings.TrimSpace(s.Variable)
	name, value, source := s.FlagName, flag, "flag"
	if flag == "" {
		if variable == "" {
			return Choice{URL: s.Default}, nil
		}
		name, value, source = s.VariableName, variable, "environment"
	}
	given, host, err := Parse(value)
	if err == nil && source == "environment" && !s.AllowVariable(host) {
		err = fmt.Errorf("names a host that only %s may name", s.FlagName)
	}
	switch {
	case err != nil && source == "flag":
		return Choice{}, fmt.Errorf("%s %w", s.FlagName, err)
	case err != nil:
		return Choice{Bad: s.VariableName + " " + err.Error()}, nil
	case given == s.Default:
		return Choice{URL: s.Default}, nil
	}
	return Choice{URL: given, Host: host, Override: &protocol.Override{Name: name, Value: given, Source: source}}, nil
}
