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
	// OPENAI_API_KEY of the environment.
	SourceEnvAPIKey CredentialSource = "env_openai_api_key"
	// OPENAI_OAUTH_ACCESS_TOKEN of the environment.
	SourceEnvAccessToken CredentialSource = "env_oauth_access_token"
	// The member OPENAI_API_KEY of auth.json.
	SourceAuthJSONAPIKey CredentialSource = "codex_auth_json_api_key"
	// The tokens of auth.json.
	SourceAuthJSONOAuth CredentialSource = "codex_auth_json_oauth"
	// A key in the entry that Codex keeps in the keyring.
	SourceKeyringAPIKey CredentialSource = "codex_keyring_api_key"
	// The tokens of that entry.
	SourceKeyringOAuth CredentialSource = "codex_keyring_oauth"
	// A key that this process has exchanged the ChatGPT login for, or would have to.
	SourceTokenExchangeAPIKey CredentialSource = "codex_token_exchange_api_key"
	// Nothing was resolved.
	SourceUnknown CredentialSource = "unknown"
)

// AccountMode decides the route of a model that no row of the table names.
type AccountMode string

// The modes; the empty mode means that there is no credential.
const (
	// They go over the ChatGPT route.
	ModeChatGPT AccountMode = "chatgpt"
	// They go over the Platform route.
	ModeAPIKey AccountMode = "apiKey"
)

// AuthState sums the credentials up.
type AuthState string

// The states.
const (
	// StateAuthenticated: some route works now or after a renewal.
	StateAuthenticated AuthState = "authenticated"
	// StateUnauthenticated: there is no credential that a route could use.
	StateUnauthenticated AuthState = "unauthenticated"
	// StateExpired: the access token has expired; only a new login helps.
	StateExpired AuthState = "expired"
	// StateError: auth.json cannot be used, and nothing else makes a route work.
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
	// All of it in one word.
	State AuthState `json:"state"`
	// Where models go that no rule names; null without a credential.
	Mode *AccountMode `json:"mode"`
	// Whom the access token belongs to; null when none tells.
	Account *Account `json:"account"`
	// The two credentials, present or not.
	Credentials CredentialStates `json:"credentials"`
	// One row for each route: first chatgpt, then platform.
	Routes []RouteState `json:"routes"`
	// auth.json.
	File FileState `json:"file"`
	// The login that waits for its user; absent when none does.
	Login *LoginPrompt `json:"login,omitempty"`
	// Overrides in force, for example a base URL from the environment.
	Overrides []Override `json:"overrides"`
	// One sentence each, for a person.
	Warnings []string `json:"warnings"`
}

// Account as the claims of the tokens name it; null for what they do not name.
type Account struct {
	// E-mail address.
	Email *string `json:"email"`
	// Plan, such as "plus"; an open set.
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
	// There is one, usable or not.
	Present bool `json:"present"`
	// Where it is; "unknown" when there is none.
	Source CredentialSource `json:"source"`
	// When it expires; null when it does not tell.
	ExpiresAt *string `json:"expiresAt"`
	// When it was last renewed; null when not known.
	LastRefresh *string `json:"lastRefresh"`
	// A refresh token stands beside it.
	Refreshable bool `json:"refreshable"`
	// It is in memory only, because it could not be written; that is tried again.
	Unsaved bool `json:"unsaved,omitempty"`
	// Why it cannot be used: the reason that an error would have.
	Reason Reason `json:"reason,omitempty"`
}

// PlatformState is the state of the Platform key.
type PlatformState struct {
	// There is one, usable or not.
	Present bool `json:"present"`
	// Where it is; "unknown" when there is none.
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
	// Permissions in octal, such as "0600"; null when there is no file.
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
	// Who said so: "flag" or "environment".
	Source string `json:"source"`
}
