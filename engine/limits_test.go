package engine

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// headersOf makes headers of names and values in turn.
func headersOf(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func unmasked(text string) string { return text }

// windowsOf writes windows as "name percent minutes reset".
func windowsOf(l *protocol.ChatGPTLimits) []string {
	var all []string
	for _, w := range l.Windows {
		all = append(all, string(protocol.Encode([]any{w.Name, w.UsedPercent, w.WindowMinutes, w.ResetsAt})))
	}
	return all
}

func TestHeaderLimits(t *testing.T) {
	for _, tt := range []struct {
		name    string
		headers http.Header
		windows []string // nil: nothing is said
	}{
		{"none", headersOf("X-Request-Id", "r"), nil},
		{"the plan", headersOf(
			"X-Codex-Primary-Used-Percent", "7.5", "X-Codex-Primary-Window-Minutes", "300", "X-Codex-Primary-Reset-At", "4102444800",
			"X-Codex-Secondary-Used-Percent", "100", "X-Codex-Secondary-Window-Minutes", "10080"),
			[]string{`["primary",7.5,300,"2100-01-01T00:00:00Z"]`, `["secondary",100,10080,null]`}},
		{"a further family", headersOf(
			"X-Codex-Bengalfox-Primary-Used-Percent", "1", "X-Codex-Bengalfox-Primary-Window-Minutes", "60",
			"X-Codex-Primary-Used-Percent", "2"),
			[]string{`["primary",2,null,null]`, `["codex_bengalfox_primary",1,60,null]`}},
		{"nothing used and nothing known", headersOf("X-Codex-Primary-Used-Percent", "0"), nil},
		{"no numbers", headersOf("X-Codex-Primary-Used-Percent", "NaN", "X-Codex-Secondary-Used-Percent", "Infinity"), nil},
		{"odd numbers", headersOf("X-Codex-Primary-Used-Percent", "3", "X-Codex-Primary-Window-Minutes", "-5", "X-Codex-Primary-Reset-At", "1e99"),
			[]string{`["primary",3,null,null]`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said := headerLimits(tt.headers, unmasked)
			if tt.windows == nil {
				assert.Nil(t, said)
				return
			}
			require.NotNil(t, said)
			assert.Equal(t, tt.windows, windowsOf(said))
			_, err := time.Parse(time.RFC3339, said.ObservedAt)
			assert.NoError(t, err)
		})
	}
	after := headerLimits(headersOf("X-Codex-Primary-Used-Percent", "1", "X-Codex-Primary-Reset-After-Seconds", "3600"), unmasked)
	at, err := time.Parse(time.RFC3339, *after.Windows[0].ResetsAt)
	require.NoError(t, err)
	assert.InDelta(t, 3600, time.Until(at).Seconds(), 60)

	credits := headerLimits(headersOf("X-Codex-Credits-Has-Credits", "TRUE", "X-Codex-Credits-Unlimited", "0",
		"X-Codex-Credits-Balance", "12.5", "X-Codex-Plan-Type", "plus"), unmasked)
	assert.Equal(t, &protocol.Credits{HasCredits: true, Balance: "12.5"}, credits.Credits)
	assert.Equal(t, "plus", credits.PlanType)
	assert.Equal(t, []protocol.UsageWindow{}, credits.Windows)
}

func TestHeaderLimitsAreBounded(t *testing.T) {
	h := http.Header{}
	for i := range 500 {
		h.Set("X-"+strings.Repeat("a", i+1)+"-Primary-Used-Percent", "1")
	}
	said := headerLimits(h, unmasked)
	assert.Len(t, said.Windows, maxWindows)
}

func TestEventLimits(t *testing.T) {
	said := eventLimits([]byte(`{"type":"codex.rate_limits","plan_type":"pro","rate_limits":{"allowed":true,"limit_reached":false,
		"primary":{"used_percent":11,"window_minutes":300,"reset_at":4102444800},"secondary":null},
		"credits":{"has_credits":true,"unlimited":false,"balance":3}}`), unmasked)
	require.NotNil(t, said)
	assert.Equal(t, []string{`["primary",11,300,"2100-01-01T00:00:00Z"]`}, windowsOf(said))
	assert.Equal(t, "pro", said.PlanType)
	assert.Equal(t, &protocol.Credits{HasCredits: true, Balance: "3"}, said.Credits)

	other := eventLimits([]byte(`{"metered_limit_name":"codex-bengalfox","rate_limits":{"primary":{"used_percent":1,"window_minutes":60}}}`), unmasked)
	assert.Equal(t, []string{`["codex_bengalfox_primary",1,60,null]`}, windowsOf(other))

	for _, event := range []string{`{}`, `[]`, `7`, `{"rate_limits":7}`, `{"rate_limits":{"primary":{}}}`, `{"rate_limits":{"primary":{"used_percent":"x"}}}`} {
		assert.Nil(t, eventLimits([]byte(event), unmasked), event)
	}
}

func TestQuotas(t *testing.T) {
	assert.Nil(t, quotas(http.Header{}))
	said := quotas(headersOf("X-Ratelimit-Limit-Requests", "5000", "X-Ratelimit-Remaining-Requests", "4999", "X-Ratelimit-Reset-Requests", "1m30.5s",
		"X-Ratelimit-Remaining-Tokens", "-1", "X-Ratelimit-Reset-Tokens", "2"))
	assert.JSONEq(t, `{"limit":5000,"remaining":4999,"resetMs":90500}`, string(protocol.Encode(said.Requests)))
	assert.JSONEq(t, `{"limit":null,"remaining":null,"resetMs":2000}`, string(protocol.Encode(said.Tokens)))
}

// An answer of either route leaves what it said of the limits in its evidence and
// in limits/read, an error too; an event adds to it.
func TestLimitsOfAnswers(t *testing.T) {
	_, e := simulate(t, simulator.Config{})
	changes := 0
	e.WatchLimits(func() { changes++ })
	assert.Equal(t, protocol.UsageLimits{}, e.Limits(t.Context()))

	var h host
	result, err := h.create(t, t.Context(), e, `{"model":"gpt-5.2-codex","input":"hi","stream":true,"_meta":{"simulate":"limits-event"}}`)
	require.NoError(t, err)
	assert.Equal(t, 7.0, h.started[0].RateLimits.Windows[0].UsedPercent, "of the headers")
	said := result.Evidence.RateLimits
	require.Len(t, said.Windows, 2)
	assert.Equal(t, "primary", said.Windows[0].Name)
	assert.Equal(t, 11.0, said.Windows[0].UsedPercent, "of the event")
	assert.Equal(t, 2.0, said.Windows[1].UsedPercent)
	assert.Equal(t, "plus", said.PlanType)
	assert.Equal(t, said, e.Limits(t.Context()).ChatGPT.Evidence())
	assert.Equal(t, 2, changes)

	result, err = (&host{}).create(t, t.Context(), e, askPlatform)
	require.NoError(t, err)
	assert.EqualValues(t, 4999, *result.Evidence.RateLimits.Requests.Remaining)
	assert.Empty(t, result.Evidence.RateLimits.Windows)
	assert.EqualValues(t, 799500, *e.Limits(t.Context()).Platform.Tokens.Remaining)
	assert.Equal(t, 3, changes)
	_, err = (&host{}).create(t, t.Context(), e, askPlatform)
	require.NoError(t, err)
	assert.Equal(t, 3, changes, "nothing new")

	_, failure := (&host{}).failure(t, e, `{"model":"gpt-5.2-codex","input":"hi","_meta":{"simulate":"usage-limit"}}`)
	assert.Equal(t, protocol.ReasonUsageLimit, failure.Data.Reason)
	assert.Equal(t, 100.0, e.Limits(t.Context()).ChatGPT.Windows[0].UsedPercent)
}

func TestRefreshLimits(t *testing.T) {
	server, e := simulate(t, simulator.Config{})
	limits := e.RefreshLimits(t.Context())
	assert.Empty(t, limits.Warnings)
	require.NotNil(t, limits.ChatGPT)
	assert.Nil(t, limits.Platform)
	var names []string
	for _, w := range limits.ChatGPT.Windows {
		names = append(names, w.Name)
		assert.NotNil(t, w.ResetsAt)
	}
	assert.Equal(t, []string{"primary", "secondary", "codex_bengalfox_primary"}, names)
	assert.EqualValues(t, 300, *limits.ChatGPT.Windows[0].WindowMinutes)
	assert.Equal(t, &protocol.Credits{HasCredits: true, Balance: "12.50"}, limits.ChatGPT.Credits)
	assert.Equal(t, "plus", limits.ChatGPT.PlanType)
	asked := server.Requests()
	require.Len(t, asked, 2)
	assert.Equal(t, "/backend-api/wham/usage", asked[1].Path)
	assert.Empty(t, asked[1].Header["Version"])

	_, e = simulate(t, simulator.Config{Scenario: "lookups-fail"})
	assert.Equal(t, []string{"The usage of the ChatGPT route could not be refreshed: the answer was status 503."}, e.RefreshLimits(t.Context()).Warnings)

	_, e = simulate(t, simulator.Config{}, func(s *setting) { s.auth = auth.Config{} })
	limits = e.RefreshLimits(t.Context())
	assert.Nil(t, limits.ChatGPT)
	assert.Equal(t, []string{"The usage of the ChatGPT route could not be refreshed: a ChatGPT access token is needed, and there is no credential."}, limits.Warnings)
}

// What one account was told is not shown to another.
func TestLimitsOfAnotherAccount(t *testing.T) {
	e := newEngine(t, "")
	e.limits.record("somebody else", headerLimits(headersOf("X-Codex-Primary-Used-Percent", "9"), unmasked), false)
	assert.Nil(t, e.Limits(t.Context()).ChatGPT)
	e.limits.record(fakeAccount, headerLimits(headersOf("X-Codex-Secondary-Used-Percent", "1"), unmasked), false)
	assert.Equal(t, []string{`["secondary",1,null,null]`}, windowsOf(e.Limits(t.Context()).ChatGPT))
}
