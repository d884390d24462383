package protocol

// ErrorRow is one row of the table of errors.
type ErrorRow struct {
	Code Code
	Kind Kind
	// Reasons of the kind in this version; none: it never has one.
	Reasons []Reason
	// Members of error.data that an error of the kind may have besides kind,
	// reason, action, retryable, retryAfterMs, httpStatus, headers, upstream,
	// streamId and evidence, which any may have.
	Members []string
	// HTTP is the status for hosts that serve HTTP. Where two are given, use 504
	// when the reason is "timeout".
	HTTP string
}

// Errors is the table of errors: every code has one kind, every kind one code.
// The lists are closed per release, and tests hold them so; a later release may
// add to them.
var Errors = []ErrorRow{
	{Code: CodeParseError, Kind: KindParseError, HTTP: "400"},
	{Code: CodeInvalidRequest, Kind: KindInvalidRequest, HTTP: "400",
		Reasons: []Reason{ReasonTooLarge, ReasonBatchUnsupported, ReasonDuplicateID, ReasonCharset}},
	{Code: CodeMethodNotFound, Kind: KindMethodNotFound, HTTP: "400",
		Members: []string{"method", "similar"}},
	{Code: CodeInvalidParams, Kind: KindInvalidParams, HTTP: "400",
		Reasons: []Reason{ReasonDuplicateStreamID},
		Members: []string{"field", "supported"}},
	{Code: CodeInternalError, Kind: KindInternalError, HTTP: "500",
		Members: []string{"incidentId"}},
	{Code: CodeNotInitialized, Kind: KindNotInitialized, HTTP: "400"},
	{Code: CodeCancelled, Kind: KindCancelled, HTTP: "499"},
	{Code: CodeBusy, Kind: KindBusy, HTTP: "503",
		Members: []string{"limit"}},
	{Code: CodeLoginRequired, Kind: KindLoginRequired, HTTP: "401",
		Reasons: []Reason{
			ReasonNoCredentials, ReasonTokenExpired, ReasonTokenRejected,
			ReasonRefreshExpired, ReasonRefreshReused, ReasonRefreshRevoked, ReasonAccountChanged,
		},
		Members: []string{"need", "have", "loginMethods"}},
	{Code: CodeCredentialMismatch, Kind: KindCredentialMismatch, HTTP: "403",
		Reasons: []Reason{
			ReasonWrongKind, ReasonMissingAccountID, ReasonAccountMismatch,
			ReasonPinnedRoute, ReasonBadOverride, ReasonForeignBaseURL, ReasonForeignIssuer,
		},
		Members: []string{"need", "have", "loginMethods", "route"}},
	{Code: CodeCredentialStore, Kind: KindCredentialStore, HTTP: "500",
		Reasons: []Reason{
			ReasonCorrupt, ReasonUnreadable, ReasonKeyring, ReasonUnsupportedStore, ReasonUnsupportedAuthMode, ReasonLocked,
			ReasonReadOnly, ReasonBadHome, ReasonNotOwner, ReasonHardLink, ReasonInUse, ReasonNoSpace, ReasonWriteFailed,
		},
		Members: []string{"path", "field"}},
	{Code: CodeAuthUnavailable, Kind: KindAuthUnavailable, HTTP: "502 / 504",
		Reasons: []Reason{
			ReasonConnect, ReasonDNS, ReasonTLS, ReasonProxy, ReasonTimeout, ReasonServerError, ReasonRateLimited, ReasonRedirect, ReasonRefused, ReasonBadAnswer,
		}},
	{Code: CodeLoginFailed, Kind: KindLoginFailed, HTTP: "403",
		Reasons: []Reason{
			ReasonDenied, ReasonExpired, ReasonStateMismatch, ReasonPortBusy, ReasonCancelled, ReasonSuperseded,
			ReasonCodeExchangeFailed, ReasonDeviceDisabled, ReasonWorkspaceNotAllowed, ReasonStartReused,
		},
		Members: []string{"loginMethods"}},
	{Code: CodeExchangeFailed, Kind: KindExchangeFailed, HTTP: "403",
		Reasons: []Reason{ReasonMissingOrganization, ReasonInvalidIDToken, ReasonTokenExpired, ReasonOther},
		Members: []string{"need", "have", "loginMethods"}},
	{Code: CodeUnsupportedParameter, Kind: KindUnsupportedParameter, HTTP: "400",
		Reasons: []Reason{ReasonNotRemembered},
		Members: []string{"field", "route"}},
	{Code: CodeUpstreamRejected, Kind: KindUpstreamRejected, HTTP: "as upstream",
		Reasons: []Reason{
			ReasonModelUnavailable, ReasonContextLength, ReasonInvalidPrompt, ReasonNotFound, ReasonForbidden, ReasonBlocked, ReasonOther,
		}},
	{Code: CodeRateLimited, Kind: KindRateLimited, HTTP: "429",
		Reasons: []Reason{ReasonUsageLimit, ReasonUsageNotIncluded, ReasonRequests, ReasonTokens, ReasonQuota},
		Members: []string{"resetsAt", "planType", "window"}},
	{Code: CodeUpstreamUnavailable, Kind: KindUpstreamUnavailable, HTTP: "502 / 504",
		Reasons: []Reason{
			ReasonConnect, ReasonDNS, ReasonTLS, ReasonProxy, ReasonTimeout, ReasonServerError, ReasonOverloaded, ReasonRedirect,
		}},
	{Code: CodeStreamBroken, Kind: KindStreamBroken, HTTP: "502",
		Reasons: []Reason{ReasonCut, ReasonIdle, ReasonTimeout, ReasonTooLarge, ReasonBadEvent, ReasonNoTerminalEvent, ReasonNotSSE, ReasonMissingEvents},
		Members: []string{"eventsDelivered", "limit"}},
	{Code: CodeResponseFailed, Kind: KindResponseFailed, HTTP: "502",
		Reasons: []Reason{
			ReasonRequests, ReasonTokens, ReasonOverloaded, ReasonQuota, ReasonUsageLimit, ReasonUsageNotIncluded,
			ReasonContextLength, ReasonInvalidPrompt, ReasonModelUnavailable,
		},
		Members: []string{"resetsAt", "planType"}},
	{Code: CodeModelMismatch, Kind: KindModelMismatch, HTTP: "502"},
}

// kindOf returns the kind of a code.
func kindOf(code Code) Kind {
	for i := range Errors {
		if Errors[i].Code == code {
			return Errors[i].Kind
		}
	}
	return ""
}
