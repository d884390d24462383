package protocol

// ModelsListParams are the params of models/list.
type ModelsListParams struct {
	// Ask both backends and wait for them. Otherwise the answer comes at once from
	// what is known, and what is missing is asked for in the background.
	Refresh bool `json:"refresh,omitempty"`
}

// ModelsListResult is the result of models/list.
type ModelsListResult struct {
	// One row for each model and route. The pinned models come first and are always
	// listed.
	Models []Model `json:"models"`
	// What could not be found out, one sentence each.
	Warnings []string `json:"warnings"`
}

// Model is one model on one route.
type Model struct {
	// The model of responses/create.
	ID string `json:"id"`
	// The route.
	Route RouteName `json:"route"`
	// Always "responses".
	API string `json:"api"`
	// Base URL of the route; empty when its override is refused.
	BaseURL string `json:"base_url"`
	// It can be used on this route now, according to the credential and the list of
	// the backend.
	Available bool `json:"available"`
	// Why not: the reason of the error that a request would get, such as
	// "no_credentials", "pinned_route", "model_unavailable" (it asks for a newer
	// client) or "usage_not_included" (in the plan).
	Reason Reason `json:"reason,omitempty"`
	// The name for people.
	Name string `json:"name,omitempty"`
	// Limit of input and output together, in tokens.
	ContextWindow int64 `json:"contextWindow,omitempty"`
	// Limit of the output, in tokens.
	MaxOutputTokens int64 `json:"maxOutputTokens,omitempty"`
	// What the input may be, such as "text" and "image".
	InputModalities []string `json:"inputModalities,omitempty"`
	// The model can call functions; absent when not known.
	ToolCalling *bool `json:"toolCalling,omitempty"`
	// What reasoning.effort may be.
	Efforts []string `json:"efforts,omitempty"`
	// Not meant to be offered to people.
	Hidden bool `json:"hidden"`
	// Where the row comes from.
	Source ModelListSource `json:"source"`
}

// ModelListSource says where a row of models/list comes from.
type ModelListSource string

// The sources of models.
const (
	// The backend was asked for this answer.
	ModelsLive ModelListSource = "live"
	// The backend was asked before.
	ModelsCached ModelListSource = "cache"
	// Built in: the backend has not answered, or did not list it.
	ModelsStatic ModelListSource = "static"
)
