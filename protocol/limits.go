package protocol

// LimitsReadParams are the params of limits/read.
type LimitsReadParams struct {
	// Ask the ChatGPT backend's usage endpoint once before answering; the Platform
	// has none.
	Refresh bool `json:"refresh,omitempty"`
}

// UsageLimits is the result of limits/read and the params of limits/changed: what
// the backends last said of their limits.
type UsageLimits struct {
	// Of the ChatGPT plan; null until its backend has said something.
	ChatGPT *ChatGPTLimits `json:"chatgpt"`
	// Of the Platform key; null until the Platform has said something.
	Platform *PlatformLimits `json:"platform"`
	// Why a refresh brought nothing new, one sentence each; absent when it did.
	Warnings []string `json:"warnings,omitempty"`
}

// ChatGPTLimits is what the ChatGPT backend said of the usage of a plan.
type ChatGPTLimits struct {
	// When it said so.
	ObservedAt string `json:"observedAt"`
	// The plan, as the backend names it.
	PlanType string `json:"planType,omitempty"`
	// The windows in which usage is counted.
	Windows []UsageWindow `json:"windows"`
	// Credits beside the plan; absent when it says nothing of them.
	Credits *Credits `json:"credits,omitempty"`
}

// UsageWindow is one window in which the usage of a ChatGPT plan is counted.
type UsageWindow struct {
	// "primary" or "secondary"; those of a further limit are led by its name, as
	// in "codex_other_primary". Which one is the longer says windowMinutes, not
	// the name.
	Name string `json:"name"`
	// Used up to now, in percent of what the plan has.
	UsedPercent float64 `json:"usedPercent"`
	// Length of the window in minutes; null when not known.
	WindowMinutes *int64 `json:"windowMinutes"`
	// When it begins anew; null when not known.
	ResetsAt *string `json:"resetsAt"`
}

// Credits are what a ChatGPT account has beside its plan.
type Credits struct {
	// There are some.
	HasCredits bool `json:"hasCredits"`
	// They do not end.
	Unlimited bool `json:"unlimited"`
	// What is left, as the backend writes it.
	Balance string `json:"balance,omitempty"`
}

// PlatformLimits is what the Platform said of the rate limits of a key.
type PlatformLimits struct {
	// When it said so.
	ObservedAt string `json:"observedAt"`
	// Limit of requests; null when it said nothing of it.
	Requests *Quota `json:"requests"`
	// Limit of tokens; null when it said nothing of it.
	Tokens *Quota `json:"tokens"`
}

// Quota is one rate limit of the Platform.
type Quota struct {
	// How much there is when nothing is used; null when not known.
	Limit *int64 `json:"limit"`
	// How much is left; null when not known.
	Remaining *int64 `json:"remaining"`
	// Until all of it is back, in milliseconds from observedAt; null when not known.
	ResetMs *int64 `json:"resetMs"`
}

// RateLimits is evidence.rate_limits: what this answer said of the limits.
type RateLimits struct {
	// The ChatGPT plan, as the backend names it.
	PlanType string `json:"plan_type,omitempty"`
	// The windows of the ChatGPT plan; absent on the Platform route.
	Windows []RateWindow `json:"windows,omitempty"`
	// Credits beside the plan.
	Credits *RateCredits `json:"credits,omitempty"`
	// The Platform's limit of requests.
	Requests *RateQuota `json:"requests,omitempty"`
	// The Platform's limit of tokens.
	Tokens *RateQuota `json:"tokens,omitempty"`
}

// RateWindow is a UsageWindow in evidence.
type RateWindow struct {
	// As in limits/read.
	Name string `json:"name"`
	// As in limits/read.
	UsedPercent float64 `json:"used_percent"`
	// As in limits/read.
	WindowMinutes *int64 `json:"window_minutes"`
	// As in limits/read.
	ResetsAt *string `json:"resets_at"`
}

// RateCredits is Credits in evidence.
type RateCredits struct {
	// As in limits/read.
	HasCredits bool `json:"has_credits"`
	// As in limits/read.
	Unlimited bool `json:"unlimited"`
	// As in limits/read.
	Balance string `json:"balance,omitempty"`
}

// RateQuota is a Quota in evidence.
type RateQuota struct {
	// As in limits/read.
	Limit *int64 `json:"limit"`
	// As in limits/read.
	Remaining *int64 `json:"remaining"`
	// As in limits/read.
	ResetMs *int64 `json:"reset_ms"`
}

// Evidence gives the limits as they stand in evidence; nil for nil.
func (c *ChatGPTLimits) Evidence() *RateLimits {
	if c == nil {
		return nil
	}
	e := &RateLimits{PlanType: c.PlanType, Credits: (*RateCredits)(c.Credits)}
	for _, w := range c.Windows {
		e.Windows = append(e.Windows, RateWindow(w))
	}
	return e
}

// Evidence gives the limits as they stand in evidence; nil for nil.
func (p *PlatformLimits) Evidence() *RateLimits {
	if p == nil {
		return nil
	}
	return &RateLimits{Requests: (*RateQuota)(p.Requests), Tokens: (*RateQuota)(p.Tokens)}
}
