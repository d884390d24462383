package protocol

// CredentialKind is the kind of credential that a route needs.
type CredentialKind string

// The two kinds.
const (
	// CredentialChatGPT is an OAuth access token of a ChatGPT login.
	CredentialChatGPT CredentialKind = "chatgpt"
	// CredentialPlatformKey is an API key of the OpenAI Platform.
	CredentialPlatformKey CredentialKind = "platformKey"
)

// CredentialSource says where a credential came from.
type CredentialSource string

// The sources.
const (
	// A Platform key given to this process.
	SourceExplicitAPIKey CredentialSource = "explicit_api_key"
	// OPENAI_API_KEY in the environment.
	SourceEnvAPIKey CredentialSource = "env_openai_api_key"
	// OPENAI_OAUTH_ACCESS_TOKEN in the environment.
	SourceEnvAccessToken CredentialSource = "env_oauth_access_token"
	// The member OPENAI_API_KEY of auth.json.
	SourceAuthJSONAPIKey CredentialSource = "codex_auth_json_api_key"
	// The tokens of auth.json.
	SourceAuthJSONOAuth CredentialSource = "codex_auth_json_oauth"
	// A key in Codex's entry in the keyring.
	SourceKeyringAPIKey CredentialSource = "codex_keyring_api_key"
	// The tokens in Codex's entry in the keyring.
	SourceKeyringOAuth CredentialSource = "codex_keyring_oauth"
	// A key for which this process has exchanged the ChatGPT login, or would have to.
	SourceTokenExchangeAPIKey CredentialSource = "codex_token_exchange_api_key"
	// No credential was resolved.
	SourceUnknown CredentialSource = "unknown"
)

// AccountMode decides the route of the models that no rule names.
type AccountMode string

// The modes; the empty mode means that there is no credential.
const (
	// The ChatGPT route.
	ModeChatGPT AccountMode = "chatgpt"
	// The Platform route.
	ModeAPIKey AccountMode = "apiKey"
)

// AuthState summarizes the credentials.
type AuthState string

// The states.
const (
	// StateAuthenticated: some route works now, or after a refresh.
	StateAuthenticated AuthState = "authenticated"
	// StateUnauthenticated: no route has a credential.
	StateUnauthenticated AuthState = "unauthenticated"
	// StateExpired: the access token has expired; only a new login helps.
	StateExpired AuthState = "expired"
	// StateError: the stored login cannot be used, and no other credential makes a route work.
	StateError AuthState = "error"
)

// The ways to log in that errors suggest.
const (
	LoginBrowser = "browser"
	LoginDevice  = "device"
	LoginAPIKey  = "apiKey"
)

// AuthStatusParams are the params of auth/status.
type AuthStatusParams struct {
	// Whether the login may be refreshed first.
	Refresh StatusRefresh `json:"refresh,omitempty"`
}

// AuthStatus is the result of auth/status. It never shows a secret.
type AuthStatus struct {
	// The summary of the rest.
	State AuthState `json:"state"`
	// The route of the models that no rule names; null without a credential.
	Mode *AccountMode `json:"mode"`
	// The account of the access token; null when no token names it.
	Account *Account `json:"account"`
	// The two credentials, present or not.
	Credentials CredentialStates `json:"credentials"`
	// One row for each route: first chatgpt, then platform.
	Routes []RouteState `json:"routes"`
	// The file auth.json.
	File FileState `json:"file"`
	// The login in progress; absent when there is none.
	Login *LoginPrompt `json:"login,omitempty"`
	// Overrides in force: a base URL from the environment or a flag, a proxy (its host and port), a file of authorities.
	Overrides []Override `json:"overrides"`
	// One sentence each, for a person.
	Warnings []string `json:"warnings"`
}

// Account is the account that the claims of the tokens name; null for what they
// leave out.
type Account struct {
	// E-mail address.
	Email *string `json:"email"`
	// Plan, such as "plus"; new ones may appear.
	PlanType *string `json:"planType"`
	// Id of the ChatGPT account.
	AccountID *string `json:"accountId"`
	// Id of the user.
	UserID *string `json:"userId"`
}

// CredentialStates are the two credentials, present or not.
type CredentialStates struct {
	// The OAuth access token.
	ChatGPT ChatGPTState `json:"chatgpt"`
	// The Platform key.
	Platform PlatformState `json:"platform"`
}

// ChatGPTState is the state of the OAuth access token.
type ChatGPTState struct {
	// There is one, whether it can be used or not.
	Present bool `json:"present"`
	// Where it comes from; "unknown" when there is none.
	Source CredentialSource `json:"source"`
	// When it expires; null when it does not say.
	ExpiresAt *string `json:"expiresAt"`
	// When it was last refreshed; null when not known.
	LastRefresh *string `json:"lastRefresh"`
	// There is a refresh token for it.
	Refreshable bool `json:"refreshable"`
	// It is only in memory, because it could not be saved; saving is retried.
	Unsaved bool `json:"unsaved,omitempty"`
	// Why it cannot be used: the reason that an error would have.
	Reason Reason `json:"reason,omitempty"`
}

// PlatformState is the state of the Platform key.
type PlatformState struct {
	// There is one, whether it can be used or not.
	Present bool `json:"present"`
	// Where it comes from; "unknown" when there is none.
	Source CredentialSource `json:"source"`
	// Its first 3 and last 4 characters; null when it is short, unusable or absent.
	Hint *string `json:"hint"`
	// Why it cannot be used: the reason that an error would have.
	Reason Reason `json:"reason,omitempty"`
}

// RouteState says whether a route can be used now.
type RouteState struct {
	// The route.
	Route RouteName `json:"route"`
	// Always "responses".
	API string `json:"api"`
	// Where its requests go; empty when an override is refused.
	BaseURL string `json:"base_url"`
	// A request would be sent.
	Available bool `json:"available"`
	// Where its credential comes from; "unknown" when it is not available.
	CredentialSource CredentialSource `json:"credential_source"`
	// Why it is not available: the reason that an error would have.
	Reason Reason `json:"reason,omitempty"`
}

// FileState describes auth.json.
type FileState struct {
	// Where it is, or would be.
	Path string `json:"path"`
	// Permissions in octal, such as "0600"; null when there is no file, and on Windows.
	Mode *string `json:"mode"`
	// When it was last written; null when there is no file.
	Modified *string `json:"modified"`
}

// Override is a setting that replaces a default of the program.
type Override struct {
	// The variable or the flag.
	Name string `json:"name"`
	// Its value.
	Value string `json:"value"`
	// Where it was set: "flag" or "environment".
	Source string `json:"source"`
}
