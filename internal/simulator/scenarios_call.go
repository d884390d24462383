package simulator

import "encoding/json"

const (
	challengePage = `<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body><noscript>Enable JavaScript and cookies to continue</noscript></body></html>`
	gatewayPage   = `<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>cloudflare</center></body></html>`
	homePage      = `<!DOCTYPE html><html><head><title>ChatGPT</title></head><body>Get started</body></html>`
)

// callScenarios are further ways in which a model call can go, in the order of
// their status.
func callScenarios() []scenario {
	return []scenario{
		{Scenario: Scenario{"redirect", "307 to /redirected, where nobody must arrive"},
			before: fails(307, `<html><body>307 Temporary Redirect</body></html>`, "location", "{origin}/redirected")},
		{Scenario: Scenario{"bad-request", "400: a member of the body has the wrong form"},
			before: routes(
				fails(400, `{"detail":[{"type":"list_type","loc":["body","include"],"msg":"Input should be a valid list","input":"x"}]}`),
				fails(400, `{"error":{"message":"Invalid type for 'include': expected an array.","type":"invalid_request_error","param":"include","code":"invalid_type"}}`))},
		{Scenario: Scenario{"context-length", "400: the input is longer than the model's context window"},
			before: fails(400, `{"error":{"message":"Your input exceeds the context window of this model. Please adjust your input and try again.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}}`)},
		{Scenario: Scenario{"invalid-prompt", "400: the prompt is against the usage policy"},
			before: fails(400, `{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy.","type":"invalid_request_error","param":null,"code":"invalid_prompt"}}`)},
		{Scenario: Scenario{"model-unavailable", "the model exists, but not for this account: 400, on the Platform 403"},
			before: routes(
				fails(400, `{"detail":"The '{model}' model is not supported when using Codex with a ChatGPT account."}`),
				fails(403, `{"error":{"message":"Project `+"`proj_simulated` does not have access to model `{model}`"+`","type":"invalid_request_error","param":null,"code":"model_not_found"}}`))},
		{Scenario: Scenario{"echo-secret", "400 with the Authorization header in the message"},
			before: routes(
				fails(400, `{"detail":"Invalid header: Authorization: {authorization}"}`),
				fails(400, `{"error":{"message":"Invalid header: Authorization: {authorization}","type":"invalid_request_error","param":null,"code":null}}`))},
		{Scenario: Scenario{"unauthorized", "401: the credential is not accepted, whatever it is"},
			before: routes(
				fails(401, `{"error":{"message":"Provided authentication token is expired. Please try signing in again.","type":null,"code":"token_expired","param":null},"status":401}`),
				fails(401, `{"error":{"message":"Incorrect API key provided: sk-proj-****. You can find your API key at https://platform.openai.com/account/api-keys.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`))},
		{Scenario: Scenario{"forbidden", "403: not from here"},
			before: routes(
				fails(403, `{"detail":"Forbidden"}`),
				fails(403, `{"error":{"message":"Country, region, or territory not supported","type":"request_forbidden","param":null,"code":"unsupported_country_region_territory"}}`))},
		{Scenario: Scenario{"blocked", "403: a Cloudflare challenge page"},
			before: fails(403, challengePage, "cf-mitigated", "challenge")},
		{Scenario: Scenario{"not-found", "404: an item of the input is not stored"},
			before: fails(404, `{"error":{"message":"Item with id 'rs_simulated' not found. Items are not persisted when `+"`store`"+` is set to false.","type":"invalid_request_error","param":"input","code":null}}`)},
		{Scenario: Scenario{"model-not-found", "404: there is no such model"},
			before: routes(
				fails(404, `{"error":{"message":"Model not found {model}"}}`),
				fails(404, `{"error":{"message":"The model `+"`{model}`"+` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}`))},
		{Scenario: Scenario{"usage-not-included", "429: the plan has no usage of this; on the Platform as quota"},
			before: routes(
				fails(429, `{"error":{"type":"usage_not_included","message":"Your plan does not include this usage.","plan_type":"free"}}`),
				fails(429, insufficientQuota))},
		{Scenario: Scenario{"quota", "429: the money is spent"},
			before: fails(429, insufficientQuota)},
		{Scenario: Scenario{"server-error", "500"},
			before: fails(500, `{"error":{"message":"`+textServerError+`","type":"server_error","param":null,"code":"server_error"}}`)},
		{Scenario: Scenario{"html-error", "502 with a page"},
			before: fails(502, gatewayPage)},
		{Scenario: Scenario{"slow-down", "503: the other word for overloaded"},
			before: fails(503, `{"error":{"code":"slow_down","message":"Too many requests. Please slow down."}}`)},
		{Scenario: Scenario{"disconnect", "the connection is closed without an answer, a second after the request"},
			before: vanishes},
		{Scenario: Scenario{"slow-headers", "30 s of silence before the answer"},
			before: dawdles},
		{Scenario: Scenario{"not-sse", "200 with a page"},
			before: fails(200, homePage)},
		{Scenario: Scenario{"bad-event", "an event in the middle, or the unstreamed body, is not JSON"},
			deliver: deliverChanged(unclosed)},
		{Scenario: Scenario{"too-large", "an event in the middle, or the unstreamed body, has 33 MiB"},
			deliver: deliverChanged(padded)},
		{Scenario: Scenario{"error-event", "a top-level error event ends the stream; unstreamed: status failed"},
			compose: func(a *answer) {
				a.open()
				a.think()
				a.fail()
				a.emit(event{Type: "error", Error: json.RawMessage(`{"type":"server_error","code":"server_error","message":"` + textServerError + `","param":null}`)})
			}},
		{Scenario: Scenario{"snapshot", "a dated snapshot of the model answers: the same model"},
			compose: func(a *answer) {
				a.response.Model += "-2025-12-11"
				composeAll(a)
			}},
		{Scenario: Scenario{"limits-event", "a codex.rate_limits event in the middle of the stream"},
			compose: func(a *answer) {
				a.open()
				a.think()
				a.parts = append(a.parts, limitsEvent())
				a.act()
				a.complete()
			}},
		{Scenario: Scenario{"region-bound", "the workspace is bound to the region us; a call without its header is refused"},
			region: "us"},
		{Scenario: Scenario{"lookups-fail", "503 for lists of models, usage and the region of the workspace"},
			issuer: map[string]hook{
				pathChatGPTModels: lookupFails, pathAccountsCheck: lookupFails, pathUsage: lookupFails, pathPlatformModels: lookupFails,
			}},
	}
}

func lookupFails(x *visit) bool {
	x.refuse(503, "server_is_overloaded", "Our servers are currently overloaded. Please try again later.")
	return false
}
