package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

func TestNewRequest(t *testing.T) {
	options := protocol.CreateOptions{StreamID: "s", Route: "platform", Events: "none", TimeoutMs: 1000, IdleTimeoutMs: 7, OnUnsupported: "drop"}
	options.Expect.Model = "n"
	tests := []struct {
		params string
		want   Request // without what is read later
	}{
		{`{"model":"m"}`, Request{Model: "m"}},
		{`{"model":" \ud83d\ude82 ","stream":true}`, Request{Model: " 🚂 ", Stream: true}},
		{`{"model":"m","stream":null,"_meta":null}`, Request{Model: "m"}},
		{`{"model":"m","Stream":true,"Model":7}`, Request{Model: "m"}},
		{`{"\u006dodel":"m"}`, Request{Model: "m"}},
		{`{"model":"m","_meta":{"streamId":"s","route":"platform","events":"none","timeoutMs":1e3,"idleTimeoutMs":7,"onUnsupported":"drop","expect":{"model":"n","x":1}}}`,
			Request{Model: "m", Meta: options}},
		{`{"model":"m","_meta":{"route":"auto","events":"all","onUnsupported":"refuse","expect":{},"timeoutMs":null,"streamId":null}}`,
			Request{Model: "m", Meta: protocol.CreateOptions{Route: "auto", Events: "all", OnUnsupported: "refuse"}}},
		{`{"model":"m","_meta":{"expect":{"model":null},"StreamID":1,"simulated":2}}`, Request{Model: "m", Meta: protocol.CreateOptions{Unknown: []string{"StreamID", "simulated"}}}},
		{`{"model":"m","_meta":{"headers":{"TraceParent":"00-ab","idempotency-key":"a b"}}}`,
			Request{Model: "m", Meta: protocol.CreateOptions{Headers: map[string]string{"traceparent": "00-ab", "idempotency-key": "a b"}}}},
	}
	for _, tt := range tests {
		got, err := NewRequest([]byte(tt.params), nil)
		require.Nil(t, err, tt.params)
		assert.Equal(t, tt.want, Request{Model: got.Model, Stream: got.Stream, Meta: got.Meta}, tt.params)
		assert.Equal(t, tt.want.Stream && tt.want.Meta.Events != protocol.EventsNone, got.Events())
	}
}

func TestNewRequestRefuses(t *testing.T) {
	meta := func(text string) string { return `{"model":"m","_meta":` + text + `}` }
	tests := []struct{ params, field string }{
		{`[]`, ""}, {`7`, ""}, {``, ""}, {`{"model":"m",}`, ""},
		{`{}`, "model"}, {`{"model":""}`, "model"}, {`{"model":7}`, "model"}, {`{"model":null}`, "model"}, {`{"model":"\ud800"}`, "model"},
		{`{"model":"m","model":"m"}`, "model"}, {`{"a":1,"model":"m","\u0061":2}`, "a"},
		{`{"model":"m","stream":1}`, "stream"}, {`{"model":"m","stream":"true"}`, "stream"}, {`{"model":"m","background":"no"}`, "background"},
		{meta(`7`), "_meta"}, {meta(`[]`), "_meta"}, {meta(`{"route":"auto","route":"auto"}`), "_meta.route"},
		{meta(`{"route":"azure"}`), "_meta.route"}, {meta(`{"route":7}`), "_meta.route"}, {meta(`{"route":"Platform"}`), "_meta.route"},
		{meta(`{"streamId":""}`), "_meta.streamId"}, {meta(`{"streamId":7}`), "_meta.streamId"},
		{meta(`{"events":"some"}`), "_meta.events"}, {meta(`{"events":true}`), "_meta.events"}, {meta(`{"onUnsupported":"keep"}`), "_meta.onUnsupported"},
		{meta(`{"timeoutMs":0}`), "_meta.timeoutMs"}, {meta(`{"timeoutMs":-1}`), "_meta.timeoutMs"}, {meta(`{"timeoutMs":1.5}`), "_meta.timeoutMs"},
		{meta(`{"timeoutMs":"1"}`), "_meta.timeoutMs"}, {meta(`{"timeoutMs":1e300}`), "_meta.timeoutMs"}, {meta(`{"idleTimeoutMs":true}`), "_meta.idleTimeoutMs"},
		{meta(`{"expect":"m"}`), "_meta.expect"}, {meta(`{"expect":{"model":""}}`), "_meta.expect"}, {meta(`{"expect":{"model":7}}`), "_meta.expect"},
		{meta(`{"headers":[]}`), "_meta.headers"}, {meta(`{"headers":{"authorization":"x"}}`), "_meta.headers.authorization"},
		{meta(`{"headers":{"traceparent":7}}`), "_meta.headers.traceparent"}, {meta(`{"headers":{"traceparent":"a\r\nb: c"}}`), "_meta.headers.traceparent"},
		{meta(`{"headers":{"traceparent":" a"}}`), "_meta.headers.traceparent"}, {meta(`{"headers":{"traceparent":"é"}}`), "_meta.headers.traceparent"},
		{meta(`{"headers":{"tracestate":"a","TraceState":"b"}}`), "_meta.headers.tracestate"},
		{meta(`{"headers":{"` + strings.Repeat("é", 90) + `":""}}`), "_meta.headers." + strings.Repeat("é", 50) + "…"},
	}
	for _, tt := range tests {
		got, err := NewRequest([]byte(tt.params), nil)
		var refusal *protocol.Error
		require.ErrorAs(t, err, &refusal, tt.params)
		assert.Nil(t, got)
		assert.Equal(t, protocol.CodeInvalidParams, refusal.Code)
		assert.Equal(t, tt.field, refusal.Data.Field, tt.params)
	}
}

// _meta.simulate means something under --simulate only.
func TestNewRequestSimulates(t *testing.T) {
	const params = `{"model":"m","_meta":{"simulate":"slow"}}`
	got, err := NewRequest([]byte(params), scenarios)
	require.Nil(t, err)
	assert.Equal(t, "slow", got.Meta.Simulate)
	got, err = NewRequest([]byte(params), nil)
	require.Nil(t, err)
	assert.Empty(t, got.Meta.Simulate)
	assert.Equal(t, `[{"field":"_meta.simulate","action":"ignored","reason":"unknown option"}]`, string(protocol.Encode(Unresolved(got).Adjustments)))
	for _, value := range []string{`7`, `""`, `"nonsense"`, `"Slow"`} {
		_, err = NewRequest([]byte(`{"model":"m","_meta":{"simulate":`+value+`}}`), scenarios)
		var refusal *protocol.Error
		require.ErrorAs(t, err, &refusal, value)
		assert.Equal(t, "_meta.simulate", refusal.Data.Field)
	}
}

// What a host sends in the place of a name does not come back whole.
func TestUnknownOptionsAreBounded(t *testing.T) {
	got, err := NewRequest(fmt.Appendf(nil, `{"model":"m","_meta":{%q:1}}`, strings.Repeat("x", 1<<20)), nil)
	require.Nil(t, err)
	assert.Less(t, len(Unresolved(got).Adjustments[0].Field), 200)
}
