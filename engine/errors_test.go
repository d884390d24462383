package engine

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/protocol"
)

// refusal is an answer that is not 2xx, and what a host is told about it.
type refusal struct {
	name    string
	params  string
	status  int
	headers string // Name: value, one a line
	body    string
	code    protocol.Code
	data    string // the whole error.data
}

// The complete data of each error that an answer of the upstream becomes, in all
// shapes of its bodies.
var refusals = []refusal{
	{"401 of the ChatGPT backend", askChatGPT, 401, "", `{"detail":"Unauthorized"}`, 1001,
		`{"kind":"login_required","reason":"token_rejected","action":"Put a new token into OPENAI_OAUTH_ACCESS_TOKEN, or unset it and run ` + "`signalbox login`" + `.","retryable":false,"httpStatus":401,
		"upstream":{"message":"Unauthorized"},"need":"chatgpt","have":["chatgpt","platformKey"],"loginMethods":["browser","device"]}`},
	{"401 of an expired token", askChatGPT, 401, "X-Request-Id: r", `{"error":{"message":"Provided authentication token is expired.","type":null,"code":"token_expired","param":null},"status":401}`, 1001,
		`{"kind":"login_required","reason":"token_rejected","action":"Put a new token into OPENAI_OAUTH_ACCESS_TOKEN, or unset it and run ` + "`signalbox login`" + `.","retryable":false,"httpStatus":401,"headers":{"x-request-id":"r"},
		"upstream":{"code":"token_expired","message":"Provided authentication token is expired."},"need":"chatgpt","have":["chatgpt","platformKey"],"loginMethods":["browser","device"]}`},
	{"401 of the Platform", askPlatform, 401, "", `{"error":{"message":"Incorrect API key provided: ` + fakeKey + `.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`, 1001,
		`{"kind":"login_required","reason":"token_rejected","action":"Correct the key in OPENAI_API_KEY.","retryable":false,"httpStatus":401,
		"upstream":{"type":"invalid_request_error","code":"invalid_api_key","message":"Incorrect API key provided: [redacted]."},"need":"platformKey","have":["chatgpt","platformKey"],"loginMethods":["apiKey","browser"]}`},

	{"400 detail", askChatGPT, 400, "", `{"detail":"Store must be set to false"}`, 1102,
		`{"kind":"upstream_rejected","reason":"other","action":"Correct the request as the upstream's message says.","retryable":false,"httpStatus":400,"upstream":{"message":"Store must be set to false"}}`},
	{"422 detail of FastAPI", askChatGPT, 422, "", `{"detail":[{"loc":["body","store"],"msg":"field required","type":"missing"},{"msg":"more"}]}`, 1102,
		`{"kind":"upstream_rejected","reason":"other","action":"Correct the request as the upstream's message says.","retryable":false,"httpStatus":422,"upstream":{"type":"missing","message":"field required","param":"store"}}`},
	{"code of a gateway", askPlatform, 400, "", `{"error":{"code":4001,"message":"no"}}`, 1102,
		`{"kind":"upstream_rejected","reason":"other","action":"Correct the request as the upstream's message says.","retryable":false,"httpStatus":400,"upstream":{"code":"4001","message":"no"}}`},
	{"error in a header", askChatGPT, 404, "X-Error-Json: eyJlcnJvciI6eyJjb2RlIjoibW9kZWxfbm90X2ZvdW5kIiwibWVzc2FnZSI6Im5vIn19", ``, 1102,
		`{"kind":"upstream_rejected","reason":"model_unavailable","action":"Ask for another model, or choose another route with _meta.route.","retryable":false,"httpStatus":404,"upstream":{"code":"model_not_found","message":"no"}}`},
	{"code in a header", askPlatform, 403, "X-Error-Json: !\nX-Openai-Authorization-Error: not_allowed", `{}`, 1102,
		`{"kind":"upstream_rejected","reason":"forbidden","action":"Check the rights of the account or the key.","retryable":false,"httpStatus":403,"upstream":{"code":"not_allowed"}}`},
	{"quota with another status", askPlatform, 400, "", `{"error":{"code":"billing_hard_limit_reached","message":"no"}}`, 1103,
		`{"kind":"rate_limited","reason":"quota","action":"Check the plan and billing details of the Platform account.","retryable":false,"httpStatus":400,"upstream":{"code":"billing_hard_limit_reached","message":"no"}}`},
	{"402 detail of an object", askChatGPT, 402, "", `{"detail":{"code":"deactivated_workspace","message":7}}`, 1102,
		`{"kind":"upstream_rejected","reason":"other","action":"Ask the owner of the workspace to activate it, or log in with another account.","retryable":false,"httpStatus":402,"upstream":{"code":"deactivated_workspace"}}`},
	{"400 code at the top", askPlatform, 400, "Retry-After: 5", `{"code":"bad","message":"words","param":"input"}`, 1102,
		`{"kind":"upstream_rejected","reason":"other","action":"Correct the request as the upstream's message says.","retryable":false,"httpStatus":400,"headers":{"retry-after":"5"},"upstream":{"code":"bad","message":"words","param":"input"}}`},
	{"400 a sentence", askPlatform, 400, "", `{"error":"words"}`, 1102,
		`{"kind":"upstream_rejected","reason":"other","action":"Correct the request as the upstream's message says.","retryable":false,"httpStatus":400,"upstream":{"message":"words"}}`},
	{"413 without a body", askPlatform, 413, "", ``, 1102,
		`{"kind":"upstream_rejected","reason":"other","action":"Correct the request as the upstream's message says.","retryable":false,"httpStatus":413}`},
	{"400 overloaded is no 5xx", askPlatform, 400, "", `{"error":{"code":"slow_down"}}`, 1102,
		`{"kind":"upstream_rejected","reason":"other","action":"Look the code up in the upstream's documentation, or ask its support.","retryable":false,"httpStatus":400,"upstream":{"code":"slow_down"}}`},
	{"model not for ChatGPT", askChatGPT, 400, "", `{"detail":"The 'gpt-5.2-pro' model is not supported when using Codex with a ChatGPT account."}`, 1102,
		`{"kind":"upstream_rejected","reason":"model_unavailable","action":"Ask for another model, or choose another route with _meta.route.","retryable":false,"httpStatus":400,"upstream":{"message":"The 'gpt-5.2-pro' model is not supported when using Codex with a ChatGPT account."}}`},
	{"model for newer clients", askChatGPT, 400, "", `{"detail":"The 'x' model requires a newer version of Codex. Please upgrade."}`, 1102,
		`{"kind":"upstream_rejected","reason":"model_unavailable","action":"Raise --client-version, or ask for another model.","retryable":false,"httpStatus":400,"upstream":{"message":"The 'x' model requires a newer version of Codex. Please upgrade."}}`},
	{"model unknown to the rollout", askChatGPT, 404, "", `{"error":{"message":"Model not found gpt-x"}}`, 1102,
		`{"kind":"upstream_rejected","reason":"model_unavailable","action":"Ask for another model, or choose another route with _meta.route.","retryable":false,"httpStatus":404,"upstream":{"message":"Model not found gpt-x"}}`},
	{"model unknown to the Platform", askPlatform, 404, "", `{"error":{"message":"The model does not exist.","type":"invalid_request_error","param":null,"code":"model_not_found"}}`, 1102,
		`{"kind":"upstream_rejected","reason":"model_unavailable","action":"Ask for another model, or choose another route with _meta.route.","retryable":false,"httpStatus":404,"upstream":{"type":"invalid_request_error","code":"model_not_found","message":"The model does not exist."}}`},
	{"context length", askPlatform, 400, "", `{"error":{"code":"context_length_exceeded","message":"too long"}}`, 1102,
		`{"kind":"upstream_rejected","reason":"context_length","action":"Send less input.","retryable":false,"httpStatus":400,"upstream":{"code":"context_length_exceeded","message":"too long"}}`},
	{"invalid prompt", askPlatform, 400, "", `{"error":{"code":"invalid_prompt","message":"no"}}`, 1102,
		`{"kind":"upstream_rejected","reason":"invalid_prompt","action":"Change the input.","retryable":false,"httpStatus":400,"upstream":{"code":"invalid_prompt","message":"no"}}`},
	{"not found", askPlatform, 404, "Content-Type: text/html", `<html>`, 1102,
		`{"kind":"upstream_rejected","reason":"not_found","action":"Check the ids in the request and the base URL.","retryable":false,"httpStatus":404}`},
	{"forbidden", askPlatform, 403, "", `{"error":{"message":"no"}}`, 1102,
		`{"kind":"upstream_rejected","reason":"forbidden","action":"Check the rights of the account or the key.","retryable":false,"httpStatus":403,"upstream":{"message":"no"}}`},
	{"blocked by Cloudflare", askChatGPT, 403, "Content-Type: text/html; charset=UTF-8\nCf-Ray: r", `<html>Just a moment…</html>`, 1102,
		`{"kind":"upstream_rejected","reason":"blocked","action":"Try from another network, or later.","retryable":false,"httpStatus":403}`},

	{"usage limit", askChatGPT, 429, "X-Codex-Secondary-Used-Percent: 100\nX-Codex-Primary-Used-Percent: 100", `{"error":{"type":"usage_limit_reached","message":"The usage limit has been reached","plan_type":"plus","resets_at":4102444800}}`, 1103,
		`{"kind":"rate_limited","reason":"usage_limit","action":"Wait for the reset, or use a Platform key.","retryable":false,"retryAfterMs":"FUTURE","httpStatus":429,"headers":{"x-codex-primary-used-percent":"100","x-codex-secondary-used-percent":"100"},
		"upstream":{"type":"usage_limit_reached","message":"The usage limit has been reached"},"resetsAt":"2100-01-01T00:00:00Z","planType":"plus","window":"secondary"}`},
	{"usage limit of another family", askChatGPT, 429, "X-Codex-Active-Limit: codex_other\nX-Codex-Other-Primary-Used-Percent: 100.0\nX-Codex-Other-Primary-Reset-At: 4102444800\nX-Codex-Secondary-Used-Percent: 100\nX-Codex-Plan-Type: pro\nRetry-After: 7", `{"error":{"type":"usage_limit_reached"}}`, 1103,
		`{"kind":"rate_limited","reason":"usage_limit","action":"Wait for the reset, or use a Platform key.","retryable":false,"retryAfterMs":7000,"httpStatus":429,
		"headers":{"x-codex-active-limit":"codex_other","x-codex-other-primary-used-percent":"100.0","x-codex-other-primary-reset-at":"4102444800","x-codex-secondary-used-percent":"100","x-codex-plan-type":"pro","retry-after":"7"},
		"upstream":{"type":"usage_limit_reached"},"resetsAt":"2100-01-01T00:00:00Z","planType":"pro","window":"primary"}`},
	{"credits of a workspace", askChatGPT, 429, "X-Codex-Rate-Limit-Reached-Type: workspace_member_credits_depleted", `{"error":{"type":"usage_limit_reached","plan_type":"business"}}`, 1103,
		`{"kind":"rate_limited","reason":"usage_limit","action":"Ask the owner of the workspace for more usage, or use a Platform key.","retryable":false,"httpStatus":429,"headers":{"x-codex-rate-limit-reached-type":"workspace_member_credits_depleted"},"upstream":{"type":"usage_limit_reached"},"planType":"business"}`},
	{"usage limit by the seconds", askChatGPT, 429, "", `{"error":{"type":"usage_limit_reached","resets_in_seconds":7200.5}}`, 1103,
		`{"kind":"rate_limited","reason":"usage_limit","action":"Wait for the reset, or use a Platform key.","retryable":false,"retryAfterMs":"FUTURE","httpStatus":429,"upstream":{"type":"usage_limit_reached"},"resetsAt":"FUTURE"}`},
	{"usage limit by the header's seconds", askChatGPT, 429, "X-Codex-Primary-Used-Percent: 101\nX-Codex-Primary-Reset-After-Seconds: 7200", `{"error":{"type":"usage_limit_reached","resets_in_seconds":"x"}}`, 1103,
		`{"kind":"rate_limited","reason":"usage_limit","action":"Wait for the reset, or use a Platform key.","retryable":false,"retryAfterMs":"FUTURE","httpStatus":429,
		"headers":{"x-codex-primary-used-percent":"101","x-codex-primary-reset-after-seconds":"7200"},"upstream":{"type":"usage_limit_reached"},"resetsAt":"FUTURE","window":"primary"}`},
	{"usage limit as a 404", askChatGPT, 404, "", `{"error":{"code":"usage_limit_reached","resets_at":"soon","plan_type":7}}`, 1103,
		`{"kind":"rate_limited","reason":"usage_limit","action":"Wait for the reset, or use a Platform key.","retryable":false,"httpStatus":404,"upstream":{"code":"usage_limit_reached"}}`},
	{"usage not included", askChatGPT, 429, "", `{"error":{"type":"usage_not_included","message":"no","plan_type":"free"}}`, 1103,
		`{"kind":"rate_limited","reason":"usage_not_included","action":"Upgrade the plan, or use a Platform key.","retryable":false,"httpStatus":429,"upstream":{"type":"usage_not_included","message":"no"},"planType":"free"}`},
	{"quota", askPlatform, 429, "", `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`, 1103,
		`{"kind":"rate_limited","reason":"quota","action":"Check the plan and billing details of the Platform account.","retryable":false,"httpStatus":429,"upstream":{"type":"insufficient_quota","code":"insufficient_quota","message":"You exceeded your current quota"}}`},
	{"tokens", askPlatform, 429, "Retry-After: 2", `{"error":{"message":"Rate limit reached. Please try again in 1.5s.","type":"tokens","code":"rate_limit_exceeded"}}`, 1103,
		`{"kind":"rate_limited","reason":"tokens","action":"Wait before you try again, or send less.","retryable":true,"retryAfterMs":2000,"httpStatus":429,"headers":{"retry-after":"2"},"upstream":{"type":"tokens","code":"rate_limit_exceeded","message":"Rate limit reached. Please try again in 1.5s."}}`},
	{"tokens by the header", askPlatform, 429, "X-Ratelimit-Remaining-Tokens: 0\nX-Ratelimit-Reset-Tokens: 1m2.5s", ``, 1103,
		`{"kind":"rate_limited","reason":"tokens","action":"Wait before you try again, or send less.","retryable":true,"retryAfterMs":62500,"httpStatus":429,"headers":{"x-ratelimit-remaining-tokens":"0","x-ratelimit-reset-tokens":"1m2.5s"}}`},
	{"requests", askPlatform, 429, "X-Ratelimit-Reset-Requests: 12ms", `{"error":{"type":"requests","code":"rate_limit_exceeded"}}`, 1103,
		`{"kind":"rate_limited","reason":"requests","action":"Wait before you try again.","retryable":true,"retryAfterMs":12,"httpStatus":429,"headers":{"x-ratelimit-reset-requests":"12ms"},"upstream":{"type":"requests","code":"rate_limit_exceeded"}}`},
	{"429 in HTML with a time", askPlatform, 429, "Content-Type: text/html\nRetry-After-Ms: 1500", `<html>`, 1103,
		`{"kind":"rate_limited","reason":"requests","action":"Wait before you try again.","retryable":true,"retryAfterMs":1500,"httpStatus":429}`},
	{"429 in HTML", askChatGPT, 429, "Content-Type: text/html", `<html>`, 1103,
		`{"kind":"rate_limited","reason":"requests","action":"Wait before you try again.","retryable":true,"httpStatus":429}`},

	{"408", askPlatform, 408, "", ``, 1104, `{"kind":"upstream_unavailable","reason":"timeout","action":"Try again.","retryable":true,"httpStatus":408}`},
	{"500", askPlatform, 500, "", `{"error":{"message":"sorry"}}`, 1104,
		`{"kind":"upstream_unavailable","reason":"server_error","action":"Try again later.","retryable":true,"httpStatus":500,"upstream":{"message":"sorry"}}`},
	{"502 in HTML", askPlatform, 502, "Content-Type: text/html", `<html>`, 1104, `{"kind":"upstream_unavailable","reason":"server_error","action":"Try again later.","retryable":true,"httpStatus":502}`},
	{"overloaded", askChatGPT, 503, "Retry-After: 60", `{"error":{"code":"server_is_overloaded","message":"busy"}}`, 1104,
		`{"kind":"upstream_unavailable","reason":"overloaded","action":"Try again later, or ask for another model.","retryable":true,"retryAfterMs":60000,"httpStatus":503,"headers":{"retry-after":"60"},"upstream":{"code":"server_is_overloaded","message":"busy"}}`},
	{"slow down", askChatGPT, 503, "", `{"error":{"code":"slow_down"}}`, 1104,
		`{"kind":"upstream_unavailable","reason":"overloaded","action":"Try again later, or ask for another model.","retryable":true,"httpStatus":503,"upstream":{"code":"slow_down"}}`},
	{"redirect", askPlatform, 307, "Location: /elsewhere", ``, 1104, `{"kind":"upstream_unavailable","reason":"redirect","action":"Check the base URL.","retryable":false,"httpStatus":307}`},

	// 2xx that are failures.
	{"brotli", askPlatform, 200, "Content-Encoding: br", streamOf(completed), 1104,
		`{"kind":"upstream_unavailable","reason":"server_error","action":"Check the proxy in front of the upstream.","retryable":false,"httpStatus":200}`},
	{"not SSE", askPlatform, 200, "Content-Type: text/html", `<html>`, 1105,
		`{"kind":"stream_broken","reason":"not_sse","action":"Check the base URL, and the proxy or gateway in front of the upstream.","retryable":false,"httpStatus":200,"eventsDelivered":0}`},
	{"no terminal event", askPlatform, 200, "Openai-Version: 1", streamOf(created), 1105,
		`{"kind":"stream_broken","reason":"no_terminal_event","action":"Send the request again; what was delivered is incomplete.","retryable":false,"httpStatus":200,"headers":{"openai-version":"1"},"eventsDelivered":1}`},
	{"no terminal event, nothing delivered", `{"model":"gpt-5.2-pro","stream":true,"_meta":{"events":"none"}}`, 200, "", streamOf(created), 1105,
		`{"kind":"stream_broken","reason":"no_terminal_event","action":"Check the proxy or gateway in front of the upstream, which may end answers too early.","retryable":false,"httpStatus":200,"eventsDelivered":0}`},
	{"bad event", askPlatform, 200, "", streamOf("{"), 1105,
		`{"kind":"stream_broken","reason":"bad_event","action":"Check the base URL, and the proxy or gateway in front of the upstream.","retryable":false,"httpStatus":200,"eventsDelivered":0}`},
	{"failed", askChatGPT, 200, "", streamOf(`{"type":"response.failed","response":{"error":{"code":"usage_limit_reached","message":"key ` + fakeKey + `","plan_type":"plus","resets_at":4102444800}}}`), 1106,
		`{"kind":"response_failed","reason":"usage_limit","action":"Wait for the reset, or use a Platform key.","retryable":false,"httpStatus":200,"upstream":{"code":"usage_limit_reached","message":"key [redacted]"},"resetsAt":"2100-01-01T00:00:00Z","planType":"plus"}`},
	{"mismatch by the header", `{"model":"gpt-5.2-pro","stream":true,"_meta":{"expect":{"model":"gpt-5.2-pro"}}}`, 200, "Openai-Model: gpt-4", streamOf(completed), 1107,
		`{"kind":"model_mismatch","action":"Remove _meta.expect to take the answer of any model.","retryable":false,"httpStatus":200,"headers":{"openai-model":"gpt-4"}}`},

	// Nothing is sent.
	{"background", `{"model":"gpt-5.2-pro","background":true}`, 0, "", "", 1101,
		`{"kind":"unsupported_parameter","action":"Remove \"background\" and read the stream instead.","retryable":false,"field":"background","route":"platform"}`},
	{"background on the ChatGPT route", `{"model":"gpt-5.2-codex","background":true,"_meta":{"onUnsupported":"drop"}}`, 0, "", "", 1101,
		`{"kind":"unsupported_parameter","action":"Remove \"background\" and read the stream instead.","retryable":false,"field":"background","route":"chatgpt"}`},
	{"parameter", `{"model":"gpt-5.2-codex","temperature":0}`, 0, "", "", 1101,
		`{"kind":"unsupported_parameter","action":"Remove \"temperature\", or set _meta.onUnsupported to \"drop\".","retryable":false,"field":"temperature","route":"chatgpt"}`},
	{"pinned", `{"model":"gpt-5.2-pro","_meta":{"route":"chatgpt"}}`, 0, "", "", 1002,
		`{"kind":"credential_mismatch","reason":"pinned_route","action":"Remove _meta.route, or ask for another model.","retryable":false,"need":"platformKey","have":["chatgpt","platformKey"],"loginMethods":["apiKey","browser"],"route":"platform"}`},
}

