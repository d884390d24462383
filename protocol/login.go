package protocol

// ExchangePolicy says whether a login exchanges its id_token for a Platform key
// (RFC 8693).
type ExchangePolicy string

// The policies.
const (
	// ExchangeAuto: if the plan of the account means the mode apiKey; a refusal is only a warning. The default.
	ExchangeAuto ExchangePolicy = "auto"
	// ExchangeNever: the login is not exchanged.
	ExchangeNever ExchangePolicy = "never"
	// ExchangeRequire: a refusal is a 1006; the login is kept.
	ExchangeRequire ExchangePolicy = "require"
)

// LoginStatus is the state of a login.
type LoginStatus string

// The states of a login that is not refused.
const (
	// LoginPending: the login is waiting for its user.
	LoginPending LoginStatus = "pending"
	// LoginSucceeded: the credentials are stored.
	LoginSucceeded LoginStatus = "succeeded"
)

// LoginParams are the params of auth/login.
type LoginParams struct {
	// "browser", "device" or "apiKey".
	Method LoginMethod `json:"method"`
	// The key, only for the method apiKey. A key that is blank, has line breaks or "Bearer " in front, or is an access token is -32602.
	APIKey string `json:"apiKey,omitempty"`
	// Save the key in auth.json; otherwise it is for this process only.
	Persist bool `json:"persist,omitempty"`
	// Answer when the login has ended (the default), or at once.
	Wait *bool `json:"wait,omitempty"`
	// How long to wait for the user, in milliseconds; 600000 by default. A device code expires after 15 minutes.
	TimeoutMs int64 `json:"timeoutMs,omitempty" min:"1" max:"86400000"`
	// Open the browser (the default), through the host if it declares window.showDocument, else through the system.
	OpenBrowser *bool `json:"openBrowser,omitempty"`
	// Ports for the callback on loopback, of which the first free one is used; [1455, 1457] by default. 0 is any port. With an empty list nothing listens, and auth/login/complete ends the login.
	Ports []uint16 `json:"ports,omitempty" max:"16"`
	// Whether the id_token is exchanged for a Platform key.
	Exchange ExchangePolicy `json:"exchange,omitempty"`
	// Log in although auth.json cannot be read; its content is kept in a backup.
	Replace bool `json:"replace,omitempty"`
}

// LoginResult is the result of auth/login and auth/login/complete.
type LoginResult struct {
	// Names the login.
	LoginID string `json:"loginId"`
	// "pending" with wait:false.
	Status LoginStatus `json:"status"`
	// The page for the browser; only for a pending browser login.
	AuthURL string `json:"authUrl,omitempty"`
	// Where the user enters the code; only for a pending device login.
	VerificationURL string `json:"verificationUrl,omitempty"`
	// The code that the user enters there.
	UserCode string `json:"userCode,omitempty"`
	// When a pending login expires.
	ExpiresAt string `json:"expiresAt,omitempty"`
	// The result of auth/status after the login.
	Auth *AuthStatus `json:"auth,omitempty"`
}

// LoginPrompt is auth/loginPrompt: what the user has to see. auth/status repeats it
// while the login is in progress.
type LoginPrompt struct {
	// Names the login.
	LoginID string `json:"loginId"`
	// "browser" or "device".
	Method string `json:"method"`
	// The page for the browser; only for a browser login.
	AuthURL string `json:"authUrl,omitempty"`
	// Where the user enters the code; only for a device login.
	VerificationURL string `json:"verificationUrl,omitempty"`
	// The same with the code in it, if the issuer has such a page; it has none so far.
	VerificationURLComplete string `json:"verificationUrlComplete,omitempty"`
	// The code that the user enters there.
	UserCode string `json:"userCode,omitempty"`
	// When the login expires.
	ExpiresAt string `json:"expiresAt"`
}

// LoginCompleted is auth/loginCompleted: the login has ended.
type LoginCompleted struct {
	// Names the login.
	LoginID string `json:"loginId"`
	// The credentials are stored, and everything that was required succeeded.
	Success bool `json:"success"`
	// Why it failed: the error of the reply.
	Error *Error `json:"error,omitempty"`
	// The result of auth/status; absent when nothing has changed.
	Auth *AuthStatus `json:"auth,omitempty"`
}

// CompleteLoginParams are the params of auth/login/complete: loginId, and either
// redirectUrl or code and state.
type CompleteLoginParams struct {
	// The login.
	LoginID string `json:"loginId"`
	// The whole address at which the browser ended up, even if it shows no page.
	RedirectURL string `json:"redirectUrl,omitempty"`
	// The parameter code of that address.
	Code string `json:"code,omitempty"`
	// The parameter state of that address.
	State string `json:"state,omitempty"`
}

// CancelLoginParams are the params of auth/login/cancel.
type CancelLoginParams struct {
	// The login; by default the one in progress.
	LoginID string `json:"loginId,omitempty"`
}

// CancelLoginResult is the result of auth/login/cancel.
type CancelLoginResult struct {
	// "cancelled": its port is free again. "notFound": there is no such login, it has ended, or it is being saved.
	Status string `json:"status"`
}

// ExchangeResult is the result of auth/exchange.
type ExchangeResult struct {
	// The key.
	Credential ExchangedKey `json:"credential"`
}

// ExchangedKey describes a key without showing it.
type ExchangedKey struct {
	// "codex_token_exchange_api_key", or the source of a key that the login already had.
	Source CredentialSource `json:"source"`
	// Its first 3 and last 4 characters; null when it is short.
	Hint *string `json:"hint"`
}

// LogoutParams are the params of auth/logout.
type LogoutParams struct {
	// Also revoke the tokens at the issuer (the default); false: only forget them on this machine.
	Revoke *bool `json:"revoke,omitempty"`
}

// LogoutResult is the result of auth/logout.
type LogoutResult struct {
	// The result of auth/status after the logout; credentials in the environment still count.
	Auth AuthStatus `json:"auth"`
	// Something was stored or held in memory, and is forgotten now.
	Removed bool `json:"removed"`
}

// RefreshResult is the result of auth/refresh.
type RefreshResult struct {
	// There are new tokens.
	Refreshed bool `json:"refreshed"`
	// The result of auth/status after the refresh.
	Auth AuthStatus `json:"auth"`
}

// ShowDocumentParams are the params of window/showDocument, as in LSP.
type ShowDocumentParams struct {
	// The page. It works in one browser: open it once, and do not fetch it before.
	URI string `json:"uri"`
	// Always true: in a browser, not in the editor.
	External bool `json:"external"`
}

// ShowDocumentResult is the answer of the host.
type ShowDocumentResult struct {
	// The page is shown.
	Success bool `json:"success"`
}
