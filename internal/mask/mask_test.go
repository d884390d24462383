package mask_test

import (
	"encoding/base64"
	"fmt"
	"runtime"
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

// An issuer that sends new tokens with every answer fills no memory, and what was
// added last is masked.
//
// Faults: U4.
func TestMaskerIsBounded(t *testing.T) {
	var m mask.Masker
	token := func(i, size int) string { return fmt.Sprintf("%s-%d-%s", canary, i, strings.Repeat("x", size)) }
	measure := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := measure()
	kept := token(-1, 10)
	for i := range 20_000 {
		m.Add(protocol.NewSecret(token(i, 10)), protocol.NewSecret(kept))
	}
	require.Equal(t, mask.Redacted, m.Mask(kept), "it is in use all the time")
	for i := range 500 {
		m.Add(protocol.NewSecret(token(i, 64<<10)))
	}
	require.True(t, m.Mask(token(499, 64<<10)) == mask.Redacted)
	require.Less(t, int64(measure()-before), int64(8<<20))
	m.Add(protocol.NewSecret(token(0, 4<<20)))
	require.True(t, m.Mask(token(0, 4<<20)) == mask.Redacted, "larger than the bound, and the latest")
	runtime.KeepAlive(&m)
}

// A code is masked as long as it is redeemed, also by two; then nothing is kept.
//
// Faults: U4.
func TestMaskedWhileInUse(t *testing.T) {
	var m mask.Masker
	code, stored := protocol.NewSecret("code "+canary), protocol.NewSecret("stored "+canary)
	m.Add(stored)
	one := m.While(code, stored)
	two := m.While(code)
	for i := range 1000 {
		m.Add(protocol.NewSecret(fmt.Sprint("another ", i)), stored)
	}
	require.Equal(t, "a [redacted]", m.Mask("a code "+canary))
	one()
	one()
	require.Equal(t, "a [redacted]", m.Mask("a code "+canary))
	two()
	require.False(t, m.Mask("a code "+canary) == "a [redacted]", "it is of no use any more")
	require.Equal(t, "a [redacted]", m.Mask("a stored "+canary))
}

// In JSON a secret is found after its escapes are decoded, and the rest stays.
//
// Faults: U7.
func TestMaskJSON(t *testing.T) {
	var m mask.Masker
	m.Add(protocol.NewSecret("quo\"ted " + canary))
	for in, want := range map[string]string{
		`{"a":"\u0073k-` + canary + `","b":[1e3, "x\u0041"]}`: `{"a":"[redacted]","b":[1e3, "x\u0041"]}`,
		`{"sk-` + canary + `":null}`:                          `{"[redacted]":null}`,
		`"a quo\"ted ` + canary + ` b"`:                       `"a [redacted] b"`,
		`{"m":"a quo\"ted ` + canary[:6] + `…"}`:              `{"m":"a [redacted]"}`,
		`{"apiKey":null,"b":true}`:                            `{"apiKey":null,"b":true}`,
		`data: {"x":"sk-` + canary + `"}` + "\n\n":            `data: {"x":"[redacted]"}` + "\n\n",
		`{"open":"sk-`: `{"open":"sk-`,
		``:             ``,
	} {
		got := string(m.JSON([]byte(in)))
		if got != want && strings.Contains(got, canary) {
			t.Error("a secret got through")
			continue
		}
		require.Equal(t, want, got)
	}
}

// A secret is found in whatever way it is encoded.
//
// Faults: U10.
func TestMaskEncoded(t *testing.T) {
	var m mask.Masker
	m.Add(protocol.NewSecret("opaque-" + canary))
	base64Of := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for in, want := range map[string]string{
		"Basic " + base64Of("me:opaque-"+canary):                                          "Basic [redacted]",
		`{"a":"` + base64Of("?>~opaque-"+canary+"~~") + `","b":"c2VjcmV0"}`:               `{"a":"[redacted]","b":"c2VjcmV0"}`,
		"/x/" + base64.RawURLEncoding.EncodeToString([]byte("~~?>opaque-"+canary)) + "?y": "[redacted]?y",
		base64Of("nothing of a secret in it"):                                             base64Of("nothing of a secret in it"),
		`{"a":"\u0073k-` + canary + `"}`:                                                  `{"a":"[redacted]"}`,
		"/x?k=%73k-" + canary + "&b=1%20":                                                 "/x?k=[redacted]&b=1%20",
		"Bearer " + canary:                                                                "Bearer [redacted]",
		"100% sure, 50%25":                                                                "100% sure, 50%25",
		`data: {"d":"s%6b-` + canary + `","e":"x%41"}`:                                    `data: {"d":"[redacted]","e":"x%41"}`,
	} {
		got := m.Encoded(in)
		if got != want && strings.Contains(got, canary) {
			t.Error("a secret got through")
			continue
		}
		require.Equal(t, want, got)
	}
}