// Faults: C13, C14.
func TestErrors(t *testing.T) {
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked++
				for line := range strings.Lines(tt.headers) {
					name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
					w.Header().Set(name, value)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			host := &host{}
			result, failure := host.failure(t, e, tt.params)
			assert.Equal(t, tt.code, failure.Code)
			if tt.name == "brotli" {
				assert.Contains(t, failure.Message, `"br"`)
			}
			want := tt.data
			if strings.Contains(want, `"FUTURE"`) {
				assert.Greater(t, failure.Data.RetryAfterMs, int64(time.Hour/time.Millisecond))
				want = strings.Replace(want, `"retryAfterMs":"FUTURE"`, fmt.Sprintf(`"retryAfterMs":%d`, failure.Data.RetryAfterMs), 1)
				resetsAt, err := time.Parse(time.RFC3339, failure.Data.ResetsAt)
				require.NoError(t, err)
				assert.InDelta(t, float64(failure.Data.RetryAfterMs), float64(time.Until(resetsAt).Milliseconds()), 5000)
				want = strings.Replace(want, "FUTURE", failure.Data.ResetsAt, 1)
			}
			assert.JSONEq(t, want, string(protocol.Encode(failure.Data)))
			assert.Equal(t, asked, len(result.Evidence.Attempts))
			started := 0
			if tt.status == 200 && tt.code != protocol.CodeModelMismatch {
				started = 1
			}
			assert.Len(t, host.started, started)
		})
	}
}

