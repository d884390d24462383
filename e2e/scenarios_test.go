//go:build unix

package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

var update = flag.Bool("update", false, "write the golden files")

// golden holds text against a file of testdata/protocol.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("../testdata/protocol", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), text, "run go test ./e2e -run %s -update", t.Name())
}

// scenarioRow is how one scenario ends, as a line of the golden.
func scenarioRow(t *testing.T, name string, m message) string {
	t.Helper()
	if m.Error == nil {
		n := m.note()
		return fmt.Sprintf("%-44s result %s, model_match %s", name, n.Status, modelMatch(m))
	}
	var e protocol.Error
	require.NoError(t, json.Unmarshal(m.Error, &e))
	d := e.Data
	require.NotEmpty(t, d.Action, "%s tells what to do", name)
	require.NotNil(t, d.Evidence, name)
	require.NotEmpty(t, d.StreamID, name)
	row := fmt.Sprintf("%-44s %d %s", name, e.Code, d.Kind)
	if d.Reason != "" {
		row += "/" + string(d.Reason)
	}
	if d.HTTPStatus != 0 {
		row += fmt.Sprintf(" http %d", d.HTTPStatus)
	}
	if d.Retryable {
		row += " retryable"
	}
	if d.RetryAfterMs != 0 {
		row += " after " + rough(d.RetryAfterMs)
	}
	if d.Upstream != nil {
		row += fmt.Sprintf(" upstream %q %q", d.Upstream.Type, d.Upstream.Code)
		assert.NotContains(t, d.Upstream.Message, "eyJ", "a token is masked")
	}
	if d.EventsDelivered != nil {
		row += " partial:" + fmt.Sprint(*d.EventsDelivered > 0)
	}
	if d.PlanType != "" {
		row += " plan " + d.PlanType
	}
	if d.Need != "" {
		row += fmt.Sprintf(" need %s have %v login %v", d.Need, d.Have, d.LoginMethods)
	}
	return row + fmt.Sprintf(" attempts %d", len(d.Evidence.Attempts))
}

// rough returns a time that depends on the clock to the hour.
func rough(ms int64) string {
	if ms > 3_600_000 {
		return fmt.Sprintf("~%dh", (ms+1_800_000)/3_600_000)
	}
	return fmt.Sprintf("%dms", ms)
}

func modelMatch(m message) string {
	var r protocol.CreateResult
	_ = json.Unmarshal(m.Result, &r)
	if r.Evidence.ModelMatch == nil {
		return "null"
	}
	return fmt.Sprint(*r.Evidence.ModelMatch)
}

// upstreamScenarios are chosen per request, with further options of _meta where
// the scenario alone would last too long.
var upstreamScenarios = []struct{ name, meta string }{
	{"ok", ""}, {"tool-call", ""}, {"incomplete", ""}, {"snapshot", ""}, {"mismatch", ""},
	{"mismatch", `"expect":{"model":"MODEL"}`}, {"snapshot", `"expect":{"model":"MODEL"}`},
	{"failed", ""}, {"error-event", ""},
	{"cut", ""}, {"no-terminal", ""}, {"bad-event", ""}, {"too-large", ""}, {"not-sse", ""},
	{"idle", `"idleTimeoutMs":150,"timeoutMs":2500`}, {"slow", `"timeoutMs":2500`}, {"slow-headers", `"timeoutMs":1500`},
	{"usage-limit", ""}, {"rate-limit", ""}, {"usage-not-included", ""}, {"quota", ""},
	{"overloaded", ""}, {"slow-down", ""}, {"server-error", ""}, {"html-error", ""}, {"redirect", ""}, {"disconnect", ""},
	{"unauthorized", ""}, {"forbidden", ""}, {"blocked", ""}, {"not-found", ""}, {"model-not-found", ""},
	{"model-unavailable", ""}, {"bad-request", ""}, {"context-length", ""}, {"invalid-prompt", ""}, {"echo-secret", ""},
}

// TestScenariosAsAHostSeesThem holds how each answer of the upstream comes to the host: code,
// kind, reason and the rest (docs/reference.md: Errors), on both routes, streamed and not. The
// process goes on after each.
//
// Faults: C7, C9, C13, C14, C21.
func TestScenariosAsAHostSeesThem(t *testing.T) {
	t.Parallel()
	var parts [4]strings.Builder
	t.Run("each", func(t *testing.T) {
		for i := range parts {
			model, stream := []string{codexModel, proModel}[i/2], i%2 == 0
			t.Run(fmt.Sprint(model, "/", stream), func(t *testing.T) {
				t.Parallel()
				scenariosOf(t, &parts[i], model, stream)
			})
		}
	})
	golden(t, "scenarios.golden", parts[0].String()+parts[1].String()+parts[2].String()+parts[3].String())
}

// scenariosOf writes a part of the golden.
func scenariosOf(t *testing.T, part *strings.Builder, model string, stream bool) {
	h := spawn(t, options{args: []string{"--simulate"}})
	_, _ = fmt.Fprintf(part, "# %s, stream %v\n", model, stream)
	answers := map[string]message{}
	// Two lots, each at once, as some spend their retries: those that have a time to
	// keep are not beside the large ones.
	for _, timed := range []bool{true, false} {
		sent := len(answers)
		for i, s := range upstreamScenarios {
			if strings.Contains(s.meta, "imeoutMs") != timed {
				continue
			}
			meta := fmt.Sprintf(`"simulate":%q`, s.name)
			if s.meta != "" {
				meta += "," + strings.ReplaceAll(s.meta, "MODEL", model)
			}
			h.send(request(fmt.Sprint(i), "responses/create", fmt.Sprintf(`{"model":%q,"input":"Hello.","stream":%v,"_meta":{%s}}`, model, stream, meta)))
			sent++
		}
		for len(answers) < sent {
			if m := h.mustNext(); m.isAnswer() {
				answers[string(m.ID)] = m
			}
		}
	}
	for i, s := range upstreamScenarios {
		name := strings.TrimSpace(s.name + " " + strings.ReplaceAll(s.meta, "MODEL", "…"))
		part.WriteString(scenarioRow(t, name, answers[fmt.Sprint(i)]) + "\n")
	}
	h.ping()
}

// TestScenarioOfTheProcess: --simulate=NAME acts as _meta.simulate does, and
// those of the login too. Each scenario of the list starts.
func TestScenarioOfTheProcess(t *testing.T) {
	t.Parallel()
	rows := make([]string, len(simulator.Scenarios()))
	t.Run("each", func(t *testing.T) {
		for i, s := range simulator.Scenarios() {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				h := spawn(t, options{args: []string{"--simulate=" + s.Name}})
				var auth protocol.AuthStatus
				require.NoError(t, json.Unmarshal(h.call("1", "auth/status", "").Result, &auth))
				rows[i] = fmt.Sprintf("%-20s %s, chatgpt %s, platform %s\n", s.Name, auth.State, available(auth.Routes[0]), available(auth.Routes[1]))
				h.ping()
			})
		}
	})
	golden(t, "simulated-logins.golden", strings.Join(rows, ""))
}

func available(r protocol.RouteState) string {
	if r.Available {
		return "available"
	}
	return string(r.Reason)
}
