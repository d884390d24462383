//go:build unix

package e2e

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The rows F1s to F17s of docs/faults.md, routing, injection, secrecy.

// jwtOf is a token with a payload, in the shape of a real one.
func jwtOf(payload string) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return part(`{"alg":"RS256"}`) + "." + part(payload) + "." + testcheck.Canary + "0123456789"
}

// accountToken is an access token of an account.
func accountToken(account string) string {
	return jwtOf(fmt.Sprintf(`{"exp":4102444800,"https://api.openai.com/auth":{"chatgpt_account_id":%q,"chatgpt_plan_type":"plus"}}`, account))
}

// homeWith writes an auth.json.
func homeWith(t *testing.T, text string) string {
	t.Helper()
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, "auth.json"), []byte(text), 0o600))
	return home
}

// silentUpstream is a simulator that nothing may reach.
func silentUpstream(t *testing.T) *simulator.Server {
	t.Helper()
	sim, err := simulator.Start(simulator.Config{})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.Empty(t, paths(sim), "nothing is sent")
		sim.Close()
	})
	return sim
}

const (
	askCodex = `{"model":"gpt-5.2-codex","input":"hi","stream":true}`
	askPro   = `{"model":"gpt-5.2-pro","input":"hi","stream":true}`
)

// A credential of the wrong kind is refused before anything is sent, and both
// kinds are named.
//
// Faults: F1s.
func TestCredentialOfTheWrongKind(t *testing.T) {
	t.Parallel()
	key := "sk-proj-" + testcheck.Canary + "-0123456789"
	for _, tt := range []struct{ name, file, env, ask, need string }{
		{"key as stored access token", `{"auth_mode":"chatgpt","tokens":{"id_token":"` + accountToken("a") + `","access_token":"` + key + `","refresh_token":"r","account_id":"a"}}`, "X=1", askCodex, "chatgpt"},
		{"key as access token of the environment", `{}`, "OPENAI_OAUTH_ACCESS_TOKEN=" + key, askCodex, "chatgpt"},
		{"token as stored key", `{"auth_mode":"apikey","OPENAI_API_KEY":"` + accountToken("a") + `"}`, "X=1", askPro, "platformKey"},
		{"token as key of the environment", `{}`, "OPENAI_API_KEY=" + accountToken("a"), askPro, "platformKey"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := spawn(t, options{upstream: silentUpstream(t), home: homeWith(t, tt.file), env: []string{tt.env}})
			got := h.create("1", tt.ask)
			e := refused(t, got.answer, 1002, "credential_mismatch", "wrong_kind")
			assert.Equal(t, tt.need, e.Data.Need)
			assert.Contains(t, strings.ToLower(e.Message), "platform api key")
			assert.Contains(t, strings.ToLower(e.Message), "chatgpt access token")
			assert.Nil(t, e.Data.Evidence.BaseURL)
			assert.Equal(t, "unknown", e.Data.Evidence.CredentialSource)
			assert.Equal(t, "failed", got.status())
		})
	}
}

// The state of the validation report: an empty key, a good access token, an
// expired id_token. The codex model works, the pro model is refused, and nothing
// says that it went anywhere.
//
// Faults: F2s.
func TestProModelWithALoginAlone(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{Scenario: "report"})
	h := spawn(t, options{upstream: sim})
	e := refused(t, h.create("1", askPro).answer, 1001, "login_required", "refresh_reused")
	assert.Equal(t, "platformKey", e.Data.Need)
	assert.Nil(t, e.Data.Evidence.BaseURL)
	for _, path := range paths(sim) {
		assert.NotContains(t, path, "/v1/")
	}
	got := h.create("2", askCodex)
	assert.Equal(t, "completed", got.status())
}

// Faults: F3s.
func TestCodexModelWithAKeyAlone(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{upstream: silentUpstream(t), home: homeWith(t, `{"OPENAI_API_KEY":"sk-proj-`+testcheck.Canary+`-0123456789"}`)})
	e := refused(t, h.create("1", askCodex).answer, 1002, "credential_mismatch", "wrong_kind")
	assert.Equal(t, "chatgpt", e.Data.Need)
	assert.Equal(t, []string{"platformKey"}, e.Data.Have)
}

// A model string of any shape arrives as it is, and is never corrected to one
// that is known.
//
// Faults: F4s.
func TestModelStringsAreNotCorrected(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	h := spawn(t, options{upstream: sim})
	for i, model := range []string{`GPT-5.2-codex`, `gpt-5.2-codex `, `gpt-5.2-pro `, `gpt-5.2`, `\ud83d\ude00`, `a\u0000b`, `openai/gpt-5.2`, strings.Repeat("m", 1<<20)} {
		got := h.create(fmt.Sprint(i), `{"input":"hi","model":"`+model+`"}`)
		require.NotNil(t, got.completed)
		calls := sim.Calls()
		require.Len(t, calls, i+1, "%.50q", model)
		assert.Equal(t, `"`+model+`"`, rawMember(t, calls[i].Body, "model"))
		assert.Equal(t, "/backend-api/codex/responses", calls[i].Path, "by the account mode, as no rule names it")
	}
	for _, params := range []string{`{"model":""}`, `{"model":7}`, `{"model":null}`, `{"model":["gpt-5.2-codex"]}`, `{}`} {
		refused(t, h.call("99", "responses/create", params), -32602, "invalid_params", "")
	}
}

