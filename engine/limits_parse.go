package engine

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/internal/httpx"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The shapes in which the backends describe their limits: headers, events and the
// answer of the usage endpoint.

// windowName names a window of a limit: the limit of the plan itself is codex.
func windowName(limit, position string) string {
	limit = strings.ReplaceAll(strings.ToLower(limit), "-", "_")
	if limit == "" || limit == "codex" {
		return position
	}
	return limit + "_" + position
}

// saidWindow is a window as the backend writes it, in any of its shapes.
type saidWindow struct {
	UsedPercent   *float64 `json:"used_percent"`
	WindowMinutes *float64 `json:"window_minutes"`
	WindowSeconds *float64 `json:"limit_window_seconds"`
	ResetAt       *float64 `json:"reset_at"`
	ResetAfter    *float64 `json:"reset_after_seconds"`
}

// window returns it under a name; false for one that says nothing.
func (s *saidWindow) window(name string, now time.Time) (protocol.UsageWindow, bool) {
	if s == nil || s.UsedPercent == nil || !isFinite(*s.UsedPercent) {
		return protocol.UsageWindow{}, false
	}
	w := protocol.UsageWindow{Name: name, UsedPercent: *s.UsedPercent}
	switch {
	case s.WindowMinutes != nil && isCount(*s.WindowMinutes):
		w.WindowMinutes = new(int64)
		*w.WindowMinutes = int64(math.Ceil(*s.WindowMinutes))
	case s.WindowSeconds != nil && isCount(*s.WindowSeconds):
		w.WindowMinutes = new(int64)
		*w.WindowMinutes = int64(math.Ceil(*s.WindowSeconds / 60))
	}
	at := time.Time{}
	if s.ResetAt != nil {
		at = unixTime(strconv.FormatFloat(*s.ResetAt, 'f', -1, 64))
	}
	if at.IsZero() && s.ResetAfter != nil && isCount(*s.ResetAfter) {
		at = now.Add(httpx.Duration(*s.ResetAfter, time.Second))
	}
	if !at.IsZero() {
		text := rfc3339(at)
		w.ResetsAt = &text
	}
	return w, w.UsedPercent != 0 || w.WindowMinutes != nil || w.ResetsAt != nil
}

func isFinite(n float64) bool { return !math.IsNaN(n) && !math.IsInf(n, 0) }

// isCount reports whether n is a number of minutes or seconds that can be meant.
func isCount(n float64) bool { return n > 0 && n < 1e12 }

// headerLimits reads the families x-<limit>-primary-… and -secondary-…; nil when
// there is none.
func headerLimits(h http.Header, mask func(string) string) *protocol.ChatGPTLimits {
	now := time.Now()
	said := &protocol.ChatGPTLimits{
		ObservedAt: rfc3339(now), PlanType: brief(mask, h.Get("X-Codex-Plan-Type")), Windows: []protocol.UsageWindow{},
	}
	for name := range h {
		lower := strings.ToLower(name)
		rest, ours := strings.CutPrefix(lower, "x-")
		rest, percent := strings.CutSuffix(rest, "-used-percent")
		if !ours || !percent {
			continue
		}
		for _, position := range []string{"primary", "secondary"} {
			limit, found := strings.CutSuffix(rest, "-"+position)
			if !found {
				continue
			}
			number := func(what string) *float64 {
				n, err := strconv.ParseFloat(h.Get("x-"+rest+what), 64)
				if err != nil {
					return nil
				}
				return &n
			}
			window := saidWindow{
				UsedPercent: number("-used-percent"), WindowMinutes: number("-window-minutes"),
				ResetAt: number("-reset-at"), ResetAfter: number("-reset-after-seconds"),
			}
			if w, ok := window.window(brief(mask, windowName(limit, position)), now); ok {
				said.Windows = append(said.Windows, w)
			}
		}
	}
	said.Windows = sortWindows(said.Windows)
	if has, ok := flag(h.Get("X-Codex-Credits-Has-Credits")); ok {
		unlimited, _ := flag(h.Get("X-Codex-Credits-Unlimited"))
		said.Credits = &protocol.Credits{HasCredits: has, Unlimited: unlimited, Balance: brief(mask, h.Get("X-Codex-Credits-Balance"))}
	}
	if len(said.Windows) == 0 && said.Credits == nil {
		return nil
	}
	return said
}

