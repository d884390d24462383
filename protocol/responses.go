package protocol

import "encoding/json"

// RouteName names one of the two backends.
type RouteName string

// The routes.
const (
	// RouteChatGPT is the ChatGPT Codex backend.
	RouteChatGPT RouteName = "chatgpt"
	// RoutePlatform is the OpenAI Platform.
	RoutePlatform RouteName = "platform"
)

// API is the only API that signalbox speaks upstream: POST /responses.
const API = "responses"

// Status is how a response ended.
type Status string

// The statuses. A result has the status completed, incomplete or cancelled; an
// error comes with failed or cancelled.
const (
	// The response is complete.
	StatusCompleted Status = "completed"
	// The upstream ended the response early, for example at max_output_tokens.
	StatusIncomplete Status = "incomplete"
	// The response ended with an error.
	StatusFailed Status = "failed"
	// The host cancelled the response.
	StatusCancelled Status = "cancelled"
)

// Headers are the upstream's headers that a host may see, by lower-case name:
// x-request-id, openai-*, x-ratelimit-*, x-codex-*, retry-after.
type Headers map[string]string

// CreateParams are the params of responses/create: the body as the Responses API
// documents it, flat, and our own options. Of the body, these members also matter
// here.
type CreateParams struct {
	// The model. It decides the route and is never changed.
	Model string `json:"model" min:"1"`
	// Deliver the events as they come. Both values work on both routes.
	Stream bool `json:"stream,omitempty"`
	// Not supported: true is 1101 on both routes.
	Background bool `json:"background,omitempty"`
	// Our own options, removed before anything is sent.
	Meta CreateOptions `json:"_meta,omitzero"`
}

// CreateOptions are our own options of responses/create, its member _meta. null
// means absent, a wrong type is -32602, unknown members are listed in
// evidence.adjustments.
type CreateOptions struct {
	// Id of the stream, unique among the live ones; by default a generated one.
	StreamID string `json:"streamId,omitempty" min:"1"`
	// The route, for a model that is not pinned to one.
	Route RouteChoice `json:"route,omitempty"`
	// With stream, whether the host gets the events.
	Events EventChoice `json:"events,omitempty"`
	// Whether the last event of a stream gets the output that it lacks
	// (docs/protocol.md: Filling the output).
	FillOutput bool `json:"fillOutput,omitempty"`
	// The conversation is remembered, so that a later request with memory may name it;
	// without effect on the Platform (docs/protocol.md: Memory of a conversation).
	Memory bool `json:"memory,omitempty"`
	// Limit for the whole request, in milliseconds. Without it there is none, except
	// 15 minutes without a stream on the Platform route.
	TimeoutMs int64 `json:"timeoutMs,omitempty" min:"1" max:"1099511627776"`
	// How long a stream may be silent, in milliseconds; by default --idle-timeout.
	IdleTimeoutMs int64 `json:"idleTimeoutMs,omitempty" min:"1" max:"1099511627776"`
	// What becomes of tuning parameters that the route does not accept.
	OnUnsupported UnsupportedPolicy `json:"onUnsupported,omitempty"`
	// What the answer must be.
	Expect struct {
		// The model that must answer, itself or a dated snapshot of it. Another one
		// is 1107 before the event that names it is delivered.
		Model string `json:"model,omitempty" min:"1"`
	} `json:"expect,omitzero"`
	// Headers for the upstream: traceparent, tracestate, x-client-request-id and
	// idempotency-key; any other is -32602.
	Headers map[string]string `json:"headers,omitempty"`
	// The scenario of this request; only under --simulate.
	Simulate string `json:"simulate,omitempty" min:"1"`
	// Unknown members, which have no effect.
	Unknown []string `json:"-"`
}

