package auth

import (
	"github.com/signalbox-dev/signalbox/internal/baseurl"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The bases of the two routes. The chatgpt route moves with the region of a
// workspace only while it has its default.
const (
	DefaultChatGPT  = "https://chatgpt.com/backend-api/codex"
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
	// Foreign: the base of the platform route is outside openai.com, and not a
	// loopback that a flag names, so that it gets only a key that was given for it:
	// whoever can set a variable could else have a stored key sent to a listener.
	Foreign bool
}

// ChatGPTEndpoint returns the endpoint of the chatgpt route from the values of
// --chatgpt-base-url and SIGNALBOX_CHATGPT_BASE_URL; blank counts as absent, and
// the flag takes precedence. From the environment only loopback, openai.com and
// chatgpt.com are accepted (docs/reference.md: Flags and environment): the
// credential goes where the URL points. The error is about a bad flag; a bad
// variable is reported by Endpoint.Bad.
func ChatGPTEndpoint(flag, env string) (Endpoint, error) {
	c, err := baseurl.Setting{
		Default: DefaultChatGPT, FlagName: "--chatgpt-base-url", Flag: flag,
		VariableName: "SIGNALBOX_CHATGPT_BASE_URL", Variable: env, AllowVariable: baseurl.IsTrusted,
	}.Choose()
	return Endpoint{URL: c.URL, Override: c.Override, Bad: c.Bad}, err
}

// PlatformEndpoint returns the endpoint of the platform route from the values of
// --platform-base-url and OPENAI_BASE_URL; blank counts as absent, and the flag
// takes precedence. Any host may be named, see Endpoint.Foreign. The error is about
// a bad flag; a bad variable is reported by Endpoint.Bad.
func PlatformEndpoint(flag, env string) (Endpoint, error) {
	c, err := baseurl.Setting{
		Default: defaultPlatform, FlagName: "--platform-base-url", Flag: flag,
		VariableName: "OPENAI_BASE_URL", Variable: env, AllowVariable: func(string) bool { return true },
	}.Choose()
	isOurs := baseurl.IsWithin(c.Host, "openai.com") || baseurl.IsLoopback(c.Host) && c.Override != nil && c.Override.Source == "flag"
	isForeign := c.Host != "" && !isOurs
	return Endpoint{URL: c.URL, Override: c.Override, Bad: c.Bad, Foreign: isForeign}, err
}
