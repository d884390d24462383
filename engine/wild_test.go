package engine

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

// Streams as gateways and backends send them; docs/faults.md has the list under
// "Streams in the wild".

const (
	wholeChatGPT  = `{"model":"gpt-5.2-codex","input":"hi"}`
	wholePlatform = `{"model":"gpt-5.2-pro","input":"hi"}`
	textDelta     = `{"type":"response.output_text.delta","item_id":"m","output_index":0,"content_index":0,"delta":"Hello"}`
	textItem      = `{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}]}`
)

// A text of which only pieces came is in the answer.
// Faults: G10.
func TestTextOfPiecesIsInTheAnswer(t *testing.T) {
	for name, events := range map[string][]string{
		"one delta":     {created, textDelta, completed},
		"opened":        {created, `{"type":"response.output_item.added","output_index":0,"item":{"id":"m","type":"message","status":"in_progress","role":"assistant","content":[]}}`, textDelta, completed},
		"without place": {created, `{"type":"response.output_text.delta","item_id":"m","delta":"Hel"}`, `{"type":"response.output_text.delta","item_id":"m","delta":"lo"}`, completed},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, streamOf(events...)) })
			want := strings.Replace(`{"id":"resp_1","model":"gpt-5.2-pro","output":[],"usage":{"total_tokens":3}}`, "[]", "["+textItem+"]", 1)
			for _, params := range []string{wholeChatGPT, `{"model":"gpt-5.2-pro","stream":true,"_meta":{"events":"none"}}`} {
				result, err := (&host{}).create(t, t.Context(), e, params)
				require.NoError(t, err)
				assert.Equal(t, want, string(result.Response))
				assert.Equal(t, protocol.StatusCompleted, result.Status)
			}
			for _, params := range []string{fillChatGPT, fillPlatform} {
				h := &host{}
				_, err := h.create(t, t.Context(), e, params)
				require.NoError(t, err)
				assert.Equal(t, events[:len(events)-1], h.events[:len(events)-1])
				assert.Equal(t, `{"type":"response.completed","response":`+want+`}`, h.events[len(events)-1])
			}
		})
	}
}

// The status is what the response says, else what its last event is called.
// Faults: G12.
func TestStatusOfTheEnd(t *testing.T) {
	end := func(kind, status string) string {
		return fmt.Sprintf(`{"type":"response.%s","response":{"id":"r","output":[]%s}}`, kind, status)
	}
	for _, tt := range []struct {
		last string
		want protocol.Status
	}{
		{end("done", ""), "completed"},
		{end("done", `,"status":"completed"`), "completed"},
		{end("done", `,"status":"incomplete"`), "incomplete"},
		{end("done", `,"status":"failed","error":{"code":"server_error","message":"sorry"}`), "failed"},
		{end("done", `,"status":"in_progress"`), "completed"},
		{end("cancelled", ""), "cancelled"},
		{end("cancelled", `,"status":"cancelled"`), "cancelled"},
		{end("completed", `,"status":"failed","error":{"code":"server_error","message":"sorry"}`), "failed"},
		{end("completed", `,"status":"incomplete"`), "incomplete"},
		{end("completed", `,"status":"cancelled"`), "cancelled"},
		{end("completed", `,"status":7`), "completed"},
		{end("completed", `,"error":{"code":"server_error","message":"sorry"}`), "failed"},
		{end("incomplete", `,"status":"completed"`), "completed"},
		{end("failed", `,"status":"failed","error":null`), "failed"},
	} {
		t.Run(tt.last, func(t *testing.T) {
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				respond(w, streamOf(created, textDelta, tt.last))
				<-r.Context().Done() // the socket stays open
			})
			for _, params := range []string{askChatGPT, askPlatform, wholeChatGPT, fillPlatform} {
				h := &host{}
				result, err := h.create(t, t.Context(), e, params)
				assert.Equal(t, tt.want, result.Status)
				if tt.want == "failed" {
					known, ok := err.(*protocol.Error)
					require.True(t, ok)
					assert.Equal(t, protocol.CodeResponseFailed, known.Code)
				} else {
					require.NoError(t, err)
				}
				switch {
				case params == wholeChatGPT:
					assert.Equal(t, tt.want != "failed", strings.Contains(string(result.Response), "Hello"))
				case params == fillPlatform: // a partial answer is one too
					assert.Contains(t, h.events[2], "Hello")
				default:
					assert.Equal(t, []string{created, textDelta, tt.last}, h.events)
				}
			}
		})
	}
}

