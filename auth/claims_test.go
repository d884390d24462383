package auth

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func raw(payload string) string {
	return segment(`{"alg":"none"}`) + "." + segment(payload) + "." + canary
}

func TestClaims(t *testing.T) {
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	const account = `"https://api.openai.com/auth":{"chatgpt_account_id":"a"}`
	for _, c := range []struct {
		name, token string
		want        claims
	}{
		{"all", raw(`{"email":"u@x","exp":100,"https://api.openai.com/auth":{"chatgpt_plan_type":"Ent-26","chatgpt_user_id":"u1","user_id":"u2","chatgpt_account_id":"a","chatgpt_account_is_fedramp":true}}`),
			claims{email: "u@x", plan: "Ent-26", userID: "u1", accountID: "a", fedRAMP: true, expiresAt: at(100)}},
		{"second names", raw(`{"email":null,"https://api.openai.com/profile":{"email":"p@x"},"https://api.openai.com/auth":{"user_id":"u2"}}`),
			claims{email: "p@x", userID: "u2"}},
		{"wrong types stay alone", raw(`{"email":7,"aud":1,"iss":[],"exp":{},"https://api.openai.com/auth":{"chatgpt_plan_type":5,"chatgpt_user_id":[],"chatgpt_account_id":"a","chatgpt_account_is_fedramp":"true"}}`),
			claims{accountID: "a"}},
		{"auth is no object", raw(`{"email":"u@x","https://api.openai.com/auth":"a"}`), claims{email: "u@x"}},
		{"another case", raw(`{"Email":"u@x","EXP":1,"HTTPS://API.OPENAI.COM/AUTH":{"chatgpt_account_id":"a"},"https://api.openai.com/auth":{"Chatgpt_Account_Id":"a"}}`), claims{}},
		{"organisations are no account", raw(`{"https://api.openai.com/auth":{"organization_id":"o","organizations":[{"id":"o"}]}}`), claims{}},
		{"exp in a string", raw(`{"exp":"1785000000"}`), claims{expiresAt: at(1785000000)}},
		{"exp with a fraction", raw(`{"exp":1785000000.9}`), claims{expiresAt: at(1785000000)}},
		{"exp with an exponent", raw(`{"exp":1.785e9}`), claims{expiresAt: at(1785000000)}},
		{"exp beyond all", raw(`{"exp":1e300}`), claims{expiresAt: lastExpiry}},
		{"exp beyond a float", raw(`{"exp":1e999}`), claims{expiresAt: lastExpiry}},
		{"exp in ten years", raw(`{"exp":2100000000}`), claims{expiresAt: at(2100000000)}},
		{"exp before 1970", raw(`{"exp":-1}`), claims{expiresAt: at(0)}},
		{"exp null", raw(`{"exp":null}`), claims{}},
		{"exp blank", raw(`{"exp":""}`), claims{}},
		{"exp a word", raw(`{"exp":"tomorrow",` + account + `}`), claims{accountID: "a"}},
		{"exp infinite", raw(`{"exp":"Inf"}`), claims{}},
		{"exp hexadecimal", raw(`{"exp":"0x10"}`), claims{}},
		{"unknown algorithm", segment(`{"alg":"ES256K"}`) + "." + segment(`{`+account+`}`) + "." + canary, claims{accountID: "a"}},
		{"no algorithm", segment(`{}`) + "." + segment(`{`+account+`}`) + "." + canary, claims{accountID: "a"}},
		{"bad signature", segment(`{}`) + "." + segment(`{`+account+`}`) + ".!" + canary, claims{accountID: "a"}},
		{"padded", pad(segment(`{"alg":"none"}`)) + "." + pad(segment(`{`+account+`}`)) + "." + pad("AAA"), claims{accountID: "a"}},
		{"longest", raw(`{` + account + `,"x":"` + strings.Repeat("x", 47<<10) + `"}`), claims{accountID: "a"}},
		{"too long", raw(`{` + account + `,"x":"` + strings.Repeat("x", maxTokenBytes) + `"}`), claims{}},
		{"deep", raw(`{` + account + `,"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`), claims{}},
		{"null", raw(`null`), claims{}},
		{"array", raw(`[]`), claims{}},
		{"empty", "", claims{}},
		{"opaque", "opaque-" + canary, claims{}},
		{"key", "sk-" + canary, claims{}},
		{"two segments", segment(`{}`) + "." + segment(`{`+account+`}`), claims{}},
		{"five segments", raw(`{`+account+`}`) + ".a.b", claims{}},
		{"dots", strings.Repeat(".", maxTokenBytes), claims{}},
		{"standard alphabet", segment(`{}`) + ".++//." + canary, claims{}},
	} {
		got := parseClaims(secret(c.token))
		if got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

func pad(s string) string { return s + strings.Repeat("=", (4-len(s)%4)%4) }

func FuzzClaims(f *testing.F) {
	f.Add(segment(`{"alg":"none"}`), `{"email":"u@x","exp":1785000000}`)
	f.Add(segment(`{}`), `{"exp":"1e400","https://api.openai.com/auth":{"chatgpt_account_id":"a"}}`)
	f.Add(segment(`{}`), `{"exp":-9e18,"https://api.openai.com/auth":[]}`)
	f.Add("", `null`)
	f.Fuzz(func(t *testing.T, head, payload string) {
		for _, text := range []string{head, payload, head + "." + segment(payload) + "." + canary, raw(payload)} {
			c := parseClaims(secret(text))
			if c.expiresAt.IsZero() {
				continue
			}
			if stamp := rfc3339(c.expiresAt); len(stamp) != len("2006-01-02T15:04:05Z") {
				t.Errorf("expiry %s", stamp)
			}
		}
		// Whatever the claims are, a credential fits into its headers.
		m := NewManager(Config{Now: now, AccessToken: secret(raw(payload))})
		if c, err := m.ChatGPT(t.Context()); outcome(t, err) == "" && !accountIDShape().MatchString(c.AccountID) {
			t.Errorf("account id %q", c.AccountID)
		}
		_ = fmt.Sprint(m.Status(t.Context()))
	})
}
