package issuer

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/signalbox-dev/signalbox/protocol"
)

// MaxTokenBytes is the length from which on a token counts as opaque. Real ones
// have about 2 KiB.
const MaxTokenBytes = 64 << 10

// Names of the claims that hold an object.
const (
	claimAuth    = "https://api.openai.com/auth"
	claimProfile = "https://api.openai.com/profile"
)

// lastExpiry is the latest time that RFC 3339 can write.
var lastExpiry = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)

// Claims are what we read of a token, for display and for routing. The
// signature is not checked, since the token is the user's own and only the
// upstream decides whether it is good. A claim that is missing or of another
// type is empty; one bad claim does not hide the others.
type Claims struct {
	Subject   string // sub
	Email     string
	Plan      string // chatgpt_plan_type, as it is
	UserID    string // chatgpt_user_id, else user_id
	AccountID string // chatgpt_account_id, not checked; never an organisation
	FedRAMP   bool   // chatgpt_account_is_fedramp
	// IssuedAt and ExpiresAt are iat and exp; zero when the token has none.
	IssuedAt, ExpiresAt time.Time
}

// payload lets the library decode the payload without giving a meaning to any
// claim: its own claims types fail as a whole over one bad claim, and match
// names in any case.
type payload struct {
	jwt.RegisteredClaims
	members map[string]json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *payload) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &p.members) }

// ParseClaims returns the claims of token. A token that is no JWT is opaque, which
// is a state and not an error: its claims are empty.
func ParseClaims(token protocol.Secret) Claims {
	p := parsePayload(token)
	auth := objectClaim(p.members[claimAuth])
	c := Claims{
		Subject:   textClaim(p.members["sub"]),
		Email:     textClaim(p.members["email"]),
		Plan:      textClaim(auth["chatgpt_plan_type"]),
		UserID:    textClaim(auth["chatgpt_user_id"]),
		AccountID: textClaim(auth["chatgpt_account_id"]),
		FedRAMP:   string(auth["chatgpt_account_is_fedramp"]) == "true",
		IssuedAt:  timeClaim(p.members["iat"]),
		ExpiresAt: timeClaim(p.members["exp"]),
	}
	if c.Email == "" {
		c.Email = textClaim(objectClaim(p.members[claimProfile])["email"])
	}
	if c.UserID == "" {
		c.UserID = textClaim(auth["user_id"])
	}
	return c
}

// parsePayload reads the payload of token; it is empty when there is none.
func parsePayload(token protocol.Secret) payload {
	var p payload
	if len(token.Reveal()) <= MaxTokenBytes {
		// The error is of no interest: a token whose algorithm is unknown or whose
		// signature does not decode still has its claims in p.
		_, _, _ = jwt.NewParser(jwt.WithPaddingAllowed()).ParseUnverified(token.Reveal(), &p)
	}
	return p
}

// Audience returns the audience of token (RFC 7519, 4.1.3), which is a list or a
// string; nil when it has none.
func Audience(token protocol.Secret) []string {
	raw := parsePayload(token).members["aud"]
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	if s := textClaim(raw); s != "" {
		return []string{s}
	}
	return nil
}

func objectClaim(raw json.RawMessage) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil
	}
	return members
}

func textClaim(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return strings.TrimSpace(s)
}

// timeClaim reads seconds since 1970 (RFC 7519, NumericDate), a number or a
// string that holds one, cut to whole seconds and to the years that RFC 3339 can
// write. The zero time is "unknown".
func timeClaim(raw json.RawMessage) time.Time {
	var number json.Number // takes a number and a numeric string, nothing else
	if json.Unmarshal(raw, &number) != nil || number == "" {
		return time.Time{}
	}
	seconds, err := strconv.ParseFloat(number.String(), 64)
	if err != nil && !math.IsInf(seconds, 0) {
		return time.Time{}
	}
	seconds = min(max(seconds, 0), float64(lastExpiry.Unix()))
	return time.Unix(int64(seconds), 0).UTC()
}
