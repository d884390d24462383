package auth

import (
	"strings"
	"testing"
)

func TestMaskByValue(t *testing.T) {
	const plain = "plain " // no shape to go by
	m := NewManager(Config{
		Home: homeWith(t, []byte(`{"auth_mode":"headers","OPENAI_API_KEY":"`+plain+canary+`-key","tokens":{"id_token":"`+plain+canary+`-id",`+
			`"access_token":"`+plain+canary+`-access","refresh_token":"`+plain+canary+`-refresh"}}`)),
		APIKey: secret(" " + plain + canary + "-env\n"), AccessToken: secret("seven77"),
	})
	all := []string{"key", "id", "access", "refresh", "env"}
	for i := range 2 {
		for _, name := range all {
			value := plain + canary + "-" + name
			got := m.Mask("<" + value + "|" + value + ">")
			want := "<[redacted]|[redacted]>"
			if i == 0 && name != "env" {
				want = "<" + value + "|" + value + ">" // the file has not been read yet
			}
			equal(t, name, got, want)
		}
		m.Status(t.Context())
	}
	// A longer one is masked as a whole, although another is its beginning.
	put(t, m.path, []byte(`{"OPENAI_API_KEY":"`+plain+canary+`-key-longer"}`))
	m.Status(t.Context())
	equal(t, "longer", m.Mask("<"+plain+canary+"-key-longer>"), "<[redacted]>")
	// Those of before stay known.
	equal(t, "replaced", m.Mask("<"+plain+canary+"-refresh>"), "<[redacted]>")
	equal(t, "short", m.Mask("seven77"), "seven77")
	equal(t, "eight", NewManager(Config{APIKey: secret("eight888")}).Mask("x-eight888-x"), "x-[redacted]-x")
}

// A file with a member of a wrong type is refused, and its tokens stay known.
func TestMaskOfACorruptFile(t *testing.T) {
	m := NewManager(Config{Home: homeWith(t, []byte(`{"OPENAI_API_KEY":5,"tokens":{"refresh_token":"plain `+canary+`"}}`))})
	_, err := m.ChatGPT(t.Context())
	equal(t, "reason", outcome(t, err), "corrupt")
	equal(t, "mask", m.Mask("plain "+canary), "[redacted]")
}

func TestMaskByShape(t *testing.T) {
	m := NewManager(Config{})
	jwt := token("")
	for in, want := range map[string]string{
		"key sk-proj-" + canary + "_x, end":                  "key [redacted], end",
		"Incorrect API key provided: sk-" + canary:           "Incorrect API key provided: [redacted]",
		"token " + jwt + ".":                                 "token [redacted]",
		"cut " + jwt[:len(jwt)-20]:                           "cut [redacted]",
		"JWE " + jwt + ".b.c":                                "JWE [redacted]",
		"Authorization: Bearer " + canary + "/+=":            "Authorization: Bearer [redacted]",
		"authorization: bearer\t" + jwt:                      "authorization: bearer\t[redacted]",
		"rt_" + canary + ".x":                                "[redacted]",
		"rt.1." + canary + "-and-more":                       "[redacted]",
		"at-" + canary + "-and-more":                         "[redacted]",
		`{"apiKey":"` + canary + `"}`:                        `{"apiKey":"[redacted]"}`,
		"OPENAI_API_KEY=" + canary:                           "OPENAI_API_KEY=[redacted]",
		`{"mode":"apiKey","x":1}`:                            `{"mode":"apiKey","x":1}`,
		`{"refresh_token":"` + canary + `","a":1}`:           `{"refresh_token":"[redacted]","a":1}`,
		`{\"access_token\": \"` + canary + `\"}`:             `{\"access_token\": \"[redacted]\"}`,
		"grant_type=x&subject_token=" + canary + "&client=y": "grant_type=x&subject_token=[redacted]&client=y",
		// What is none.
		"":                                  "",
		"the task-force at-least-once":      "the task-force at-least-once",
		"rt_sigaction, disk-management":     "rt_sigaction, disk-management",
		"no bearer token, refresh_token":    "no bearer token, refresh_token",
		"model gpt-5.2-codex, eyJ, sk-":     "model gpt-5.2-codex, eyJ, sk-",
		"OPENAI_API_KEY of the environment": "OPENAI_API_KEY of the environment",
	} {
		got := m.Mask(in)
		if strings.Contains(got, canary) {
			t.Error("a secret got through")
			continue
		}
		equal(t, "mask", got, want)
		equal(t, "twice", m.Mask(got), got)
	}
}
