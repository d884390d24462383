package issuer

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
	"github.com/signalbox-dev/signalbox/protocol"
)

var (
	// headerValue is what may follow "Bearer " in a header: visible ASCII.
	headerValue = lazyregexp.New(`^[!-~]+$`)
	// jwtShape is three base64url segments, the first an object in JSON.
	jwtShape = lazyregexp.New(`^eyJ[A-Za-z0-9_-]*=*\.[A-Za-z0-9_-]+=*\.[A-Za-z0-9_-]+=*$`)
)

// IsSendable reports whether a token can be put into a header.
func IsSendable(token protocol.Secret) bool { return headerValue().MatchString(token.Reveal()) }

// IsJWT reports whether a token has the shape of a JSON Web Token.
func IsJWT(token protocol.Secret) bool { return jwtShape().MatchString(token.Reveal()) }

// IsAPIKey reports whether a token has the shape of a Platform API key.
func IsAPIKey(token protocol.Secret) bool {
	return IsSendable(token) && strings.HasPrefix(token.Reveal(), "sk-")
}

// IsReadable reports whether Codex can read the id_token: a file with another
// one is unreadable for it as a whole. Three parts that are not empty, the
// second a JSON object in base64url without padding whose claims have the types
// that Codex expects.
func IsReadable(idToken protocol.Secret) bool {
	parts := strings.Split(idToken.Reveal(), ".")
	if !IsSendable(idToken) || len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return false
	}
	var claims struct {
		Email   *string `json:"email"`
		Profile *struct {
			Email *string `json:"email"`
		} `json:"https://api.openai.com/profile"`
		Auth *struct {
			Plan    *string `json:"chatgpt_plan_type"`
			User    *string `json:"chatgpt_user_id"`
			UserID  *string `json:"user_id"`
			Account *string `json:"chatgpt_account_id"`
		} `json:"https://api.openai.com/auth"`
	}
	return json.Unmarshal(payload, &claims) == nil && strings.HasPrefix(strings.TrimSpace(string(payload)), "{")
}