// The upstream's words are masked and bounded wherever they go.
//
// Faults: C14, F10s.
func TestErrorWordsAreMasked(t *testing.T) {
	var long = strings.Repeat("é", 1000)
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		secret := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		w.Header().Set("X-Request-Id", secret)
		w.Header().Set("Openai-Echo", secret)
		w.Header().Set("X-Codex-Plan-Type", secret)
		w.WriteHeader(429)
		_, _ = fmt.Fprintf(w, `{"error":{"type":%q,"code":"usage_limit_reached","message":%q,"param":%q}}`, secret, long, "api_key="+secret)
	})
	for _, params := range []string{askChatGPT, askPlatform} {
		result, failure := (&host{}).failure(t, e, params)
		d := failure.Data
		assert.Equal(t, "[redacted]", d.Upstream.Type)
		assert.Equal(t, "[redacted]", d.PlanType)
		assert.Equal(t, "[redacted]", *result.Evidence.UpstreamRequestID)
		assert.Equal(t, "[redacted]", d.Headers["openai-echo"])
		assert.Equal(t, strings.Repeat("é", maxErrorText/2)+"…", d.Upstream.Message)
		assert.NotContains(t, string(protocol.Encode(result.Evidence)), testcheck.Canary)
	}
}

// An encoding that changes nothing is ignored.
func TestIdentityEncoding(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "Identity")
		respond(w, streamOf(completed))
	})
	_, err := (&host{}).create(t, t.Context(), e, askPlatform)
	assert.NoError(t, err)
}

