package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChatGPTRefuses(t *testing.T) {
	c := start(t, Config{})
	const input = `"input":[{"role":"user","content":"x"}]`
	type refused struct {
		body   string
		header []string
		status int
		detail string
	}
	cases := map[string]refused{
		"no token":          {chatgptBody, []string{"authorization", "-"}, 401, "Unauthorized"},
		"unknown token":     {chatgptBody, []string{"authorization", "Bearer x"}, 401, "Unauthorized"},
		"platform key":      {chatgptBody, []string{"authorization", "Bearer " + c.Login().PlatformKey}, 401, "Unauthorized"},
		"id token":          {chatgptBody, []string{"authorization", "Bearer " + c.Login().IDToken}, 401, "Unauthorized"},
		"other scheme":      {chatgptBody, []string{"authorization", "Basic " + c.Login().AccessToken}, 401, "Unauthorized"},
		"no account":        {chatgptBody, []string{"chatgpt-account-id", "-"}, 400, "Missing chatgpt-account-id header"},
		"other account":     {chatgptBody, []string{"chatgpt-account-id", "acct"}, 400, "The chatgpt-account-id does not belong to this token"},
		"content type":      {chatgptBody, []string{"content-type", "text/plain"}, 415, "Unsupported media type"},
		"content encoding":  {chatgptBody, []string{"content-encoding", "zstd"}, 415, "Unsupported media type"},
		"no JSON":           {`{"model":`, nil, 400, "Invalid JSON: the body is not one JSON object"},
		"two objects":       {`{}{}`, nil, 400, "Invalid JSON: the body is not one JSON object"},
		"a list":            {`[]`, nil, 400, "Invalid JSON: the body is not one JSON object"},
		"empty":             {``, nil, 400, "Invalid JSON: the body is not one JSON object"},
		"not UTF-8":         {"{\"model\":\"\xff\"}", nil, 400, "Invalid JSON: the body is not one JSON object"},
		"no model":          {`{"store":false,"stream":true,` + input + `}`, nil, 400, "Missing required parameter: model"},
		"pro model":         {`{"model":"gpt-5.2-pro","store":false,"stream":true,` + input + `}`, nil, 400, "The 'gpt-5.2-pro' model is not supported when using Codex with a ChatGPT account."},
		"store missing":     {`{"model":"m","stream":true,` + input + `}`, nil, 400, "Store must be set to false"},
		"store true":        {`{"model":"m","store":true,"stream":true,` + input + `}`, nil, 400, "Store must be set to false"},
		"stream missing":    {`{"model":"m","store":false,` + input + `}`, nil, 400, "Stream must be set to true"},
		"stream a string":   {`{"model":"m","store":false,"stream":"true",` + input + `}`, nil, 400, "Stream must be set to true"},
		"input a string":    {`{"model":"m","store":false,"stream":true,"input":"x"}`, nil, 400, "Input must be a list"},
		"input missing":     {`{"model":"m","store":false,"stream":true}`, nil, 400, "Input must be a list"},
		"input of strings":  {`{"model":"m","store":false,"stream":true,"input":["x"]}`, nil, 400, "Input must be a list"},
		"system message":    {`{"model":"m","store":false,"stream":true,"input":[{"role":"system","content":"x"}]}`, nil, 400, "System messages are not allowed"},
		"system, announced": {`{"model":"m","store":false,"stream":true,"input":[{"type":"message","role":"system","content":"x"}]}`, nil, 400, "System messages are not allowed"},
	}
	for _, name := range strings.Fields(`max_output_tokens max_completion_tokens temperature top_p frequency_penalty presence_penalty
		seed metadata top_logprobs truncation user previous_response_id context_management safety_identifier
		prompt_cache_retention background max_tool_calls stream_options generate _meta`) {
		cases[name] = refused{`{"model":"m","store":false,"stream":true,` + input + `,"` + name + `":null}`, nil, 400, "Unsupported parameter: " + name}
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := c.chatgpt(tc.body, tc.header...)
			assert.Equal(t, tc.status, r.StatusCode)
			assert.Equal(t, fmt.Sprintf(`{"detail":"%s"}`, tc.detail), r.body)
			assert.Equal(t, "application/json", r.Header.Get("content-type"))
		})
	}
}

