package issuer

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/protocol"
)

const canary = testcheck.Canary

func TestMain(m *testing.M) { testcheck.Main(m) }

func segment(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func raw(payload string) string {
	return segment(`{"alg":"none"}`) + "." + segment(payload) + "." + canary
}

// Faults: A27.
func TestClaims(t *testing.T) {
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	const account = `"https://api.openai.com/auth":{"chatgpt_account_id":"a"}`
	for _, c := range []struct {
		name, token string
		want        Claims
	}{
		{"all", raw(`{"email":"u@x","exp":100,"https://api.openai.com/auth":{"chatgpt_plan_type":"Ent-26","chatgpt_user_id":"u1","user_id":"u2","chatgpt_account_id":"a","chatgpt_account_is_fedramp":true}}`),
			Claims{Email: "u@x", Plan: "Ent-26", UserID: "u1", AccountID: "a", FedRAMP: true, ExpiresAt: at(100)}},
		{"second names", raw(`{"email":null,"https://api.openai.com/profile":{"email":"p@x"},"https://api.openai.com/auth":{"user_id":"u2"}}`),
			Claims{Email: "p@x", UserID: "u2"}},
		{"wrong types stay alone", raw(`{"email":7,"aud":1,"iss":[],"exp":{},"https://api.openai.com/auth":{"chatgpt_plan_type":5,"chatgpt_user_id":[],"chatgpt_account_id":"a","chatgpt_account_is_fedramp":"true"}}`),
			Claims{AccountID: "a"}},
		{"auth is no object", raw(`{"email":"u@x","https://api.openai.com/auth":"a"}`), Claims{Email: "u@x"}},
		{"another case", raw(`{"Email":"u@x","EXP":1,"HTTPS://API.OPENAI.COM/AUTH":{"chatgpt_account_id":"a"},"https://api.openai.com/auth":{"Chatgpt_Account_Id":"a"}}`), Claims{}},
		{"organisations are no account", raw(`{"https://api.openai.com/auth":{"organization_id":"o","organizations":[{"id":"o"}]}}`), Claims{}},
		{"exp in a string", raw(`{"exp":"1785000000"}`), Claims{ExpiresAt: at(1785000000)}},
		{"exp with a fraction", raw(`{"exp":1785000000.9}`), Claims{ExpiresAt: at(1785000000)}},
		{"exp with an exponent", raw(`{"exp":1.785e9}`), Claims{ExpiresAt: at(1785000000)}},
		{"exp beyond all", raw(`{"exp":1e300}`), Claims{ExpiresAt: lastExpiry}},
		{"exp beyond a float", raw(`{"exp":1e999}`), Claims{ExpiresAt: lastExpiry}},
		{"exp in ten years", raw(`{"exp":2100000000}`), Claims{ExpiresAt: at(2100000000)}},
		{"exp before 1970", raw(`{"exp":-1}`), Claims{ExpiresAt: at(0)}},
		{"exp null", raw(`{"exp":null}`), Claims{}},
		{"exp blank", raw(`{"exp":""}`), Claims{}},
		{"exp a word", raw(`{"exp":"tomorrow",` + account + `}`), Claims{AccountID: "a"}},
		{"exp infinite", raw(`{"exp":"Inf"}`), Claims{}},
		{"exp hexadecimal", raw(`{"exp":"0x10"}`), Claims{}},
		{"unknown algorithm", segment(`{"alg":"ES256K"}`) + "." + segment(`{`+account+`}`) + "." + canary, Claims{AccountID: "a"}},
		{"no algorithm", segment(`{}`) + "." + segment(`{`+account+`}`) + "." + canary, Claims{AccountID: "a"}},
		{"bad signature", segment(`{}`) + "." + segment(`{`+account+`}`) + ".!" + canary, Claims{AccountID: "a"}},
		{"padded", pad(segment(`{"alg":"none"}`)) + "." + pad(segment(`{`+account+`}`)) + "." + pad("AAA"), Claims{AccountID: "a"}},
		{"longest", raw(`{` + account + `,"x":"` + strings.Repeat("x", 47<<10) + `"}`), Claims{AccountID: "a"}},
		{"too long", raw(`{` + account + `,"x":"` + strings.Repeat("x", MaxTokenBytes) + `"}`), Claims{}},
		{"deep", raw(`{` + account + `,"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`), Claims{}},
		{"null", raw(`null`), Claims{}},
		{"array", raw(`[]`), Claims{}},
		{"empty", "", Claims{}},
		{"opaque", "opaque-" + canary, Claims{}},
		{"key", "sk-" + canary, Claims{}},
		{"two segments", segment(`{}`) + "." + segment(`{`+account+`}`), Claims{}},
		{"five segments", raw(`{`+account+`}`) + ".a.b", Claims{}},
		{"dots", strings.Repeat(".", MaxTokenBytes), Claims{}},
		{"standard alphabet", segment(`{}`) + ".++//." + canary, Claims{}},
	} {
		got := ParseClaims(protocol.NewSecret(c.token))
		if got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

func pad(s string) string { return s + strings.Repeat("=", (4-len(s)%4)%4) }

// Faults: A27, F16s.
func FuzzClaims(f *testing.F) {
	f.Add(segment(`{"alg":"none"}`), `{"email":"u@x","exp":1785000000}`)
	f.Add(segment(`{}`), `{"exp":"1e400","https://api.openai.com/auth":{"chatgpt_account_id":"a"}}`)
	f.Add(segment(`{}`), `{"exp":-9e18,"https://api.openai.com/auth":[]}`)
	f.Add("", `null`)
	f.Fuzz(func(t *testing.T, head, payload string) {
		for _, text := range []string{head, payload, head + "." + segment(payload) + "." + canary, raw(payload)} {
			c := ParseClaims(protocol.NewSecret(text))
			if c.ExpiresAt.IsZero() {
				continue
			}
			if stamp := c.ExpiresAt.Format(time.RFC3339); len(stamp) != len("2006-01-02T15:04:05Z") {
				t.Errorf("expiry %s", stamp)
			}
		}
	})
}
