package store

import (
	"fmt"
	"slices"

	"github.com/signalbox-dev/signalbox/protocol"
)

// requirementsName is the file with which an administrator bounds what the layers
// of config.toml may say.
const requirementsName = "requirements.toml"

// The keys of requirements.toml that count here beside cli_auth_credentials_store
// (docs/credentials.md: Configuration).
const (
	keyAllowedMethods    = "allowed_login_methods"
	keyAllowedWorkspaces = "allowed_chatgpt_workspaces"
)

// requirements is what bounds logins in requirements.toml. The zero value bounds
// nothing. Its cli_auth_credentials_store leads that of the layers.
type requirements struct {
	path string
	// methods and workspaces are all that is allowed; nil for any.
	methods, workspaces []string
}

// readRequirements reads values, the members of the file at path. A value that Codex
// would not take is not guessed at.
func readRequirements(path string, values map[string]any) (requirements, error) {
	r := requirements{path: path}
	if value, given := values[keyAllowedMethods]; given {
		list, isList := value.([]any)
		methods, ok := trimmedIDs(list)
		isKnown := func(method string) bool { return method == ForcedChatGPT || method == ForcedAPI }
		if !isList || !ok || slices.ContainsFunc(methods, func(m string) bool { return !isKnown(m) }) {
			return r, badConfig(path, fmt.Sprintf(`has a %s that is not a list of "chatgpt" and "api"`, keyAllowedMethods))
		}
		r.methods = orEmpty(methods)
	}
	if value, given := values[keyAllowedWorkspaces]; given {
		list, isList := value.([]any)
		workspaces, ok := trimmedIDs(list)
		if !isList || !ok {
			return r, badConfig(path, fmt.Sprintf("has a %s that is not a list of strings", keyAllowedWorkspaces))
		}
		r.workspaces = orEmpty(workspaces)
	}
	return r, nil
}

// orEmpty returns list, which is not nil: given and empty allows nothing.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// restrict keeps of s what r allows. Err is set when no way to log in is left, as
// Codex refuses to start then.
func (s *Config) restrict(r requirements) {
	if r.workspaces != nil {
		if s.Workspaces == nil {
			s.Workspaces = r.workspaces
		} else {
			s.Workspaces = orEmpty(intersection(s.Workspaces, r.workspaces))
		}
		s.WorkspacesRule = Rule{keyAllowedWorkspaces, r.path}
	}
	methods := []string{ForcedChatGPT, ForcedAPI}
	if s.LoginMethod != "" {
		methods = []string{s.LoginMethod}
	}
	rule := s.LoginMethodRule
	if r.methods != nil {
		if left := intersection(methods, r.methods); len(left) < len(methods) {
			methods, rule = left, Rule{keyAllowedMethods, r.path}
		}
	}
	if s.Workspaces != nil && len(s.Workspaces) == 0 && slices.Contains(methods, ForcedChatGPT) {
		methods, rule = slices.DeleteFunc(methods, func(m string) bool { return m == ForcedChatGPT }), s.WorkspacesRule
	}
	switch len(methods) {
	case 0:
		s.Err = protocol.NewError(protocol.CodeCredentialStore, r.path+" and the layers of "+ConfigName+" together allow no way to log in", protocol.ErrorData{
			Reason: protocol.ReasonUnsupportedStore,
			Action: fmt.Sprintf("Ask your administrator, or change %s and %s in %s", keyLoginMethod, keyWorkspace, ConfigName),
			Path:   r.path,
		})
	case 1:
		s.LoginMethod, s.LoginMethodRule = methods[0], rule
	}
}

// intersection returns the members of a that b has.
func intersection(a, b []string) []string {
	var both []string
	for _, v := range a {
		if slices.Contains(b, v) {
			both = append(both, v)
		}
	}
	return both
}