// Started are the params of responses/started.
type Started struct {
	// The stream id of the host, or a generated one.
	StreamID string `json:"streamId"`
	// Id of the request, byte for byte.
	RequestID json.RawMessage `json:"requestId" doc:"requestId,string or number"`
	// Always 0.
	Seq int64 `json:"seq"`
	// HTTP status of the upstream.
	Status int `json:"status"`
	// Headers of the upstream by lower-case name: x-request-id, openai-*,
	// x-ratelimit-*, x-codex-*, retry-after.
	Headers Headers `json:"headers"`
	// What is known now.
	Evidence Evidence `json:"evidence"`
}

// rpc/wire writes these params itself, to keep the bytes of the event.

// Event are the params of responses/event.
type Event struct {
	// As in responses/started.
	StreamID string `json:"streamId"`
	// As in responses/started.
	RequestID json.RawMessage `json:"requestId" doc:"requestId,string or number"`
	// Counts the notifications of the stream, without gaps.
	Seq int64 `json:"seq"`
	// The event, byte for byte; almost always an object.
	Event json.RawMessage `json:"event" doc:"event,any JSON value"`
}

// Completed are the params of responses/completed.
type Completed struct {
	// As in responses/started.
	StreamID string `json:"streamId"`
	// As in responses/started.
	RequestID json.RawMessage `json:"requestId" doc:"requestId,string or number"`
	// One more than the last; 0 when there was no responses/started.
	Seq int64 `json:"seq"`
	// How the response ended.
	Status Status `json:"status"`
	// The upstream's id of the response; absent when it named none.
	ResponseID string `json:"responseId,omitempty"`
	// The whole evidence.
	Evidence Evidence `json:"evidence"`
	// The error object of the reply; absent when the reply is a result.
	Error *Error `json:"error,omitempty"`
	// The upstream's usage, byte for byte; absent when it reported none.
	Usage json.RawMessage `json:"-" doc:"usage?,object"` // use Encode
}

// Encode returns the params as JSON.
func (c *Completed) Encode() json.RawMessage {
	return EncodeWith(c, RawMember{"usage", c.Usage})
}

// CreateResult is the result of responses/create.
type CreateResult struct {
	// As in responses/started.
	StreamID string `json:"streamId"`
	// The upstream's id of the response; null when it named none.
	ResponseID *string `json:"responseId"`
	// How the response ended; never "failed".
	Status Status `json:"status"`
	// As in responses/completed.
	Evidence Evidence `json:"evidence"`
	// The upstream's usage, byte for byte; null when it reported none.
	Usage json.RawMessage `json:"-" doc:"usage,object or null"` // use Encode
	// The upstream's response object, byte for byte, or assembled from a stream;
	// absent when the host gets the events, and when cancelled.
	Response json.RawMessage `json:"-" doc:"response?,object"` // use Encode
}

// Encode returns the result as JSON.
func (r *CreateResult) Encode() json.RawMessage {
	usage := r.Usage
	if usage == nil {
		usage = json.RawMessage("null")
	}
	return EncodeWith(r, RawMember{"usage", usage}, RawMember{"response", r.Response})
}

// CancelStreamParams are the params of responses/cancel.
type CancelStreamParams struct {
	// Id of the stream.
	StreamID string `json:"streamId" min:"1"`
}

// CancelStreamResult is the result of responses/cancel.
type CancelStreamResult struct {
	// "cancelling", or "notFound" when no live stream has the id.
	Status string `json:"status"`
}

// ResolveParams are the params of routes/resolve.
type ResolveParams struct {
	// The model.
	Model string `json:"model" min:"1"`
	// As _meta.route of responses/create.
	Route RouteChoice `json:"route,omitempty"`
}

// ResolveResult is the result of routes/resolve.
type ResolveResult struct {
	// As in the params.
	Model string `json:"model"`
	// Where it goes.
	Route RouteName `json:"route"`
	// Always "responses".
	API string `json:"api"`
	// Base URL of the route.
	BaseURL string `json:"base_url"`
	// Where the credential comes from.
	CredentialSource CredentialSource `json:"credential_source"`
	// What chose the route: "pinned", "pattern", "mode" or "request".
	Rule string `json:"rule"`
}
