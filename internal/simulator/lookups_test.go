package simulator

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestModelsHaveAnEntityTag(t *testing.T) {
	c := start(t, Config{})
	url := c.ChatGPTURL() + "/models?client_version=0.169.0"
	tag := c.do("GET", url, "", c.chatgptHeader()...).Header.Get("etag")
	same := c.do("GET", url, "", append(c.chatgptHeader(), "If-None-Match", tag)...)
	assert.Equal(t, 304, same.StatusCode)
	assert.Empty(t, same.body)
	assert.Equal(t, 200, c.do("GET", url, "", append(c.chatgptHeader(), "If-None-Match", `"other"`)...).StatusCode)
}

func TestPlatformModels(t *testing.T) {
	c := start(t, Config{})
	assert.Equal(t, 401, c.do("GET", c.PlatformURL()+"/models", "").StatusCode)
	r := c.do("GET", c.PlatformURL()+"/models", "", "Authorization", "Bearer "+c.Login().PlatformKey)
	require.Equal(t, 200, r.StatusCode)
	list := object(t, []byte(r.body))
	assert.Equal(t, "list", list["object"])
	first := list["data"].([]any)[0].(map[string]any)
	assert.Equal(t, "gpt-5.2-pro", first["id"])
	assert.Equal(t, "model", first["object"])
}

func TestUsage(t *testing.T) {
	c := start(t, Config{})
	url := c.IssuerURL() + "/backend-api/wham/usage"
	assert.Equal(t, 401, c.do("GET", url, "").StatusCode)
	r := c.do("GET", url, "", c.chatgptHeader()...)
	require.Equal(t, 200, r.StatusCode)
	usage := object(t, []byte(r.body))
	assert.Equal(t, "plus", usage["plan_type"])
	window := usage["rate_limit"].(map[string]any)["primary_window"].(map[string]any)
	assert.EqualValues(t, 18000, window["limit_window_seconds"])
}

func TestRegionBound(t *testing.T) {
	c := start(t, Config{Scenario: "region-bound"})
	r := c.do("GET", c.IssuerURL()+"/backend-api/wham/accounts/check", "", c.chatgptHeader()...)
	account := object(t, []byte(r.body))["accounts"].([]any)[0].(map[string]any)
	assert.Equal(t, "us", account["account_routing_override"])
	assert.Equal(t, "https://us.chatgpt.com", account["workspace_backend_origin"])
	body := `{"model":"gpt-5.2-codex","input":[],"stream":true,"store":false}`
	header := append(c.chatgptHeader(), "content-type", "application/json")
	assert.Equal(t, 403, c.do("POST", c.ChatGPTURL()+"/responses", body, header...).StatusCode)
	assert.Equal(t, 200, c.do("POST", c.ChatGPTURL()+"/responses", body, append(header, "x-openai-account-routing-override", "us")...).StatusCode)
}

func TestLookupsFail(t *testing.T) {
	c := start(t, Config{Scenario: "lookups-fail"})
	for _, url := range []string{
		c.ChatGPTURL() + "/models?client_version=1", c.PlatformURL() + "/models",
		c.IssuerURL() + "/backend-api/wham/usage", c.IssuerURL() + "/backend-api/wham/accounts/check",
	} {
		assert.Equal(t, 503, c.do("GET", url, "", c.chatgptHeader()...).StatusCode, url)
	}
}

func TestLimitsEvent(t *testing.T) {
	c := start(t, Config{Scenario: "limits-event"})
	body := `{"model":"gpt-5.2-codex","input":[],"stream":true,"store":false}`
	r := c.do("POST", c.ChatGPTURL()+"/responses", body, append(c.chatgptHeader(), "content-type", "application/json")...)
	assert.Equal(t, 1, strings.Count(r.body, `"type":"codex.rate_limits"`))
	assert.Contains(t, r.body, `"response.completed"`)
}
