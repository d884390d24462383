package auth

import (
	"fmt"
	"testing"
)

// Whatever the claims of a token are, a credential fits into its headers.
func FuzzCredentialOfClaims(f *testing.F) {
	f.Add(`{"email":"u@x","exp":1785000000}`)
	f.Add(`{"exp":"1e400","https://api.openai.com/auth":{"chatgpt_account_id":"a"}}`)
	f.Add(`{"exp":-9e18,"https://api.openai.com/auth":[]}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, payload string) {
		access := segment(`{"alg":"none"}`) + "." + segment(payload) + "." + canary
		m := NewManager(Config{Now: now, AccessToken: secret(access)})
		if c, err := m.ChatGPT(t.Context()); outcome(t, err) == "" && !accountIDShape().MatchString(c.AccountID) {
			t.Errorf("account id %q", c.AccountID)
		}
		_ = fmt.Sprint(m.Status(t.Context()))
	})
}
