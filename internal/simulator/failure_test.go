package simulator

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The bodies that were seen, member for member.
func TestErrorBodies(t *testing.T) {
	c := start(t, Config{})
	for name, want := range map[string]struct{ chatgpt, platform string }{
		"unauthorized": {
			`{"error":{"message":"Provided authentication token is expired. Please try signing in again.","type":null,"code":"token_expired","param":null},"status":401}`,
			`{"error":{"message":"Incorrect API key provided: sk-proj-****. You can find your API key at https://platform.openai.com/account/api-keys.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`,
		},
		"model-not-found": {
			`{"error":{"message":"Model not found gpt-5.2-codex"}}`,
			"{\"error\":{\"message\":\"The model `gpt-5.2-pro` does not exist or you do not have access to it.\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"model_not_found\"}}",
		},
		"usage-not-included": {
			`{"error":{"type":"usage_not_included","message":"Your plan does not include this usage.","plan_type":"free"}}`,
			`{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","code":"insufficient_quota"}}`,
		},
		"rate-limit": {
			`{"error":{"message":"Rate limit reached for gpt-5.2-codex. Please try again in 1.5s.","type":"requests","code":"rate_limit_exceeded"}}`,
			`{"error":{"message":"Rate limit reached for gpt-5.2-pro. Please try again in 1.5s.","type":"tokens","code":"rate_limit_exceeded"}}`,
		},
		"overloaded": {
			`{"error":{"code":"server_is_overloaded","message":"Our servers are currently overloaded. Please try again later."}}`,
			`{"error":{"code":"server_is_overloaded","message":"Our servers are currently overloaded. Please try again later."}}`,
		},
	} {
		for _, r := range []struct {
			reply
			want string
		}{
			{c.chatgpt(chatgptBody, "x-signalbox-simulate", name), want.chatgpt},
			{c.platform(platformBody, "x-signalbox-simulate", name), want.platform},
		} {
			assert.Equal(t, r.want, r.body, name)
			assert.Equal(t, "application/json", r.Header.Get("content-type"))
			assert.NotEmpty(t, r.Header.Get("x-request-id"))
			assert.NotEmpty(t, r.Header.Get("cf-ray"))
			assert.Empty(t, r.Header.Get("openai-model"), "none has answered")
		}
	}
}