// Nothing that a host or a token says becomes a header of ours.
//
// Faults: F5s.
func TestNoHeaderIsInjected(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	h := spawn(t, options{upstream: sim})
	for i, params := range []string{
		`{"model":"gpt-5.2-pro\r\nX-Evil: 1","input":"hi"}`,
		`{"model":"gpt-5.2-pro","input":"hi","metadata":{"a\r\nX-Evil":"1\r\nX-Evil: 1"},"user":"\r\nX-Evil: 1"}`,
	} {
		h.create(fmt.Sprint(i), params)
	}
	for _, r := range sim.Requests() {
		for name := range r.Header {
			assert.NotContains(t, strings.ToLower(name), "evil")
		}
		assert.Subset(t, []string{
			"Accept", "Authorization", "Chatgpt-Account-Id", "Content-Length", "Content-Type", "Originator", "Session-Id", "User-Agent", "Version",
		}, headerNames(r.Header))
	}
	for _, headers := range []string{
		`{"traceparent":"a\r\nX-Evil: 1"}`, `{"traceparent":"a\nb"}`, `{"x-evil":"1"}`, `{"authorization":"Bearer x"}`, `{"Host":"evil"}`,
		`{"traceparent\r\nx":"1"}`, `{"chatgpt-account-id":"a"}`, `{"traceparent":7}`,
	} {
		refused(t, h.call("9", "responses/create", `{"model":"gpt-5.2-pro","_meta":{"headers":`+headers+`}}`), -32602, "invalid_params", "")
	}
	for _, account := range []string{"a\r\nX-Evil: 1", "a b", "é", strings.Repeat("a", 129), "../x"} {
		h := spawn(t, options{upstream: silentUpstream(t), home: homeWith(t, `{}`), env: []string{"OPENAI_OAUTH_ACCESS_TOKEN=" + accountToken(account)}})
		refused(t, h.create("1", askCodex).answer, 1002, "credential_mismatch", "missing_account_id")
	}
}

func headerNames(h http.Header) []string {
	var names []string
	for name := range h {
		names = append(names, name)
	}
	return names
}

// No param moves a request, and with it a token, to another host.
//
// Faults: F6s.
func TestBaseURLInParamsIsIgnored(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int64
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	t.Cleanup(evil.Close)
	sim := simulated(t, simulator.Config{})
	h := spawn(t, options{upstream: sim})
	for i, model := range []string{"gpt-5.2-codex", "gpt-5.2-pro"} {
		got := h.create(fmt.Sprint(i), fmt.Sprintf(`{"model":%q,"input":"hi","base_url":%q,"api_base":%[2]q,"proxy":%[2]q,"_meta":{"baseUrl":%[2]q,"base_url":%[2]q,"chatgptBaseUrl":%[2]q,"proxy":%[2]q}}`, model, evil.URL))
		require.NotNil(t, got.answer.Result, "%s", got.answer.Raw)
		var ignored []string
		for _, a := range fullEvidence(t, got.answer)["adjustments"].([]any) {
			if a.(map[string]any)["action"] == "ignored" {
				ignored = append(ignored, a.(map[string]any)["field"].(string))
			}
		}
		assert.Equal(t, []string{"_meta.baseUrl", "_meta.base_url", "_meta.chatgptBaseUrl", "_meta.proxy"}, ignored)
	}
	assert.Zero(t, arrived.Load())
}

// Overrides that play tricks end the start with exit code 2; those of the
// environment take their route out of use.
//
// Faults: F7s.
func TestTricksInAnOverride(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"https://api.openai.com@evil.example/v1", "https://user:pass@api.openai.com/v1", "http://api.openai.com/v1", "http://evil.example",
		"https://api.openai.com:x/v1", "https://", "ftp://api.openai.com", "//api.openai.com", "https://api.openai.com/v1?x=1", "https://api.openai.com/v1#x",
		"https://xn--pi.openai.com\u0430/v1", "https://api\uff0eopenai\uff0ecom.evil", "http://127.0.0.1.evil.example/", "http://0x7f.1/", "javascript:x",
	} {
		for _, flag := range []string{"--platform-base-url=", "--chatgpt-base-url="} {
			h := spawn(t, options{args: []string{flag + url}})
			assert.Equal(t, 2, h.exit(), flag+url)
		}
		h := spawn(t, options{env: []string{"SIGNALBOX_CHATGPT_BASE_URL=" + url, "OPENAI_OAUTH_ACCESS_TOKEN=" + accountToken("a")}})
		refused(t, h.create("1", askCodex).answer, 1002, "credential_mismatch", "bad_override")
	}
	// A host of its own is no trick, but only a flag may name it.
	h := spawn(t, options{env: []string{"SIGNALBOX_CHATGPT_BASE_URL=https://chatgpt.com.evil.example", "OPENAI_OAUTH_ACCESS_TOKEN=" + accountToken("a")}})
	refused(t, h.create("1", askCodex).answer, 1002, "credential_mismatch", "bad_override")
}