// flag reads true, false, 1 or 0 in any case.
func flag(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// saidCredits are credits in an event or an answer of the usage endpoint; the
// balance is a string or a number.
type saidCredits struct {
	HasCredits bool            `json:"has_credits"`
	Unlimited  bool            `json:"unlimited"`
	Balance    json.RawMessage `json:"balance"`
}

func (c *saidCredits) credits(mask func(string) string) *protocol.Credits {
	if c == nil {
		return nil
	}
	balance := string(c.Balance)
	if balance == "null" || json.Unmarshal(c.Balance, &balance) == nil && balance == "" {
		balance = ""
	}
	return &protocol.Credits{HasCredits: c.HasCredits, Unlimited: c.Unlimited, Balance: brief(mask, balance)}
}

// eventLimits reads a codex.rate_limits event; nil when it says nothing.
func eventLimits(event []byte, mask func(string) string) *protocol.ChatGPTLimits {
	var e struct {
		PlanType string `json:"plan_type"`
		Limits   struct {
			Primary   *saidWindow `json:"primary"`
			Secondary *saidWindow `json:"secondary"`
		} `json:"rate_limits"`
		Credits *saidCredits `json:"credits"`
		Metered string       `json:"metered_limit_name"`
	}
	if !decode(event, &e) {
		return nil
	}
	now := time.Now()
	said := &protocol.ChatGPTLimits{
		ObservedAt: rfc3339(now), PlanType: brief(mask, e.PlanType),
		Windows: []protocol.UsageWindow{}, Credits: e.Credits.credits(mask),
	}
	addWindows(said, e.Metered, e.Limits.Primary, e.Limits.Secondary, now, mask)
	if len(said.Windows) == 0 && said.Credits == nil {
		return nil
	}
	return said
}

// readUsage reads the answer of the usage endpoint.
func readUsage(body []byte, mask func(string) string) (*protocol.ChatGPTLimits, bool) {
	type pair struct {
		Primary   *saidWindow `json:"primary_window"`
		Secondary *saidWindow `json:"secondary_window"`
	}
	var answer struct {
		PlanType   string       `json:"plan_type"`
		Limit      *pair        `json:"rate_limit"`
		Credits    *saidCredits `json:"credits"`
		Additional []struct {
			Name    string `json:"limit_name"`
			Metered string `json:"metered_feature"`
			Limit   *pair  `json:"rate_limit"`
		} `json:"additional_rate_limits"`
	}
	if !decode(body, &answer) {
		return nil, false
	}
	now := time.Now()
	said := &protocol.ChatGPTLimits{
		ObservedAt: rfc3339(now), PlanType: brief(mask, answer.PlanType),
		Windows: []protocol.UsageWindow{}, Credits: answer.Credits.credits(mask),
	}
	if answer.Limit != nil {
		addWindows(said, "", answer.Limit.Primary, answer.Limit.Secondary, now, mask)
	}
	for _, a := range answer.Additional {
		if a.Limit != nil && cmp.Or(a.Metered, a.Name) != "" {
			addWindows(said, cmp.Or(a.Metered, a.Name), a.Limit.Primary, a.Limit.Secondary, now, mask)
		}
	}
	said.Windows = sortWindows(said.Windows)
	return said, answer.PlanType != "" || len(said.Windows) > 0
}

// addWindows adds the windows of one limit.
func addWindows(to *protocol.ChatGPTLimits, limit string, primary, secondary *saidWindow, now time.Time, mask func(string) string) {
	for position, s := range map[string]*saidWindow{"primary": primary, "secondary": secondary} {
		if w, ok := s.window(brief(mask, windowName(limit, position)), now); ok {
			to.Windows = append(to.Windows, w)
		}
	}
	to.Windows = sortWindows(to.Windows)
}

// decode reads JSON into a struct; a member of another type than expected is
// left out, and only what is no JSON object fails.
func decode(text []byte, into any) bool {
	err := json.Unmarshal(text, into)
	wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err)
	return err == nil || ok && wrongType.Field != ""
}

// quotas reads the x-ratelimit-… headers of the Platform; nil when there is
// none.
func quotas(h http.Header) *protocol.PlatformLimits {
	said := &protocol.PlatformLimits{ObservedAt: rfc3339(time.Now()), Requests: quota(h, "Requests"), Tokens: quota(h, "Tokens")}
	if said.Requests == nil && said.Tokens == nil {
		return nil
	}
	return said
}

func quota(h http.Header, what string) *protocol.Quota {
	q := protocol.Quota{
		Limit:     whole(h.Get("X-Ratelimit-Limit-" + what)),
		Remaining: whole(h.Get("X-Ratelimit-Remaining-" + what)),
	}
	if text := h.Get("X-Ratelimit-Reset-" + what); text != "" {
		reset, err := time.ParseDuration(text)
		if n, isNumber := strconv.ParseFloat(text, 64); isNumber == nil { // some gateways leave the unit out
			reset, err = httpx.Duration(n, time.Second), nil
		}
		if err == nil && reset >= 0 {
			ms := reset.Milliseconds()
			q.ResetMs = &ms
		}
	}
	if q == (protocol.Quota{}) {
		return nil
	}
	return &q
}

// whole reads a whole number that is not negative; nil for anything else.
func whole(text string) *int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}
