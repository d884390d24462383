package auth

import (
	"net/http"
	"strings"
	"testing"

	"github.com/signalbox-dev/signalbox/protocol"
)

func TestEndpoints(t *testing.T) {
	const bad = "bad"
	for _, c := range []struct {
		raw string
		// The URL it becomes, or bad: for the flag of either route, and from the
		// environment of the chatgpt route.
		flag, env string
		foreign   bool
	}{
		{"https://api.openai.com/v1", "https://api.openai.com/v1", "https://api.openai.com/v1", false},
		{"https://API.OpenAI.com/V1/", "https://api.openai.com/V1", "https://api.openai.com/V1", false},
		{"HTTPS://gov.api.openai.com//", "https://gov.api.openai.com", "https://gov.api.openai.com", false},
		{"https://openai.com", "https://openai.com", "https://openai.com", false},
		{"https://openai.com:8443/x%2fy", "https://openai.com:8443/x%2fy", "https://openai.com:8443/x%2fy", false},
		{" https://gov.chatgpt.com/x ", "https://gov.chatgpt.com/x", "https://gov.chatgpt.com/x", true},
		{"https://gateway.example/v1", "https://gateway.example/v1", bad, true},
		{"https://gateway_1.example:1/v1", "https://gateway_1.example:1/v1", bad, true},
		{"https://8.8.8.8", "https://8.8.8.8", bad, true},
		{"https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443", bad, true},
		{"https://xn--penai-jua.com", "https://xn--penai-jua.com", bad, true},
		// Loopback.
		{"http://localhost", "http://localhost", "http://localhost", false},
		{"http://LOCALHOST:8080/", "http://localhost:8080", "http://localhost:8080", false},
		{"http://127.0.0.1:65535/v1", "http://127.0.0.1:65535/v1", "http://127.0.0.1:65535/v1", false},
		{"http://127.255.1.2", "http://127.255.1.2", "http://127.255.1.2", false},
		{"http://[::1]", "http://[::1]", "http://[::1]", false},
		{"https://[::1]:1/", "https://[::1]:1", "https://[::1]:1", false},
		{"https://127.0.0.1", "https://127.0.0.1", "https://127.0.0.1", false},
		// Hosts that only look like ours.
		{"https://api.openai.com.evil.com", "https://api.openai.com.evil.com", bad, true},
		{"https://evilopenai.com", "https://evilopenai.com", bad, true},
		{"https://openai.com.evil.com", "https://openai.com.evil.com", bad, true},
		{"https://localhost.evil.com", "https://localhost.evil.com", bad, true},
		{"https://evil.com/api.openai.com", "https://evil.com/api.openai.com", bad, true},
		{"https://api.openai.com@evil", bad, bad, false},
		{"https://api.openai.com:443@evil.com/v1", bad, bad, false},
		{"https://user:signalbox-canary@api.openai.com", bad, bad, false},
		{"https://@api.openai.com", bad, bad, false},
		{"https://evil.com\\@api.openai.com", bad, bad, false},
		{"https://evil.com\\.openai.com", bad, bad, false},
		{"https://evil.com%2f.openai.com", bad, bad, false},
		{"https://evil.com%00.openai.com", bad, bad, false},
		{"https://evil.com#.openai.com", bad, bad, false},
		{"https://evil.com?.openai.com", bad, bad, false},
		{"https://evil.com;.openai.com", bad, bad, false},
		{"https://оpenai.com", bad, bad, false}, // the first letter is Cyrillic
		{"https://api。openai。com", bad, bad, false},
		{"https://api.openai.com.", bad, bad, false},
		{"https://.openai.com", bad, bad, false},
		{"https://api..openai.com", bad, bad, false},
		{"https://api openai.com", bad, bad, false},
		{"https://api.openai.com/a b\nc", bad, bad, false},
		// Not https, and not loopback.
		{"http://127.0.0.1.evil.com", bad, bad, false},
		{"http://localhost.evil.com", bad, bad, false},
		{"http://localhost.", bad, bad, false},
		{"http://foo.localhost", bad, bad, false},
		{"http://api.openai.com/v1", bad, bad, false},
		{"http://127.1", bad, bad, false},
		{"http://2130706433", bad, bad, false},
		{"http://0x7f000001", bad, bad, false},
		{"http://0177.0.0.1", bad, bad, false},
		{"http://0.0.0.0", bad, bad, false},
		{"http://[::]", bad, bad, false},
		{"http://[::ffff:127.0.0.1]", bad, bad, false},
		{"http://[::1%25lo]", bad, bad, false},
		{"http://128.0.0.1", bad, bad, false},
		{"ftp://localhost", bad, bad, false},
		{"file:///etc/passwd", bad, bad, false},
		{"javascript:alert(1)", bad, bad, false},
		{"unix:///run/x.sock", bad, bad, false},
		// No base URL.
		{"https://api.openai.com/v1?x=1", bad, bad, false},
		{"https://api.openai.com/v1?", bad, bad, false},
		{"https://api.openai.com/v1#", bad, bad, false},
		{"https://api.openai.com/v1#x", bad, bad, false},
		{"https://api.openai.com:0", bad, bad, false},
		{"https://api.openai.com:65536", bad, bad, false},
		{"https://api.openai.com:", bad, bad, false},
		{"https://api.openai.com:https", bad, bad, false},
		{"https://::1", bad, bad, false},
		{"https://", bad, bad, false},
		{"https:api.openai.com", bad, bad, false},
		{"https:///v1", bad, bad, false},
		{"//api.openai.com/v1", bad, bad, false},
		{"api.openai.com/v1", bad, bad, false},
		{"127.0.0.1:8080", bad, bad, false},
		{"%zz", bad, bad, false},
	} {
		chatGPT, err1 := ChatGPTEndpoint(c.raw, "")
		platform, err2 := PlatformEndpoint(c.raw, "")
		if c.flag == bad {
			for _, err := range []error{err1, err2} {
				if err == nil {
					t.Errorf("flag %q is accepted", c.raw)
				} else if strings.Contains(err.Error(), c.raw) || strings.Contains(err.Error(), canary) {
					t.Errorf("flag %q: the error repeats it", c.raw)
				}
			}
			equal(t, c.raw, []string{chatGPT.URL, platform.URL}, []string{"", ""})
		} else {
			if err1 != nil || err2 != nil {
				t.Errorf("flag %q is refused: %v, %v", c.raw, err1, err2)
			}
			equal(t, c.raw, []string{chatGPT.URL, platform.URL}, []string{c.flag, c.flag})
			equal(t, c.raw+" is foreign", platform.Foreign, c.foreign)
		}

		fromEnv := func(name string, e Endpoint, err error, want string) {
			t.Helper()
			if err != nil {
				t.Errorf("%s=%q stops the program: %v", name, c.raw, err)
			}
			if want == bad {
				if e.URL != "" || e.Override != nil || !strings.HasPrefix(e.Bad, name+" ") ||
					strings.Contains(e.Bad, canary) || strings.Contains(e.Bad, c.raw) {
					t.Errorf("%s=%q: %+v", name, c.raw, e)
				}
				return
			}
			equal(t, name+"="+c.raw, e.URL+e.Bad, want)
		}
		chatGPT, err1 = ChatGPTEndpoint("", c.raw)
		fromEnv("SIGNALBOX_CHATGPT_BASE_URL", chatGPT, err1, c.env)
		platform, err2 = PlatformEndpoint("", c.raw)
		fromEnv("OPENAI_BASE_URL", platform, err2, c.flag)
		// A loopback counts as ours only where a flag names it.
		isOpenAI := c.flag != bad && strings.Contains(c.flag, "openai.com") && !c.foreign
		equal(t, c.raw+" is foreign", platform.Foreign, c.flag != bad && !isOpenAI)
	}
}

