package issuer

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A variable moves the refresh to loopback, to the issuer's own host and among
// OpenAI's; a token of another issuer is not sent to OpenAI, nor the reverse.
func TestRefreshURLStaysWithTheIssuer(t *testing.T) {
	for _, name := range []string{"CODEX_REFRESH_TOKEN_URL_OVERRIDE", "CODEX_REVOKE_TOKEN_URL_OVERRIDE"} {
		for _, c := range []struct {
			flag, variable, value string
			good                  bool
		}{
			{"", "", "https://auth.openai.com/x", true},
			{"", "", "https://eu.auth.chatgpt.com/x", true},
			{"", "", "http://127.0.0.1:1/x", true},
			{"", "", "https://issuer.example/x", false},
			{"https://issuer.example", "", "https://auth.openai.com/oauth/token", false},
			{"https://issuer.example", "", "http://localhost:1/x", true},
			{"https://issuer.example", "", "https://issuer.example/x", false}, // that host needs the flag
			{"http://127.0.0.1:1", "", "https://auth.openai.com/oauth/token", false},
			{"", "http://127.0.0.1:1", "https://auth.openai.com/oauth/token", false},
			{"", "http://127.0.0.1:1", "http://[::1]:2/x", true},
			{"", "https://auth.chatgpt.com", "https://auth.openai.com/oauth/token", true},
		} {
			e, err := ParseEndpoint(c.flag, func(asked string) string {
				return map[string]string{name: c.value, "SIGNALBOX_ISSUER": c.variable}[asked]
			})
			require.NoError(t, err)
			assert.Equal(t, c.good, e.Bad == "", "%s=%s at %s%s: %s", name, c.value, c.flag, c.variable, e.Bad)
			if !c.good {
				assert.Contains(t, e.Bad, name)
				assert.NotContains(t, []string{e.RefreshURL, e.RevokeURL}, c.value)
			}
		}
	}
}
