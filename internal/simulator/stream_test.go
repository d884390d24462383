package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	chatgptBody  = `{"model":"gpt-5.2-codex","instructions":"","input":[{"role":"user","content":[{"type":"input_text","text":"What is 2+2?"}]}],"store":false,"stream":true}`
	platformBody = `{"model":"gpt-5.2-pro","input":"What is 2+2?","stream":true}`
)

var spoken = []string{
	"response.created", "response.in_progress",
	"response.output_item.added", "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
	"response.reasoning_summary_text.done", "response.reasoning_summary_part.done", "response.output_item.done",
	"response.output_item.added", "response.content_part.added", "response.output_text.delta",
	"response.output_text.done", "response.content_part.done", "response.output_item.done",
	"response.completed",
}

func TestChatGPTStream(t *testing.T) {
	c := start(t, Config{})
	r := c.chatgpt(chatgptBody)
	require.NoError(t, r.err)
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.Equal(t, "text/event-stream; charset=utf-8", r.Header.Get("content-type"))
	assert.Equal(t, "gpt-5.2-codex", r.Header.Get("openai-model"))
	for _, name := range []string{
		"x-request-id", "openai-processing-ms", "x-codex-plan-type",
		"x-codex-primary-used-percent", "x-codex-primary-window-minutes", "x-codex-primary-reset-at",
		"x-codex-secondary-used-percent", "x-codex-secondary-window-minutes", "x-codex-secondary-reset-at",
		"set-cookie", "server", "cf-ray",
	} {
		assert.NotEmpty(t, r.Header.Get(name), name)
	}

	events := r.events(t)
	assert.Equal(t, spoken, types(events))
	assert.Equal(t, "2 + 2 = 4.", text(events, "response.output_text.delta"))
	assert.Contains(t, events[len(events)-2].data, `"text":"2 + 2 = 4."`, "the item carries the text")

	first, last := object(t, *events[0].Response), object(t, *events[len(events)-1].Response)
	assert.Equal(t, first["id"], last["id"])
	assert.Equal(t, "gpt-5.2-codex", last["model"])
	assert.Equal(t, "completed", last["status"])
	assert.Equal(t, []any{}, last["output"], "this backend leaves the output out")
	assert.InDelta(t, time.Now().Unix(), last["created_at"], 60)
	usage := last["usage"].(map[string]any)
	assert.Equal(t, usage["total_tokens"], usage["input_tokens"].(float64)+usage["output_tokens"].(float64))
	assert.Positive(t, usage["output_tokens_details"].(map[string]any)["reasoning_tokens"])
}

func TestPlatformStream(t *testing.T) {
	c := start(t, Config{})
	r := c.platform(platformBody)
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.Empty(t, r.Header.Get("openai-model"))
	for _, name := range []string{
		"x-request-id", "openai-version", "openai-organization", "openai-processing-ms",
		"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests",
		"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens",
	} {
		assert.NotEmpty(t, r.Header.Get(name), name)
	}
	events := r.events(t)
	assert.Equal(t, spoken, types(events))
	last := object(t, *events[len(events)-1].Response)
	assert.Equal(t, "gpt-5.2-pro", last["model"])
	output := last["output"].([]any)
	require.Len(t, output, 2)
	assert.Equal(t, "reasoning", output[0].(map[string]any)["type"])
	assert.Equal(t, "message", output[1].(map[string]any)["type"])
}

func TestPlatformWhole(t *testing.T) {
	c := start(t, Config{})
	r := c.platform(`{"model":"gpt-5.2-codex","input":[{"role":"user","content":"hello <there> & \"you\""}],"stream":false}`)
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.Equal(t, "application/json", r.Header.Get("content-type"))
	answer := object(t, []byte(r.body))
	assert.Equal(t, "completed", answer["status"])
	assert.Equal(t, "gpt-5.2-codex", answer["model"], "the Platform takes it too")
	assert.Contains(t, r.body, `"text":"You asked: \"hello <there> & \"you\"\""`)
	assert.NotNil(t, answer["usage"])
}

