package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// plainMembers are those of the issuer's bodies whose values say nothing secret
// (RFC 6749, 7009, 8628, 8693). Of every other member only the name is written.
func plainMembers() []string {
	return []string{
		"grant_type", "client_id", "scope", "response_type", "token_type", "token_type_hint", "expires_in", "interval",
		"requested_token", "requested_token_type", "subject_token_type", "issued_token_type", "code_challenge_method",
		"error", "error_description", "error_uri", "redirect_uri", "verification_uri", "verification_url",
		"expires_at", "status",
	}
}

// plainError are the members of an error object.
func plainError() []string { return []string{"message", "type", "code", "param"} }

// plainBody returns a body of the issuer, a form or a JSON object, with the values
// that the allow-list names. Of any other body it returns the length.
func plainBody(body []byte) string {
	text := bytes.TrimSpace(body)
	if len(text) > 0 && len(text) <= maxText && text[0] == '{' {
		if plain, ok := plainObject(text, plainMembers(), plainError()); ok {
			return plain
		}
	} else if form, err := url.ParseQuery(string(text)); err == nil && len(text) <= maxText && bytes.IndexByte(text, '=') > 0 {
		names := make([]string, 0, len(form))
		for name, values := range form {
			value := redacted
			if slices.Contains(plainMembers(), name) {
				value = strings.Join(values, " ")
			}
			names = append(names, name+"="+value)
		}
		slices.Sort(names)
		return strings.Join(names, "&")
	}
	return fmt.Sprintf("[%d bytes left out]", len(body))
}

// plainParams are the members of the params of auth/… that are written.
func plainParams() []string {
	return []string{
		"method", "persist", "wait", "timeoutMs", "openBrowser", "ports", "exchange", "replace", "revoke", "refresh", "loginId",
		"status", "state", "mode", "success", "refreshed", "error", "expiresAt", "source", "protocolVersion",
	}
}

// plainObject returns a JSON object with the values of the members in names. A
// member that is an object itself is given by the names of inner.
func plainObject(text []byte, names, inner []string) (string, bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return "", false
	}
	for name, value := range members {
		switch {
		case !slices.Contains(names, name):
			members[name] = json.RawMessage(`"` + redacted + `"`)
		case value[0] == '{':
			plain, ok := plainObject(value, inner, nil)
			if !ok {
				return "", false
			}
			members[name] = json.RawMessage(plain)
		}
	}
	plain, err := json.Marshal(members)
	return string(plain), err == nil
}
