package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

// timed checks the times of an evidence, which come in this order, and takes
// them out.
func timed(t *testing.T, e protocol.Evidence) protocol.Evidence {
	last := int64(0)
	for _, at := range []*int64{e.TTFBMs, e.FirstEventMs, &e.DurationMs} {
		if at != nil {
			assert.GreaterOrEqual(t, *at, last)
			last = *at
			*at = 0
		}
	}
	for i := range e.Attempts {
		assert.GreaterOrEqual(t, e.Attempts[i].DurationMs, int64(0))
		e.Attempts[i].DurationMs = 0
	}
	return e
}

// The whole evidence on success, error and without any request.
func TestEvidence(t *testing.T) {
	sum := sha256.Sum256([]byte(fakeAccount))
	account := hex.EncodeToString(sum[:8])
	const snapshot = `{"type":"response.created","response":{"id":"resp_1","model":"gpt-5.2-codex-2026-01-14","service_tier":"auto"}}`
	const priority = `{"type":"response.completed","response":{"id":"resp_1","model":"gpt-5.2-codex-2026-01-14","service_tier":"priority"}}`
	tests := []struct {
		name, params    string
		refusals        int
		status          int
		body            string
		started, result string // "" for no started
	}{
		{"streamed", askChatGPT, 0, 200, streamOf(snapshot, priority),
			`{"requested_model":"gpt-5.2-codex","effective_model":null,"model_source":"unknown","model_match":null,"api":"responses","route":"chatgpt","base_url":"BASE/backend-api/codex",
			"credential_source":"env_oauth_access_token","account_id_hash":"ACCOUNT","status":200,"upstream_request_id":"req_1","attempts":[{"status":200,"duration_ms":0}],"refreshed":false,
			"adjustments":[{"field":"input","action":"wrapped","reason":"the ChatGPT route takes a list only"},{"field":"store","action":"set","reason":"the ChatGPT route stores no responses"},
			{"field":"instructions","action":"set","reason":"the ChatGPT route requires the parameter"}],"client_version":"0.169.0","ttfb_ms":0,"first_event_ms":null,"duration_ms":0}`,
			`{"requested_model":"gpt-5.2-codex","effective_model":"gpt-5.2-codex-2026-01-14","model_source":"response.model","model_match":true,"api":"responses","route":"chatgpt","base_url":"BASE/backend-api/codex",
			"credential_source":"env_oauth_access_token","account_id_hash":"ACCOUNT","status":200,"upstream_request_id":"req_1","attempts":[{"status":200,"duration_ms":0}],"refreshed":false,
			"adjustments":[{"field":"input","action":"wrapped","reason":"the ChatGPT route takes a list only"},{"field":"store","action":"set","reason":"the ChatGPT route stores no responses"},
			{"field":"instructions","action":"set","reason":"the ChatGPT route requires the parameter"}],"client_version":"0.169.0","service_tier":"priority","ttfb_ms":0,"first_event_ms":0,"duration_ms":0}`},
		{"unstreamed, after a refusal", `{"model":"gpt-5.2-pro","_meta":{"what":1,"idea":null}}`, 1, 200, `{"model":"gpt-5.2","service_tier":"default"}`,
			`{"requested_model":"gpt-5.2-pro","effective_model":null,"model_source":"unknown","model_match":null,"api":"responses","route":"platform","base_url":"BASE/v1",
			"credential_source":"env_openai_api_key","status":200,"upstream_request_id":"req_1","attempts":[{"status":503,"error_kind":"server_error","duration_ms":0},{"status":200,"duration_ms":0}],"refreshed":false,
			"adjustments":[{"field":"_meta.what","action":"ignored","reason":"unknown option"}],"ttfb_ms":0,"first_event_ms":null,"duration_ms":0}`,
			`{"requested_model":"gpt-5.2-pro","effective_model":"gpt-5.2","model_source":"response.model","model_match":false,"api":"responses","route":"platform","base_url":"BASE/v1",
			"credential_source":"env_openai_api_key","status":200,"upstream_request_id":"req_1","attempts":[{"status":503,"error_kind":"server_error","duration_ms":0},{"status":200,"duration_ms":0}],"refreshed":false,
			"adjustments":[{"field":"_meta.what","action":"ignored","reason":"unknown option"}],"service_tier":"default","ttfb_ms":0,"first_event_ms":null,"duration_ms":0}`},
		{"rejected", askPlatform, 0, 404, ``, ``,
			`{"requested_model":"gpt-5.2-pro","effective_model":null,"model_source":"unknown","model_match":null,"api":"responses","route":"platform","base_url":"BASE/v1",
			"credential_source":"env_openai_api_key","status":404,"upstream_request_id":"req_1","attempts":[{"status":404,"duration_ms":0}],"refreshed":false,"adjustments":[],"ttfb_ms":0,"first_event_ms":null,"duration_ms":0}`},
		{"refused here", `{"model":"gpt-5.2-codex","seed":1}`, 0, 0, ``, ``,
			`{"requested_model":"gpt-5.2-codex","effective_model":null,"model_source":"unknown","model_match":null,"api":"responses","route":"chatgpt","base_url":"BASE/backend-api/codex",
			"credential_source":"env_oauth_access_token","account_id_hash":"ACCOUNT","status":null,"upstream_request_id":null,"attempts":[],"refreshed":false,"adjustments":[],"client_version":"0.169.0","ttfb_ms":null,"first_event_ms":null,"duration_ms":0}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int64
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) <= int64(tt.refusals) {
					w.WriteHeader(503)
					return
				}
				w.Header().Set("X-Request-Id", "req_1")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			fill := strings.NewReplacer("BASE", strings.TrimSuffix(e.cfg.PlatformBaseURL, "/v1"), "ACCOUNT", account).Replace
			host := &host{}
			result, _ := host.create(t, t.Context(), e, tt.params)
			if tt.started == "" {
				assert.Empty(t, host.started)
			} else {
				require.Len(t, host.started, 1)
				assert.JSONEq(t, fill(tt.started), string(protocol.Encode(timed(t, host.started[0]))))
			}
			assert.JSONEq(t, fill(tt.result), string(protocol.Encode(timed(t, result.Evidence))))
		})
	}
}

// The oai request id is used where the usual one is missing.
func TestUpstreamRequestID(t *testing.T) {
	for _, names := range [][]string{
		{"X-Request-Id", "X-Oai-Request-Id", "Cf-Ray"}, {"X-Oai-Request-Id", "Cf-Ray"}, {"Cf-Ray"},
	} {
		e := serve(t, func(w http.ResponseWriter, r *http.Request) {
			for _, name := range names {
				w.Header().Set(name, name)
			}
			w.WriteHeader(400)
		})
		result, _ := (&host{}).failure(t, e, askPlatform)
		assert.Equal(t, names[0], *result.Evidence.UpstreamRequestID)
	}
}

// inBody, inEvent and inMetadata are events that name a model, in all the places
// that an upstream has for it.
func inBody(model string) string {
	return fmt.Sprintf(`{"type":"response.created","response":{"model":%q}}`, model)
}

func inEvent(name, model string) string {
	return fmt.Sprintf(`{"type":"response.in_progress","response":{"headers":{"x":1,%q:%s}}}`, name, model)
}

func inMetadata(name, model string) string {
	return fmt.Sprintf(`{"type":"response.metadata","headers":{%q:%s}}`, name, model)
}

// Which model an answer is of, by all that its upstream says. Each is asked for
// gpt-5.2-pro; the expectation of that same model fails exactly where an event
// or the header names another one.
//
// Faults: C21.
func TestEffectiveModel(t *testing.T) {
	const model, snapshot, other = "gpt-5.2-pro", "gpt-5.2-pro-2025-12-11", "gpt-5.2"
	const end = `{"type":"response.completed","response":{"id":"r"}}`
	tests := []struct {
		name      string
		header    string
		events    []string
		effective string
		source    protocol.ModelSource
		match     string // "true", "false" or "null"
		delivered int    // with the expectation; -1: not even started
	}{
		{"silence", "", nil, "", "unknown", "null", 1},
		{"body", "", []string{inBody(model)}, model, "response.model", "true", 2},
		{"body, snapshot", "", []string{inBody(snapshot)}, snapshot, "response.model", "true", 2},
		{"body, other", "", []string{delta, inBody(other)}, other, "response.model", "false", 1},
		{"body, other case", "", []string{inBody("GPT-5.2-pro")}, "GPT-5.2-pro", "response.model", "false", 0},
		{"body, no string", "", []string{`{"type":"response.created","response":{"model":null}}`}, "", "unknown", "null", 2},
		{"body, empty", "", []string{inBody("")}, "", "unknown", "null", 2},
		{"header", model, nil, model, "openai-model", "true", 1},
		{"header, snapshot", snapshot, nil, snapshot, "openai-model", "true", 1},
		{"header, other", other, nil, other, "openai-model", "false", -1},
		{"both", model, []string{inBody(snapshot)}, model, "openai-model", "true", 2},
		{"both, two snapshots", snapshot, []string{inBody("gpt-5.2-pro-2026-01-01")}, snapshot, "openai-model", "false", 2},
		{"header, and another body", model, []string{inBody(other)}, model, "openai-model", "false", 0},
		{"body, and another header", other, []string{inBody(model)}, other, "openai-model", "false", -1},
		{"header inside an event", "", []string{inEvent("openai-model", `"`+other+`"`)}, other, "openai-model", "false", 0},
		{"header inside an event, as x- and a list", "", []string{inEvent("X-OpenAI-Model", `["`+model+`","b"]`)}, model, "openai-model", "true", 2},
		{"header of metadata", model, []string{inMetadata("OpenAI-Model", `["`+other+`"]`)}, other, "openai-model", "false", 0},
		{"header of metadata, no string", "", []string{inMetadata("openai-model", `{"a":1}`), inMetadata("openai-model", `[]`)}, "", "unknown", "null", 3},
		{"headers of another event", "", []string{`{"type":"x","headers":{"openai-model":"` + other + `"}}`}, "", "unknown", "null", 2},
		{"a reroute in between is not forgotten", "", []string{inBody(other), inBody(model)}, model, "response.model", "false", 0},
		{"escaped names", "", []string{`{"respons\u0065":{"m\u006fdel":"gpt-5\u002e2"}}`}, other, "response.model", "false", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if tt.header != "" {
					w.Header().Set("Openai-Model", tt.header)
				}
				respond(w, streamOf(append(tt.events, end)...))
			})
			reader := &host{}
			result, err := reader.create(t, t.Context(), e, askPlatform)
			require.NoError(t, err)
			assert.Len(t, reader.events, len(tt.events)+1, "it is delivered and flagged")
			evidence := result.Evidence
			if tt.effective == "" {
				assert.Nil(t, evidence.EffectiveModel)
			} else if assert.NotNil(t, evidence.EffectiveModel) {
				assert.Equal(t, tt.effective, *evidence.EffectiveModel)
			}
			assert.Equal(t, tt.source, evidence.ModelSource)
			assert.Equal(t, tt.match, string(protocol.Encode(evidence.ModelMatch)))

			reader = &host{}
			_, err = reader.create(t, t.Context(), e, `{"model":"gpt-5.2-pro","stream":true,"_meta":{"expect":{"model":"gpt-5.2-pro"}}}`)
			if tt.delivered > len(tt.events) {
				assert.NoError(t, err)
				return
			}
			var known *protocol.Error
			require.ErrorAs(t, err, &known)
			assert.Equal(t, protocol.CodeModelMismatch, known.Code)
			assert.Len(t, reader.events, max(tt.delivered, 0))
			assert.Equal(t, tt.delivered >= 0, len(reader.started) == 1)
		})
	}
}

// A mismatch closes the connection to the upstream, of a stream and otherwise.
func TestExpectClosesUpstream(t *testing.T) {
	gone := make(chan struct{})
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		respond(w, streamOf(inBody("gpt-4")))
		<-r.Context().Done()
		close(gone)
	})
	_, failure := (&host{}).failure(t, e, `{"model":"gpt-5.2-pro","stream":true,"_meta":{"expect":{"model":"gpt-5.2-pro"}}}`)
	assert.Equal(t, protocol.CodeModelMismatch, failure.Code)
	<-gone

	e = serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"model":"gpt-4","status":"completed"}`)
	})
	result, failure := (&host{}).failure(t, e, `{"model":"gpt-5.2-pro","_meta":{"expect":{"model":"gpt-5.2-pro"}}}`)
	assert.Equal(t, protocol.CodeModelMismatch, failure.Code)
	assert.Empty(t, result.Status)
}

// Later changes do not reach an evidence that was handed out.
func TestSnapshotIsACopy(t *testing.T) {
	r := newRecord(&Request{Model: "m"}, func(s string) string { return s })
	r.named("m")
	before := r.snapshot()
	r.evidence.Attempts = append(r.evidence.Attempts, protocol.Attempt{})
	r.named("n")
	r.firstEvent()
	assert.Empty(t, before.Attempts)
	assert.Equal(t, "m", *before.EffectiveModel)
	assert.True(t, *before.ModelMatch)
	assert.Nil(t, before.FirstEventMs)
}
