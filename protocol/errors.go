package protocol

import (
	"encoding/json"
	"strings"
)

// Code is a JSON-RPC error code. Hosts branch on ErrorData.Kind; the code
// groups the kinds and stays meaningful to clients that know only JSON-RPC or
// LSP.
type Code int

// Kind is the stable name of what went wrong. The list is closed per release;
// a client treats an unknown kind by its code.
type Kind string

// JSON-RPC 2.0 section 5.1 and LSP 3.17 base protocol.
const (
	CodeParseError     Code = -32700
	CodeInvalidRequest Code = -32600
	CodeMethodNotFound Code = -32601
	CodeInvalidParams  Code = -32602
	CodeInternalError  Code = -32603
	CodeNotInitialized Code = -32002
	CodeCancelled      Code = -32800
)

// Our own codes: 1000 the process, 1001-1006 credentials, 1101-1107 upstream.
const (
	CodeBusy                 Code = 1000
	CodeLoginRequired        Code = 1001
	CodeCredentialMismatch   Code = 1002
	CodeCredentialStore      Code = 1003
	CodeUnsupportedParameter Code = 1101
	CodeUpstreamRejected     Code = 1102
	CodeRateLimited          Code = 1103
	CodeUpstreamUnavailable  Code = 1104
	CodeStreamBroken         Code = 1105
	CodeResponseFailed       Code = 1106
	CodeModelMismatch        Code = 1107
)

// The kind of each code.
const (
	KindParseError           Kind = "parse_error"
	KindInvalidRequest       Kind = "invalid_request"
	KindMethodNotFound       Kind = "method_not_found"
	KindInvalidParams        Kind = "invalid_params"
	KindInternalError        Kind = "internal_error"
	KindNotInitialized       Kind = "not_initialized"
	KindCancelled            Kind = "cancelled"
	KindBusy                 Kind = "busy"
	KindLoginRequired        Kind = "login_required"
	KindCredentialMismatch   Kind = "credential_mismatch"
	KindCredentialStore      Kind = "credential_store"
	KindUnsupportedParameter Kind = "unsupported_parameter"
	KindUpstreamRejected     Kind = "upstream_rejected"
	KindRateLimited          Kind = "rate_limited"
	KindUpstreamUnavailable  Kind = "upstream_unavailable"
	KindStreamBroken         Kind = "stream_broken"
	KindResponseFailed       Kind = "response_failed"
	KindModelMismatch        Kind = "model_mismatch"
)

// kinds is the table code -> kind.
var kinds = map[Code]Kind{
	CodeParseError:           KindParseError,
	CodeInvalidRequest:       KindInvalidRequest,
	CodeMethodNotFound:       KindMethodNotFound,
	CodeInvalidParams:        KindInvalidParams,
	CodeInternalError:        KindInternalError,
	CodeNotInitialized:       KindNotInitialized,
	CodeCancelled:            KindCancelled,
	CodeBusy:                 KindBusy,
	CodeLoginRequired:        KindLoginRequired,
	CodeCredentialMismatch:   KindCredentialMismatch,
	CodeCredentialStore:      KindCredentialStore,
	CodeUnsupportedParameter: KindUnsupportedParameter,
	CodeUpstreamRejected:     KindUpstreamRejected,
	CodeRateLimited:          KindRateLimited,
	CodeUpstreamUnavailable:  KindUpstreamUnavailable,
	CodeStreamBroken:         KindStreamBroken,
	CodeResponseFailed:       KindResponseFailed,
	CodeModelMismatch:        KindModelMismatch,
}

// Reasons that more than one package gives or reads. A reason narrows a kind.
const (
	ReasonTooLarge          = "too_large"
	ReasonBatchUnsupported  = "batch_unsupported"
	ReasonDuplicateID       = "duplicate_id"
	ReasonDuplicateStreamID = "duplicate_stream_id"

	ReasonNoCredentials = "no_credentials"
	ReasonTokenExpired  = "token_expired"
	ReasonTokenRejected = "token_rejected"

	ReasonWrongKind        = "wrong_kind"
	ReasonMissingAccountID = "missing_account_id"
	ReasonAccountMismatch  = "account_mismatch"
	ReasonPinnedRoute      = "pinned_route"
	ReasonBadOverride      = "bad_override"
	ReasonForeignBaseURL   = "foreign_base_url"

	ReasonCorrupt             = "corrupt"
	ReasonNotOwner            = "not_owner"
	ReasonUnsupportedAuthMode = "unsupported_auth_mode"
)