func TestEndpointPrecedence(t *testing.T) {
	override := func(name, value, source string) *protocol.Override {
		return &protocol.Override{Name: name, Value: value, Source: source}
	}
	for _, c := range []struct {
		make      func(flag, env string) (Endpoint, error)
		flag, env string
		url       string
		override  *protocol.Override
	}{
		{ChatGPTEndpoint, "", " ", "https://chatgpt.com/backend-api/codex", nil},
		{PlatformEndpoint, " ", "", "https://api.openai.com/v1", nil},
		{PlatformEndpoint, "", "https://api.openai.com/v1/", "https://api.openai.com/v1", nil},
		{ChatGPTEndpoint, "http://localhost:1", "https://gov.chatgpt.com", "http://localhost:1",
			override("--chatgpt-base-url", "http://localhost:1", "flag")},
		{ChatGPTEndpoint, "", "https://gov.chatgpt.com/", "https://gov.chatgpt.com",
			override("SIGNALBOX_CHATGPT_BASE_URL", "https://gov.chatgpt.com", "environment")},
		{PlatformEndpoint, "https://a.example", "nonsense", "https://a.example",
			override("--platform-base-url", "https://a.example", "flag")},
		{PlatformEndpoint, "", "https://b.example", "https://b.example",
			override("OPENAI_BASE_URL", "https://b.example", "environment")},
	} {
		e, err := c.make(c.flag, c.env)
		if err != nil || e.Bad != "" {
			t.Errorf("%q, %q: %v %s", c.flag, c.env, err, e.Bad)
		}
		equal(t, "url", e.URL, c.url)
		equal(t, "override", e.Override, c.override)
	}
}

