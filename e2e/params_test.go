//go:build unix

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// badCreates are refused before they start (docs/protocol.md: Order on the pipe): -32602, no
// notification at all, and nothing is sent.
var badCreates = []struct{ params, field string }{
	{``, "model"},
	{`{}`, "model"},
	{`null`, "model"},
	{`[]`, "model"},
	{`[1]`, ""},
	{`{"input":"Hello."}`, "model"},
	{`{"model":null}`, "model"},
	{`{"model":""}`, "model"},
	{`{"model":5}`, "model"},
	{`{"model":true}`, "model"},
	{`{"model":["gpt-5.2-codex"]}`, "model"},
	{`{"model":{"id":"gpt-5.2-codex"}}`, "model"},
	{`{"Model":"gpt-5.2-codex"}`, "model"},
	{`{"model":"\ud800"}`, "model"},
	{`{"model":"gpt-5.2-codex","model":"gpt-5.2-pro"}`, "model"},
	{`{"model":"gpt-5.2-codex","mod\u0065l":"gpt-5.2-pro"}`, "model"},
	{`{"model":"gpt-5.2-codex","input":"a","input":"b"}`, "input"},
	{`{"model":"gpt-5.2-codex","_meta":{},"_meta":{}}`, "_meta"},
	{`{"model":"gpt-5.2-codex","stream":"true"}`, "stream"},
	{`{"model":"gpt-5.2-codex","stream":1}`, "stream"},
	{`{"model":"gpt-5.2-codex","_meta":5}`, "_meta"},
	{`{"model":"gpt-5.2-codex","_meta":[]}`, "_meta"},
	{`{"model":"gpt-5.2-codex","_meta":"x"}`, "_meta"},
	{`{"model":"gpt-5.2-codex","_meta":{"streamId":5}}`, "_meta.streamId"},
	{`{"model":"gpt-5.2-codex","_meta":{"streamId":""}}`, "_meta.streamId"},
	{`{"model":"gpt-5.2-codex","_meta":{"streamId":"a","streamId":"b"}}`, "_meta.streamId"},
	{`{"model":"gpt-5.2-codex","_meta":{"route":"other"}}`, "_meta.route"},
	{`{"model":"gpt-5.2-codex","_meta":{"route":1}}`, "_meta.route"},
	{`{"model":"gpt-5.2-codex","_meta":{"events":"some"}}`, "_meta.events"},
	{`{"model":"gpt-5.2-codex","_meta":{"events":true}}`, "_meta.events"},
	{`{"model":"gpt-5.2-codex","_meta":{"onUnsupported":"ignore"}}`, "_meta.onUnsupported"},
	{`{"model":"gpt-5.2-codex","_meta":{"timeoutMs":"1s"}}`, "_meta.timeoutMs"},
	{`{"model":"gpt-5.2-codex","_meta":{"timeoutMs":-1}}`, "_meta.timeoutMs"},
	{`{"model":"gpt-5.2-codex","_meta":{"timeoutMs":0.5}}`, "_meta.timeoutMs"},
	{`{"model":"gpt-5.2-codex","_meta":{"timeoutMs":1e400}}`, "_meta.timeoutMs"},
	{`{"model":"gpt-5.2-codex","_meta":{"idleTimeoutMs":[]}}`, "_meta.idleTimeoutMs"},
	{`{"model":"gpt-5.2-codex","_meta":{"expect":"gpt-5.2-codex"}}`, "_meta.expect"},
	{`{"model":"gpt-5.2-codex","_meta":{"expect":{"model":5}}}`, "_meta.expect"},
	{`{"model":"gpt-5.2-codex","_meta":{"headers":"x"}}`, "_meta.headers"},
	{`{"model":"gpt-5.2-codex","_meta":{"headers":{"authorization":"x"}}}`, "_meta.headers.authorization"},
	{`{"model":"gpt-5.2-codex","_meta":{"headers":{"traceparent":5}}}`, "_meta.headers.traceparent"},
	{`{"model":"gpt-5.2-codex","_meta":{"headers":{"traceparent":"a\r\nx: y"}}}`, "_meta.headers.traceparent"},
	{`{"model":"gpt-5.2-codex","_meta":{"headers":{"tracestate":"a","Tracestate":"b"}}}`, "_meta.headers.tracestate"},
}

func TestBadCreates(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		sim := simulated(t, simulator.Config{})
		h := spawn(t, options{lsp: framing, upstream: sim})
		h.begin()
		for _, row := range badCreates {
			if !t.Run(name+"/"+row.params, func(t *testing.T) {
				h.t = t
				h.send(request("1", "responses/create", row.params))
				m := h.mustNext() // the very next: no responses/* before it
				require.True(t, m.isAnswer(), "%s", m.Raw)
				e := refused(t, m, -32602, "invalid_params", "")
				assert.Equal(t, row.field, e.Data.Field)
				h.ping()
			}) {
				break
			}
		}
		h.t = t
		assert.Empty(t, paths(sim))
	}
}

