//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// remembering is a host on the ChatGPT route whose requests ask for memory.
type remembering struct {
	*host
	sim  *simulator.Server
	home string
	n    int
}

func remember(t *testing.T, cfg simulator.Config) *remembering {
	t.Helper()
	sim := simulated(t, cfg)
	home, _ := storedHome(t, sim)
	h := spawn(t, options{upstream: sim, home: home, lsp: true})
	h.begin()
	return &remembering{h, sim, home, 0}
}

// result is what is read of an answer.
type rememberedResult struct {
	ResponseID string            `json:"responseId"`
	Evidence   protocol.Evidence `json:"evidence"`
	Response   struct {
		Output []json.RawMessage `json:"output"`
	} `json:"response"`
}

// ask sends a request with memory, and more members; it returns the answer.
func (r *remembering) ask(more string, meta ...string) (outcome, rememberedResult) {
	r.t.Helper()
	r.n++
	options := strings.Join(append([]string{`"memory":true`}, meta...), ",")
	o := r.create(fmt.Sprint(r.n), `{"model":"gpt-5.2-codex",`+more+`,"_meta":{`+options+`}}`)
	var result rememberedResult
	if o.answer.Error == nil {
		require.NoError(r.t, json.Unmarshal(o.answer.Result, &result))
	}
	return o, result
}

// sent is the last request that the backend got.
func (r *remembering) sent() (input []json.RawMessage, include, turn string) {
	r.t.Helper()
	calls := r.sim.Calls()
	last := calls[len(calls)-1]
	var body struct {
		Input    []json.RawMessage `json:"input"`
		Include  json.RawMessage   `json:"include"`
		Previous json.RawMessage   `json:"previous_response_id"`
	}
	require.NoError(r.t, json.Unmarshal(last.Body, &body))
	require.Nil(r.t, body.Previous)
	return body.Input, string(body.Include), last.Header.Get("X-Codex-Turn-State")
}

// joined writes items for a comparison.
func joined(items []json.RawMessage) string {
	var texts []string
	for _, item := range items {
		texts = append(texts, string(item))
	}
	return strings.Join(texts, "\n")
}

// actions lists the adjustments.
func actions(e protocol.Evidence) string {
	var all []string
	for _, a := range e.Adjustments {
		all = append(all, a.Field+" "+a.Action)
	}
	return strings.Join(all, ", ")
}

const weatherTool = `"tools":[{"type":"function","name":"weather","parameters":{"type":"object","properties":{}}}]`

// A tool loop over previous_response_id, streamed and not: the whole conversation is
// sent, with its reasoning, which can be read again, and the turn goes on.
func TestMemoryContinues(t *testing.T) {
	t.Parallel()
	for _, how := range []string{`"stream":true`, `"stream":false`} {
		r := remember(t, simulator.Config{Scenario: "tool-call"})
		_, first := r.ask(`"input":"Weather?",` + weatherTool + "," + how)
		require.NotEmpty(t, first.ResponseID)
		input, include, turn := r.sent()
		require.Len(t, input, 1)
		assert.Equal(t, `["reasoning.encrypted_content"]`, include)
		assert.Empty(t, turn)
		assert.Contains(t, actions(first.Evidence), "include added")

		output := `{"type":"function_call_output","call_id":"CALL","output":"sunny"}`
		_, second := r.ask(`"previous_response_id":"` + first.ResponseID + `","input":[` + output + `],` + how)
		again, _, turn := r.sent()
		require.Greater(t, len(again), 3, "%s", joined(again))
		assert.Equal(t, joined(input), joined(again[:1]))
		assert.Contains(t, string(again[1]), `"type":"reasoning"`)
		assert.Contains(t, string(again[1]), `"encrypted_content":"`)
		assert.Contains(t, joined(again), `"type":"function_call"`)
		assert.Equal(t, output, string(again[len(again)-1]))
		assert.True(t, strings.HasPrefix(turn, "turn-"), turn)
		assert.Contains(t, actions(second.Evidence), "previous_response_id expanded, include added")

		// References, as the AI SDK sends them: to what the second turn has said.
		var ids []string
		for _, item := range again[1 : len(again)-1] {
			var known struct{ ID string }
			require.NoError(t, json.Unmarshal(item, &known))
			ids = append(ids, `{"type":"item_reference","id":"`+known.ID+`"}`)
		}
		_, third := r.ask(`"input":[` + string(input[0]) + "," + strings.Join(ids, ",") + "," + output + `],` + how)
		referred, _, _ := r.sent()
		assert.Equal(t, joined(again), joined(referred))
		assert.Contains(t, actions(third.Evidence), "input[1] expanded")
	}
}