func TestBadOverride(t *testing.T) {
	chatGPT, err1 := ChatGPTEndpoint("", "https://evil.example")
	platform, err2 := PlatformEndpoint("", "http://evil.example")
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	m := NewManager(Config{Home: homeWith(t, fixture(t, "mode-chatgpt-key-and-tokens")), Now: now, ChatGPT: chatGPT, Platform: platform})
	_, err := m.ChatGPT(t.Context())
	equal(t, "ChatGPT", outcome(t, err), "bad_override")
	equal(t, "message", err.Error(), "SIGNALBOX_CHATGPT_BASE_URL names a host that only --chatgpt-base-url may name.")
	_, err = m.Platform(t.Context())
	equal(t, "Platform", outcome(t, err), "bad_override")
	equal(t, "message", err.Error(), "OPENAI_BASE_URL must be https, or http on loopback.")

	status, _ := statusOf(t, m)
	for _, row := range status.Routes {
		equal(t, "row", []any{row.Available, row.Reason, row.BaseURL, row.CredentialSource}, []any{false, "bad_override", "", "unknown"})
	}
	equal(t, "warnings", status.Warnings, []string{chatGPT.Bad + ".", platform.Bad + "."})
	equal(t, "overrides", len(status.Overrides), 0)
	// The credentials are as good as they were.
	equal(t, "credentials", status.Credentials.ChatGPT.Reason+status.Credentials.Platform.Reason, "")

	// A new login would not help where the key is there and its route is not.
	m = NewManager(Config{Home: homeWith(t, fixture(t, "access-expired-alone-and-key")), Now: now, Platform: platform})
	status, _ = statusOf(t, m)
	equal(t, "state", status.State, protocol.StateUnauthenticated)
}

// A base URL outside openai.com gets no stored key, by flag as little as from the
// environment; loopback gets one only where a flag names it.
func TestForeignBaseURL(t *testing.T) {
	stored := homeWith(t, fixture(t, "mode-chatgpt-key-and-tokens"))
	for _, c := range []struct {
		flag, env, home string
		key             string
		want            string
	}{
		{"", "https://gateway.example/v1", stored, "", "foreign_base_url"},
		{"https://gateway.example/v1", "", stored, "", "foreign_base_url"},
		{"", "https://chatgpt.com", stored, "", "foreign_base_url"},
		{"", "https://gateway.example/v1", stored, "sk-" + canary + "-env", ""},
		{"", "https://gateway.example/v1", stored, token(""), "wrong_kind"},
		{"", "https://gateway.example/v1", "", "", "no_credentials"},
		{"", "https://eu.api.openai.com/v1", stored, "", ""},
		{"", "http://127.0.0.1:9/v1", stored, "", "foreign_base_url"},
		{"", "http://localhost:9/v1", stored, "", "foreign_base_url"},
		{"", "http://[::1]:9/v1", stored, "", "foreign_base_url"},
		{"", "http://127.0.0.1:9/v1", stored, "sk-" + canary + "-env", ""},
		{"http://127.0.0.1:9/v1", "", stored, "", ""},
		{"", "", stored, "", ""},
	} {
		e, err := PlatformEndpoint(c.flag, c.env)
		if err != nil {
			t.Fatal(err)
		}
		m := NewManager(Config{Home: c.home, Now: now, Platform: e, APIKey: secret(c.key)})
		p, err := m.Platform(t.Context())
		equal(t, c.flag+c.env, outcome(t, err), c.want)
		if c.want == "foreign_base_url" {
			equal(t, "no key", p.key.IsZero(), true)
			data := asError(t, err).Data
			equal(t, "need", data.Need, protocol.CredentialPlatformKey)
			equal(t, "loginMethods", data.LoginMethods, []string{"apiKey"})
			status, _ := statusOf(t, m)
			equal(t, "reason", string(status.Routes[1].Reason), c.want)
			equal(t, "chatgpt", status.Routes[0].Available, true)
		}
	}
}

// The zero Endpoint is the default one.
func TestZeroEndpoint(t *testing.T) {
	status, _ := statusOf(t, NewManager(Config{}))
	equal(t, "bases", []string{status.Routes[0].BaseURL, status.Routes[1].BaseURL}, []string{DefaultChatGPT, defaultPlatform})
	var _ interface{ Authorize(http.Header) } = ChatGPTCredential{}
}
