//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Values that no override may have, whoever names it. The canary is where a
// user would have put a password.
var badURLs = []string{
	"http://example.com/", "http://api.openai.com/v1", "ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1:1", "//127.0.0.1/", "x",
	"https://", "https:///v1", "https://user:" + testcheck.Canary + "@api.openai.com/v1", "https://api.openai.com@evil.example/",
	"http://127.0.0.1.evil.example/", "http://localhost.evil.example/", "http://0x7f.1/", "http://2130706433/", "http://0.0.0.0/",
	"http://[::ffff:127.0.0.1]/", "http://[fe80::1%25lo]/", "https://api.openai.com:0/", "https://api.openai.com:99999/",
	"https://api.openai.com:/", "https://api.openai.com/?a=b", "https://api.openai.com/#x", "https://api.openai.com/?",
	"https://evil.example\\.openai.com/", "https://evil.example%2f.openai.com/", "https://api。openai。com/", "https://a b/",
	"https://api.openai.com\t/", "javascript:alert(1)",
}

// fewBadURLs are one of each kind: all names share one check, which is tested on
// all values by one of them.
var fewBadURLs = []string{badURLs[0], badURLs[4], badURLs[9], badURLs[10], badURLs[17], badURLs[21]}

// Hosts that only a flag may name for what a token or a login goes to.
var foreignURLs = []string{
	"https://evil.example/", "https://api.openai.com.evil.example/", "https://evilopenai.com/", "https://chatgpt.com.evil.example/",
	"https://evil.example/api.openai.com", "https://10.0.0.1/", "https://openai.com.", "https://xn--penai-7ib.com/",
}

func authStatus(t *testing.T, h *host) protocol.AuthStatus {
	t.Helper()
	var status protocol.AuthStatus
	require.NoError(t, json.Unmarshal(h.call(`"status"`, "auth/status", "").Result, &status))
	return status
}