// Faults: D14.
func TestBadParamsOfOtherMethods(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{args: []string{"--simulate"}})
	for _, row := range []struct{ method, params, field string }{
		{"routes/resolve", ``, "model"},
		{"routes/resolve", `{"model":5}`, "model"},
		{"routes/resolve", `{"model":"a","model":"b"}`, "model"},
		{"routes/resolve", `{"model":"a","route":"other"}`, "route"},
		{"routes/resolve", `{"model":"a","route":{}}`, "route"},
		{"responses/cancel", ``, "streamId"},
		{"responses/cancel", `{"streamId":5}`, "streamId"},
		{"initialize", `{"protocolVersion":2}`, "protocolVersion"},
		{"initialize", `{"protocolVersion":"1"}`, "protocolVersion"},
		{"initialize", `{"processId":"x"}`, "processId"},
		{"initialize", `{"processId":1.5}`, "processId"},
		{"initialize", `{"optOutNotifications":"x"}`, "optOutNotifications"},
		{"initialize", `{"processId":null,"processId":1}`, "processId"},
	} {
		h.send(request("1", row.method, row.params))
		m := h.mustNext()
		e := refused(t, m, -32602, "invalid_params", "")
		require.Equal(t, row.field, e.Data.Field, "%s %s", row.method, row.params)
		if row.field == "protocolVersion" {
			require.Equal(t, []int{1}, e.Data.Supported)
		}
		h.ping()
	}
	require.JSONEq(t, `{"status":"notFound"}`, string(h.call("2", "responses/cancel", `{"streamId":"x"}`).Result))
}

// A live stream's id cannot be taken; a finished one's can.
func TestDuplicateStreamID(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{args: []string{"--simulate=idle"}})
	const params = `{"model":"gpt-5.2-codex","input":"Hello.","_meta":{"streamId":"s"}}`
	h.send(request("1", "responses/create", params))
	require.Equal(t, "responses/started", h.mustNext().Method)
	h.send(request("2", "responses/create", params))
	m := h.mustNext()
	require.Equal(t, "2", string(m.ID))
	refused(t, m, -32602, "invalid_params", "duplicate_stream_id")
	h.send(request("3", "responses/cancel", `{"streamId":"s"}`))
	for answers := 0; answers < 2; { // in any order
		switch m := h.mustNext(); string(m.ID) {
		case "1":
			require.Equal(t, `"cancelled"`, string(m.note().Status))
			answers++
		case "3":
			require.JSONEq(t, `{"status":"cancelling"}`, string(m.Result))
			answers++
		}
	}
	require.JSONEq(t, `{"status":"notFound"}`, string(h.call("4", "responses/cancel", `{"streamId":"s"}`).Result))
}

// What a client sends reaches the Platform with its key order, number spelling,
// blanks and escapes, except _meta (docs/protocol.md: Framing, Routing).
func TestBodyArrivesByteForByte(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{})
			h := spawn(t, options{lsp: framing, upstream: sim})
			h.begin()
			want := []string{}
			for _, body := range []string{
				`{"z":1,"model":"gpt-5.2-pro","a":12345678901234567890.123,"input":"x"}`,
				`{ "model" : "gpt-5.2-pro", "input":"\u0041\/<>&\u2028é😀" , "n":[1E400,-0,1.0,1e0] }`,
				`{"input":"\ud800\u0000","model":"gpt-5.2\u002dpro","temperature":1e0,"x":{"b":1,"a":2,"b":3}}`,
				"{\"input\":\"\u2028\u2029\u0085\",\"model\":\"gpt-5.2-pro\"}",
				`{"model":"gpt-5.2-pro","input":"` + strings.Repeat("long ", 200_000) + `"}`,
			} {
				want = append(want, body)
				// _meta goes, wherever it is.
				h.create(fmt.Sprint(len(want)), strings.Replace(body, `"model"`, `"_meta":{"route":"platform"},"model"`, 1))
				want = append(want, body)
				h.create(fmt.Sprint(len(want)), body)
			}
			for i, r := range sim.Calls() {
				require.Equal(t, "/v1/responses", r.Path)
				if i%2 == 1 { // without _meta not a byte differs
					require.Equal(t, want[i], string(r.Body))
				} else {
					require.NotContains(t, string(r.Body), "_meta")
					require.Equal(t, strings.ReplaceAll(want[i], " ", ""), strings.ReplaceAll(string(r.Body), " ", ""))
				}
			}
			require.Len(t, paths(sim), len(want))
		})
	}
}
