package protocol

// Evidence says where an answer comes from: which model was asked for, which one
// the upstream says it used, over which route and with which credential.
type Evidence struct {
	// The model of the request, as it was sent: it is never changed.
	RequestedModel string `json:"requested_model"`
	// The model that the upstream says it used: its header openai-model, else
	// response.model. null when it says nothing; never copied from the request.
	EffectiveModel *string `json:"effective_model"`
	// Where the effective model was named.
	ModelSource ModelSource `json:"model_source"`
	// All models that the upstream named are the requested one or a dated
	// snapshot of it (MODEL-YYYY-MM-DD); null when it named none.
	ModelMatch *bool `json:"model_match"`
	// Always "responses".
	API string `json:"api"`
	// The route; null when none could be chosen.
	Route *RouteName `json:"route"`
	// Base URL of the route; null when no credential could be resolved for it.
	BaseURL *string `json:"base_url"`
	// Where the credential came from; "unknown" when none could be resolved.
	CredentialSource CredentialSource `json:"credential_source"`
	// First 16 hexadecimal digits of the SHA-256 of the ChatGPT account id; absent
	// without one.
	AccountIDHash string `json:"account_id_hash,omitempty"`
	// HTTP status of the answer that counts; null when none arrived.
	Status *int `json:"status"`
	// The id by which OpenAI's support finds the request; null when the upstream
	// gave none.
	UpstreamRequestID *string `json:"upstream_request_id"`
	// Every HTTP request that was sent, in order, retries included.
	Attempts []Attempt `json:"attempts"`
	// The credential was refreshed for this request.
	Refreshed bool `json:"refreshed"`
	// What was changed in the body, and options that had no effect.
	Adjustments []Adjustment `json:"adjustments"`
	// The traceparent of _meta.headers, which was passed upstream (W3C Trace Context).
	TraceParent string `json:"traceparent,omitempty"`
	// Codex client version declared; on the ChatGPT route only.
	ClientVersion string `json:"client_version,omitempty"`
	// Service tier that the upstream names.
	ServiceTier string `json:"service_tier,omitempty"`
	// The constraint of a region-bound workspace, sent as
	// x-openai-account-routing-override; absent without one.
	RoutingOverride string `json:"routing_override,omitempty"`
	// What this answer said about the limits; absent when it said nothing.
	RateLimits *RateLimits `json:"rate_limits,omitempty"`
	// From the request to the response headers, in milliseconds; null before them.
	TTFBMs *int64 `json:"ttfb_ms"`
	// From the request to the first event, in milliseconds; null before it and
	// without a stream.
	FirstEventMs *int64 `json:"first_event_ms"`
	// From the request until now, in milliseconds.
	DurationMs int64 `json:"duration_ms"`
}

// ModelSource says what named the effective model.
type ModelSource string

// The sources of the effective model.
const (
	// A response object in the answer.
	ModelFromResponse ModelSource = "response.model"
	// A header of the answer, or one inside an event.
	ModelFromHeader ModelSource = "openai-model"
	// Nothing named a model.
	ModelUnknown ModelSource = "unknown"
)

// Attempt is one HTTP request that was sent.
type Attempt struct {
	// HTTP status; null when no answer arrived.
	Status *int `json:"status"`
	// Why there was no answer, or server_error for a 5xx: a reason of 1104, or
	// "cancelled".
	ErrorKind Reason `json:"error_kind,omitempty"`
	// From sending to the response headers or the failure, in milliseconds.
	DurationMs int64 `json:"duration_ms"`
}

// Adjustment is one change that was made to the body or to the last event, or an
// option that had no effect.
type Adjustment struct {
	// The member of the body, such as "input[0].role", "response.output" of the last
	// event, or "_meta.NAME".
	Field string `json:"field"`
	// One of "set", "wrapped", "replaced", "dropped", "filled",
	// "expanded", "added" and "ignored".
	Action string `json:"action"`
	// Why, in words.
	Reason string `json:"reason"`
}