// Row D13 of the faults: a poisoned environment. A bad value is a warning that
// names the variable and not its value, closes its own route with 1002
// bad_override, leaves the other one, and sends nothing anywhere.
//
// Faults: D13.
func TestPoisonedEnvironment(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	type row struct {
		name, model string
		good        []string // of the other route
		values      []string
	}
	rows := []row{
		{"SIGNALBOX_CHATGPT_BASE_URL", codexModel, []string{"--platform-base-url=" + sim.PlatformURL()}, slices.Concat(fewBadURLs, foreignURLs)},
		{"OPENAI_BASE_URL", proModel, []string{"--chatgpt-base-url=" + sim.ChatGPTURL()}, badURLs},
	}
	other := map[string]string{codexModel: proModel, proModel: codexModel}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, value := range row.values {
				h := spawn(t, options{home: home, args: row.good, env: []string{row.name + "=" + value}})
				e := refused(t, h.create("1", fmt.Sprintf(`{"model":%q,"input":"Hello.","stream":true}`, row.model)).answer, 1002, "credential_mismatch", "bad_override")
				assert.Contains(t, e.Message, row.name)
				assert.NotContains(t, e.Message, value+" ", "the value is not repeated")
				assert.Equal(t, "completed", h.create("2", fmt.Sprintf(`{"model":%q,"input":"Hello.","stream":true}`, other[row.model])).status(), value)
				status := authStatus(t, h)
				assert.Contains(t, strings.Join(status.Warnings, "\n"), row.name, value)
				for _, r := range status.Routes {
					if r.Reason == "bad_override" {
						assert.False(t, r.Available)
						assert.Empty(t, r.BaseURL)
					}
				}
				require.NoError(t, h.in.Close())
				assert.Equal(t, 0, h.exit())
			}
		})
	}
	t.Run("issuer", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"SIGNALBOX_ISSUER", "CODEX_REFRESH_TOKEN_URL_OVERRIDE", "CODEX_REVOKE_TOKEN_URL_OVERRIDE"} {
			for _, value := range []string{badURLs[0], badURLs[9], badURLs[10], badURLs[15], foreignURLs[0], foreignURLs[1]} {
				h := spawn(t, options{home: home, args: []string{"--chatgpt-base-url=" + sim.ChatGPTURL()}, env: []string{name + "=" + value}})
				assert.Contains(t, strings.Join(authStatus(t, h).Warnings, "\n"), name, value)
				// A token that is good needs no issuer.
				assert.Equal(t, "completed", h.create("1", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`).status())
			}
		}
	})
}

// noNetwork is the proxy of each process here, which keeps it off the network.
var noNetwork = protocol.Override{Name: "HTTPS_PROXY", Value: "127.0.0.1:1", Source: "environment"}

// A proxy is named by its host alone, and the file of authorities by its path; of two
// that mean the same, the one that counts.
func TestProxyAndAuthoritiesInStatus(t *testing.T) {
	t.Parallel()
	o := options{env: []string{
		"HTTPS_PROXY=http://me:" + testcheck.Canary + "@proxy.example:3128/x?y=" + testcheck.Canary, "https_proxy=http://other.example",
		"CODEX_CA_CERTIFICATE=/ca/ours.pem", "SSL_CERT_FILE=/ca/theirs.pem",
	}}
	assert.Equal(t, []protocol.Override{
		{Name: "HTTPS_PROXY", Value: "proxy.example:3128", Source: "environment"},
		{Name: "CODEX_CA_CERTIFICATE", Value: "/ca/ours.pem", Source: "environment"},
	}, authStatus(t, spawn(t, o)).Overrides)
	o.env = []string{"HTTPS_PROXY=", "https_proxy=proxy.example:1", "SSL_CERT_FILE=/ca/theirs.pem"}
	assert.Equal(t, []protocol.Override{
		{Name: "https_proxy", Value: "proxy.example:1", Source: "environment"},
		{Name: "SSL_CERT_FILE", Value: "/ca/theirs.pem", Source: "environment"},
	}, authStatus(t, spawn(t, o)).Overrides)
	o.env = []string{"HTTPS_PROXY=htp//:" + testcheck.Canary + "@://"}
	assert.Equal(t, []protocol.Override{{Name: "HTTPS_PROXY", Value: "not the URL of a proxy", Source: "environment"}}, authStatus(t, spawn(t, o)).Overrides)
}

// What is allowed is in force, and auth/status says so.
//
// Faults: D13.
func TestGoodOverrides(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		env, flag, name, value string
	}{
		{"SIGNALBOX_CHATGPT_BASE_URL=https://chat.openai.com/backend-api/codex/", "", "SIGNALBOX_CHATGPT_BASE_URL", "https://chat.openai.com/backend-api/codex"},
		{"SIGNALBOX_CHATGPT_BASE_URL=https://EU.ChatGPT.com/x", "", "SIGNALBOX_CHATGPT_BASE_URL", "https://eu.chatgpt.com/x"},
		{"SIGNALBOX_CHATGPT_BASE_URL=http://[::1]:1/x", "", "SIGNALBOX_CHATGPT_BASE_URL", "http://[::1]:1/x"},
		{"SIGNALBOX_CHATGPT_BASE_URL=https://evil.example", "--chatgpt-base-url=https://proxy.example/x", "--chatgpt-base-url", "https://proxy.example/x"},
		{"OPENAI_BASE_URL=https://proxy.example/v1", "", "OPENAI_BASE_URL", "https://proxy.example/v1"},
		{"OPENAI_BASE_URL=http://127.9.9.9:1/v1", "", "OPENAI_BASE_URL", "http://127.9.9.9:1/v1"},
		{"OPENAI_BASE_URL= https://eu.api.openai.com/v1 ", "", "OPENAI_BASE_URL", "https://eu.api.openai.com/v1"},
		{"SIGNALBOX_ISSUER=https://auth.chatgpt.com", "", "SIGNALBOX_ISSUER", "https://auth.chatgpt.com"},
		{"SIGNALBOX_ISSUER=http://localhost:1", "", "SIGNALBOX_ISSUER", "http://localhost:1"},
		{"SIGNALBOX_ISSUER=x", "--issuer=https://issuer.example", "--issuer", "https://issuer.example"},
		{"CODEX_REFRESH_TOKEN_URL_OVERRIDE=http://127.0.0.1:1/token", "", "CODEX_REFRESH_TOKEN_URL_OVERRIDE", "http://127.0.0.1:1/token"},
		{"CODEX_REVOKE_TOKEN_URL_OVERRIDE=https://auth.openai.com/oauth/revoke2", "", "CODEX_REVOKE_TOKEN_URL_OVERRIDE", "https://auth.openai.com/oauth/revoke2"},
	} {
		o := options{env: []string{row.env}}
		source := "environment"
		if row.flag != "" {
			o.args, source = []string{row.flag}, "flag"
		}
		status := authStatus(t, spawn(t, o))
		assert.Equal(t, []protocol.Override{{Name: row.name, Value: row.value, Source: source}, noNetwork}, status.Overrides)
	}
	// Blank counts as absent.
	status := authStatus(t, spawn(t, options{env: []string{"OPENAI_BASE_URL= ", "SIGNALBOX_CHATGPT_BASE_URL=", "SIGNALBOX_ISSUER=\t", "OPENAI_API_KEY= "}}))
	assert.Equal(t, []protocol.Override{noNetwork}, status.Overrides)
	assert.False(t, status.Credentials.Platform.Present)
	for _, warning := range status.Warnings {
		assert.NotContains(t, warning, "_URL")
	}
}

// A bad flag is exit 2, with the name of the flag and nothing of a password.
//
// Faults: D13.
func TestBadOverrideFlags(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{"--chatgpt-base-url": badURLs, "--platform-base-url": fewBadURLs, "--issuer": fewBadURLs} {
		for _, value := range values {
			out := runCommand(t, nil, "status", name+"="+value)
			assert.Equal(t, 2, out.code, value)
			assert.Empty(t, out.stdout)
			assert.Contains(t, out.stderr, name+" ")
		}
		for _, simulate := range []string{"--simulate", "--simulate=report"} {
			out := runCommand(t, nil, "status", simulate, name+"=http://127.0.0.1:1/")
			assert.Equal(t, 2, out.code)
			assert.Contains(t, out.stderr, "--simulate")
		}
	}
	for _, flag := range []string{
		"--account-mode=free", "--account-mode=", "--account-mode=ChatGPT", "--redirect-host=evil.example", "--redirect-host=0.0.0.0", "--redirect-host=",
		"--originator=", "--originator=a b", "--originator=a\nb", "--originator=a\r\nX: y", "--originator=\u00e4", "--originator=a\x7f",
		"--client-version=", "--client-version=1 2", "--client-version=1\n", "--client-version=\u0661", "--originator=" + strings.Repeat("x", 4096),
	} {
		out := runCommand(t, nil, "status", flag)
		assert.Equal(t, 2, out.code, flag)
		name, _, _ := strings.Cut(flag, "=")
		assert.Contains(t, out.stderr, strings.TrimPrefix(name, "-"), flag)
	}
}

// Only the documented variables count. GODEBUG's traces of HTTP/2 would print
// tokens to stderr.
//
// Faults: D13.
func TestForeignVariables(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	ca := newAuthority(t)
	server := newFront(t, sim, ca.certificate(time.Now().Add(time.Hour), "localhost"))
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	keylog := filepath.Join(t.TempDir(), "keys")
	h := spawn(t, options{home: home, args: []string{
		"--chatgpt-base-url=https://localhost:" + server.port + "/backend-api/codex", "--platform-base-url=https://localhost:" + server.port + "/v1",
	}, env: []string{
		"CODEX_CA_CERTIFICATE=" + ca.file, "GODEBUG=http2debug=2,tls13=1", "SSLKEYLOGFILE=" + keylog, "DEBUG=*", "OPENAI_LOG=debug",
		"OPENAI_API_BASE=http://127.0.0.1:1", "CODEX_API_KEY=sk-other", "CODEX_ACCESS_TOKEN=other", "OPENAI_KEY=sk-other",
		"OPENAI_ORG_ID=other", "OPENAI_PROJECT_ID=other", "CHATGPT_BASE_URL=http://127.0.0.1:1", "ALL_PROXY=http://127.0.0.1:1",
		"CODEX_INTERNAL_ORIGINATOR_OVERRIDE=other", "CODEX_AUTHAPI_BASE_URL=http://127.0.0.1:1", "CODEX_REFRESH_TOKEN_URL=http://127.0.0.1:1",
	}})
	for i, model := range []string{codexModel, proModel} {
		assert.Equal(t, "completed", h.create(fmt.Sprint(i), fmt.Sprintf(`{"model":%q,"input":"Hello.","stream":true}`, model)).status())
	}
	assert.Len(t, authStatus(t, h).Overrides, 2+2) // and noNetwork and the authority
	require.NoError(t, h.in.Close())
	assert.Equal(t, 0, h.exit())
	assert.True(t, h.stderr.String() == "", "nothing is printed")
	assert.NoFileExists(t, keylog)
	assert.Contains(t, server.requests(), "HTTP/2.0 localhost:"+server.port+"/v1/responses")
	for _, r := range sim.Requests() {
		assert.Empty(t, r.Header.Get("OpenAI-Organization"))
		if r.Path == "/backend-api/codex/responses" {
			assert.Equal(t, "signalbox", r.Header.Get("originator"))
		}
	}
}

// Under --simulate nothing of the user's is even opened: what would block, or be
// refused, does neither.
func TestSimulateOpensNothingOfTheUsers(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	for _, name := range []string{"auth.json", "config.toml", "auth.lock", "auth.refresh.lock", "ca"} {
		require.NoError(t, syscall.Mkfifo(filepath.Join(home, name), 0o600)) // opening it waits for ever
	}
	before, err := os.ReadDir(home)
	require.NoError(t, err)
	env := []string{
		"CODEX_HOME=" + home, "HOME=" + home, "CODEX_CA_CERTIFICATE=" + home + "/ca", "SSL_CERT_FILE=" + home + "/ca",
		"OPENAI_API_KEY=sk-" + testcheck.Canary, "OPENAI_OAUTH_ACCESS_TOKEN=" + testcheck.Canary, "OPENAI_BASE_URL=nonsense",
		"SIGNALBOX_CHATGPT_BASE_URL=https://evil.example", "SIGNALBOX_ISSUER=https://evil.example", "CODEX_CLIENT_ID=evil client",
		"CODEX_REFRESH_TOKEN_URL_OVERRIDE=https://evil.example", "CODEX_REVOKE_TOKEN_URL_OVERRIDE=https://evil.example",
		"HTTPS_PROXY=http://user:" + testcheck.Canary + "@127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1", "OPENAI_PROJECT=p", "OPENAI_ORGANIZATION=o",
	}
	pass, _, code := validation(t, env, "--simulate")
	assert.True(t, pass)
	assert.Equal(t, 0, code)
	out := runCommand(t, env, "status", "--json", "--simulate")
	assert.Equal(t, 0, out.code, out.stderr)
	var status protocol.AuthStatus
	require.NoError(t, json.Unmarshal([]byte(out.stdout), &status))
	assert.Empty(t, status.Warnings)
	for _, o := range status.Overrides {
		assert.Equal(t, "--simulate", o.Name)
	}
	assert.NotContains(t, status.File.Path, home)
	after, err := os.ReadDir(home)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}