func TestUsageLimit(t *testing.T) {
	c := start(t, Config{Scenario: "usage-limit"})
	r := c.chatgpt(chatgptBody)
	var body struct {
		Error struct {
			Type, Message string
			PlanType      string `json:"plan_type"`
			ResetsAt      int64  `json:"resets_at"`
			ResetsIn      int64  `json:"resets_in_seconds"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &body))
	assert.Equal(t, "plus", body.Error.PlanType)
	assert.NotEmpty(t, body.Error.Message)
	assert.EqualValues(t, 7200, body.Error.ResetsIn)
	assert.WithinDuration(t, time.Now().Add(2*time.Hour), time.Unix(body.Error.ResetsAt, 0), time.Minute)
	for name, want := range map[string]string{
		"x-codex-active-limit": "codex", "x-codex-rate-limit-reached-type": "rate_limit_reached", "x-codex-plan-type": "plus",
		"x-codex-primary-used-percent": "100", "x-codex-primary-window-minutes": "300",
		"x-codex-primary-reset-at":       strconv.FormatInt(body.Error.ResetsAt, 10),
		"x-codex-secondary-used-percent": "2",
	} {
		assert.Equal(t, []string{want}, r.Header.Values(name), name)
	}
	assert.Empty(t, c.platform(platformBody).Header.Get("x-codex-active-limit"))
}

func TestRateLimit(t *testing.T) {
	c := start(t, Config{Scenario: "rate-limit"})
	for _, r := range []reply{c.chatgpt(chatgptBody), c.platform(platformBody)} {
		assert.Equal(t, "2", r.Header.Get("retry-after"))
		for _, what := range []string{"requests", "tokens"} {
			assert.NotEmpty(t, r.Header.Get("x-ratelimit-limit-"+what))
			assert.Equal(t, []string{"0"}, r.Header.Values("x-ratelimit-remaining-"+what))
			assert.Equal(t, "1.5s", r.Header.Get("x-ratelimit-reset-"+what))
		}
	}
}

func TestRedirectLeadsToARecord(t *testing.T) {
	c := start(t, Config{Scenario: "redirect"})
	c.http.CheckRedirect = nil // follow
	r := c.platform(platformBody)
	assert.Equal(t, http.StatusNotFound, r.StatusCode)
	requests := c.Requests()
	require.Len(t, requests, 2)
	assert.Equal(t, "/redirected", requests[1].Path)
	assert.Equal(t, "Bearer "+c.Login().PlatformKey, requests[1].Header.Get("authorization"), "a client that follows would leak it")
}

func TestBlockedAndEchoedSecret(t *testing.T) {
	c := start(t, Config{Scenario: "blocked"})
	assert.Equal(t, "challenge", c.chatgpt(chatgptBody).Header.Get("cf-mitigated"))
	c = start(t, Config{Scenario: "echo-secret"})
	assert.True(t, strings.Contains(c.chatgpt(chatgptBody).body, "Bearer "+c.Login().AccessToken))
	assert.True(t, strings.Contains(c.platform(platformBody).body, "Bearer "+c.Login().PlatformKey))
}

// A model is named in an error as the JSON that it came as.
func TestModelInAnErrorIsEscaped(t *testing.T) {
	c := start(t, Config{Scenario: "model-not-found"})
	r := c.platform(`{"model":"a\"}<b","input":"x"}`)
	assert.Contains(t, object(t, []byte(r.body))["error"].(map[string]any)["message"], "`a\"}<b`")
}

func TestWhoAnswers(t *testing.T) {
	c := start(t, Config{})
	for scenario, want := range map[string]string{"mismatch": "gpt-5.2", "snapshot": "gpt-5.2-codex-2025-12-11"} {
		r := c.chatgpt(chatgptBody, "x-signalbox-simulate", scenario)
		assert.Equal(t, want, r.Header.Get("openai-model"))
		assert.Equal(t, want, object(t, *r.events(t)[0].Response)["model"])
		assert.Empty(t, c.platform(platformBody, "x-signalbox-simulate", scenario).Header.Get("openai-model"))
	}
	r := c.platform(`{"model":"gpt-5.2","input":"x"}`, "x-signalbox-simulate", "mismatch")
	assert.Equal(t, "gpt-5.1", object(t, []byte(r.body))["model"])
}

func TestMadeUpToolCall(t *testing.T) {
	c := start(t, Config{Scenario: "tool-call"})
	events := c.platform(platformBody).events(t)
	assert.Equal(t, `{"topic":"example"}`, text(events, "response.function_call_arguments.delta"))
	assert.Equal(t, "look_up", object(t, events[len(events)-2].Item)["name"])
	offered := c.platform(`{"model":"m","stream":true,"input":"x","tools":[{"type":"function","name":"f"}]}`).events(t)
	assert.Equal(t, "f", object(t, offered[len(offered)-2].Item)["name"])
	after := c.platform(`{"model":"m","stream":true,"input":[{"type":"function_call_output","call_id":"c","output":"x"}]}`)
	assert.Equal(t, spoken, types(after.events(t)), "the tool has spoken")
}

func TestIncompleteText(t *testing.T) {
	c := start(t, Config{Scenario: "incomplete"})
	r := object(t, []byte(c.platform(`{"model":"m","input":"ééé"}`).body))
	message := r["output"].([]any)[1].(map[string]any)
	assert.Equal(t, "incomplete", message["status"])
	assert.Equal(t, `You aske`, message["content"].([]any)[0].(map[string]any)["text"])
	assert.Nil(t, r["completed_at"])
	assert.NotNil(t, r["usage"])
}

func TestOneEventIsChanged(t *testing.T) {
	for scenario, valid := range map[string]bool{"bad-event": false, "too-large": true} {
		c := start(t, Config{Scenario: scenario})
		r := c.platform(platformBody)
		require.NoError(t, r.err)
		assert.Contains(t, r.body, "response.completed")
		changed := 0
		for line := range strings.Lines(r.body) {
			data, ok := strings.CutPrefix(line, "data: ")
			if !ok {
				continue
			}
			if is := json.Valid([]byte(data)); !is || len(data) > 32<<20 {
				changed++
				assert.Equal(t, valid, is, scenario)
			}
		}
		assert.Equal(t, 1, changed, scenario)
	}
}

// Silence lasts until the client leaves, and is over then.
func TestSilence(t *testing.T) {
	for name, tc := range map[string]struct{ scenario, path, body, begins string }{
		"idle":         {"idle", "/v1/responses", platformBody, "event: response.created\ndata: "},
		"idle, whole":  {"idle", "/v1/responses", wholeBody, `{"id":"resp_`},
		"slow":         {"slow", "/v1/responses", platformBody, ""},
		"slow-headers": {"slow-headers", "/v1/responses", platformBody, "-"},
		"issuer-slow":  {"issuer-slow", "/oauth/token", "", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, Config{Scenario: tc.scenario})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tc.begins == "-" { // nothing comes, not even headers
				go func() {
					assert.Eventually(t, func() bool { return len(c.Requests()) == 1 }, 5*time.Second, time.Millisecond)
					cancel()
				}()
			}
			response, err := c.http.Do(c.request(ctx, http.MethodPost, c.IssuerURL()+tc.path, tc.body,
				"content-type", "application/json", "authorization", "Bearer "+c.Login().PlatformKey))
			if tc.begins == "-" {
				require.ErrorIs(t, err, context.Canceled)
			} else {
				require.NoError(t, err)
				defer response.Body.Close()
				begun := make([]byte, len(tc.begins))
				_, err := io.ReadFull(response.Body, begun)
				require.NoError(t, err)
				assert.Equal(t, tc.begins, string(begun))
				cancel()
			}
			assert.Eventually(t, func() bool { return c.Requests()[0].Aborted }, 5*time.Second, time.Millisecond)
		})
	}
}
