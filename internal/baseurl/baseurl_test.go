package baseurl

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/protocol"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

func TestParseReturnsOneSpelling(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][2]string{
		"https://api.openai.com/v1":          {"https://api.openai.com/v1", "api.openai.com"},
		"https://API.OpenAI.com/V1//":        {"https://api.openai.com/V1", "api.openai.com"},
		"https://gateway.example":            {"https://gateway.example", "gateway.example"},
		"https://gateway.example:8443/":      {"https://gateway.example:8443", "gateway.example"},
		"https://gateway.example/a%2Fb":      {"https://gateway.example/a%2Fb", "gateway.example"},
		"https://192.0.2.1/v1":               {"https://192.0.2.1/v1", "192.0.2.1"},
		"https://[2001:DB8::1]:443":          {"https://[2001:db8::1]:443", "2001:db8::1"},
		"http://localhost:8080/v1":           {"http://localhost:8080/v1", "localhost"},
		"http://127.9.9.9":                   {"http://127.9.9.9", "127.9.9.9"},
		"http://[::1]:1/":                    {"http://[::1]:1", "::1"},
		"HTTPS://under_score.example:65535/": {"https://under_score.example:65535", "under_score.example"},
	} {
		base, host, err := Parse(raw)
		require.NoError(t, err, raw)
		assert.Equal(t, want, [2]string{base, host}, raw)
	}
}

// Each error continues the name of a setting, and repeats nothing of the value.
func TestParseRefusesWhatMayLeakOrMislead(t *testing.T) {
	t.Parallel()
	const secret = testcheck.Canary
	for raw, want := range map[string]string{
		"":                                   "is not an absolute URL",
		secret:                               "is not an absolute URL",
		"/v1":                                "is not an absolute URL",
		"https://":                           "is not an absolute URL",
		"https:gateway.example":              "is not an absolute URL",
		"https://a b/":                       "is not an absolute URL",
		"https://%zz/":                       "is not an absolute URL",
		"https://gateway.example:x/":         "is not an absolute URL",
		"https://u:" + secret + "@a.example": "must not hold a user name or password",
		"https://" + secret + "@a.example":   "must not hold a user name or password",
		"https://a.example/?k=" + secret:     "must not hold a query or fragment",
		"https://a.example/?":                "must not hold a query or fragment",
		"https://a.example/#" + secret:       "must not hold a query or fragment",
		"https://a.example/#":                "must not hold a query or fragment",
		"https://a.example./":                "does not name a host",
		"https://a..example/":                "does not name a host",
		"https://bücher.example/":            "does not name a host",
		"https://[fe80::1%25eth0]/":          "does not name a host",
		"https://a.example:/":                "does not name a port",
		"https://a.example:0/":               "does not name a port",
		"https://a.example:65536/":           "does not name a port",
		"http://api.openai.com/v1":           "must be https, or http on loopback",
		"http://localhost.example":           "must be https, or http on loopback",
		"http://[::ffff:127.0.0.1]/":         "must be https, or http on loopback",
		"ftp://localhost/":                   "must be https, or http on loopback",
		"ws://127.0.0.1/":                    "must be https, or http on loopback",
		"https://a.example\\@b.example/":     "is not an absolute URL",
		"https://a.example/\x00" + secret:    "is not an absolute URL",
		"http://127.1/":                      "must be https, or http on loopback",
		"http://2130706433/":                 "must be https, or http on loopback",
	} {
		base, host, err := Parse(raw)
		assert.EqualError(t, err, want, "%q", raw)
		assert.Empty(t, base+host, "%q", raw)
	}
}

func TestHostsThatAreTrusted(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.1.2.3": true, "::1": true,
		"openai.com": true, "api.openai.com": true, "chatgpt.com": true, "a.b.chatgpt.com": true,
		"": false, "evilopenai.com": false, "openai.com.example": false, "chatgpt.com.": false,
		"::ffff:127.0.0.1": false, "localhost.example": false, "128.0.0.1": false, "0.0.0.0": false,
	} {
		assert.Equal(t, want, IsTrusted(host), "%q", host)
	}
}

// The flag comes before the variable; a bad flag is an error, a bad variable is
// reported and leads to no request; the default is no override.
func TestChooseTakesTheFlagFirst(t *testing.T) {
	t.Parallel()
	const standard = "https://api.openai.com/v1"
	override := func(name, value, source string) *protocol.Override {
		return &protocol.Override{Name: name, Value: value, Source: source}
	}
	for name, c := range map[string]struct {
		flag, variable string
		want           Choice
		fault          string
	}{
		"neither":                 {"", "", Choice{URL: standard}, ""},
		"blanks":                  {" ", "\t", Choice{URL: standard}, ""},
		"the default by flag":     {standard + "/", "", Choice{URL: standard}, ""},
		"the default by variable": {"", "HTTPS://API.openai.com/v1", Choice{URL: standard}, ""},
		"flag": {" https://Gateway.example/x/ ", "", Choice{URL: "https://gateway.example/x", Host: "gateway.example",
			Override: override("--url", "https://gateway.example/x", "flag")}, ""},
		"flag before variable": {"https://a.example", "https://b.openai.com", Choice{URL: "https://a.example", Host: "a.example",
			Override: override("--url", "https://a.example", "flag")}, ""},
		"flag before a bad variable": {standard, "nonsense", Choice{URL: standard}, ""},
		"variable": {"", "http://localhost:1/v1/", Choice{URL: "http://localhost:1/v1", Host: "localhost",
			Override: override("THE_URL", "http://localhost:1/v1", "environment")}, ""},
		"variable to a stranger":  {"", "https://gateway.example", Choice{Bad: "THE_URL names a host that only --url may name"}, ""},
		"bad variable":            {"", "nonsense", Choice{Bad: "THE_URL is not an absolute URL"}, ""},
		"bad flag":                {"http://a.example", "", Choice{}, "--url must be https, or http on loopback"},
		"bad flag, good variable": {"x", "http://localhost:1", Choice{}, "--url is not an absolute URL"},
	} {
		got, err := Setting{
			Default: standard, FlagName: "--url", Flag: c.flag,
			VariableName: "THE_URL", Variable: c.variable, AllowVariable: IsTrusted,
		}.Choose()
		if c.fault != "" {
			assert.EqualError(t, err, c.fault, name)
		} else {
			assert.NoError(t, err, name)
		}
		assert.Equal(t, c.want, got, name)
	}
}
