package issuer

import (
	"errors"
	"net/url"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/baseurl"
	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
	"github.com/signalbox-dev/signalbox/protocol"
)

// OpenAI's issuer, and the OAuth client of Codex there.
const (
	// DefaultURL is the base URL of OpenAI's issuer.
	DefaultURL = "https://auth.openai.com"
	// DefaultClientID is Codex's client id.
	DefaultClientID = "app_EMoamEEZ73f0CkXaXp7hrann"
)

// Endpoint is where logins, refreshes and revocations go, and as which client
// (docs/reference.md: Flags and environment). It is a value; make it with
// [ParseEndpoint].
type Endpoint struct {
	// URL is the base, without a trailing slash; below it are /oauth/authorize,
	// /oauth/token and /api/accounts/deviceauth/…. Empty when Bad is set.
	URL string
	// RefreshURL and RevokeURL are whole URLs.
	RefreshURL, RevokeURL string
	// ClientID is CODEX_CLIENT_ID, else DefaultClientID.
	ClientID string
	// Overrides are those in force, for auth/status.
	Overrides []protocol.Override
	// Bad is why a value of the environment was refused, one sentence without the
	// value. Nothing is then sent to the issuer: 1002 bad_override.
	Bad string
}

// clientIDShape is what may be in a URL and a form as a client id.
var clientIDShape = lazyregexp.New(`^[A-Za-z0-9._-]{1,128}$`)

// ParseEndpoint returns the issuer from the value of --issuer and from
// SIGNALBOX_ISSUER, CODEX_REFRESH_TOKEN_URL_OVERRIDE,
// CODEX_REVOKE_TOKEN_URL_OVERRIDE and CODEX_CLIENT_ID; blank counts as absent,
// and the flag takes precedence. From the environment only loopback, openai.com
// and chatgpt.com are accepted: refresh tokens go there, and those of another issuer
// stay with it. As in Codex, a refresh URL
// without a revoke URL moves the revocation to its own origin. The error is about a
// bad flag; a bad variable is reported by Endpoint.Bad.
func ParseEndpoint(flag string, getenv func(string) string) (Endpoint, error) {
	base, err := baseurl.Setting{
		Default: DefaultURL, FlagName: "--issuer", Flag: flag,
		VariableName: "SIGNALBOX_ISSUER", Variable: getenv("SIGNALBOX_ISSUER"), AllowVariable: baseurl.IsTrusted,
	}.Choose()
	if err != nil {
		return Endpoint{}, err
	}
	e := Endpoint{URL: base.URL, Bad: base.Bad, ClientID: DefaultClientID}
	if base.Override != nil {
		e.Overrides = append(e.Overrides, *base.Override)
	}
	e.RefreshURL, e.RevokeURL = e.URL+"/oauth/token", e.URL+"/oauth/revoke"
	if refresh := e.fromEnv("CODEX_REFRESH_TOKEN_URL_OVERRIDE", getenv); refresh != "" {
		e.RefreshURL = refresh
		if u, err := url.Parse(refresh); err == nil {
			e.RevokeURL = u.Scheme + "://" + u.Host + "/oauth/revoke"
		}
	}
	if revoke := e.fromEnv("CODEX_REVOKE_TOKEN_URL_OVERRIDE", getenv); revoke != "" {
		e.RevokeURL = revoke
	}
	if id := strings.TrimSpace(getenv("CODEX_CLIENT_ID")); id != "" {
		if clientIDShape().MatchString(id) {
			e.ClientID = id
		} else {
			e.refuse("CODEX_CLIENT_ID is not a client id")
		}
	}
	return e, nil
}

// fromEnv returns the URL in a variable; "" when there is none or it is refused.
func (e *Endpoint) fromEnv(name string, getenv func(string) string) string {
	value := strings.TrimSpace(getenv(name))
	if value == "" {
		return ""
	}
	_, host, err := baseurl.Parse(value)
	switch {
	case err != nil:
	case !baseurl.IsTrusted(host):
		err = errors.New("names a host that only --issuer may name")
	case !e.mayMoveTo(host):
		err = errors.New("names another host than the issuer's")
	}
	if err != nil {
		e.refuse(name + " " + err.Error())
		return ""
	}
	// A whole URL, to which nothing is added: its last slash stays.
	e.Overrides = append(e.Overrides, protocol.Override{Name: name, Value: value, Source: "environment"})
	return value
}

// mayMoveTo reports whether a variable may move a part of the issuer to host: to
// loopback, where Codex's own variable is used for tests, to the issuer's own host, or
// from one of OpenAI's hosts to another (docs/decisions.md 55). The refresh token of
// somebody else's issuer is nothing for OpenAI.
func (e *Endpoint) mayMoveTo(host string) bool {
	_, issuer, err := baseurl.Parse(e.URL)
	isOpenAIs := err == nil && baseurl.IsTrusted(issuer) && !baseurl.IsLoopback(issuer)
	return baseurl.IsLoopback(host) || err == nil && host == issuer || isOpenAIs
}

// refuse sets Bad, unless it is set: the first reason counts.
func (e *Endpoint) refuse(bad string) {
	if e.Bad == "" {
		e.Bad = bad
	}
}
