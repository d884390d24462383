package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/signalbox-dev/signalbox/protocol"
)

// Route is where a model goes and which rule said so.
type Route struct {
	Name protocol.RouteName
	// Rule: "pinned", "pattern", "mode" or "request".
	Rule string
}

// row is one row of the routing table.
type row struct {
	// pattern: * matches any text, YYYY-MM-DD a date. Case-sensitive.
	pattern string
	route   protocol.RouteName
	// pinned: _meta.route cannot choose another one.
	pinned bool
}

// table is the routing table (docs/protocol.md: Routing): data, first match wins.
// Anything else goes by the account mode.
var table = []row{
	{pattern: "gpt-5.2-codex", route: protocol.RouteChatGPT, pinned: true},
	{pattern: "gpt-5.2-pro", route: protocol.RoutePlatform, pinned: true},
	{pattern: "*-codex", route: protocol.RouteChatGPT},
	{pattern: "*-codex-*", route: protocol.RouteChatGPT},
	{pattern: "*-pro", route: protocol.RoutePlatform},
	{pattern: "*-pro-YYYY-MM-DD", route: protocol.RoutePlatform},
}

// Pinned lists the models that are pinned to a route, in the order of the table.
func Pinned() []string {
	var models []string
	for _, r := range table {
		if r.pinned {
			models = append(models, r.pattern)
		}
	}
	return models
}

// accountMode returns the account mode; the empty one means no credential.
type accountMode func(context.Context) (protocol.AccountMode, error)

// resolve chooses the route of a model. wanted is _meta.route, "" for the
// table's choice.
func resolve(ctx context.Context, model string, wanted protocol.RouteName, mode accountMode) (Route, error) {
	for _, r := range table {
		if !matches(r.pattern, model) {
			continue
		}
		switch {
		case r.pinned && wanted != "" && wanted != r.route:
			return Route{}, pinnedError(model, r.route, wanted)
		case r.pinned:
			return Route{r.route, "pinned"}, nil
		case wanted == "":
			return Route{r.route, "pattern"}, nil
		}
		break
	}
	if wanted != "" {
		return Route{wanted, "request"}, nil
	}
	m, err := mode(ctx)
	if err != nil {
		return Route{}, err
	}
	switch m {
	case protocol.ModeChatGPT:
		return Route{protocol.RouteChatGPT, "mode"}, nil
	case protocol.ModeAPIKey:
		return Route{protocol.RoutePlatform, "mode"}, nil
	}
	return Route{}, protocol.NewError(protocol.CodeLoginRequired,
		"There is no credential, so no route can be chosen for the model.",
		protocol.ErrorData{
			Reason:       protocol.ReasonNoCredentials,
			Action:       "Run `signalbox login`, or set OPENAI_API_KEY.",
			Need:         protocol.CredentialChatGPT, // one of the two would do
			LoginMethods: []string{protocol.LoginBrowser, protocol.LoginDevice, protocol.LoginAPIKey},
		})
}

func pinnedError(model string, pinned, wanted protocol.RouteName) error {
	return protocol.NewError(protocol.CodeCredentialMismatch,
		fmt.Sprintf("The model %q is pinned to the %s route and cannot go over the %s route.", short(model), pinned, wanted),
		protocol.ErrorData{
			Reason:       protocol.ReasonPinnedRoute,
			Action:       "Remove _meta.route, or ask for another model.",
			Need:         needs(pinned),
			LoginMethods: loginMethods(pinned),
			Route:        pinned,
		})
}

// needs returns the kind of credential of a route.
func needs(route protocol.RouteName) protocol.CredentialKind {
	if route == protocol.RouteChatGPT {
		return protocol.CredentialChatGPT
	}
	return protocol.CredentialPlatformKey
}

// loginMethods lists how a person gets the credential of a route.
func loginMethods(route protocol.RouteName) []string {
	if route == protocol.RouteChatGPT {
		return []string{protocol.LoginBrowser, protocol.LoginDevice}
	}
	return []string{protocol.LoginAPIKey, protocol.LoginBrowser}
}

// dateForm is a date in a pattern.
const dateForm = "YYYY-MM-DD"

// matches reports whether model has the form of pattern.
func matches(pattern, model string) bool {
	if head, dated := strings.CutSuffix(pattern, dateForm); dated {
		cut := len(model) - len(dateForm)
		return cut >= 0 && isDate(model[cut:]) && matches(head, model[:cut])
	}
	first, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return pattern == model
	}
	if !strings.HasPrefix(model, first) {
		return false
	}
	for i := len(first); i <= len(model); i++ {
		if matches(rest, model[i:]) {
			return true
		}
	}
	return false
}

// isDate reports whether text is digits in the form of dateForm.
func isDate(text string) bool {
	for i, c := range []byte(text) {
		if dateForm[i] == '-' && c != '-' || dateForm[i] != '-' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// sameModel reports whether effective is the requested model or a dated
// snapshot of it.
func sameModel(requested, effective string) bool {
	rest, found := strings.CutPrefix(effective, requested)
	return found && (rest == "" || len(rest) == len(dateForm)+1 && rest[0] == '-' && isDate(rest[1:]))
}
