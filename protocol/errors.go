package protocol

import (
	"encoding/json"
	"errors"
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
	CodeAuthUnavailable      Code = 1004
	CodeLoginFailed          Code = 1005
	CodeExchangeFailed       Code = 1006
	CodeUnsupportedParameter Code = 1101
	CodeUpstreamRejected     Code = 1102
	CodeRateLimited          Code = 1103
	CodeUpstreamUnavailable  Code = 1104
	CodeStreamBroken         Code = 1105
	CodeResponseFailed       Code = 1106
	CodeModelMismatch        Code = 1107
)

// The kinds, one for each code.
const (
	// The message is not JSON, or its frame is broken.
	KindParseError Kind = "parse_error"
	// The message is not a JSON-RPC request, or not allowed in this state.
	KindInvalidRequest Kind = "invalid_request"
	// There is no such method.
	KindMethodNotFound Kind = "method_not_found"
	// The params are wrong.
	KindInvalidParams Kind = "invalid_params"
	// Something went wrong inside signalbox.
	KindInternalError Kind = "internal_error"
	// In header framing, a request before initialize.
	KindNotInitialized Kind = "not_initialized"
	// The request was cancelled.
	KindCancelled Kind = "cancelled"
	// Too much is in flight.
	KindBusy Kind = "busy"
	// There is no usable credential.
	KindLoginRequired Kind = "login_required"
	// There is a credential, but it must not be used for this.
	KindCredentialMismatch Kind = "credential_mismatch"
	// The login cannot be read from or written to auth.json or the keyring.
	KindCredentialStore Kind = "credential_store"
	// The issuer, which logins come from, could not be reached or answered nonsense.
	KindAuthUnavailable Kind = "auth_unavailable"
	// The login did not complete.
	KindLoginFailed Kind = "login_failed"
	// The ChatGPT login could not be exchanged for a Platform key.
	KindExchangeFailed Kind = "exchange_failed"
	// The route does not accept a member of the body, or its value.
	KindUnsupportedParameter Kind = "unsupported_parameter"
	// The upstream refused the request.
	KindUpstreamRejected Kind = "upstream_rejected"
	// A limit of the upstream has been reached.
	KindRateLimited Kind = "rate_limited"
	// The upstream could not be reached, or asked to try again later.
	KindUpstreamUnavailable Kind = "upstream_unavailable"
	// The response started but broke off.
	KindStreamBroken Kind = "stream_broken"
	// The upstream reported that the response failed.
	KindResponseFailed Kind = "response_failed"
	// The upstream named a model other than expect.model.
	KindModelMismatch Kind = "model_mismatch"
)

// Error is the error of a reply, and the only error type that crosses a package
// border. No text in it holds a secret, a body or a URL with a query.
type Error struct {
	// The code of the kind.
	Code Code `json:"code"`
	// One sentence for a person.
	Message string `json:"message"`
	// What a program needs.
	Data ErrorData `json:"data"`
}

// ErrorData is error.data. Only the members that belong to the kind are set.
type ErrorData struct {
	// The stable name of what went wrong.
	Kind Kind `json:"kind"`
	// Narrows the kind.
	Reason Reason `json:"reason,omitempty"`
	// What a person can do, as one imperative.
	Action string `json:"action,omitempty"`
	// The same request may succeed later, and no event was delivered.
	Retryable bool `json:"retryable"`
	// How long to wait before that, in milliseconds; absent when not known.
	RetryAfterMs int64 `json:"retryAfterMs,omitempty"`
	// The upstream's own status; absent when none arrived.
	HTTPStatus int `json:"httpStatus,omitempty"`
	// As in responses/started.
	Headers Headers `json:"headers,omitempty"`
	// What the upstream says.
	Upstream *UpstreamError `json:"upstream,omitempty"`
	// The stream of responses/create, once it has started.
	StreamID string `json:"streamId,omitempty"`

	// The member of params, or of auth.json, that is wrong, such as "_meta.route".
	Field string `json:"field,omitempty"`
	// The unknown method.
	Method string `json:"method,omitempty"`
	// The nearest known methods.
	Similar []string `json:"similar,omitempty"`
	// Repeated in the log, beside the stack of a panic.
	IncidentID string `json:"incidentId,omitempty"`
	// The limit that was reached: a number of requests, or of bytes.
	Limit int64 `json:"limit,omitempty"`
	// Protocol versions that initialize accepts.
	Supported []int `json:"supported,omitempty"`
	// The kind of credential that the route needs.
	Need CredentialKind `json:"need,omitempty"`
	// The kinds that are present; may be empty.
	Have []CredentialKind `json:"have,omitzero"`
	// The login methods that would help, best first: "browser", "device", "apiKey".
	LoginMethods []string `json:"loginMethods,omitempty"`
	// The route that refused a parameter, or that the model is pinned to.
	Route RouteName `json:"route,omitempty"`
	// The credential file that cannot be used.
	Path string `json:"path,omitempty"`
	// Events that the host got before the stream broke.
	EventsDelivered *int64 `json:"eventsDelivered,omitempty"`
	// When the limit ends; absent when not known.
	ResetsAt string `json:"resetsAt,omitempty"`
	// The ChatGPT plan, as the upstream names it.
	PlanType string `json:"planType,omitempty"`
	// The window of the plan's usage that is full: "primary" or "secondary".
	Window string `json:"window,omitempty"`

	// What is known of the call, once responses/create has started.
	Evidence *Evidence `json:"evidence,omitempty"`
}

// UpstreamError is the error object of the upstream, with secrets masked and
// each text cut at 512 bytes. What the upstream leaves out is absent. For 1106,
// an error inside a 2xx response, it holds the upstream's own message.
type UpstreamError struct {
	// The type of the error.
	Type string `json:"type,omitempty"`
	// The code of the error.
	Code string `json:"code,omitempty"`
	// The message of the error.
	Message string `json:"message,omitempty"`
	// The parameter that the error is about.
	Param string `json:"param,omitempty"`
}

// NewError returns an error of code with the kind of that code. Message and
// action become sentences; the rest of data is kept.
func NewError(code Code, message string, data ErrorData) *Error {
	data.Kind = kindOf(code)
	data.Action = Sentence(data.Action)
	return &Error{Code: code, Message: Sentence(message), Data: data}
}

// Sentence returns text with a capital at its start, unless it starts with a
// name such as tokens.account_id, and with a full stop at its end.
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

// InvalidParams returns a -32602 that names the member of params at fault.
func InvalidParams(field, message string) *Error {
	return NewError(CodeInvalidParams, message, ErrorData{Field: field})
}

// Encode returns the error object as JSON. It cannot fail: every member is a
// plain value.
func (e *Error) Encode() json.RawMessage { return Encode(e) }

// Cancelled returns the -32800 of a request that was cancelled.
func Cancelled() *Error { return NewError(CodeCancelled, "the request was cancelled", ErrorData{}) }

// ReasonOf returns the reason of the [*Error] that err is, "" for any other error
// and for nil.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Data.Reason
	}
	return ""
}

// CodeOf returns the code of the [*Error] that err is, 0 for any other error and
// for nil.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}
