package auth

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
	"github.com/signalbox-dev/signalbox/protocol"
)

// DefaultIssuer is OpenAI's, and DefaultClientID Codex's OAuth client there.
const (
	DefaultIssuer   = "https://auth.openai.com"
	DefaultClientID = "app_EMoamEEZ73f0CkXaXp7hrann"
)

// Issuer says where logins, renewals and revocations go, and as which client
// (contract 9). It is a value; make it with [IssuerEndpoint].
type Issuer struct {
	// URL is the base, without a trailing slash; below it are /oauth/authorize,
	// /oauth/token and /api/accounts/deviceauth/…. Empty when Bad is set.
	URL string
	// RefreshURL and RevokeURL are whole URLs.
	RefreshURL, RevokeURL string
	// ClientID is CODEX_CLIENT_ID, else DefaultClientID.
	ClientID string
	// Overrides in force, for auth/status.
	Overrides []protocol.Override
	// Bad is why a value of the environment was refused, one sentence without the
	// value. Nothing is then sent to the issuer: 1002 bad_override.
	Bad string
}

// clientIDShape is what may stand in a URL and a form as a client id.
var clientIDShape = lazyregexp.New(`^[A-Za-z0-9._-]{1,128}$`)

// IssuerEndpoint makes the issuer from the value of --issuer and from
// SIGNALBOX_ISSUER, CODEX_REFRESH_TOKEN_URL_OVERRIDE,
// CODEX_REVOKE_TOKEN_URL_OVERRIDE and CODEX_CLIENT_ID; blank counts as absent,
// and the flag goes first. From the environment only loopback, openai.com and
// chatgpt.com are taken: refresh tokens go there. As in Codex, a refresh URL
// without a revoke URL moves the revocation to its own origin. The error is that
// of a bad flag; a bad variable gives Issuer.Bad.
func IssuerEndpoint(flag string, getenv func(string) string) (Issuer, error) {
	trusted := func(host string) bool {
		return isLoopback(host) || within(host, "openai.com") || within(host, "chatgpt.com")
	}
	base, _, err := endpoint(DefaultIssuer, "--issuer", flag, "SIGNALBOX_ISSUER", getenv("SIGNALBOX_ISSUER"), trusted)
	if err != nil {
		return Issuer{}, err
	}
	i := Issuer{URL: base.URL, Bad: base.Bad, ClientID: DefaultClientID}
	if base.Override != nil {
		i.Overrides = append(i.Overrides, *base.Override)
	}
	i.RefreshURL, i.RevokeURL = i.URL+"/oauth/token", i.URL+"/oauth/revoke"
	if refresh := i.fromEnv("CODEX_REFRESH_TOKEN_URL_OVERRIDE", getenv, trusted); refresh != "" {
		i.RefreshURL = refresh
		if u, err := url.Parse(refresh); err == nil {
			i.RevokeURL = u.Scheme + "://" + u.Host + "/oauth/revoke"
		}
	}
	if revoke := i.fromEnv("CODEX_REVOKE_TOKEN_URL_OVERRIDE", getenv, trusted); revoke != "" {
		i.RevokeURL = revoke
	}
	if id := strings.TrimSpace(getenv("CODEX_CLIENT_ID")); id != "" {
		if clientIDShape().MatchString(id) {
			i.ClientID = id
		} else {
			i.refuse("CODEX_CLIENT_ID is not a client id")
		}
	}
	return i, nil
}

// fromEnv reads a URL that replaces one of the issuer's; "" for none and for one
// that is refused.
func (i *Issuer) fromEnv(name string, getenv func(string) string, trusted func(host string) bool) string {
	value := strings.TrimSpace(getenv(name))
	if value == "" {
		return ""
	}
	given, host, err := parseBase(value)
	if err == nil && !trusted(host) {
		err = fmt.Errorf("names a host that only --issuer may name")
	}
	if err != nil {
		i.refuse(name + " " + err.Error())
		return ""
	}
	i.Overrides = append(i.Overrides, protocol.Override{Name: name, Value: given, Source: "environment"})
	return given
}

// refuse keeps the first reason.
func (i *Issuer) refuse(bad string) {
	if i.Bad == "" {
		i.Bad = bad
	}
}