// So it is in a body that the Platform does not stream.
// Faults: G12.
func TestStatusOfAnUnstreamedBody(t *testing.T) {
	for body, want := range map[string]protocol.Status{
		`{"id":"r","status":"cancelled","output":[]}`:                     "cancelled",
		`{"id":"r","status":"incomplete","output":[]}`:                    "incomplete",
		`{"id":"r","status":"failed","error":{"message":"sorry"}}`:        "failed",
		`{"id":"r","object":"response","error":null,"output":[]}`:         "completed",
		`{"id":"r","status":"completed","error":{"message":"a warning"}}`: "completed",
	} {
		t.Run(body, func(t *testing.T) {
			e := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
			result, err := (&host{}).create(t, t.Context(), e, wholePlatform)
			assert.Equal(t, want, result.Status)
			assert.Equal(t, want == "failed", err != nil)
			if want != "failed" {
				assert.Equal(t, body, string(result.Response))
			}
		})
	}
}

// wildErrors are errors of which the status is 200, by who writes them.
var wildErrors = []struct {
	name, json string
	want       protocol.UpstreamError
	reason     protocol.Reason
}{
	{"without a type", `{"error":{"message":"no money","type":"insufficient_quota","code":"insufficient_quota","param":null}}`,
		protocol.UpstreamError{Type: "insufficient_quota", Code: "insufficient_quota", Message: "no money"}, protocol.ReasonQuota},
	{"without a type, a bad parameter", `{"error":{"message":"wrong","type":"invalid_request_error","code":"context_length_exceeded","param":"input"}}`,
		protocol.UpstreamError{Type: "invalid_request_error", Code: "context_length_exceeded", Message: "wrong", Param: "input"}, protocol.ReasonContextLength},
	{"without a type, a null beside it", `{"id":null,"object":null,"error":{"message":"slow down","code":"rate_limit_exceeded"}}`,
		protocol.UpstreamError{Code: "rate_limit_exceeded", Message: "slow down"}, protocol.ReasonRequests},
	{"LiteLLM", `{"error": {"message": "litellm.RateLimitError: Please retry after 6 seconds.", "type": "throttling_error", "param": "None", "code": "429"}}`,
		protocol.UpstreamError{Type: "throttling_error", Code: "429", Message: "litellm.RateLimitError: Please retry after 6 seconds."}, protocol.ReasonRequests},
	{"LiteLLM, no type", `{"error":{"message":"boom","type":"None","param":null,"code":"500"}}`, protocol.UpstreamError{Code: "500", Message: "boom"}, ""},
	{"OpenRouter", `{"error":{"code":402,"message":"Insufficient credits","metadata":{"provider_name":"x"}},"user_id":"u"}`,
		protocol.UpstreamError{Code: "402", Message: "Insufficient credits"}, protocol.ReasonQuota},
	{"OpenRouter, in a chunk", `{"id":"gen-1","object":"chat.completion.chunk","choices":[],"error":{"code":503,"message":"Provider disconnected"}}`,
		protocol.UpstreamError{Code: "503", Message: "Provider disconnected"}, protocol.ReasonOverloaded},
	{"Azure", `{"error":{"code":"DeploymentNotFound","message":"No deployment."}}`,
		protocol.UpstreamError{Code: "DeploymentNotFound", Message: "No deployment."}, protocol.ReasonModelUnavailable},
	{"vLLM", `{"object":"error","message":"This model's maximum context length is 8 tokens.","type":"BadRequestError","param":null,"code":400}`,
		protocol.UpstreamError{Type: "BadRequestError", Code: "400", Message: "This model's maximum context length is 8 tokens."}, protocol.ReasonContextLength},
	{"Cloudflare", `{"success":false,"errors":[{"code":7009,"message":"Upstream error"}],"messages":[],"result":null}`,
		protocol.UpstreamError{Code: "7009", Message: "Upstream error"}, ""},
	{"the ChatGPT backend", `{"detail":"Stream must be set to true"}`, protocol.UpstreamError{Message: "Stream must be set to true"}, ""},
	{"FastAPI", `{"detail":[{"type":"missing","loc":["body","model"],"msg":"Field required"}]}`,
		protocol.UpstreamError{Type: "missing", Message: "Field required", Param: "model"}, ""},
	{"message and code", `{"message":"overloaded","code":"server_is_overloaded"}`,
		protocol.UpstreamError{Code: "server_is_overloaded", Message: "overloaded"}, protocol.ReasonOverloaded},
	{"message alone", `{"message":"Forbidden"}`, protocol.UpstreamError{Message: "Forbidden"}, ""},
	{"a text", `{"error":"model crashed"}`, protocol.UpstreamError{Message: "model crashed"}, ""},
	{"a text and a message", `{"statusCode":429,"error":"Too Many Requests","message":"Try again in 2s."}`,
		protocol.UpstreamError{Type: "Too Many Requests", Code: "429", Message: "Try again in 2s."}, protocol.ReasonRequests},
	{"a flag", `{"error":true,"message":"broken"}`, protocol.UpstreamError{Message: "broken"}, ""},
	{"a list", `[{"error":{"code":429,"message":"Resource exhausted"}}]`, protocol.UpstreamError{Code: "429", Message: "Resource exhausted"}, protocol.ReasonRequests},
	{"a bare error object", `{"type":"overloaded_error","message":"Overloaded"}`, protocol.UpstreamError{Type: "overloaded_error", Message: "Overloaded"}, protocol.ReasonOverloaded},
	{"an error of a response", `{"type":"response.error","error":{"code":"server_error","message":"sorry"}}`, protocol.UpstreamError{Code: "server_error", Message: "sorry"}, ""},
	{"Anthropic", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, protocol.UpstreamError{Type: "overloaded_error", Message: "Overloaded"}, protocol.ReasonOverloaded},
	{"Apigee", `{"fault":{"faultstring":"Quota violation","detail":{}}}`, protocol.UpstreamError{Message: "Quota violation"}, ""},
}

