package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// refusedByChatGPT are the members of a body that the ChatGPT backend refuses
// by name.
func refusedByChatGPT() []string {
	return []string{
		"max_output_tokens", "max_completion_tokens", "temperature", "top_p", "frequency_penalty", "presence_penalty", "seed",
		"metadata", "top_logprobs", "truncation", "user", "previous_response_id", "context_management", "safety_identifier",
		"prompt_cache_retention", "background", "max_tool_calls", "stream_options", "generate", "_meta",
	}
}

// chatgptResponses is POST /backend-api/codex/responses.
func (x *visit) chatgptResponses() {
	if !x.chatgptAccount() {
		return
	}
	if region := x.server.scenario.region; x.r.Header.Get("x-openai-account-routing-override") != region {
		x.detail(http.StatusForbidden, "This workspace is bound to the region "+region)
		return
	}
	if !x.plainJSON() {
		x.detail(http.StatusUnsupportedMediaType, "Unsupported media type")
		return
	}
	q, err := parseQuery(x.body)
	if err != nil {
		x.detail(http.StatusBadRequest, "Invalid JSON: "+err.Error())
		return
	}
	if text := chatgptRefusal(q); text != "" {
		x.detail(http.StatusBadRequest, text)
		return
	}
	if !x.scenario.before(x) {
		return
	}
	a := compose(x, q)
	a.bare = true // this backend often leaves output out of the terminal event
	x.scenario.compose(a)
	x.w.Header().Set("openai-model", a.response.Model)
	x.chatgptHeaders()
	x.stream(a)
}

// chatgptRefusal is why the ChatGPT backend does not take a body; "" if it does.
func chatgptRefusal(q query) string {
	refused := refusedByChatGPT()
	for _, name := range q.names {
		if slices.Contains(refused, name) {
			return "Unsupported parameter: " + name
		}
	}
	model := q.string("model")
	items, list := q.items()
	switch {
	case model == "":
		return "Missing required parameter: model"
	case strings.HasSuffix(model, "-pro"):
		return "The '" + model + "' model is not supported when using Codex with a ChatGPT account."
	case !q.is("store", "false"):
		return "Store must be set to false"
	case !q.is("stream", "true"):
		return "Stream must be set to true"
	case !list:
		return "Input must be a list"
	}
	for _, i := range items {
		switch {
		case i.Role == "system":
			return "System messages are not allowed"
		case i.Type == "item_reference" || i.Type == "" && i.Role == "":
			return "Items are not persisted when store is set to false"
		case i.Type == "reasoning" && i.Encrypted == "":
			return "Reasoning items without encrypted_content cannot be read"
		}
	}
	return ""
}

// chatgptAccount checks who asks, and answers when it is nobody known.
func (x *visit) chatgptAccount() bool {
	if !x.server.ledger.acceptsAccess(x.bearer()) {
		x.detail(http.StatusUnauthorized, "Unauthorized")
		return false
	}
	account := x.r.Header.Values("chatgpt-account-id")
	if len(account) != 1 || account[0] == "" {
		x.detail(http.StatusBadRequest, "Missing chatgpt-account-id header")
		return false
	}
	if account[0] != x.server.ledger.AccountID {
		x.detail(http.StatusBadRequest, "The chatgpt-account-id does not belong to this token")
		return false
	}
	return true
}

// chatgptHeaders sets what a client reads of any answer to an accepted call.
func (x *visit) chatgptHeaders() {
	now := time.Now()
	header := x.w.Header()
	header.Set("x-request-id", randomUUID())
	header.Set("openai-processing-ms", "12")
	header.Set("x-codex-turn-state", "turn-"+randomHex(8))
	header.Set("x-codex-plan-type", x.server.ledger.PlanType)
	header.Set("x-codex-primary-used-percent", "7")
	header.Set("x-codex-primary-window-minutes", "300")
	header.Set("x-codex-primary-reset-at", strconv.FormatInt(now.Add(5*time.Hour).Unix(), 10))
	header.Set("x-codex-secondary-used-percent", "2")
	header.Set("x-codex-secondary-window-minutes", "10080")
	header.Set("x-codex-secondary-reset-at", strconv.FormatInt(now.Add(7*24*time.Hour).Unix(), 10))
	x.edgeHeaders()
}

// edgeHeaders sets what the proxy in front of both backends adds. None of it is
// for the eyes of a host; the cookie is a secret.
func (x *visit) edgeHeaders() {
	header := x.w.Header()
	header.Set("server", "cloudflare")
	header.Set("cf-ray", randomHex(8)+"-SIM")
	header.Set("set-cookie", "__cf_bm="+Canary+"."+randomHex(16)+"; path=/; HttpOnly; Secure")
}

// accountsCheck is GET /backend-api/wham/accounts/check: one account.
func (x *visit) accountsCheck() {
	if !x.chatgptAccount() {
		return
	}
	type entry struct {
		ID                     string  `json:"id"`
		AccountUserID          string  `json:"account_user_id"`
		Structure              string  `json:"structure"`
		PlanType               string  `json:"plan_type"`
		Name                   *string `json:"name"`
		ProfilePictureURL      *string `json:"profile_picture_url"`
		WorkspaceBackendOrigin string  `json:"workspace_backend_origin"`
		AccountRoutingOverride string  `json:"account_routing_override"`
	}
	who := x.server.ledger.identity
	origin, override := "NO_CONSTRAINT", "NO_CONSTRAINT"
	if region := x.server.scenario.region; region != "" {
		origin, override = "https://"+region+".chatgpt.com", region
	}
	x.json(http.StatusOK, struct {
		Accounts         []entry  `json:"accounts"`
		AccountOrdering  []string `json:"account_ordering"`
		DefaultAccountID string   `json:"default_account_id"`
	}{
		Accounts: []entry{{
			ID:                     who.AccountID,
			AccountUserID:          who.accountUserID(),
			Structure:              "personal",
			PlanType:               who.PlanType,
			WorkspaceBackendOrigin: origin,
			AccountRoutingOverride: override,
		}},
		AccountOrdering:  []string{who.AccountID},
		DefaultAccountID: who.AccountID,
	})
}
