package simulator

import (
	"net/http"
	"time"
)

// usageWindow is a window as the usage endpoint writes it.
type usageWindow struct {
	UsedPercent       int   `json:"used_percent"`
	LimitWindow       int   `json:"limit_window_seconds"`
	ResetAfterSeconds int   `json:"reset_after_seconds"`
	ResetAt           int64 `json:"reset_at"`
}

func windowOf(percent int, length, reset time.Duration) *usageWindow {
	return &usageWindow{
		UsedPercent: percent, LimitWindow: int(length.Seconds()),
		ResetAfterSeconds: int(reset.Seconds()), ResetAt: time.Now().Add(reset).Unix(),
	}
}

type usageLimit struct {
	Allowed         bool         `json:"allowed"`
	LimitReached    bool         `json:"limit_reached"`
	PrimaryWindow   *usageWindow `json:"primary_window"`
	SecondaryWindow *usageWindow `json:"secondary_window"`
}

type usageCredits struct {
	HasCredits bool    `json:"has_credits"`
	Unlimited  bool    `json:"unlimited"`
	Balance    *string `json:"balance"`
}

// usage is GET /backend-api/wham/usage.
func (x *visit) usage() {
	if !x.chatgptAccount() {
		return
	}
	type additional struct {
		LimitName      string     `json:"limit_name"`
		MeteredFeature string     `json:"metered_feature"`
		RateLimit      usageLimit `json:"rate_limit"`
	}
	who := x.server.ledger.identity
	balance := "12.50"
	x.json(http.StatusOK, struct {
		UserID     string       `json:"user_id"`
		AccountID  string       `json:"account_id"`
		Email      string       `json:"email"`
		PlanType   string       `json:"plan_type"`
		RateLimit  usageLimit   `json:"rate_limit"`
		Credits    usageCredits `json:"credits"`
		Additional []additional `json:"additional_rate_limits"`
	}{
		UserID: who.UserID, AccountID: who.AccountID, Email: who.Email, PlanType: who.PlanType,
		RateLimit: usageLimit{
			Allowed:         true,
			PrimaryWindow:   windowOf(9, 5*time.Hour, 4*time.Hour),
			SecondaryWindow: windowOf(3, 7*24*time.Hour, 6*24*time.Hour),
		},
		Credits: usageCredits{HasCredits: true, Balance: &balance},
		Additional: []additional{{
			LimitName: "Research preview", MeteredFeature: "codex_bengalfox",
			RateLimit: usageLimit{Allowed: true, PrimaryWindow: windowOf(1, 5*time.Hour, 4*time.Hour)},
		}},
	})
}

// limitsEvent is the event by which the backend reports its limits in the
// middle of a stream. It has no sequence number.
func limitsEvent() part {
	return part{event: "codex.rate_limits", wire: sseEvent("codex.rate_limits", encode(map[string]any{
		"type": "codex.rate_limits", "plan_type": "plus",
		"rate_limits": map[string]any{
			"allowed": true, "limit_reached": false,
			"primary": map[string]any{"used_percent": 11, "window_minutes": 300, "reset_after_seconds": 3600,
				"reset_at": time.Now().Add(time.Hour).Unix()},
			"secondary": nil,
		},
		"credits": map[string]any{"has_credits": false, "unlimited": false, "balance": nil},
	}))}
}
