package protocol

// Validation is what `signalbox validate --json` prints (docs/reference.md:
// Command line).
type Validation struct {
	// Every required row passes.
	Pass bool `json:"pass"`
	// The required gates first.
	Rows []Gate `json:"rows"`
}

// Gate is one row: a pinned model that was asked a question, or a probe of the
// ChatGPT backend, which asks no model.
type Gate struct {
	// sdk.responses.MODEL, or chatgpt.NAME for a probe.
	Gate string `json:"gate"`
	// The model of the gate; empty for a probe.
	Model string `json:"model"`
	// "PASS" or "FAIL".
	Status string `json:"status"`
	// The gate counts for pass; a probe does not.
	Required bool `json:"required"`
	// As in evidence; null for a probe.
	RequestedModel *string `json:"requested_model"`
	// As in evidence; null for a probe, and when the upstream named none.
	EffectiveModel *string `json:"effective_model"`
	// "responses", or what a probe asked below its base.
	API string `json:"api"`
	// As in evidence; null when no credential could be resolved.
	BaseURL *string `json:"base_url"`
	// As in evidence; "unknown" when none could be resolved.
	CredentialSource CredentialSource `json:"credential_source"`
	// HTTP status of the answer; null when none came.
	HTTPStatus *int `json:"http_status"`
	// Why it failed: a kind of error; a gate that no error ended, but whose
	// answer proves nothing, has model_mismatch or response_failed.
	Category Kind `json:"category,omitempty"`
	// Narrows the category, as in an error.
	Reason string `json:"reason,omitempty"`
	// One sentence.
	Message string `json:"message,omitempty"`
	// One imperative.
	Action string `json:"action,omitempty"`
}

// The statuses of a gate.
const (
	GatePass = "PASS"
	GateFail = "FAIL"
)
