package mask_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/mask"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/protocol"
)

const canary = testcheck.Canary

func TestMain(m *testing.M) { testcheck.Main(m) }

func TestMaskByValue(t *testing.T) {
	var m mask.Masker
	m.Add(protocol.NewSecret("plain "+canary+"-a"), protocol.NewSecret("plain "+canary+"-a-longer"), protocol.NewSecret("seven77"))
	require.Equal(t, "<[redacted]|[redacted]>", m.Mask("<plain "+canary+"-a|plain "+canary+"-a-longer>"))
	require.Equal(t, "seven77", m.Mask("seven77"))
	m.Add(protocol.NewSecret("eight888"))
	require.Equal(t, "x-[redacted]-x", m.Mask("x-eight888-x"))
}

func TestMaskByShape(t *testing.T) {
	var m mask.Masker
	jwt := "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9." + canary + "0123456789abcdef"
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
		// No secret.
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
		require.Equal(t, want, got)
		require.Equal(t, got, m.Mask(got))
	}
}