// What is not remembered is refused before anything is sent: unknown ids, requests
// without memory, failed and cancelled responses, another process.
func TestMemoryKnowsNothingElse(t *testing.T) {
	t.Parallel()
	r := remember(t, simulator.Config{})
	_, first := r.ask(`"input":"One.","stream":true`)
	calls := len(r.sim.Calls())
	o, _ := r.ask(`"input":"Two.","previous_response_id":"resp_unknown"`)
	e := refused(t, o.answer, 1101, "unsupported_parameter", "not_remembered")
	assert.Equal(t, "previous_response_id", e.Data.Field)
	o, _ = r.ask(`"input":[{"role":"user","content":"x"},{"type":"item_reference","id":"none"}]`)
	e = refused(t, o.answer, 1101, "unsupported_parameter", "not_remembered")
	assert.Equal(t, "input[1]", e.Data.Field)
	refused(t, r.call(`"x"`, "responses/create", `{"model":"gpt-5.2-codex","input":"Two.","previous_response_id":"`+first.ResponseID+`"}`), 1101, "unsupported_parameter", "")
	o, _ = r.ask(`"input":7`)
	refused(t, o.answer, -32602, "invalid_params", "")
	o, _ = r.ask(`"input":"x","previous_response_id":7`)
	refused(t, o.answer, -32602, "invalid_params", "")
	assert.Len(t, r.sim.Calls(), calls, "something was sent")

	other := spawn(t, options{upstream: r.sim})
	refused(t, other.call("1", "responses/create", `{"model":"gpt-5.2-codex","input":"Two.","previous_response_id":"`+first.ResponseID+`","_meta":{"memory":true}}`), 1101, "unsupported_parameter", "not_remembered")

	failing := remember(t, simulator.Config{Scenario: "failed"})
	o, _ = failing.ask(`"input":"One.","stream":true`)
	require.NotNil(t, o.completed)
	var created struct{ Response struct{ ID string } }
	require.NoError(t, json.Unmarshal(o.events[0], &created))
	o, _ = failing.ask(`"input":"Two.","previous_response_id":"` + created.Response.ID + `"`)
	refused(t, o.answer, 1101, "unsupported_parameter", "not_remembered")

	incomplete := remember(t, simulator.Config{Scenario: "incomplete"})
	_, first = incomplete.ask(`"input":"One.","stream":true`)
	o, _ = incomplete.ask(`"input":"Two.","previous_response_id":"` + first.ResponseID + `","stream":true`)
	require.NotNil(t, o.answer.Result, "%s", o.answer.Raw)
}

// A logout forgets; a refresh does not.
func TestMemoryEndsWithTheLogin(t *testing.T) {
	t.Parallel()
	r := remember(t, simulator.Config{})
	_, first := r.ask(`"input":"One.","stream":true`)
	require.NotNil(t, r.call(`"refresh"`, "auth/refresh", "").Result)
	o, second := r.ask(`"input":"Two.","stream":true,"previous_response_id":"` + first.ResponseID + `"`)
	require.NotNil(t, o.answer.Result, "%s", o.answer.Raw)
	require.NotNil(t, r.call(`"logout"`, "auth/logout", `{"revoke":false}`).Result)
	require.NoError(t, r.sim.WriteHome(r.home))
	o, _ = r.ask(`"input":"Three.","stream":true,"previous_response_id":"` + second.ResponseID + `"`)
	refused(t, o.answer, 1101, "unsupported_parameter", "not_remembered")
}

// On the Platform nothing is expanded, nor anything else changed.
func TestMemoryLeavesThePlatformAlone(t *testing.T) {
	t.Parallel()
	r := remember(t, simulator.Config{})
	o := r.create(`"p"`, `{"model":"gpt-5.2-pro","input":"One.","stream":true,"previous_response_id":"resp_x","_meta":{"memory":true}}`)
	require.NotNil(t, o.answer.Raw)
	calls := r.sim.Calls()
	assert.JSONEq(t, `{"model":"gpt-5.2-pro","input":"One.","stream":true,"previous_response_id":"resp_x"}`, string(calls[len(calls)-1].Body))
}
