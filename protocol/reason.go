package protocol

// Reason narrows a kind of error, and says why a credential, a route or a model
// cannot be used. The list is closed per release; ignore a reason that you do
// not know and go by the kind.
type Reason string

// The message itself.
const (
	// The message, the response or one of its events is larger than the limit.
	ReasonTooLarge Reason = "too_large"
	// A JSON-RPC batch; send one message at a time.
	ReasonBatchUnsupported Reason = "batch_unsupported"
	// A request with this id has not been answered yet.
	ReasonDuplicateID Reason = "duplicate_id"
	// A Content-Type names a charset other than UTF-8.
	ReasonCharset Reason = "charset"
	// A live stream has this streamId.
	ReasonDuplicateStreamID Reason = "duplicate_stream_id"
)

// Credentials.
const (
	// There is no credential for the route.
	ReasonNoCredentials Reason = "no_credentials"
	// The token has expired and cannot be refreshed.
	ReasonTokenExpired Reason = "token_expired"
	// The upstream does not accept the token or the key.
	ReasonTokenRejected Reason = "token_rejected"
	// The refresh token has expired.
	ReasonRefreshExpired Reason = "refresh_expired"
	// The refresh token has been used before.
	ReasonRefreshReused Reason = "refresh_reused"
	// The refresh token has been revoked.
	ReasonRefreshRevoked Reason = "refresh_revoked"
	// Another account has logged in meanwhile.
	ReasonAccountChanged Reason = "account_changed"

	// An API key where an access token is needed, or the reverse.
	ReasonWrongKind Reason = "wrong_kind"
	// The tokens do not name the ChatGPT account.
	ReasonMissingAccountID Reason = "missing_account_id"
	// The tokens and auth.json name different accounts.
	ReasonAccountMismatch Reason = "account_mismatch"
	// The model is pinned to another route.
	ReasonPinnedRoute Reason = "pinned_route"
	// An environment variable holds something that cannot be its credential.
	ReasonBadOverride Reason = "bad_override"
	// The base URL belongs to somebody else than the credential.
	ReasonForeignBaseURL Reason = "foreign_base_url"
	// The login comes from another issuer.
	ReasonForeignIssuer Reason = "foreign_issuer"

	// The login belongs to no organization that has an API.
	ReasonMissingOrganization Reason = "missing_organization"
	// The issuer does not accept the id_token.
	ReasonInvalidIDToken Reason = "invalid_id_token"
	// None of the other reasons; upstream has what is known.
	ReasonOther Reason = "other"
)

// The store of the login.
const (
	// The login cannot be parsed.
	ReasonCorrupt Reason = "corrupt"
	// The login cannot be read.
	ReasonUnreadable Reason = "unreadable"
	// The system keyring does not answer, or cannot be used.
	ReasonKeyring Reason = "keyring"
	// The configuration asks for a store that is not supported.
	ReasonUnsupportedStore Reason = "unsupported_store"
	// The login is of a kind that only Codex can use.
	ReasonUnsupportedAuthMode Reason = "unsupported_auth_mode"
	// Another process holds the lock.
	ReasonLocked Reason = "locked"
	// The file or its folder cannot be written.
	ReasonReadOnly Reason = "read_only"
	// CODEX_HOME is not an absolute path, or its folder cannot be created.
	ReasonBadHome Reason = "bad_home"
	// The folder belongs to another user.
	ReasonNotOwner Reason = "not_owner"
	// The file has a second name, which a write would cut off.
	ReasonHardLink Reason = "hard_link"
	// Another program has the file open and does not let it be replaced; on Windows.
	ReasonInUse Reason = "in_use"
	// The disk is full.
	ReasonNoSpace Reason = "no_space"
	// The write failed.
	ReasonWriteFailed Reason = "write_failed"
)

// Parameters.
const (
	// What the request names is not remembered, or no longer (_meta.memory).
	ReasonNotRemembered Reason = "not_remembered"
)

// Logins.
const (
	// The user or the issuer refused the login.
	ReasonDenied Reason = "denied"
	// Nobody finished the login in time.
	ReasonExpired Reason = "expired"
	// The state does not belong to this login.
	ReasonStateMismatch Reason = "state_mismatch"
	// Every port that the browser may come back to is in use.
	ReasonPortBusy Reason = "port_busy"
	// The login, or the request, was cancelled.
	ReasonCancelled Reason = "cancelled"
	// Two browsers or programs opened the start page.
	ReasonStartReused Reason = "start_reused"
	// A later login took its place.
	ReasonSuperseded Reason = "superseded"
	// The issuer did not accept the authorization code.
	ReasonCodeExchangeFailed Reason = "code_exchange_failed"
	// The issuer does not offer logins with a device code to this account.
	ReasonDeviceDisabled Reason = "device_disabled"
	// The workspace is not allowed to use Codex, or not by the configuration.
	ReasonWorkspaceNotAllowed Reason = "workspace_not_allowed"
)

// The network, and what a server says by its status.
const (
	// No connection could be made, or it ended before an answer.
	ReasonConnect Reason = "connect"
	// The host name could not be resolved.
	ReasonDNS Reason = "dns"
	// The TLS handshake failed.
	ReasonTLS Reason = "tls"
	// The proxy failed or refused.
	ReasonProxy Reason = "proxy"
	// It took longer than allowed.
	ReasonTimeout Reason = "timeout"
	// The server failed with a 5xx status, or answered nonsense.
	ReasonServerError Reason = "server_error"
	// The upstream is overloaded.
	ReasonOverloaded Reason = "overloaded"
	// The server answered with a redirect, which is never followed.
	ReasonRedirect Reason = "redirect"
	// The issuer asks to slow down.
	ReasonRateLimited Reason = "rate_limited"
	// The issuer refused the request.
	ReasonRefused Reason = "refused"
	// The answer of the issuer could not be parsed.
	ReasonBadAnswer Reason = "bad_answer"
)

// What the upstream refused.
const (
	// The upstream does not serve the model to this account.
	ReasonModelUnavailable Reason = "model_unavailable"
	// The input is longer than the model's context window.
	ReasonContextLength Reason = "context_length"
	// The upstream refused the prompt.
	ReasonInvalidPrompt Reason = "invalid_prompt"
	// The upstream does not know an id in the request, or the address.
	ReasonNotFound Reason = "not_found"
	// The account or the key may not do this.
	ReasonForbidden Reason = "forbidden"
	// A firewall in front of the upstream blocked the request.
	ReasonBlocked Reason = "blocked"

	// The usage limit of the ChatGPT plan has been reached.
	ReasonUsageLimit Reason = "usage_limit"
	// The ChatGPT plan does not include the model.
	ReasonUsageNotIncluded Reason = "usage_not_included"
	// The rate limit of requests has been reached.
	ReasonRequests Reason = "requests"
	// The rate limit of tokens has been reached.
	ReasonTokens Reason = "tokens"
	// The quota of the Platform account is used up.
	ReasonQuota Reason = "quota"
)

// Streams that broke.
const (
	// The connection ended in the middle of the response.
	ReasonCut Reason = "cut"
	// The stream was silent for longer than its idle limit.
	ReasonIdle Reason = "idle"
	// An event is not what the Responses API says it is.
	ReasonBadEvent Reason = "bad_event"
	// The stream ended without its last event.
	ReasonNoTerminalEvent Reason = "no_terminal_event"
	// The upstream answered with something other than an event stream.
	ReasonNotSSE Reason = "not_sse"
	// The stream says that the response is complete, but a part of it never arrived.
	ReasonMissingEvents Reason = "missing_events"
)