// Every event that was recorded has the same members here, in the same order.
func TestEventsHaveTheMembersOfTheRealOnes(t *testing.T) {
	recorded, err := os.ReadFile("../../../shared/recorded/openai-reasoning-encrypted-content.1.events.jsonl")
	if err != nil {
		t.Skip("no recordings here")
	}
	members := func(data string) (name, all string) {
		q, err := parseQuery([]byte(data))
		require.NoError(t, err)
		all = strings.Join(q.names, " ")
		if raw, ok := q.members["item"]; ok {
			item, err := parseQuery(raw)
			require.NoError(t, err)
			all += " of " + strings.Join(item.names, " ")
			return q.string("type") + " " + item.string("type"), all
		}
		return q.string("type"), all
	}
	real := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(recorded)), "\n") {
		name, all := members(line)
		real[name] = all
	}

	c := start(t, Config{})
	const include = `"stream":true,"include":["reasoning.encrypted_content"]`
	made := c.platform(`{"model":"m","input":"x",` + include + `}`).events(t)
	made = append(made, c.platform(`{"model":"m","input":"x","tools":[{"type":"function","name":"f","parameters":{"required":["a"]}}],`+include+`}`).events(t)...)
	ours := map[string]string{}
	for _, e := range made {
		name, all := members(e.data)
		ours[name] = all
	}
	assert.Equal(t, real, ours)
}

// The members of the real object, so that a client that reads any of them can
// be tried here.
func TestResponseHasTheMembersOfTheRealOne(t *testing.T) {
	recorded, err := os.ReadFile("../../../shared/recorded/platform-basic.response.json")
	if err != nil {
		t.Skip("no recordings here")
	}
	c := start(t, Config{})
	var want, got []string
	names := func(raw []byte) (all []string) {
		q, err := parseQuery(raw)
		require.NoError(t, err)
		return q.names
	}
	want = names(recorded)
	got = names([]byte(c.platform(`{"model":"gpt-4o-mini","input":"hi"}`).body))
	assert.Equal(t, want, got)
}

func TestResponseEchoesTheRequest(t *testing.T) {
	c := start(t, Config{})
	tools := `[{"type":"web_search", "filters":null},{"type":"custom","name":"x"}]`
	body := `{"model":"m","input":"hi","stream":true,"instructions":"Be <brief>.","tools":` + tools +
		`,"metadata":{"b":"1","a":"2"},"temperature":1.50,"tool_choice":"auto","max_output_tokens":null,"store":false}`
	for _, e := range c.platform(body).events(t) {
		if e.Response == nil {
			continue
		}
		echo := string(*e.Response)
		assert.Contains(t, echo, `"instructions":"Be <brief>."`)
		assert.Contains(t, echo, `"tools":[{"type":"web_search","filters":null},{"type":"custom","name":"x"}]`)
		assert.Contains(t, echo, `"metadata":{"b":"1","a":"2"}`)
		assert.Contains(t, echo, `"temperature":1.50`)
		assert.Contains(t, echo, `"store":false`)
		assert.Contains(t, echo, `"max_output_tokens":null`)
	}
}

func TestLastUserTextDecides(t *testing.T) {
	c := start(t, Config{})
	long := strings.Repeat("é", 100)
	for name, tc := range map[string]struct{ input, want string }{
		"string":           {`"hi"`, `You asked: "hi"`},
		"last of several":  {`[{"role":"user","content":"one"},{"role":"user","content":"two"},{"role":"assistant","content":"three"}]`, `You asked: "two"`},
		"parts are joined": {`[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image"},{"type":"input_text","text":"b"}]}]`, `You asked: "ab"`},
		"80 characters":    {`"` + long + `"`, `You asked: "` + long[:160] + `…"`},
		"none":             {`[]`, `You asked: ""`},
		"the sum, spaced":  {`"What is 2 + 2?"`, `2 + 2 = 4.`},
	} {
		t.Run(name, func(t *testing.T) {
			events := c.platform(`{"model":"m","stream":true,"input":` + tc.input + `}`).events(t)
			assert.Equal(t, tc.want, text(events, "response.output_text.delta"))
		})
	}
}