// An error inside a 200 is the upstream's error, with its words: as an event, as
// an event that is called error, and as the whole body.
// Faults: G13.
func TestErrorInsideA200(t *testing.T) {
	frames := map[string]struct{ kind, body string }{
		"an event":                {"text/event-stream", "data: %s\n\n"},
		"an event, then DONE":     {"text/event-stream", "data: %s\n\ndata: [DONE]\n\n"},
		"an event that is named":  {"text/event-stream", "event: error\ndata: %s\n\n"},
		"a body":                  {"application/json", "%s"},
		"a body of another type":  {"text/event-stream; charset=utf-8", "\n  %s\n"},
		"a body without any type": {"", "%s\n"},
	}
	for _, tt := range wildErrors {
		t.Run(tt.name, func(t *testing.T) {
			for frame, f := range frames {
				e := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header()["Content-Type"] = []string{f.kind}
					_, _ = fmt.Fprintf(w, f.body, tt.json)
				})
				for _, params := range []string{askChatGPT, askPlatform, wholeChatGPT, wholePlatform} {
					if params == wholePlatform && f.kind == "" {
						continue // then it is no event stream
					}
					result, failure := (&host{}).failure(t, e, params)
					if params == wholePlatform && failure.Code == protocol.CodeStreamBroken && strings.Contains(f.body, "%s\n") && strings.HasPrefix(f.kind, "text") {
						continue
					}
					require.Equal(t, protocol.CodeResponseFailed, failure.Code, "%s %s", frame, params)
					assert.Equal(t, protocol.StatusFailed, result.Status)
					assert.Equal(t, &tt.want, failure.Data.Upstream, frame)
					assert.Equal(t, tt.reason, failure.Data.Reason, frame)
					assert.False(t, failure.Data.Retryable, frame)
					assert.Equal(t, 200, failure.Data.HTTPStatus)
				}
			}
		})
	}
}

