package simulator

import (
	"encoding/json"
	"time"
)

// response is the response object, its members in the order of the real one.
// Members that only echo the request keep the bytes in which they came.
type response struct {
	ID                   string             `json:"id"`
	Object               string             `json:"object"`
	CreatedAt            int64              `json:"created_at"`
	Status               string             `json:"status"`
	Background           json.RawMessage    `json:"background"`
	Billing              *billing           `json:"billing,omitempty"`
	CompletedAt          *int64             `json:"completed_at"`
	Error                *responseError     `json:"error"`
	FrequencyPenalty     json.RawMessage    `json:"frequency_penalty"`
	IncompleteDetails    *incompleteDetails `json:"incomplete_details"`
	Instructions         json.RawMessage    `json:"instructions"`
	MaxOutputTokens      json.RawMessage    `json:"max_output_tokens"`
	MaxToolCalls         json.RawMessage    `json:"max_tool_calls"`
	Model                string             `json:"model"`
	Output               []any              `json:"output"`
	ParallelToolCalls    json.RawMessage    `json:"parallel_tool_calls"`
	PresencePenalty      json.RawMessage    `json:"presence_penalty"`
	PreviousResponseID   json.RawMessage    `json:"previous_response_id"`
	PromptCacheKey       json.RawMessage    `json:"prompt_cache_key"`
	PromptCacheRetention json.RawMessage    `json:"prompt_cache_retention"`
	Reasoning            json.RawMessage    `json:"reasoning"`
	SafetyIdentifier     json.RawMessage    `json:"safety_identifier"`
	ServiceTier          json.RawMessage    `json:"service_tier"`
	Store                json.RawMessage    `json:"store"`
	Temperature          json.RawMessage    `json:"temperature"`
	Text                 json.RawMessage    `json:"text"`
	ToolChoice           json.RawMessage    `json:"tool_choice"`
	Tools                json.RawMessage    `json:"tools"`
	TopLogprobs          json.RawMessage    `json:"top_logprobs"`
	TopP                 json.RawMessage    `json:"top_p"`
	Truncation           json.RawMessage    `json:"truncation"`
	Usage                *usage             `json:"usage"`
	User                 json.RawMessage    `json:"user"`
	Metadata             json.RawMessage    `json:"metadata"`
}

// billing is in unstreamed Platform answers only.
type billing struct {
	Payer string `json:"payer"`
}

type responseError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type incompleteDetails struct {
	Reason string `json:"reason"`
}

type usage struct {
	InputTokens        int `json:"input_tokens"`
	InputTokensDetails struct {
		CachedTokens int `json:"cached_tokens"`
	} `json:"input_tokens_details"`
	OutputTokens        int `json:"output_tokens"`
	OutputTokensDetails struct {
		ReasoningTokens int `json:"reasoning_tokens"`
	} `json:"output_tokens_details"`
	TotalTokens int `json:"total_tokens"`
}

type messageItem struct {
	ID      string       `json:"id"`
	Type    string       `json:"type"`
	Status  string       `json:"status"`
	Content []outputText `json:"content"`
	Role    string       `json:"role"`
}

type outputText struct {
	Type        string     `json:"type"`
	Annotations []struct{} `json:"annotations"`
	Logprobs    []struct{} `json:"logprobs"`
	Text        string     `json:"text"`
}

type reasoningItem struct {
	ID               string        `json:"id"`
	Type             string        `json:"type"`
	EncryptedContent string        `json:"encrypted_content,omitempty"`
	Summary          []summaryText `json:"summary"`
}

type summaryText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type functionCallItem struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Status    string `json:"status"`
	Arguments string `json:"arguments"`
	CallID    string `json:"call_id"`
	Name      string `json:"name"`
}

// newResponse is a response that has just begun.
func newResponse(q query) response {
	return response{
		ID:                   "resp_" + randomHex(24),
		Object:               "response",
		CreatedAt:            time.Now().Unix(),
		Status:               "in_progress",
		Background:           q.or("background", "false"),
		FrequencyPenalty:     q.or("frequency_penalty", "0.0"),
		Instructions:         q.or("instructions", "null"),
		MaxOutputTokens:      q.or("max_output_tokens", "null"),
		MaxToolCalls:         q.or("max_tool_calls", "null"),
		Model:                q.string("model"),
		Output:               []any{},
		ParallelToolCalls:    q.or("parallel_tool_calls", "true"),
		PresencePenalty:      q.or("presence_penalty", "0.0"),
		PreviousResponseID:   q.or("previous_response_id", "null"),
		PromptCacheKey:       q.or("prompt_cache_key", "null"),
		PromptCacheRetention: q.or("prompt_cache_retention", "null"),
		Reasoning:            q.or("reasoning", `{"effort":"medium","summary":null}`),
		SafetyIdentifier:     q.or("safety_identifier", "null"),
		ServiceTier:          q.or("service_tier", `"auto"`),
		Store:                q.or("store", "true"),
		Temperature:          q.or("temperature", "1.0"),
		Text:                 q.or("text", `{"format":{"type":"text"},"verbosity":"medium"}`),
		ToolChoice:           q.or("tool_choice", `"auto"`),
		Tools:                q.or("tools", "[]"),
		TopLogprobs:          q.or("top_logprobs", "0"),
		TopP:                 q.or("top_p", "1.0"),
		Truncation:           q.or("truncation", `"disabled"`),
		User:                 q.or("user", "null"),
		Metadata:             q.or("metadata", "{}"),
	}
}
