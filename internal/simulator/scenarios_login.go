package simulator

import "net/url"

// loginScenarios are further states of the home and ways in which the issuer
// can answer.
func loginScenarios() []scenario {
	keyless := home{keyless: true}
	exchange := func(act hook) map[string]hook { return map[string]hook{grantExchange: act} }
	refresh := func(act hook) map[string]hook { return map[string]hook{grantRefresh: act} }
	everything := func(act hook) map[string]hook {
		return map[string]hook{pathToken: act, pathRevoke: act, pathUserCode: act, pathDeviceToken: act}
	}
	const notEntitled = "missing_codex_entitlement: Codex is not enabled for this workspace."
	return []scenario{
		{Scenario: Scenario{"no-key", "the home has no Platform key; the exchange gives one"},
			home: keyless},
		{Scenario: Scenario{"business", "as no-key, but the account has the plan business"},
			home: home{keyless: true, plan: "business"}},
		{Scenario: Scenario{"missing-organization", "as no-key, but the exchange is refused: no organization"},
			home:   keyless,
			issuer: exchange(refuses(401, "invalid_subject_token", "Invalid ID token: missing organization_id"))},
		{Scenario: Scenario{"invalid-id-token", "as no-key, but the exchange is refused: invalid_id_token"},
			home:   keyless,
			issuer: exchange(refuses(400, "invalid_id_token", "Invalid ID token."))},
		{Scenario: Scenario{"id-token-expired", "as no-key, but the exchange is refused: token_expired"},
			home:   keyless,
			issuer: exchange(refuses(400, "token_expired", "Invalid ID token: expired."))},
		{Scenario: Scenario{"exchange-refused", "as no-key, but the exchange is refused: token_exchange_user_error"},
			home:   keyless,
			issuer: exchange(refuses(400, "token_exchange_user_error", "The token cannot be exchanged."))},
		{Scenario: Scenario{"no-account", "the tokens name no account"},
			home: home{noAccount: true}},
		{Scenario: Scenario{"refresh-expired", "as expired, but every refresh is refused: refresh_token_expired"},
			home:   expired(),
			issuer: refresh(refuses(401, "refresh_token_expired", "Your refresh token has expired. Please try signing in again."))},
		{Scenario: Scenario{"refresh-revoked", "as expired, but every refresh is refused: refresh_token_invalidated"},
			home:   expired(),
			issuer: refresh(refuses(401, "refresh_token_invalidated", textRevoked))},
		{Scenario: Scenario{"issuer-error", "as expired, but the issuer answers 503"},
			home:   expired(),
			issuer: everything(fails(503, `{"error":{"message":"`+textServerError+`","type":"server_error","param":null,"code":null}}`))},
		{Scenario: Scenario{"issuer-html", "as expired, but the issuer answers 200 with a page"},
			home:   expired(),
			issuer: everything(fails(200, homePage))},
		{Scenario: Scenario{"issuer-disconnect", "as expired, but the issuer closes the connection without an answer"},
			home:   expired(),
			issuer: everything(disconnects)},
		{Scenario: Scenario{"issuer-slow", "as expired, but the issuer answers only after 30 s"},
			home:   expired(),
			issuer: everything(dawdles)},
		{Scenario: Scenario{"code-refused", "no login: the issuer does not redeem its own code"},
			home:   home{loggedOut: true},
			issuer: map[string]hook{grantCode: fails(400, `{"error":"invalid_grant","error_description":"The authorization code is unknown, expired or was used before."}`)}},
		{Scenario: Scenario{"state-mismatch", "no login: the browser comes back with another state"},
			home:     home{loggedOut: true},
			callback: url.Values{"state": {"another"}}},
		{Scenario: Scenario{"workspace-denied", "no login: the workspace does not allow Codex"},
			home:     home{loggedOut: true},
			callback: url.Values{"code": nil, "error": {"access_denied"}, "error_description": {notEntitled}},
			issuer:   map[string]hook{pathDeviceToken: refuses(400, "access_denied", notEntitled)}},
		{Scenario: Scenario{"device-disabled", "no login: the device login is not enabled"},
			home:   home{loggedOut: true},
			issuer: map[string]hook{pathUserCode: refuses(404, "not_found", "Not Found")}},
		{Scenario: Scenario{"device-expired", "no login: the device code expires before the user agrees"},
			home:   home{loggedOut: true},
			issuer: map[string]hook{pathDeviceToken: refuses(400, "expired_token", "The device code has expired.")}},
	}
}