func TestToolCall(t *testing.T) {
	c := start(t, Config{})
	const tools = `"tools":[{"type":"web_search"},{"type":"function","name":"a","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city","days"]}},{"type":"function","name":"b"}]`
	ask := func(more string) []parsed {
		return c.platform(`{"model":"m","stream":true,"input":[{"role":"user","content":"go"}],` + tools + more + `}`).events(t)
	}

	events := ask("")
	require.Equal(t, append(append([]string{}, spoken[:9]...),
		"response.function_call_arguments.delta", "response.function_call_arguments.done", "response.output_item.done", "response.completed"), types(events))
	const arguments = `{"city":"example","days":1}`
	assert.Equal(t, arguments, text(events, "response.function_call_arguments.delta"))
	assert.Equal(t, arguments, events[len(events)-3].Arguments)
	item := object(t, events[len(events)-2].Item)
	assert.Equal(t, "a", item["name"])
	assert.Equal(t, "completed", item["status"])
	assert.Regexp(t, `^call_`, item["call_id"])
	assert.Regexp(t, `^fc_`, item["id"])

	events = ask(`,"tool_choice":{"type":"function","name":"b"}`)
	assert.Equal(t, "{}", text(events, "response.function_call_arguments.delta"), "the tool that was asked for")

	assert.Equal(t, spoken, types(ask(`,"tool_choice":"none"`)))

	after := c.platform(`{"model":"m","stream":true,` + tools + `,"input":[{"role":"user","content":"go"},{"type":"function_call","call_id":"c","name":"a","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"x"}]}`)
	assert.Equal(t, spoken, types(after.events(t)), "the tool has spoken")
}

func TestStructuredOutput(t *testing.T) {
	c := start(t, Config{})
	events := c.platform(`{"model":"m","stream":true,"input":"x","text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"]}}}}`).events(t)
	assert.Equal(t, `{"ok":true}`, text(events, "response.output_text.delta"))
}

func TestEncryptedReasoningOnlyWhenIncluded(t *testing.T) {
	c := start(t, Config{})
	with := c.platform(`{"model":"m","input":"x","include":["reasoning.encrypted_content"]}`)
	without := c.platform(`{"model":"m","input":"x"}`)
	assert.Contains(t, with.body, `"encrypted_content":"gAAAAAB`)
	assert.NotContains(t, without.body, "encrypted_content")
}

func TestObfuscationCanBeDeclined(t *testing.T) {
	c := start(t, Config{})
	assert.Contains(t, c.platform(platformBody).body, `"obfuscation":`)
	assert.NotContains(t, c.platform(`{"model":"m","input":"x","stream":true,"stream_options":{"include_obfuscation":false}}`).body, `"obfuscation":`)
}

func TestReplayIsByteForByte(t *testing.T) {
	stream := []byte("\ufeff: hello\r\n\r\ndata: {\"type\":\"x\"}\r\rdata: cut off")
	whole := []byte("{ \"any\" : 1e400 }\n\n")
	for _, size := range []int{0, 1, 7, 4096} {
		c := start(t, Config{Replay: stream, ReplayJSON: whole, WriteSize: size})
		r := c.chatgpt(chatgptBody)
		require.NoError(t, r.err)
		assert.Equal(t, string(stream), r.body)
		assert.Equal(t, string(stream), c.platform(platformBody).body)
		assert.Equal(t, string(whole), c.platform(`{"model":"m","input":"x"}`).body)
		assert.Equal(t, http.StatusUnauthorized, c.platform(platformBody, "authorization", "-").StatusCode, "a replay is not for everybody")
	}
}

func TestWriteSizeChangesNothing(t *testing.T) {
	c := start(t, Config{WriteSize: 1})
	assert.Equal(t, spoken, types(c.chatgpt(chatgptBody).events(t)))
}

// A stream is there event by event, not at its end.
func TestEventsAreFlushed(t *testing.T) {
	c := start(t, Config{Scenario: "slow"})
	response, err := c.http.Do(c.request(t.Context(), http.MethodPost, c.ChatGPTURL()+"/responses", chatgptBody, c.chatgptHeader()...))
	require.NoError(t, err)
	defer response.Body.Close()
	var read bytes.Buffer
	for !strings.Contains(read.String(), "\n\n") {
		one := make([]byte, 1)
		_, err := response.Body.Read(one)
		require.NoError(t, err)
		read.Write(one)
	}
	assert.Contains(t, read.String(), "event: response.created\n")
	requests := c.Requests()
	require.Len(t, requests, 1, "a request is listed before its answer is complete")
	assert.True(t, json.Valid(requests[0].Body))
}
