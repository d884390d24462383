//go:build unix

package e2e

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// --account-mode decides where a model goes that no rule names, over what
// auth.json says, and pinned models are not moved by it.
func TestAccountModeFlag(t *testing.T) {
	t.Parallel()
	remove := func(names ...string) func(object) {
		return func(auth object) {
			for _, name := range names {
				delete(auth, name)
			}
		}
	}
	for name, row := range map[string]struct {
		scenario string
		edit     func(auth object)
		auto     string
		plan     string
	}{
		"plus, auth_mode chatgpt":     {"ok", remove(), "chatgpt", "chatgpt"},
		"plus, no auth_mode":          {"ok", remove("auth_mode"), "chatgpt", "chatgpt"},
		"plus, auth_mode apikey":      {"ok", func(a object) { a["auth_mode"] = "apikey" }, "platform", "chatgpt"},
		"business, auth_mode chatgpt": {"business", remove(), "chatgpt", "platform"},
		"business, no auth_mode":      {"business", remove("auth_mode"), "platform", "platform"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{Scenario: row.scenario})
			home := editedHome(t, sim, row.edit)
			for flag, want := range map[string]string{"auto": row.auto, "plan": row.plan, "chatgpt": "chatgpt", "apiKey": "platform"} {
				h := spawn(t, options{home: home, upstream: sim, args: []string{"--account-mode=" + flag}})
				for i, model := range []string{"gpt-5.5", codexModel, proModel} {
					m := h.call(string(rune('1'+i)), "routes/resolve", `{"model":"`+model+`"}`)
					var r protocol.ResolveResult
					if m.Error == nil {
						require.NoError(t, json.Unmarshal(m.Result, &r))
					} else { // the route is chosen before the credential is missed
						var e protocol.Error
						require.NoError(t, json.Unmarshal(m.Error, &e))
						r.Route = map[protocol.CredentialKind]protocol.RouteName{protocol.CredentialChatGPT: "chatgpt", protocol.CredentialPlatformKey: "platform"}[e.Data.Need]
					}
					assert.Equal(t, []string{want, "chatgpt", "platform"}[i], string(r.Route), "%s with %s", model, flag)
				}
			}
			assert.Empty(t, paths(sim))
		})
	}
}

// --originator and --client-version are what is sent, on the ChatGPT route and
// with a refresh, and stand in the evidence; the Platform gets neither.
func TestOriginatorAndClientVersion(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{Scenario: "expired"})
	h := spawn(t, options{upstream: sim, args: []string{"--originator=my-editor_1.0", "--client-version=9.9.9-beta"}, env: []string{"OPENAI_API_KEY=" + sim.Login().PlatformKey}})
	o := h.create("1", `{"model":"gpt-5.2-codex","input":"Hello."}`)
	assert.Equal(t, "completed", o.status(), "%s", o.answer.Raw)
	assert.Contains(t, string(o.answer.Raw), `"client_version":"9.9.9-beta"`)
	h.create("2", `{"model":"gpt-5.2-pro","input":"Hello."}`)
	seen := map[string]bool{}
	for _, r := range sim.Requests() {
		seen[r.Path] = true
		switch r.Path {
		case "/backend-api/codex/responses":
			assert.Equal(t, "9.9.9-beta", r.Header.Get("version"))
			assert.Equal(t, "my-editor_1.0", r.Header.Get("originator"))
			assert.Regexp(t, `^my-editor_1\.0/\d`, r.Header.Get("user-agent"))
		case "/oauth/token":
			assert.Contains(t, []string{"", "my-editor_1.0"}, r.Header.Get("originator"))
			seen[r.Path+" "+r.Header.Get("originator")] = true
		case "/v1/responses":
			assert.Empty(t, r.Header.Get("originator"))
			assert.Empty(t, r.Header.Get("user-agent"))
			assert.NotEqual(t, "9.9.9-beta", r.Header.Get("version"))
		}
	}
	assert.True(t, seen["/backend-api/codex/responses"] && seen["/v1/responses"] && seen["/oauth/token my-editor_1.0"], seen)
}
