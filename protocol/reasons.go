package protocol

// ErrorRow is one row of the table of errors.
type ErrorRow struct {
	Code Code
	Kind Kind
	// Reasons that this version gives for the kind; none: it never has one.
	Reasons []string
	// Members of error.data that an error of the kind may have, beside kind,
	// reason, action, retryable, retryAfterMs, httpStatus, headers, upstream,
	// streamId and evidence, which any may have.
	Members []string
	// HTTP is the status that stands for the kind where a host answers over HTTP.
	HTTP string
}

// Errors is the table of errors: every code has one kind, every kind one code.
// The lists are closed per release, and tests hold them so; a later release may
// add to them.
var Errors = []ErrorRow{
	{Code: CodeParseError, Kind: KindParseError, HTTP: "400"},
	{Code: CodeInvalidRequest, Kind: KindInvalidRequest, HTTP: "400",
		Reasons: []string{"too_large", "batch_unsupported", "duplicate_id", "charset"}},
	{Code: CodeMethodNotFound, Kind: KindMethodNotFound, HTTP: "400",
		Members: []string{"method", "similar"}},
	{Code: CodeInvalidParams, Kind: KindInvalidParams, HTTP: "400",
		Reasons: []string{ReasonDuplicateStreamID},
		Members: []string{"field", "supported"}},
	{Code: CodeInternalError, Kind: KindInternalError, HTTP: "500",
		Members: []string{"incidentId"}},
	{Code: CodeNotInitialized, Kind: KindNotInitialized, HTTP: "400"},
	{Code: CodeCancelled, Kind: KindCancelled, HTTP: "499"},
	{Code: CodeBusy, Kind: KindBusy, HTTP: "503",
		Members: []string{"limit"}},
	{Code: CodeLoginRequired, Kind: KindLoginRequired, HTTP: "401",
		Reasons: []string{
			ReasonNoCredentials, ReasonTokenExpired, ReasonTokenRejected,
			ReasonRefreshExpired, ReasonRefreshReused, ReasonRefreshRevoked, ReasonAccountChanged,
		},
		Members: []string{"need", "have", "loginMethods"}},
	{Code: CodeCredentialMismatch, Kind: KindCredentialMismatch, HTTP: "403",
		Reasons: []string{
			ReasonWrongKind, ReasonMissingAccountID, ReasonAccountMismatch,
			ReasonPinnedRoute, ReasonBadOverride, ReasonForeignBaseURL, ReasonForeignIssuer,
		},
		Members: []string{"need", "have", "loginMethods", "route"}},
	{Code: CodeCredentialStore, Kind: KindCredentialStore, HTTP: "500",
		Reasons: []string{
			ReasonCorrupt, "unreadable", ReasonKeyring, ReasonUnsupportedStore, ReasonUnsupportedAuthMode, ReasonLocked,
			ReasonReadOnly, ReasonNotOwner, ReasonHardLink, ReasonNoSpace, ReasonWriteFailed,
		},
		Members: []string{"path", "field"}},
	{Code: CodeAuthUnavailable, Kind: KindAuthUnavailable, HTTP: "502 / 504",
		Reasons: []string{
			"connect", "dns", "tls", "proxy", "timeout", "server_error", "rate_limited", "redirect", "refused", "bad_answer",
		}},
	{Code: CodeLoginFailed, Kind: KindLoginFailed, HTTP: "403",
		Reasons: []string{
			ReasonDenied, ReasonExpired, ReasonStateMismatch, ReasonPortBusy, ReasonCancelled, ReasonSuperseded,
			ReasonCodeExchangeFailed, ReasonDeviceDisabled, ReasonWorkspaceNotAllowed,
		},
		Members: []string{"loginMethods"}},
	{Code: CodeExchangeFailed, Kind: KindExchangeFailed, HTTP: "403",
		Reasons: []string{ReasonMissingOrganization, ReasonInvalidIDToken, ReasonTokenExpired, ReasonOther},
		Members: []string{"need", "have", "loginMethods"}},
	{Code: CodeUnsupportedParameter, Kind: KindUnsupportedParameter, HTTP: "400",
		Members: []string{"field", "route"}},
	{Code: CodeUpstreamRejected, Kind: KindUpstreamRejected, HTTP: "as upstream",
		Reasons: []string{
			"model_unavailable", "context_length", "invalid_prompt", "not_found", "forbidden", "blocked", ReasonOther,
		}},
	{Code: CodeRateLimited, Kind: KindRateLimited, HTTP: "429",
		Reasons: []string{"usage_limit", "usage_not_included", "requests", "tokens", "quota"},
		Members: []string{"resetsAt", "planType", "window"}},
	{Code: CodeUpstreamUnavailable, Kind: KindUpstreamUnavailable, HTTP: "502 / 504",
		Reasons: []string{
			"connect", "dns", "tls", "proxy", "timeout", "server_error", "overloaded", "redirect",
		}},
	{Code: CodeStreamBroken, Kind: KindStreamBroken, HTTP: "502",
		Reasons: []string{"cut", "idle", "timeout", "too_large", "bad_event", "no_terminal_event", "not_sse"},
		Members: []string{"eventsDelivered"}},
	{Code: CodeResponseFailed, Kind: KindResponseFailed, HTTP: "502",
		Members: []string{"resetsAt", "planType"}},
	{Code: CodeModelMismatch, Kind: KindModelMismatch, HTTP: "502"},
}

// kindOf gives the kind of a code.
func kindOf(code Code) Kind {
	for i := range Errors {
		if Errors[i].Code == code {
			return Errors[i].Kind
		}
	}
	return ""
}

// Reasons that more than one place names; the others stand as they are where
// they are given.
const (
	ReasonDuplicateStreamID = "duplicate_stream_id"

	ReasonNoCredentials = "no_credentials"
	ReasonTokenExpired  = "token_expired"
	ReasonTokenRejected = "token_rejected"

	ReasonRefreshExpired = "refresh_expired"
	ReasonRefreshReused  = "refresh_reused"
	ReasonRefreshRevoked = "refresh_revoked"
	ReasonAccountChanged = "account_changed"

	ReasonWrongKind        = "wrong_kind"
	ReasonMissingAccountID = "missing_account_id"
	ReasonAccountMismatch  = "account_mismatch"
	ReasonPinnedRoute      = "pinned_route"
	ReasonBadOverride      = "bad_override"
	ReasonForeignBaseURL   = "foreign_base_url"
	ReasonForeignIssuer    = "foreign_issuer"

	ReasonMissingOrganization = "missing_organization"
	ReasonInvalidIDToken      = "invalid_id_token"
	ReasonOther               = "other"

	ReasonCorrupt             = "corrupt"
	ReasonKeyring             = "keyring"
	ReasonUnsupportedStore    = "unsupported_store"
	ReasonUnsupportedAuthMode = "unsupported_auth_mode"
	ReasonLocked              = "locked"
	ReasonReadOnly            = "read_only"
	ReasonNotOwner            = "not_owner"
	ReasonHardLink            = "hard_link"
	ReasonNoSpace             = "no_space"
	ReasonWriteFailed         = "write_failed"

	ReasonDenied              = "denied"
	ReasonExpired             = "expired"
	ReasonStateMismatch       = "state_mismatch"
	ReasonPortBusy            = "port_busy"
	ReasonCancelled           = "cancelled"
	ReasonSuperseded          = "superseded"
	ReasonCodeExchangeFailed  = "code_exchange_failed"
	ReasonDeviceDisabled      = "device_disabled"
	ReasonWorkspaceNotAllowed = "workspace_not_allowed"
)