func TestChatGPTTakesWhatCodexSends(t *testing.T) {
	c := start(t, Config{})
	r := c.chatgpt(`{ "model" : "gpt-5.5", "stream" : true, "service_tier":"priority",
	"input" : [ {"type":"message","id":"msg_1","role":"developer","content":[{"type":"input_text","text":"base"}],"internal_chat_message_metadata_passthrough":{}},
		{"type":"reasoning","id":"rs_1","summary":[],"content":null,"encrypted_content":"x"},
		{"type":"additional_tools","role":"developer","tools":[]},
		{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]} ],
	"tools":[{"type":"custom","name":"apply_patch"}],"tool_choice":"auto","parallel_tool_calls":true,"reasoning":{"effort":"medium"},
	"store" : false, "include":["reasoning.encrypted_content"],"prompt_cache_key":"k","text":{"verbosity":"low"},"client_metadata":{}}`,
		"content-type", "application/json; charset=utf-8")
	require.Equal(t, http.StatusOK, r.StatusCode, r.body)
	assert.Equal(t, `You asked: "hi"`, text(r.events(t), "response.output_text.delta"))
}

func TestPlatformRefuses(t *testing.T) {
	c := start(t, Config{})
	for name, tc := range map[string]struct {
		body   string
		header []string
		status int
		want   string // of the error object
	}{
		"no key": {platformBody, []string{"authorization", "-"}, 401,
			`{"message":"You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).","type":"invalid_request_error","param":null,"code":null}`},
		"wrong key": {platformBody, []string{"authorization", "Bearer sk-proj-abcdefghijklmnop"}, 401,
			`{"message":"Incorrect API key provided: sk-proj-************mnop. You can find your API key at https://platform.openai.com/account/api-keys.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}`},
		"short key": {platformBody, []string{"authorization", "Bearer sk-short"}, 401,
			`{"message":"Incorrect API key provided: ********. You can find your API key at https://platform.openai.com/account/api-keys.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}`},
		"_meta": {`{"model":"m","input":"x","_meta":{}}`, nil, 400,
			`{"message":"Unknown parameter: '_meta'.","type":"invalid_request_error","param":"_meta","code":"unknown_parameter"}`},
		"no model": {`{"input":"x"}`, nil, 400,
			`{"message":"Missing required parameter: 'model'.","type":"invalid_request_error","param":"model","code":"missing_required_parameter"}`},
		"input a number": {`{"model":"m","input":1}`, nil, 400,
			`{"message":"Invalid type for 'input': expected one of a string or array of input items.","type":"invalid_request_error","param":"input","code":"invalid_type"}`},
		"stream a string": {`{"model":"m","input":"x","stream":"yes"}`, nil, 400,
			`{"message":"Invalid type for 'stream': expected a boolean.","type":"invalid_request_error","param":"stream","code":"invalid_type"}`},
		"no JSON": {`{`, nil, 400,
			`{"message":"We could not parse the JSON body of your request: the body is not one JSON object.","type":"invalid_request_error","param":null,"code":null}`},
		"content type": {platformBody, []string{"content-type", "application/x-www-form-urlencoded"}, 415,
			`{"message":"Unsupported content type. This API method only accepts 'application/json' requests.","type":"invalid_request_error","param":null,"code":"unsupported_content_type"}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.platform(tc.body, tc.header...)
			assert.Equal(t, tc.status, r.StatusCode)
			assert.Equal(t, `{"error":`+tc.want+`}`, r.body)
		})
	}
	r := c.platform(platformBody, "authorization", "Bearer "+c.Login().AccessToken)
	assert.Equal(t, http.StatusUnauthorized, r.StatusCode, "an OAuth token is no key")
	assert.NotContains(t, r.body, Canary)
}

func TestPathsAndMethods(t *testing.T) {
	c := start(t, Config{})
	for name, tc := range map[string]struct {
		method, path string
		header       []string
		status       int
		body         string
	}{
		"unknown":         {"GET", "/", nil, 404, `{"error":{"message":"Not Found","type":"invalid_request_error","param":null,"code":"not_found"}}`},
		"below":           {"GET", "/v1/responses/resp_1", nil, 404, `{"error":{"message":"Not Found","type":"invalid_request_error","param":null,"code":"not_found"}}`},
		"chat":            {"POST", "/v1/chat/completions", nil, 404, `{"error":{"message":"Not Found","type":"invalid_request_error","param":null,"code":"not_found"}}`},
		"unknown backend": {"POST", "/backend-api/other", nil, 404, `{"detail":"Not Found"}`},
		"GET chatgpt":     {"GET", "/backend-api/codex/responses", nil, 405, `{"detail":"Method Not Allowed"}`},
		"GET platform":    {"GET", "/v1/responses", nil, 405, `{"error":{"message":"Method Not Allowed","type":"invalid_request_error","param":null,"code":"method_not_allowed"}}`},
		"WebSocket":       {"GET", "/backend-api/codex/responses", []string{"connection", "upgrade", "upgrade", "websocket"}, 426, `{"detail":"Upgrade Required"}`},
		"GET token":       {"GET", "/oauth/token", nil, 405, `{"error":{"message":"Method Not Allowed","type":"invalid_request_error","param":null,"code":"method_not_allowed"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.do(tc.method, c.IssuerURL()+tc.path, "", tc.header...)
			assert.Equal(t, tc.status, r.StatusCode)
			assert.Equal(t, tc.body, r.body)
		})
	}
	assert.Equal(t, "POST", c.do("GET", c.PlatformURL()+"/responses", "").Header.Get("allow"))
}

func TestBodyLimit(t *testing.T) {
	c := start(t, Config{})
	r := c.platform(strings.Repeat(" ", maxRequestBody+1))
	assert.Equal(t, http.StatusRequestEntityTooLarge, r.StatusCode)
}

func TestAccountsCheck(t *testing.T) {
	c := start(t, Config{})
	url := c.IssuerURL() + "/backend-api/wham/accounts/check"
	assert.Equal(t, 401, c.do("GET", url, "").StatusCode)
	r := c.do("GET", url, "", c.chatgptHeader()...)
	require.Equal(t, 200, r.StatusCode)
	answer := object(t, []byte(r.body))
	account := answer["accounts"].([]any)[0].(map[string]any)
	assert.Equal(t, c.Login().AccountID, account["id"])
	assert.Equal(t, "plus", account["plan_type"])
	assert.Equal(t, "NO_CONSTRAINT", account["account_routing_override"])
	assert.Equal(t, "NO_CONSTRAINT", account["workspace_backend_origin"])
	assert.Equal(t, c.Login().AccountID, answer["default_account_id"])
}

func TestChatGPTModels(t *testing.T) {
	c := start(t, Config{})
	assert.Equal(t, 401, c.do("GET", c.ChatGPTURL()+"/models?client_version=1", "").StatusCode)
	assert.Equal(t, 400, c.do("GET", c.ChatGPTURL()+"/models", "", c.chatgptHeader()...).StatusCode)
	r := c.do("GET", c.ChatGPTURL()+"/models?client_version=0.169.0", "", c.chatgptHeader()...)
	require.Equal(t, 200, r.StatusCode)
	assert.NotEmpty(t, r.Header.Get("etag"))
	var slugs []any
	for _, m := range object(t, []byte(r.body))["models"].([]any) {
		slugs = append(slugs, m.(map[string]any)["slug"])
	}
	assert.Contains(t, slugs, "gpt-5.2-codex")
	assert.NotContains(t, slugs, "gpt-5.2-pro")
}