// Words that are no JSON are an error where the event says so.
// Faults: G13.
func TestNamedErrorOfPlainWords(t *testing.T) {
	for body, want := range map[string]string{
		"event: error\ndata: Internal server error\n\n":               "Internal server error",
		"event:error\ndata: upstream\ndata: gone " + fakeKey + "\n\n": "upstream\ngone [redacted]",
		"event: error\ndata: \"a JSON string\"\n\n":                   "a JSON string",
	} {
		e := serve(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, streamOf(created)+body) })
		h := &host{}
		_, failure := h.failure(t, e, askPlatform)
		assert.Equal(t, protocol.CodeResponseFailed, failure.Code)
		assert.Equal(t, want, failure.Data.Upstream.Message)
		assert.Equal(t, created, h.events[0])
	}
}

// What looks like an error and is not one goes on.
// Faults: G13.
func TestNoErrorInsideA200(t *testing.T) {
	for _, event := range []string{
		`{}`, `{"error":null}`, `{"error":{}}`, `{"error":false}`, `{"errors":[]}`, `{"message":{"role":"assistant"}}`, `{"detail":null}`,
		`{"type":"ping","message":"hi"}`, `{"type":"keepalive"}`, `{"type":"response.mcp_call.failed","error":"no"}`, `[]`, `[1]`, `"text"`,
		`{"type":"codex.note","error":{"message":"x"}}`,
	} {
		e := serve(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, streamOf(event)) })
		_, failure := (&host{}).failure(t, e, askPlatform)
		assert.Equal(t, protocol.ReasonNoTerminalEvent, failure.Data.Reason, event)
	}
}

// An upstream that answers with the response itself serves a host that does not
// get the events; a host that gets them is told, and asks no second time.
// Faults: G14.
func TestResponseInPlaceOfAStream(t *testing.T) {
	body := `{"id":"resp_1","object":"response","status":"completed","model":"gpt-5.2-codex","output":[` + textItem + `]}`
	e := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	})
	result, err := (&host{}).create(t, t.Context(), e, wholeChatGPT)
	require.NoError(t, err)
	assert.Equal(t, body, string(result.Response))
	assert.Equal(t, protocol.StatusCompleted, result.Status)
	assert.Equal(t, "resp_1", result.ResponseID)
	assert.True(t, *result.Evidence.ModelMatch)

	_, failure := (&host{}).failure(t, e, askChatGPT)
	assert.Equal(t, protocol.ReasonNotSSE, failure.Data.Reason)
	assert.False(t, failure.Data.Retryable)
}

// What would end in the same way again may not be tried again.
// Faults: G15.
func TestRetryableTellsTheTruth(t *testing.T) {
	large := strings.Repeat("x", MaxEventBytes)
	for name, tt := range map[string]struct {
		params, body string
		reason       protocol.Reason
		retryable    bool
	}{
		"too large, an event":         {askPlatform, `data: "` + large, protocol.ReasonTooLarge, false},
		"too large, whole":            {wholePlatform, `{"x":"` + large + `"}`, protocol.ReasonTooLarge, false},
		"bad event":                   {wholeChatGPT, "data: {\n\n", protocol.ReasonBadEvent, false},
		"no JSON":                     {wholePlatform, "<html>", protocol.ReasonBadEvent, false},
		"no end":                      {wholeChatGPT, streamOf(created, textDelta), protocol.ReasonNoTerminalEvent, false},
		"no end, with events":         {askPlatform, streamOf(created, textDelta), protocol.ReasonNoTerminalEvent, false},
		"no response":                 {wholePlatform, `{"id":"x","object":"chat.completion","choices":[{}]}`, protocol.ReasonBadEvent, false},
		"no response, of a gateway":   {wholePlatform, `{"error_code":"1301","error_msg":"no"}`, protocol.ReasonBadEvent, false},
		"not complete":                {wholePlatform, `{"status":"in_progress"}`, protocol.ReasonNoTerminalEvent, false},
		"nothing came":                {askPlatform, "", protocol.ReasonNoTerminalEvent, true},
		"cut":                         {wholeChatGPT, streamOf(created) + `data: {"type":`, protocol.ReasonCut, true},
		"cut, something was shown":    {askPlatform, streamOf(created) + `data: {"type":`, protocol.ReasonCut, false},
		"a hole":                      {wholeChatGPT, streamOf(`{"type":"response.function_call_arguments.delta","item_id":"f","delta":"{}"}`, completed), protocol.ReasonMissingEvents, true},
		"a hole, something was shown": {fillPlatform, streamOf(`{"type":"response.function_call_arguments.delta","item_id":"f","delta":"{}"}`, completed), protocol.ReasonMissingEvents, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.params == wholePlatform {
					w.Header().Set("Content-Type", "application/json")
				}
				_, _ = io.WriteString(w, tt.body)
			})
			h := &host{}
			result, failure := h.failure(t, e, tt.params)
			assert.Equal(t, protocol.CodeStreamBroken, failure.Code)
			assert.Equal(t, tt.reason, failure.Data.Reason)
			assert.Equal(t, tt.retryable, failure.Data.Retryable)
			assert.Empty(t, result.Status)
			if tt.reason == protocol.ReasonTooLarge {
				assert.EqualValues(t, MaxEventBytes, failure.Data.Limit)
				assert.NotContains(t, failure.Data.Action, "again")
			} else {
				assert.Zero(t, failure.Data.Limit)
			}
			for _, event := range h.events {
				assert.NotContains(t, event, "response.completed", "it is not complete")
			}
		})
	}
}

