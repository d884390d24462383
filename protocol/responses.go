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

// The statuses. Of these only completed, incomplete and cancelled come as a
// result; failed comes with an error.
const (
	StatusCompleted  Status = "completed"
	StatusIncomplete Status = "incomplete"
	StatusFailed     Status = "failed"
	StatusCancelled  Status = "cancelled"
)

// Headers are the upstream's headers that a host may see, by lower-case name:
// x-request-id, openai-*, x-ratelimit-*, x-codex-*, retry-after.
type Headers map[string]string

// CreateMeta are our own options of responses/create: the member _meta of its
// params, which is cut out before anything is sent.
type CreateMeta struct {
	// StreamID chosen by the host; unique among the live ones. "": we choose.
	StreamID string
	// Route: "" and "auto" by the table, else the named one.
	Route RouteName
	// NoEvents: the host wants the result only (events:"none").
	NoEvents bool
	// TimeoutMs of the whole request; 0: the default.
	TimeoutMs int64
	// IdleTimeoutMs between two reads of a stream; 0: the default.
	IdleTimeoutMs int64
	// Drop: unsupported tuning fields are dropped (onUnsupported:"drop").
	Drop bool
	// ExpectModel: end with 1107 when the upstream names another model.
	ExpectModel string
	// Headers to send upstream: traceparent, tracestate, x-client-request-id,
	// idempotency-key.
	Headers map[string]string
	// Simulate chooses a scenario; only under --simulate.
	Simulate string
	// Unknown members, which have no effect.
	Unknown []string
}

// Started is responses/started: the upstream has answered with a 2xx status.
type Started struct {
	StreamID  string          `json:"streamId"`
	RequestID json.RawMessage `json:"requestId"`
	Seq       int64           `json:"seq"`
	// Status is the HTTP status.
	Status   int      `json:"status"`
	Headers  Headers  `json:"headers"`
	Evidence Evidence `json:"evidence"`
}

// Completed is responses/completed, the last notification of a stream.
type Completed struct {
	StreamID   string          `json:"streamId"`
	RequestID  json.RawMessage `json:"requestId"`
	Seq        int64           `json:"seq"`
	Status     Status          `json:"status"`
	ResponseID string          `json:"responseId,omitempty"`
	Evidence   Evidence        `json:"evidence"`
	// Error is the whole error object of the reply.
	Error *Error `json:"error,omitempty"`
	// Usage is the upstream's object, byte for byte: use Encode.
	Usage json.RawMessage `json:"-"`
}

// Encode gives the params as JSON.
func (c *Completed) Encode() json.RawMessage {
	return EncodeWith(c, RawMember{"usage", c.Usage})
}

// CreateResult is the result of responses/create.
type CreateResult struct {
	StreamID   string   `json:"streamId"`
	ResponseID *string  `json:"responseId"`
	Status     Status   `json:"status"`
	Evidence   Evidence `json:"evidence"`
	// Usage is the upstream's object, byte for byte, or null: use Encode.
	Usage json.RawMessage `json:"-"`
	// Response is the upstream's response object, byte for byte, or its
	// aggregate, when the host did not ask for the events.
	Response json.RawMessage `json:"-"`
}

// Encode gives the result as JSON.
func (r *CreateResult) Encode() json.RawMessage {
	usage := r.Usage
	if usage == nil {
		usage = json.RawMessage("null")
	}
	return EncodeWith(r, RawMember{"usage", usage}, RawMember{"response", r.Response})
}

// CancelStreamParams are the params of responses/cancel.
type CancelStreamParams struct {
	StreamID string `json:"streamId"`
}

// CancelStreamResult is the result of responses/cancel: "cancelling" or
// "notFound".
type CancelStreamResult struct {
	Status string `json:"status"`
}

// ResolveResult is the result of routes/resolve.
type ResolveResult struct {
	Model            string           `json:"model"`
	Route            RouteName        `json:"route"`
	API              string           `json:"api"`
	BaseURL          string           `json:"base_url"`
	CredentialSource CredentialSource `json:"credential_source"`
	// Rule that chose the route: "pinned", "pattern", "mode" or "request".
	Rule string `json:"rule"`
}
