package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// outcomes says how a call ends under a scenario: streamed by ChatGPT, streamed
// by the Platform, and whole. Every other scenario does as ok.
func outcomes() map[string][3]string {
	same := func(outcome string) [3]string { return [3]string{outcome, outcome, outcome} }
	two := func(chatgpt, platform string) [3]string { return [3]string{chatgpt, platform, platform} }
	const quota = "429 insufficient_quota/insufficient_quota"
	return map[string][3]string{
		"ok": {"200 response.completed", "200 response.completed", "200 completed"},

		"usage-limit": two("429 usage_limit_reached/", quota),
		"rate-limit":  two("429 requests/rate_limit_exceeded", "429 tokens/rate_limit_exceeded"),
		"overloaded":  same("503 /server_is_overloaded"),
		"cut":         same("200 torn"),
		"no-terminal": {"200 response.output_item.done", "200 response.output_item.done", "200 in_progress"},
		"failed":      {"200 response.failed /server_error", "200 response.failed /server_error", "200 failed /server_error"},
		"incomplete":  {"200 response.incomplete max_output_tokens", "200 response.incomplete max_output_tokens", "200 incomplete max_output_tokens"},
		"mismatch":    {"200 response.completed by gpt-5.2", "200 response.completed by gpt-5.2", "200 completed by gpt-5.2"},
		"tool-call":   {"200 response.completed with a call", "200 response.completed with a call", "200 completed with a call"},

		"redirect":           same("307 page"),
		"bad-request":        two("400 [map[input:x loc:[body include] msg:Input should be a valid list type:list_type]]", "400 invalid_request_error/invalid_type"),
		"context-length":     same("400 invalid_request_error/context_length_exceeded"),
		"invalid-prompt":     same("400 invalid_request_error/invalid_prompt"),
		"model-unavailable":  two("400 The 'gpt-5.2-codex' model is not supported when using Codex with a ChatGPT account.", "403 invalid_request_error/model_not_found"),
		"echo-secret":        two("400 Invalid header: Authorization: {authorization}", "400 invalid_request_error/"),
		"unauthorized":       two("401 /token_expired", "401 invalid_request_error/invalid_api_key"),
		"forbidden":          two("403 Forbidden", "403 request_forbidden/unsupported_country_region_territory"),
		"blocked":            same("403 page"),
		"not-found":          same("404 invalid_request_error/"),
		"model-not-found":    two("404 Model not found gpt-5.2-codex", "404 invalid_request_error/model_not_found"),
		"usage-not-included": two("429 usage_not_included/", quota),
		"quota":              same(quota),
		"server-error":       same("500 server_error/server_error"),
		"html-error":         same("502 page"),
		"slow-down":          same("503 /slow_down"),
		"disconnect":         same("closed"),
		"not-sse":            same("200 page"),
		"bad-event":          same("200 not JSON"),
		"too-large":          same("200 with 33 MiB"),
		"error-event":        {"200 error server_error/server_error", "200 error server_error/server_error", "200 failed /server_error"},
		"snapshot":           {"200 response.completed by gpt-5.2-codex-2025-12-11", "200 response.completed by gpt-5.2-pro-2025-12-11", "200 completed by gpt-5.2-pro-2025-12-11"},
	}
}

const wholeBody = `{"model":"gpt-5.2-pro","input":"What is 2+2?"}`

func TestEveryScenario(t *testing.T) {
	chosenByHeader := start(t, Config{})
	for _, s := range Scenarios() {
		if s.Name == "idle" || s.Name == "slow-headers" || s.Name == "slow" {
			continue // these take their time: see TestSilence and TestSlow
		}
		want, ok := outcomes()[s.Name]
		if !ok {
			want = outcomes()["ok"]
		}
		t.Run(s.Name, func(t *testing.T) {
			c := chosenByHeader
			c.t = t
			name := []string{"x-signalbox-simulate", s.Name}
			assert.Equal(t, want, [3]string{
				c.outcome("/backend-api/codex/responses", chatgptBody, name...),
				c.outcome("/v1/responses", platformBody, name...),
				c.outcome("/v1/responses", wholeBody, name...),
			})
			// What no backend takes is refused first.
			r := c.chatgpt(`{"model":"m","store":false,"stream":false,"input":[]}`, name...)
			assert.Equal(t, `{"detail":"Stream must be set to true"}`, r.body)

			c = start(t, Config{Scenario: s.Name})
			if c.Login().PlatformKey != "" {
				assert.Equal(t, want[1], c.outcome("/v1/responses", platformBody), "chosen for the whole process")
			}
		})
	}
}

// outcome makes a call and says in a line how it ended.
func (c client) outcome(path, body string, header ...string) string {
	c.t.Helper()
	token := c.Login().PlatformKey
	if path == "/backend-api/codex/responses" {
		token = c.Login().AccessToken
	}
	response, err := c.http.Do(c.request(c.t.Context(), http.MethodPost, c.IssuerURL()+path, body, append([]string{
		"content-type", "application/json", "authorization", "Bearer " + token, "chatgpt-account-id", c.Login().AccountID}, header...)...))
	if err != nil {
		require.ErrorIs(c.t, err, io.EOF)
		return "closed"
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if response.StatusCode >= 400 || response.Header.Get("location") != "" {
		assert.NotEmpty(c.t, response.Header.Get("x-request-id"))
	}
	said := ending(response.Header.Get("content-type"), string(content), err)
	if strings.Contains(string(content), `"type":"function_call"`) {
		said += " with a call"
	}
	return strings.ReplaceAll(fmt.Sprintf("%d %s", response.StatusCode, said), "Bearer "+token, "{authorization}")
}

func ending(contentType, content string, err error) string {
	switch {
	case err != nil:
		return "torn"
	case contentType == "text/html; charset=UTF-8" && strings.HasPrefix(content, "<"):
		return "page"
	case len(content) > 32<<20:
		return fmt.Sprintf("with %d MiB", len(content)>>20)
	case contentType == "application/json":
		return verdict(content)
	case contentType != "text/event-stream; charset=utf-8":
		return contentType
	}
	last := ""
	for line := range strings.Lines(content) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if last = verdict(data); last == "not JSON" {
				break
			}
		}
	}
	return last
}

// verdict is what the members of an event or of a body say.
func verdict(content string) string {
	type said struct {
		Type, Status, Model string
		Detail              any
		Error               *struct{ Type, Code, Message string }
		IncompleteDetails   *struct{ Reason string } `json:"incomplete_details"`
	}
	var v struct {
		said
		Status   any // a failure's own is a number
		Response *said
	}
	if json.Unmarshal([]byte(content), &v) != nil {
		return "not JSON"
	}
	var all []string
	if v.Type != "" {
		all = append(all, v.Type)
	} else if status, ok := v.Status.(string); ok {
		all = append(all, status)
	}
	inner := v.said
	if v.Response != nil {
		inner = *v.Response
	}
	if inner.Detail != nil {
		all = append(all, fmt.Sprint(inner.Detail))
	}
	if e := inner.Error; e != nil && e.Type+e.Code == "" {
		all = append(all, e.Message)
	} else if e != nil {
		all = append(all, e.Type+"/"+e.Code)
	}
	if inner.IncompleteDetails != nil {
		all = append(all, inner.IncompleteDetails.Reason)
	}
	if inner.Model != "" && inner.Model != "gpt-5.2-codex" && inner.Model != "gpt-5.2-pro" {
		all = append(all, "by "+inner.Model)
	}
	return strings.Join(all, " ")
}