// A limit or an overload that is told before any output has its reason and the
// time that the words name; after some of it, waiting is not all that is to be done.
// Faults: G16.
func TestLimitsInsideAStream(t *testing.T) {
	failed := func(code, message string) string {
		return fmt.Sprintf(`{"type":"response.failed","response":{"status":"failed","error":{"code":%q,"message":%q}}}`, code, message)
	}
	for _, tt := range []struct {
		events []string
		reason protocol.Reason
		ms     int64
	}{
		{[]string{created, failed("rate_limit_exceeded", "Rate limit reached. Please try again in 1.5s.")}, protocol.ReasonRequests, 1500},
		{[]string{created, failed("rate_limit_exceeded", "Rate limit reached on tokens per min (TPM): try again in 20ms.")}, protocol.ReasonTokens, 20},
		{[]string{failed("server_is_overloaded", "Selected model is at capacity.")}, protocol.ReasonOverloaded, 0},
		{[]string{created, failed("slow_down", "Retry after 3 seconds.")}, protocol.ReasonOverloaded, 3000},
		{[]string{created, `{"type":"error","code":"rate_limit_exceeded","message":"try again in 1m"}`}, protocol.ReasonRequests, 60_000},
		{[]string{created, failed("insufficient_quota", "You exceeded your current quota. Try again in 1s.")}, protocol.ReasonQuota, 0},
		{[]string{created, failed("rate_limit_exceeded", "You exceeded your current quota.")}, protocol.ReasonQuota, 0},
		{[]string{created, failed("context_length_exceeded", "too long")}, protocol.ReasonContextLength, 0},
		{[]string{created, failed("server_error", "sorry")}, "", 0},
		{[]string{created, textDelta, failed("rate_limit_exceeded", "Please try again in 1.5s.")}, "", 0},
		{[]string{created, textDelta, failed("insufficient_quota", "no money")}, protocol.ReasonQuota, 0},
	} {
		t.Run(strings.Join(tt.events[len(tt.events)-1:], ""), func(t *testing.T) {
			e := serve(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, streamOf(tt.events...)) })
			for _, params := range []string{askChatGPT, wholeChatGPT, askPlatform} {
				_, failure := (&host{}).failure(t, e, params)
				assert.Equal(t, protocol.CodeResponseFailed, failure.Code)
				assert.Equal(t, tt.reason, failure.Data.Reason)
				assert.Equal(t, tt.ms, failure.Data.RetryAfterMs)
				assert.False(t, failure.Data.Retryable)
			}
		})
	}
}

// The end of a response that names none is the one that began it.
// Faults: G12.
func TestEndWithoutAResponse(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		respond(w, streamOf(`{"type":"response.created","response":{"id":"r","status":"in_progress","output":[]}}`, textDelta, `{"type":"response.done"}`))
	})
	want := `{"id":"r","status":"completed","output":[` + textItem + `]}`
	result, err := (&host{}).create(t, t.Context(), e, wholeChatGPT)
	require.NoError(t, err)
	assert.Equal(t, want, string(result.Response))
	h := &host{}
	_, err = h.create(t, t.Context(), e, fillChatGPT)
	require.NoError(t, err)
	assert.Equal(t, `{"type":"response.done","response":`+want+`}`, h.events[2])
}
