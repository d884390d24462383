package simulator

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"
)

const (
	accessTokenLife = 10 * 24 * time.Hour
	idTokenLife     = time.Hour
)

// identity is the simulated account.
type identity struct {
	AccountID, UserID, Email, PlanType string
}

func (i identity) accountUserID() string { return i.UserID + "__" + i.AccountID }

// tokenSet is what the token endpoint answers to a login and to a refresh.
type tokenSet struct {
	ID        string `json:"id_token"`
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token"`
	Type      string `json:"token_type"`
	ExpiresIn int    `json:"expires_in"`
	Scope     string `json:"scope"`
}

// claims are the payload of both tokens, as far as the real ones are known.
type claims struct {
	Audience  []string      `json:"aud"`
	ClientID  string        `json:"client_id,omitempty"`
	Email     string        `json:"email,omitempty"`
	Verified  bool          `json:"email_verified,omitempty"`
	Expires   int64         `json:"exp"`
	Auth      authClaims    `json:"https://api.openai.com/auth"`
	Profile   profileClaims `json:"https://api.openai.com/profile"`
	IssuedAt  int64         `json:"iat"`
	Issuer    string        `json:"iss"`
	TokenID   string        `json:"jti"`
	NotBefore int64         `json:"nbf"`
	Scopes    []string      `json:"scp,omitempty"`
	SessionID string        `json:"sid"`
	Subject   string        `json:"sub"`
	Canary    string        `json:"canary"`
}

type authClaims struct {
	AccountID           string `json:"chatgpt_account_id,omitempty"`
	AccountUserID       string `json:"chatgpt_account_user_id"`
	PlanType            string `json:"chatgpt_plan_type"`
	UserID              string `json:"chatgpt_user_id"`
	CompletedOnboarding bool   `json:"completed_platform_onboarding"`
	OrgOwner            bool   `json:"is_org_owner"`
	OrganizationID      string `json:"organization_id"`
	ProjectID           string `json:"project_id"`
}

type profileClaims struct {
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
}

// tokens makes the tokens of a session.
func (l *ledger) tokens(s *session, now time.Time) tokenSet {
	base := claims{
		Auth: authClaims{
			AccountID:           l.AccountID,
			AccountUserID:       l.accountUserID(),
			PlanType:            l.PlanType,
			UserID:              l.UserID,
			CompletedOnboarding: true,
			OrgOwner:            true,
			OrganizationID:      "org-simulated",
			ProjectID:           "proj_simulated",
		},
		Profile:   profileClaims{Email: l.Email, Verified: true},
		IssuedAt:  now.Unix(),
		Issuer:    l.issuer,
		NotBefore: now.Unix(),
		SessionID: s.id,
		Subject:   "auth0|" + l.UserID,
		Canary:    Canary,
	}
	id, access := base, base
	id.Audience = []string{s.client}
	id.Email, id.Verified = l.Email, true
	id.Expires = now.Add(idTokenLife).Unix()
	id.TokenID = randomUUID()
	access.Audience = []string{"https://api.openai.com/v1"}
	access.ClientID = s.client
	access.Scopes = []string{"openid", "profile", "email", "offline_access"}
	access.Expires = now.Add(accessTokenLife).Unix()
	access.TokenID = randomUUID()
	return tokenSet{
		ID:        signed(id),
		Access:    signed(access),
		Refresh:   "rt_" + Canary + "." + randomHex(24),
		Type:      "Bearer",
		ExpiresIn: int(accessTokenLife.Seconds()),
		Scope:     "openid profile email offline_access",
	}
}

// signed makes a JWT that parses as any other. Nobody verifies its signature,
// which is therefore free to spell the canary: 16 characters of base64url are
// exactly 12 of its 32 bytes.
func signed(c claims) string {
	segment := base64.RawURLEncoding.EncodeToString
	header := `{"alg":"HS256","kid":"simulated","typ":"JWT"}`
	return segment([]byte(header)) + "." + segment(encode(c)) + "." + Canary + segment(randomBytes(20))
}

func platformKey() string { return "sk-proj-" + Canary + "-" + randomHex(16) }

// encryptedContent looks like what only the real backend can read.
func encryptedContent() string {
	return "gAAAAAB" + base64.RawURLEncoding.EncodeToString(randomBytes(180))
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program first
	return b
}

// randomHex is n random bytes in 2n characters.
func randomHex(n int) string { return hex.EncodeToString(randomBytes(n)) }

func randomUUID() string {
	b := randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4, RFC 9562
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
