package protocol

// Evidence proves what an answer is: which model was asked for and which one
// the upstream says it used, over which route and with which credential. It is
// in responses/started, responses/completed, the result and error.data. Where
// nothing was resolved, base_url is null and credential_source "unknown".
type Evidence struct {
	RequestedModel string `json:"requested_model"`
	// EffectiveModel is what the upstream says; null when it says nothing. It is
	// never copied from the request.
	EffectiveModel *string     `json:"effective_model"`
	ModelSource    ModelSource `json:"model_source"`
	// ModelMatch: the effective model is the requested one or a dated snapshot
	// of it; null when the upstream says nothing.
	ModelMatch *bool  `json:"model_match"`
	API        string `json:"api"`
	// Route is null when no route could be chosen.
	Route            *RouteName       `json:"route"`
	BaseURL          *string          `json:"base_url"`
	CredentialSource CredentialSource `json:"credential_source"`
	// AccountIDHash is the first 16 hexadecimal digits of the SHA-256 of the
	// account id.
	AccountIDHash string `json:"account_id_hash,omitempty"`
	// Status is the upstream's HTTP status; null when none arrived.
	Status            *int         `json:"status"`
	UpstreamRequestID *string      `json:"upstream_request_id"`
	Attempts          []Attempt    `json:"attempts"`
	Refreshed         bool         `json:"refreshed"`
	Adjustments       []Adjustment `json:"adjustments"`
	// ClientVersion is the Codex client version declared on the ChatGPT route.
	ClientVersion string `json:"client_version,omitempty"`
	ServiceTier   string `json:"service_tier,omitempty"`
	// TTFBMs until the response headers, FirstEventMs until the first event,
	// DurationMs until the end; null when it did not come to that.
	TTFBMs       *int64 `json:"ttfb_ms"`
	FirstEventMs *int64 `json:"first_event_ms"`
	DurationMs   int64  `json:"duration_ms"`
}

// ModelSource says what named the effective model.
type ModelSource string

// The sources of the effective model.
const (
	ModelFromResponse ModelSource = "response.model"
	ModelFromHeader   ModelSource = "openai-model"
	ModelUnknown      ModelSource = "unknown"
)

// Attempt is one HTTP request that was sent.
type Attempt struct {
	// Status is null when no answer arrived.
	Status     *int   `json:"status"`
	ErrorKind  string `json:"error_kind,omitempty"`
	DurationMs int64  `json:"duration_ms"`
}

// Adjustment is one change that was made to the body, or an option that had no
// effect.
type Adjustment struct {
	Field string `json:"field"`
	// Action: "set", "wrapped", "replaced", "dropped" or "ignored".
	Action string `json:"action"`
	Reason string `json:"reason"`
}
