package simulator

import (
	"encoding/json"
	"net/url"
	"time"
)

const (
	textServerError = "The server had an error while processing your request. Sorry about that!"

	insufficientQuota = `{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","code":"insufficient_quota"}}`
)

// expired is the home of somebody who was away: the access token expired an hour
// ago, the id_token long before.
func expired() home { return home{age: accessTokenLife + time.Hour, keyless: true} }

// publicScenarios are those that users are told of, in the order in which they
// are told.
func publicScenarios() []scenario {
	reused := refuses(401, "refresh_token_reused", textReused)
	tooMany := func(what string) hook {
		return fails(429, `{"error":{"message":"Rate limit reached for {model}. Please try again in 1.5s.","type":"`+what+`","code":"rate_limit_exceeded"}}`,
			"retry-after", "2",
			"x-ratelimit-limit-requests", "5000", "x-ratelimit-remaining-requests", "0", "x-ratelimit-reset-requests", "1.5s",
			"x-ratelimit-limit-tokens", "800000", "x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "1.5s")
	}
	return []scenario{
		{Scenario: Scenario{"ok", "every call is answered"}},
		{Scenario: Scenario{"logged-out", "the home has no auth.json"},
			home: home{loggedOut: true}},
		{Scenario: Scenario{"expired", "the stored tokens have expired but can be refreshed; no Platform key"},
			home: expired()},
		{Scenario: Scenario{"refresh-reused", "as expired, but every refresh is refused: refresh_token_reused"},
			home:   expired(),
			issuer: map[string]hook{grantRefresh: reused}},
		{Scenario: Scenario{"usage-limit", "429: the plan's usage limit is reached; on the Platform the quota"},
			before: routes(
				fails(429, `{"error":{"type":"usage_limit_reached","message":"The usage limit has been reached","plan_type":"plus","resets_at":{reset},"resets_in_seconds":7200}}`,
					"x-codex-active-limit", "codex", "x-codex-rate-limit-reached-type", "rate_limit_reached",
					"x-codex-primary-used-percent", "100", "x-codex-primary-reset-at", "{reset}"),
				fails(429, insufficientQuota))},
		{Scenario: Scenario{"rate-limit", "429: too many requests (ChatGPT) or tokens (Platform); try again in 2 s"},
			before: routes(tooMany("requests"), tooMany("tokens"))},
		{Scenario: Scenario{"overloaded", "503: the model is at capacity"},
			before: fails(503, `{"error":{"code":"server_is_overloaded","message":"Our servers are currently overloaded. Please try again later."}}`)},
		{Scenario: Scenario{"cut", "the connection is torn down in the middle of a line, after some text"},
			deliver: deliverCut},
		{Scenario: Scenario{"idle", "half of the events, then silence until the client leaves"},
			deliver: deliverHalf},
		{Scenario: Scenario{"no-terminal", "the stream ends cleanly, but without a terminal event; unstreamed: status in_progress"},
			compose: func(a *answer) {
				a.open()
				a.think()
				a.act()
			}},
		{Scenario: Scenario{"failed", "the model fails: response.failed ends the stream"},
			compose: func(a *answer) {
				a.open()
				a.think()
				a.fail()
				a.end("response.failed")
			}},
		{Scenario: Scenario{"incomplete", "half of the text, then response.incomplete: max_output_tokens"},
			compose: func(a *answer) {
				a.open()
				a.think()
				text := []rune(a.text())
				a.say(string(text[:len(text)/2]), "incomplete")
				a.spend()
				a.response.Status = "incomplete"
				a.response.IncompleteDetails = &incompleteDetails{Reason: "max_output_tokens"}
				a.end("response.incomplete")
			}},
		{Scenario: Scenario{"mismatch", "another model answers: gpt-5.2, or gpt-5.1 for that"},
			compose: func(a *answer) {
				if a.response.Model != "gpt-5.2" {
					a.response.Model = "gpt-5.2"
				} else {
					a.response.Model = "gpt-5.1"
				}
				composeAll(a)
			}},
		{Scenario: Scenario{"slow", "a pause of 100 ms before each event"},
			deliver: deliverSlowly},
		{Scenario: Scenario{"tool-call", "a function is called, a made-up one where the request offers none"},
			compose: func(a *answer) {
				a.open()
				a.think()
				if _, offered := a.query.calledTool(); offered || a.query.toolAnswered() {
					a.act()
				} else {
					a.call(tool{Name: "look_up", Parameters: json.RawMessage(`{"properties":{"topic":{"type":"string"}},"required":["topic"]}`)})
				}
				a.complete()
			}},
		{Scenario: Scenario{"login-denied", "the user says no: the browser login and the device login end with access_denied"},
			callback: url.Values{"code": nil, "error": {"access_denied"}, "error_description": {"The user denied the request."}},
			issuer:   map[string]hook{pathDeviceToken: refuses(400, "access_denied", "The user denied the request.")}},
		{Scenario: Scenario{"report", "an empty key, a good access token, an expired id_token; neither refresh nor exchange"},
			home: home{age: accessTokenLife / 5, keyless: true, emptyKey: true},
			issuer: map[string]hook{
				grantRefresh:  reused,
				grantExchange: refuses(400, "invalid_id_token", "Invalid ID token."),
			}},
	}
}
