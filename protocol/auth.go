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
	SourceExplicitAPIKey      CredentialSource = "explicit_api_key"
	SourceEnvAPIKey           CredentialSource = "env_openai_api_key"
	SourceEnvAccessToken      CredentialSource = "env_oauth_access_token"
	SourceAuthJSONAPIKey      CredentialSource = "codex_auth_json_api_key"
	SourceAuthJSONOAuth       CredentialSource = "codex_auth_json_oauth"
	SourceKeyringAPIKey       CredentialSource = "codex_keyring_api_key"
	SourceKeyringOAuth        CredentialSource = "codex_keyring_oauth"
	SourceTokenExchangeAPIKey CredentialSource = "codex_token_exchange_api_key"
	// SourceUnknown stands where nothing was resolved.
	SourceUnknown CredentialSource = "unknown"
)

// AccountMode decides the route of a model that no row of the table names.
type AccountMode string

// The modes; the empty mode means that there is no credential.
const (
	ModeChatGPT AccountMode = "chatgpt"
	ModeAPIKey  AccountMode = "apiKey"
)

// AuthState sums the credentials up.
type AuthState string

// The states.
const (
	// StateAuthenticated: some route works now or after a renewal.
	StateAuthenticated AuthState = "authenticated"
	// StateUnauthenticated: there is no credential.
	StateUnauthenticated AuthState = "unauthenticated"
	// StateExpired: only a new login helps.
	StateExpired AuthState = "expired"
	// StateError: the credential store cannot be read.
	StateError AuthState = "error"
)

// LoginMethods that auth/login offers and that errors suggest.
const (
	LoginBrowser = "browser"
	LoginDevice  = "device"
	LoginAPIKey  = "apiKey"
)

// AuthStatus is the result of auth/status. It never shows a secret.
type AuthStatus struct {
	State       AuthState        `json:"state"`
	Mode        *AccountMode     `json:"mode"`
	Account     *Account         `json:"account"`
	Credentials CredentialStates `json:"credentials"`
	Routes      []RouteState     `json:"routes"`
	File        FileState        `json:"file"`
	// Overrides in force, for example a base URL from the environment.
	Overrides []Override `json:"overrides"`
	Warnings  []string   `json:"warnings"`
}

// Account as the tokens name it; a member that they do not name is null.
type Account struct {
	Email     *string `json:"email"`
	PlanType  *string `json:"planType"`
	AccountID *string `json:"accountId"`
	UserID    *string `json:"userId"`
}

// CredentialStates are the two credentials, present or not.
type CredentialStates struct {
	ChatGPT  ChatGPTState  `json:"chatgpt"`
	Platform PlatformState `json:"platform"`
}

// ChatGPTState is the state of the OAuth access token.
type ChatGPTState struct {
	Present     bool             `json:"present"`
	Source      CredentialSource `json:"source"`
	ExpiresAt   *string          `json:"expiresAt"`
	LastRefresh *string          `json:"lastRefresh"`
	Refreshable bool             `json:"refreshable"`
	// Reason why the token cannot be used, one of the reasons of the errors.
	Reason string `json:"reason,omitempty"`
}

// PlatformState is the state of the Platform key.
type PlatformState struct {
	Present bool             `json:"present"`
	Source  CredentialSource `json:"source"`
	// Hint shows the start and the end of the key, never more than 3 + 4
	// characters.
	Hint   *string `json:"hint"`
	Reason string  `json:"reason,omitempty"`
}

// RouteState says whether a route can be used now.
type RouteState struct {
	Route            RouteName        `json:"route"`
	API              string           `json:"api"`
	BaseURL          string           `json:"base_url"`
	Available        bool             `json:"available"`
	CredentialSource CredentialSource `json:"credential_source"`
	Reason           string           `json:"reason,omitempty"`
}

// FileState describes auth.json.
type FileState struct {
	Path string `json:"path"`
	// Mode is octal, such as "0600"; null when there is no file.
	Mode     *string `json:"mode"`
	Modified *string `json:"modified"`
}

// Override is a setting that replaces a default of the program.
type Override struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Source: "flag" or "environment".
	Source string `json:"source"`
}