// Error is the only error type that crosses a package border, and what a reply
// carries. Message is one sentence, ErrorData.Action one imperative; neither
// ever holds a secret, a body or a URL with a query.
type Error struct {
	Code    Code      `json:"code"`
	Message string    `json:"message"`
	Data    ErrorData `json:"data"`
}

// ErrorData is error.data. Only the members that belong to the kind are set.
type ErrorData struct {
	Kind Kind `json:"kind"`
	// Reason narrows Kind, for example "cut" of stream_broken.
	Reason string `json:"reason,omitempty"`
	// Action tells a person what to do, as one imperative.
	Action string `json:"action,omitempty"`
	// Retryable: the same request may succeed later, and no event was delivered.
	Retryable    bool  `json:"retryable"`
	RetryAfterMs int64 `json:"retryAfterMs,omitempty"`
	// HTTPStatus is the upstream's own status; absent when none arrived.
	HTTPStatus int `json:"httpStatus,omitempty"`
	// Headers as in Started.
	Headers  Headers        `json:"headers,omitempty"`
	Upstream *UpstreamError `json:"upstream,omitempty"`
	StreamID string         `json:"streamId,omitempty"`

	// Field names the member of params, or of auth.json, that is wrong.
	Field string `json:"field,omitempty"`
	// Method is the unknown method, Similar the nearest known ones.
	Method  string   `json:"method,omitempty"`
	Similar []string `json:"similar,omitempty"`
	// IncidentID is repeated in the log beside the stack of a panic.
	IncidentID string `json:"incidentId,omitempty"`
	// Limit is the limit that was reached.
	Limit int64 `json:"limit,omitempty"`
	// Supported lists the protocol versions that initialize accepts.
	Supported []int `json:"supported,omitempty"`
	// Need and Have say which credential the route needs and which exist: none
	// is an empty list, not an absent one.
	Need         CredentialKind   `json:"need,omitempty"`
	Have         []CredentialKind `json:"have,omitzero"`
	LoginMethods []string         `json:"loginMethods,omitempty"`
	// Route that refused a parameter.
	Route RouteName `json:"route,omitempty"`
	// Path of the credential file that could not be read.
	Path string `json:"path,omitempty"`
	// EventsDelivered counts the events that reached the host before a stream
	// broke.
	EventsDelivered *int64 `json:"eventsDelivered,omitempty"`
	// ResetsAt, PlanType and Window belong to rate_limited.
	ResetsAt string `json:"resetsAt,omitempty"`
	PlanType string `json:"planType,omitempty"`
	Window   string `json:"window,omitempty"`

	Evidence *Evidence `json:"evidence,omitempty"`
}

// UpstreamError is the error object of the upstream, masked.
type UpstreamError struct {
	Type    string `json:"type,omitempty"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Param   string `json:"param,omitempty"`
}

// NewError makes an error of code with its kind. Message and action become
// sentences; the rest of data stays.
func NewError(code Code, message string, data ErrorData) *Error {
	data.Kind = kinds[code]
	data.Action = Sentence(data.Action)
	return &Error{Code: code, Message: Sentence(message), Data: data}
}

// Sentence gives text with a capital at its start, unless it starts with a name
// such as tokens.account_id, and with a full stop at its end.
func Sentence(text string) string {
	if text == "" {
		return ""
	}
	if first, _, _ := strings.Cut(text, " "); 'a' <= text[0] && text[0] <= 'z' && !strings.ContainsAny(first, "._/") {
		text = string(text[0]-'a'+'A') + text[1:]
	}
	if !strings.ContainsAny(text[len(text)-1:], ".!?") {
		text += "."
	}
	return text
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// InvalidParams is a -32602 that names the member of params at fault.
func InvalidParams(field, message string) *Error {
	return NewError(CodeInvalidParams, message, ErrorData{Field: field})
}

// Encode gives the error object as JSON. It cannot fail: every member is a
// plain value.
func (e *Error) Encode() json.RawMessage { return Encode(e) }