// Nobody is trusted who cannot show a certificate.
//
// Faults: C15.
func TestTLSErrors(t *testing.T) {
	unknown := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request came through") }))
	unknown.Config.ErrorLog = log.New(io.Discard, "", 0)
	unknown.StartTLS()
	defer unknown.Close()
	plain := httptest.NewServer(nil)
	defer plain.Close()
	for base, action := range map[string]string{
		unknown.URL: "Set CODEX_CA_CERTIFICATE to the file of the authority, if you trust it.",
		strings.Replace(plain.URL, "http:", "https:", 1): "Check the base URL and the proxy.",
	} {
		e := newEngine(t, base)
		result, failure := (&host{}).failure(t, e, askPlatform)
		assert.JSONEq(t, `{"kind":"upstream_unavailable","reason":"tls","retryable":false,"action":"`+action+`"}`, string(protocol.Encode(failure.Data)))
		require.Len(t, result.Evidence.Attempts, 1)
		assert.Equal(t, protocol.ReasonTLS, result.Evidence.Attempts[0].ErrorKind)
	}
}

// A 401 says how to get another credential of the same source.
func TestTokenRejectedActions(t *testing.T) {
	for _, tt := range []struct {
		target target
		want   string
	}{
		{target{route: protocol.RouteChatGPT, source: protocol.SourceEnvAccessToken}, "OPENAI_OAUTH_ACCESS_TOKEN"},
		{target{route: protocol.RouteChatGPT, source: protocol.SourceAuthJSONOAuth}, "Run `signalbox login`."},
		{target{route: protocol.RoutePlatform, source: protocol.SourceEnvAPIKey}, "OPENAI_API_KEY"},
		{target{route: protocol.RoutePlatform, source: protocol.SourceAuthJSONAPIKey}, "Replace the Platform key."},
	} {
		c := &call{engine: newEngine(t, "", func(s *setting) { s.auth = auth.Config{} }), target: tt.target}
		failure := c.tokenRejected(t.Context())
		assert.Contains(t, failure.Data.Action, tt.want)
		assert.Equal(t, []protocol.CredentialKind{}, failure.Data.Have)
	}
}
