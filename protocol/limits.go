package protocol

// LimitsReadParams are the params of limits/read.
type LimitsReadParams struct {
	// Ask the usage endpoint of the ChatGPT backend once before answering; the
	// Platform has no such endpoint.
	Refresh bool `json:"refresh,omitempty"`
}

// UsageLimits is the result of limits/read and the params of limits/changed: what
// the backends last said about their limits.
type UsageLimits struct {
	// Limits of the ChatGPT plan; null until its backend has reported them.
	ChatGPT *ChatGPTLimits `json:"chatgpt"`
	// Limits of the Platform key; null until the Platform has reported them.
	Platform *PlatformLimits `json:"platform"`
	// Why usage could not be refreshed, one sentence each; absent when it could.
	Warnings []string `json:"warnings,omitempty"`
}

// ChatGPTLimits is what the ChatGPT backend said about the usage of a plan.
type ChatGPTLimits struct {
	// When this was reported.
	ObservedAt string `json:"observedAt"`
	// The plan, as the backend names it.
	PlanType string `json:"planType,omitempty"`
	// The windows in which usage is counted.
	Windows []UsageWindow `json:"windows"`
	// Credits in addition to the plan; absent when the backend does not mention them.
	Credits *Credits `json:"credits,omitempty"`
}

// UsageWindow is one window in which the usage of a ChatGPT plan is counted.
type UsageWindow struct {
	// "primary" or "secondary"; the windows of an additional limit have its name in
	// front, as in "codex_other_primary". windowMinutes, not the name, says which is
	// longer.
	Name string `json:"name"`
	// How much of the plan has been used, in percent.
	UsedPercent float64 `json:"usedPercent"`
	// Length of the window in minutes; null when not known.
	WindowMinutes *int64 `json:"windowMinutes"`
	// When the next window begins; null when not known.
	ResetsAt *string `json:"resetsAt"`
}

// Credits are what a ChatGPT account has in addition to its plan.
type Credits struct {
	// The account has credits.
	HasCredits bool `json:"hasCredits"`
	// The credits are unlimited.
	Unlimited bool `json:"unlimited"`
	// The balance, as the backend writes it.
	Balance string `json:"balance,omitempty"`
}

// PlatformLimits is what the Platform said about the rate limits of a key.
type PlatformLimits struct {
	// When this was reported.
	ObservedAt string `json:"observedAt"`
	// Limit of requests; null when not reported.
	Requests *Quota `json:"requests"`
	// Limit of tokens; null when not reported.
	Tokens *Quota `json:"tokens"`
}

// Quota is one rate limit of the Platform.
type Quota struct {
	// The whole quota; null when not known.
	Limit *int64 `json:"limit"`
	// How much is left; null when not known.
	Remaining *int64 `json:"remaining"`
	// When the whole quota is available again, in milliseconds from observedAt; null when not known.
	ResetMs *int64 `json:"resetMs"`
}

// RateLimits is evidence.rate_limits: what this answer said about the limits.
type RateLimits struct {
	// The ChatGPT plan, as the backend names it.
	PlanType string `json:"plan_type,omitempty"`
	// The windows of the ChatGPT plan; absent on the Platform route.
	Windows []RateWindow `json:"windows,omitempty"`
	// Credits in addition to the plan.
	Credits *RateCredits `json:"credits,omitempty"`
	// The limit of requests of the Platform.
	Requests *RateQuota `json:"requests,omitempty"`
	// The limit of tokens of the Platform.
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

// Evidence returns the limits as evidence has them; nil for nil.
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

// Evidence returns the limits as evidence has them; nil for nil.
func (p *PlatformLimits) Evidence() *RateLimits {
	if p == nil {
		return nil
	}
	return &RateLimits{Requests: (*RateQuota)(p.Requests), Tokens: (*RateQuota)(p.Tokens)}
}
