package simulator

import "net/http"

// effort is a reasoning effort that a model offers.
type effort struct {
	Effort      string `json:"effort"`
	Description string `json:"description"`
}

// model is an entry of the ChatGPT backend's catalogue, without the prompts that
// the real one carries.
type model struct {
	Slug                  string   `json:"slug"`
	DisplayName           string   `json:"display_name"`
	Description           string   `json:"description"`
	DefaultReasoningLevel string   `json:"default_reasoning_level"`
	ReasoningLevels       []effort `json:"supported_reasoning_levels"`
	Visibility            string   `json:"visibility"`
	SupportedInAPI        bool     `json:"supported_in_api"`
	Priority              int      `json:"priority"`
	ContextWindow         int      `json:"context_window"`
	MaxContextWindow      int      `json:"max_context_window"`
	InputModalities       []string `json:"input_modalities"`
	ParallelToolCalls     bool     `json:"supports_parallel_tool_calls"`
	MinimalClientVersion  string   `json:"minimal_client_version"`
}

// chatgptModels is GET /backend-api/codex/models.
func (x *visit) chatgptModels() {
	if !x.chatgptAccount() {
		return
	}
	if x.r.URL.Query().Get("client_version") == "" {
		x.detail(http.StatusBadRequest, "Missing required parameter: client_version")
		return
	}
	entry := func(slug, name, visibility string, priority int) model {
		return model{
			Slug:                  slug,
			DisplayName:           name,
			Description:           "A simulated model.",
			DefaultReasoningLevel: "medium",
			ReasoningLevels:       []effort{{"low", "Fast"}, {"medium", "Balanced"}, {"high", "Thorough"}},
			Visibility:            visibility,
			SupportedInAPI:        true,
			Priority:              priority,
			ContextWindow:         272000,
			MaxContextWindow:      272000,
			InputModalities:       []string{"text", "image"},
			ParallelToolCalls:     true,
			MinimalClientVersion:  "0.60.0",
		}
	}
	if x.unchanged(`W/"simulated-1"`) {
		return
	}
	x.json(http.StatusOK, struct {
		Models []model `json:"models"`
	}{[]model{
		entry("gpt-6.1-sol", "GPT-6.1 Sol", "list", 1),
		entry("gpt-5.2-codex", "GPT-5.2 Codex", "list", 2),
		entry("codex-auto-review", "Codex Auto Review", "hide", 43),
	}})
}

// unchanged sends the entity tag of a list, and answers when the client has that
// very one (RFC 9110, 13.1.2).
func (x *visit) unchanged(etag string) bool {
	x.w.Header().Set("etag", etag)
	if x.r.Header.Get("If-None-Match") != etag {
		return false
	}
	x.w.WriteHeader(http.StatusNotModified)
	return true
}

// platformModels is GET /v1/models: ids, and nothing of what they can do.
func (x *visit) platformModels() {
	if key := x.bearer(); !x.server.ledger.acceptsKey(key) {
		x.fault(http.StatusUnauthorized, invalidRequest("invalid_api_key", "Incorrect API key provided: "+masked(key)+"."))
		return
	}
	type entry struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	var data []entry
	for _, id := range []string{"gpt-5.2-pro", "gpt-5.2-pro-2025-12-11", "gpt-5.5", "text-embedding-3-small", "whisper-1"} {
		data = append(data, entry{id, "model", 1765313028, "system"})
	}
	x.json(http.StatusOK, struct {
		Object string  `json:"object"`
		Data   []entry `json:"data"`
	}{"list", data})
}