// In all tests of the binary a credential that goes to another host than the
// upstream of the test ends the process; see faults.RoundTrip.
//
// Faults: F8s.
func TestCredentialNeverLeavesForAnotherHost(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://evil.example/v1/responses", "https://chatgpt.com.evil.example/", "https://evilopenai.com/v1"} {
		r, err := http.NewRequest(http.MethodPost, url, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer x")
		assert.Panics(t, func() { _, _ = faults{}.RoundTrip(r) })
	}
}

// Not even a dump of all goroutines in the middle of a stream shows a secret: the
// cleanup of spawn looks for the canary.
//
// Faults: D8, F9s.
func TestDumpHoldsNoSecret(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{Scenario: "idle"})
	h := spawn(t, options{upstream: sim})
	for i, ask := range []string{askCodex, askPro} {
		h.send(request(fmt.Sprint(i), "responses/create", ask))
		for h.mustNext().Method != "responses/event" {
		}
	}
	require.NoError(t, h.cmd.Process.Signal(syscall.SIGQUIT))
	h.wait(patience)
	assert.Contains(t, h.stderr.String(), "goroutine ")
}

// What the upstream echoes of a credential is masked.
//
// Faults: F10s.
func TestEchoedSecretIsMasked(t *testing.T) {
	t.Parallel()
	h := spawnScenario(t, "echo-secret")
	for i, ask := range []string{askCodex, askPro} {
		got := h.create(fmt.Sprint(i), ask)
		e := refused(t, got.answer, 1102, "upstream_rejected", "other")
		assert.Equal(t, "failed", got.status())
		assert.NotContains(t, e.Message, "Bearer")
		upstream := errorData(t, got.answer)["upstream"].(map[string]any)["message"].(string)
		assert.Contains(t, upstream, "Invalid header")
		assert.NotContains(t, upstream, "eyJ")
	}
}

// auth/status shows whose login it is, and of a key its two ends.
//
// Faults: F12s.
func TestStatusShowsNoSecret(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	status := spawn(t, options{upstream: sim}).call("1", "auth/status", "")
	login := sim.Login()
	for _, secret := range []string{login.AccessToken, login.IDToken, login.RefreshToken, login.PlatformKey} {
		for i := 0; i+12 <= len(secret); i += 12 {
			assert.NotContains(t, string(status.Result), secret[i:i+12])
		}
	}
	assert.Contains(t, string(status.Result), login.PlatformKey[:3]+"…"+login.PlatformKey[len(login.PlatformKey)-4:])
}

// No prompt is logged, at no level.
//
// Faults: F13s.
func TestNoPromptInLogs(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	log := filepath.Join(t.TempDir(), "log")
	h := spawn(t, options{upstream: sim, args: []string{"--log-level=debug", "--log-file=" + log}})
	for i, scenario := range []string{"ok", "cut", "server-error", "bad-request"} {
		h.create(fmt.Sprint(i), fmt.Sprintf(`{"model":"gpt-5.2-pro","input":"prompt-of-mine","instructions":"prompt-of-mine","_meta":{"simulate":%q,"prompt-of-mine":1}}`, scenario))
	}
	require.NoError(t, h.in.Close())
	h.exit()
	text, _ := os.ReadFile(log)
	assert.NotContains(t, string(text)+h.stderr.String(), "prompt-of-mine")
}

// A token of 10 MiB, one nested without end and one of bad base64 are no tokens,
// and no reason to fall over.
//
// Faults: F16s.
func TestHostileTokens(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{
		"large":      jwtOf(`{"x":"` + strings.Repeat("y", 10<<20) + `"}`),
		"deep":       jwtOf(strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000)),
		"bad base64": "eyJhbGciOiJSUzI1NiJ9.!!!!." + testcheck.Canary,
		"no JSON":    jwtOf(`nothing`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := fmt.Sprintf(`{"auth_mode":"chatgpt","tokens":{"id_token":%q,"access_token":%[1]q,"refresh_token":"r"}}`, token)
			h := spawn(t, options{upstream: silentUpstream(t), home: homeWith(t, text)})
			e := h.create("1", askCodex).answer.failure()
			assert.Contains(t, []int{1001, 1002, 1003}, e.Code)
			require.NotNil(t, h.call("2", "auth/status", "").Result)
		})
	}
}
