package protocol

// ExchangePolicy says whether a login trades its id_token for a Platform key
// (RFC 8693).
type ExchangePolicy string

// The policies.
const (
	// ExchangeAuto: where the plan of the account means the mode apiKey; a refusal is only a warning.
	ExchangeAuto ExchangePolicy = "auto"
	// ExchangeNever: no key is asked for.
	ExchangeNever ExchangePolicy = "never"
	// ExchangeRequire: a refusal is answered with 1006; the login is kept.
	ExchangeRequire ExchangePolicy = "require"
)

// LoginStatus is how far a login has come.
type LoginStatus string

// The states of a login that is not refused.
const (
	// LoginPending: it waits for its user.
	LoginPending LoginStatus = "pending"
	// LoginSucceeded: the credentials are stored.
	LoginSucceeded LoginStatus = "succeeded"
)

// LoginParams are the params of auth/login.
type LoginParams struct {
	// "browser", "device" or "apiKey".
	Method LoginMethod `json:"method"`
	// The key, for the method apiKey alone. Blank, with line breaks, with "Bearer " before it, or an access token: -32602.
	APIKey string `json:"apiKey,omitempty"`
	// Write the key to auth.json; without it the key is for this process only.
	Persist bool `json:"persist,omitempty"`
	// Answer when the login is over (the default), or at once.
	Wait *bool `json:"wait,omitempty"`
	// How long to wait for the user; 600000. A device code ends after 15 minutes.
	TimeoutMs int64 `json:"timeoutMs,omitempty" min:"1" max:"86400000"`
	// Open the browser (the default): the host if it declares window.showDocument, else the system.
	OpenBrowser *bool `json:"openBrowser,omitempty"`
	// Ports of the callback on loopback, the first that is free; [1455, 1457]. Empty: nothing listens, and auth/login/complete ends the login. 0 is any port.
	Ports []uint16 `json:"ports,omitempty" max:"16"`
	// Whether the id_token is traded for a Platform key; "auto".
	Exchange ExchangePolicy `json:"exchange,omitempty"`
	// Log in although auth.json cannot be read; its content is kept beside it.
	Replace bool `json:"replace,omitempty"`
}

// LoginResult is the result of auth/login and auth/login/complete.
type LoginResult struct {
	// Names the login.
	LoginID string `json:"loginId"`
	// "pending" is the answer to wait:false.
	Status LoginStatus `json:"status"`
	// Where the browser has to go; of a pending browser login.
	AuthURL string `json:"authUrl,omitempty"`
	// Where the user enters the code; of a pending device login.
	VerificationURL string `json:"verificationUrl,omitempty"`
	// The code to enter there.
	UserCode string `json:"userCode,omitempty"`
	// When a pending login gives up.
	ExpiresAt string `json:"expiresAt,omitempty"`
	// As auth/status answers it after the login.
	Auth *AuthStatus `json:"auth,omitempty"`
}

// LoginPrompt is auth/loginPrompt: what the user has to be shown. auth/status
// repeats it while the login waits.
type LoginPrompt struct {
	// Names the login.
	LoginID string `json:"loginId"`
	// "browser" or "device".
	Method string `json:"method"`
	// Where the browser has to go; of a browser login.
	AuthURL string `json:"authUrl,omitempty"`
	// Where the user enters the code; of a device login.
	VerificationURL string `json:"verificationUrl,omitempty"`
	// The same with the code in it, where the issuer has such a page; not so far.
	VerificationURLComplete string `json:"verificationUrlComplete,omitempty"`
	// The code to enter there.
	UserCode string `json:"userCode,omitempty"`
	// When the login gives up.
	ExpiresAt string `json:"expiresAt"`
}

// LoginCompleted is auth/loginCompleted: the login is over.
type LoginCompleted struct {
	// Names the login.
	LoginID string `json:"loginId"`
	// The credentials are stored, and nothing that was required is missing.
	Success bool `json:"success"`
	// Why not: the whole error of the answer.
	Error *Error `json:"error,omitempty"`
	// As auth/status answers it; absent when nothing has changed.
	Auth *AuthStatus `json:"auth,omitempty"`
}

// CompleteLoginParams are the params of auth/login/complete: loginId with
// redirectUrl, or with code and state.
type CompleteLoginParams struct {
	// The login that waits.
	LoginID string `json:"loginId"`
	// The whole address that the browser has ended on, though no page came.
	RedirectURL string `json:"redirectUrl,omitempty"`
	// The parameter code of that address.
	Code string `json:"code,omitempty"`
	// The parameter state of that address.
	State string `json:"state,omitempty"`
}

// CancelLoginParams are the params of auth/login/cancel.
type CancelLoginParams struct {
	// The login; absent: the one that waits.
	LoginID string `json:"loginId,omitempty"`
}

// CancelLoginResult is the result of auth/login/cancel.
type CancelLoginResult struct {
	// "cancelled", its port free again, or "notFound": it is over, or being saved.
	Status string `json:"status"`
}

// ExchangeResult is the result of auth/exchange.
type ExchangeResult struct {
	// The key that the login was traded for.
	Credential ExchangedKey `json:"credential"`
}

// ExchangedKey tells a key without showing it.
type ExchangedKey struct {
	// "codex_token_exchange_api_key", or where a key of the login is that was there already.
	Source CredentialSource `json:"source"`
	// Its first 3 and last 4 characters; null when it is short.
	Hint *string `json:"hint"`
}

// LogoutParams are the params of auth/logout.
type LogoutParams struct {
	// Tell the issuer, too, so that the tokens are of no use any more (the default); false: forget them on this machine only.
	Revoke *bool `json:"revoke,omitempty"`
}

// LogoutResult is the result of auth/logout.
type LogoutResult struct {
	// As auth/status answers it after the logout; credentials of the environment still count.
	Auth AuthStatus `json:"auth"`
}

// RefreshResult is the result of auth/refresh.
type RefreshResult struct {
	// There are new tokens.
	Refreshed bool `json:"refreshed"`
	// As auth/status answers it after the renewal.
	Auth AuthStatus `json:"auth"`
}

// ShowDocumentParams are the params of window/showDocument, as in LSP.
type ShowDocumentParams struct {
	// The page.
	URI string `json:"uri"`
	// Always true: in a browser, not in the editor.
	External bool `json:"external"`
}

// ShowDocumentResult is the answer of the host.
type ShowDocumentResult struct {
	// The page is shown.
	Success bool `json:"success"`
}
