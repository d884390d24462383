//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// modelNames are JSON strings as a host may spell them, with the route of the
// table (docs/protocol.md: Routing). The account mode of the login is chatgpt.
var modelNames = []struct{ raw, route string }{
	{`"gpt-5.2-codex"`, "chatgpt"},
	{`"gpt-5.2-pro"`, "platform"},
	{`"gpt-5.2\u002dcodex"`, "chatgpt"},
	{`"\u0067pt-5.2-pr\u006f"`, "platform"},
	{`"gpt-5.1-codex"`, "chatgpt"},
	{`"gpt-5.1-codex-max"`, "chatgpt"},
	{`"gpt-5.2-codex-2026-01-15"`, "chatgpt"},
	{`"my-codex-of-today"`, "chatgpt"},
	{`"-codex"`, "chatgpt"},
	{`"codex"`, "chatgpt"},
	{`"o3-pro"`, "platform"},
	{`"o1-pro-2025-03-19"`, "platform"},
	{`"gpt-5.2-pro-2026-01-15"`, "platform"},
	{`"gpt-5.2-pro-2026-1-15"`, "chatgpt"},
	{`"gpt-5.2-pro-latest"`, "chatgpt"},
	{`"gpt-5.2-codex-pro"`, "chatgpt"},
	{`"-pro"`, "platform"},
	{`"pro"`, "chatgpt"},
	{`"GPT-5.2-codex"`, "chatgpt"},
	{`"gpt-5.2-CODEX"`, "chatgpt"},
	{`"GPT-5.2-pro"`, "platform"},
	{`"gpt-5.2-PRO"`, "chatgpt"},
	{`"gpt-5.2"`, "chatgpt"},
	{`"gpt-4o-mini-2024-07-18"`, "chatgpt"},
	{`" gpt-5.2-codex"`, "chatgpt"},
	{`"gpt-5.2-codex "`, "chatgpt"},
	{`"gpt-5.2-pro "`, "chatgpt"},
	{`" gpt-5.2-pro"`, "platform"},
	{`" "`, "chatgpt"},
	{`"gpt\u200b-5.2"`, "chatgpt"},
	{`"modèle-😀"`, "chatgpt"},
	{`"\ud83d\ude00-pro"`, "platform"},
	{`"a\/b\\c\"d-pro"`, "platform"},
	{`"ft:gpt-4o:org::id"`, "chatgpt"},
	{`"line\nbreak\u2028-codex-x"`, "chatgpt"},
	{`"nul\u0000"`, "chatgpt"},
	{`"<script>&amp;"`, "chatgpt"},
	{`"` + strings.Repeat("x", 5000) + `-pro"`, "platform"},
}

// rawMember is the member of a JSON object, as it is written.
func rawMember(t *testing.T, text []byte, name string) string {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &members))
	return string(members[name])
}

// The model string is never changed, on no route, in no direction
// (docs/protocol.md: Routing).
//
// Faults: F4s.
func TestModelStrings(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{})
			h := spawn(t, options{lsp: framing, upstream: sim})
			h.begin()
			for i, row := range modelNames {
				var model string
				require.NoError(t, json.Unmarshal([]byte(row.raw), &model))
				o := h.create(fmt.Sprint(i), `{"input":"Hello.","model":`+row.raw+`,"stream":true}`)

				sent := sim.Calls()
				require.Len(t, paths(sim), i+1, "one request for %.100s", row.raw)
				assert.Equal(t, row.raw, rawMember(t, sent[i].Body, "model"))
				path := map[string]string{"chatgpt": "/backend-api/codex/responses", "platform": "/v1/responses"}[row.route]
				assert.Equal(t, path, sent[i].Path, "%.100s", row.raw)

				require.NotNil(t, o.completed)
				e := o.completed.Evidence
				assert.Equal(t, model, e.RequestedModel)
				require.NotNil(t, e.Route)
				assert.Equal(t, row.route, *e.Route, "%.100s", row.raw)
				resolved := h.call(`"r"`, "routes/resolve", `{"model":`+row.raw+`}`)
				assert.Equal(t, fmt.Sprintf("%q", row.route), rawMember(t, resolved.Result, "route"))
			}
		})
	}
}

// The account mode decides for the models that no rule names.
func TestModelsByAccountMode(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	h := spawn(t, options{upstream: sim, args: []string{"--account-mode=apiKey"}})
	for model, want := range map[string]string{codexModel: "chatgpt", proModel: "platform", "gpt-5.2": "platform", "gpt-5.1-codex": "chatgpt"} {
		m := h.call("1", "routes/resolve", fmt.Sprintf(`{"model":%q}`, model))
		assert.Equal(t, fmt.Sprintf("%q", want), rawMember(t, m.Result, "route"), "%s", model)
	}
}
