package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

func membersOf(t testing.TB, params string) []rawjson.Member {
	members, _, err := rawjson.Object([]byte(params), 512, nil)
	require.NoError(t, err, params)
	return members
}

func TestPlatformBody(t *testing.T) {
	tests := []struct{ name, params, want string }{
		{"no _meta", ` { "model" : "m", "seed":1e2 } `, ` { "model" : "m", "seed":1e2 } `},
		{"empty", `{}`, `{}`},
		{"only", `{ "_meta" : {"route":"auto"} }`, `{  }`},
		{"first", `{"_meta":{}, "model":"m"}`, `{"model":"m"}`},
		{"middle", "{\"model\":\"m\",\n \"_meta\":null,\n \"n\":1.0}", "{\"model\":\"m\",\n \"n\":1.0}"},
		{"last", `{"model":"m","x":"\u00e9\/", "_meta":{}}`, `{"model":"m","x":"\u00e9\/"}`},
		{"escaped name", `{"model":"m","\u005fmeta":{}}`, `{"model":"m"}`},
		{"another case", `{"_Meta":{},"a":{"_meta":1}}`, `{"_Meta":{},"a":{"_meta":1}}`},
		{"nothing else is touched", `{"store":true,"background":true,"temperature":null,"input":"x"}`, `{"store":true,"background":true,"temperature":null,"input":"x"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			params := []byte(tt.params)
			assert.Equal(t, tt.want, string(platformBody(params, membersOf(t, tt.params))))
			assert.Equal(t, tt.params, string(params), "what the host sent was changed")
		})
	}
}

// rest is what a body needs so that nothing is added to it.
const rest = `"store":false,"stream":true,"instructions":"i"`

func TestChatGPTBody(t *testing.T) {
	tests := []struct {
		name, params string
		drop         bool
		want         string
		adjustments  []string // field action
	}{
		{"nothing to do", `{ "model" : "m","input":[], ` + rest + ` , "n":1.0e+2}`, false,
			`{ "model" : "m","input":[], ` + rest + ` , "n":1.0e+2}`, nil},
		{"empty", `{}`, false, `{"store":false,"stream":true,"instructions":""}`, []string{"store set", "stream set", "instructions set"}},
		{"blank", ` { } `, false, ` {"store":false,"stream":true,"instructions":"" } `, []string{"store set", "stream set", "instructions set"}},
		{"only _meta", `{ "_meta":{} }`, false, `{ "store":false,"stream":true,"instructions":"" }`, []string{"store set", "stream set", "instructions set"}},
		{"appended", "{\"model\":\"m\"\n}", false, "{\"model\":\"m\",\"store\":false,\"stream\":true,\"instructions\":\"\"\n}", []string{"store set", "stream set", "instructions set"}},

		{"_meta first", `{"_meta":{}, ` + rest + `}`, false, `{` + rest + `}`, nil},
		{"_meta last", `{` + rest + `, "_meta":{} }`, false, `{` + rest + ` }`, nil},
		{"_meta in another spelling", `{` + rest + `,"\u005f\u006deta":{}}`, false, `{` + rest + `}`, nil},
		{"_meta null", `{"_meta":null,` + rest + `}`, false, `{` + rest + `}`, nil},

		{"store null", `{"store": null,"stream":true,"instructions":"i"}`, false, `{"store": false,"stream":true,"instructions":"i"}`, []string{"store set"}},
		{"store true, dropped", `{"store":true,"stream":true,"instructions":"i"}`, true, `{"store":false,"stream":true,"instructions":"i"}`, []string{"store dropped"}},
		{"stream false", `{"store":false,"stream" :false,"instructions":"i"}`, false, `{"store":false,"stream" :true,"instructions":"i"}`, []string{"stream set"}},
		{"stream null", `{"store":false,"stream":null,"instructions":"i"}`, false, `{"store":false,"stream":true,"instructions":"i"}`, []string{"stream set"}},
		{"instructions null", `{"store":false,"stream":true,"instructions":null}`, false, `{"store":false,"stream":true,"instructions":""}`, []string{"instructions set"}},
		{"instructions as they are", `{"store":false,"stream":true,"instructions":"\u0041\/ <&>"}`, false, `{"store":false,"stream":true,"instructions":"\u0041\/ <&>"}`, nil},

		{"input string", `{"input":"a\u00e9\n\"<b>",` + rest + `}`, false,
			`{"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"a\u00e9\n\"<b>"}]}],` + rest + `}`, []string{"input wrapped"}},
		{"input of system", `{"input":[ {"role" : "system","content":"a"} , {"role":"user","content":"system"},1,"system",["system"],{"content":"b","role":"s\u0079stem"}],` + rest + `}`, false,
			`{"input":[ {"role" : "developer","content":"a"} , {"role":"user","content":"system"},1,"system",["system"],{"content":"b","role":"developer"}],` + rest + `}`,
			[]string{"input[0].role replaced", "input[5].role replaced"}},
		{"system deeper down", `{"input":[{"role":"user","content":[{"role":"system"}],"Role":"system"}],` + rest + `}`, false,
			`{"input":[{"role":"user","content":[{"role":"system"}],"Role":"system"}],` + rest + `}`, nil},
		{"breakpoint of a cache, dropped", `{"input":[{"content":[ {"prompt_cache_breakpoint":{},"type":"input_text"} , {"text":"prompt_cache_breakpoint"},1,{"type":"x" , "prompt_\u0063ache_breakpoint":true}],"role":"system"}],` + rest + `}`, true,
			`{"input":[{"content":[ {"type":"input_text"} , {"text":"prompt_cache_breakpoint"},1,{"type":"x"}],"role":"developer"}],` + rest + `}`,
			[]string{"input[0].content[0].prompt_cache_breakpoint dropped", "input[0].content[3].prompt_cache_breakpoint dropped", "input[0].role replaced"}},
		{"breakpoint of a cache, null", `{"input":[{"content":[{"prompt_cache_breakpoint":null}]}],` + rest + `}`, false,
			`{"input":[{"content":[{}]}],` + rest + `}`, []string{"input[0].content[0].prompt_cache_breakpoint dropped"}},
		{"input of another kind", `{"input":{"role":"system"},` + rest + `}`, false, `{"input":{"role":"system"},` + rest + `}`, nil},
		{"input null", `{"input":null,` + rest + `}`, false, `{"input":null,` + rest + `}`, nil},

		{"service_tier priority", `{"service_tier":"priority",` + rest + `}`, false, `{"service_tier":"priority",` + rest + `}`, nil},
		{"service_tier flex", `{"service_tier":"fle\u0078",` + rest + `}`, false, `{"service_tier":"fle\u0078",` + rest + `}`, nil},
		{"service_tier auto, dropped", `{"service_tier":"auto",` + rest + `}`, true, `{` + rest + `}`, []string{"service_tier dropped"}},

		{"neighbours dropped, first", `{"seed":1,"top_p":2, ` + rest + `}`, true, `{` + rest + `}`, []string{"seed dropped", "top_p dropped"}},
		{"neighbours dropped, last", `{` + rest + ` , "seed":1 ,"top_p":2 }`, true, `{` + rest + ` }`, []string{"seed dropped", "top_p dropped"}},
		{"neighbours dropped, middle", `{"model":"m", "_meta":{}, "seed":1, "user":"u" , ` + rest + `}`, true, `{"model":"m" , ` + rest + `}`, []string{"seed dropped", "user dropped"}},
		{"all dropped", `{"seed":1,"_meta":{},"user":"u"}`, true, `{"store":false,"stream":true,"instructions":""}`,
			[]string{"seed dropped", "user dropped", "store set", "stream set", "instructions set"}},
		{"null never needs drop", `{"previous_response_id":null,"background":null,"seed":null,"service_tier":null,` + rest + `}`, false, `{` + rest + `}`,
			[]string{"previous_response_id dropped", "background dropped", "seed dropped", "service_tier dropped"}},
		{"background false is the default", `{"background" : false,` + rest + `}`, false, `{` + rest + `}`, []string{"background dropped"}},
		{"another case is another name", `{"Temperature":1,"STORE":true,` + rest + `}`, false, `{"Temperature":1,"STORE":true,` + rest + `}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			params := []byte(tt.params)
			body, adjustments, err := chatgptBody(params, membersOf(t, tt.params), tt.drop)
			require.Nil(t, err)
			assert.Equal(t, tt.want, string(body))
			assert.Equal(t, tt.params, string(params), "what the host sent was changed")
			var got []string
			for _, a := range adjustments {
				assert.NotEmpty(t, a.Reason)
				got = append(got, a.Field+" "+a.Action)
			}
			assert.Equal(t, tt.adjustments, got)
		})
	}
}

var (
	// From facts about the backend, written down apart from chatgptRules.
	droppable = strings.Fields(`max_output_tokens max_completion_tokens temperature top_p top_logprobs
		frequency_penalty presence_penalty seed metadata user safety_identifier prompt_cache_retention
		prompt_cache_options max_tool_calls stream_options generate service_tier`)
	undroppable = strings.Fields(`previous_response_id context_management truncation background conversation`)
)

func TestChatGPTBodyRefuses(t *testing.T) {
	refused := func(t *testing.T, params string, drop bool) *protocol.Error {
		body, adjustments, failure := chatgptBody([]byte(params), membersOf(t, params), drop)
		err, ok := errors.AsType[*protocol.Error](failure)
		require.True(t, ok, params)
		assert.Nil(t, body)
		assert.Nil(t, adjustments)
		assert.Equal(t, protocol.CodeUnsupportedParameter, err.Code)
		assert.Equal(t, protocol.KindUnsupportedParameter, err.Data.Kind)
		assert.Equal(t, protocol.RouteChatGPT, err.Data.Route)
		assert.False(t, err.Data.Retryable)
		assert.Contains(t, err.Message, fmt.Sprintf("%q", err.Data.Field))
		return err
	}
	values := []string{`1`, `true`, `false`, `"auto"`, `"disabled"`, `[]`, `{}`}
	for _, field := range droppable {
		t.Run(field, func(t *testing.T) {
			for _, value := range values {
				params := fmt.Sprintf(`{"model":"m",%q:%s,%s}`, field, value, rest)
				refusal := refused(t, params, false)
				assert.Equal(t, field, refusal.Data.Field)
				assert.Contains(t, refusal.Data.Action, `or set _meta.onUnsupported to "drop".`)

				body, adjustments, err := chatgptBody([]byte(params), membersOf(t, params), true)
				require.NoError(t, err)
				assert.Equal(t, `{"model":"m",`+rest+`}`, string(body))
				require.Len(t, adjustments, 1)
				assert.Equal(t, field, adjustments[0].Field)
				assert.Equal(t, "dropped", adjustments[0].Action)
			}
		})
	}
	for _, field := range undroppable {
		t.Run(field, func(t *testing.T) {
			for _, value := range values {
				if field == "background" && value == "false" || field == "truncation" && value == `"disabled"` {
					continue // the default
				}
				for _, drop := range []bool{false, true} {
					err := refused(t, fmt.Sprintf(`{"model":"m",%q:%s,%s}`, field, value, rest), drop)
					assert.Equal(t, field, err.Data.Field)
					assert.NotContains(t, err.Data.Action, "onUnsupported")
				}
			}
		})
	}
	t.Run("store", func(t *testing.T) {
		for _, value := range []string{`true`, `0`, `"false"`, `[]`} {
			assert.Equal(t, "store", refused(t, `{"store":`+value+`}`, false).Data.Field)
		}
	})
	t.Run("item_reference", func(t *testing.T) {
		for _, drop := range []bool{false, true} {
			err := refused(t, `{"input":[{"role":"system"},{"id":"rs_1","type":"item_\u0072eference"}],`+rest+`}`, drop)
			assert.Equal(t, "input[1]", err.Data.Field)
		}
	})
	t.Run("prompt_cache_breakpoint", func(t *testing.T) {
		err := refused(t, `{"input":[{},{"content":[{},{"prompt_cache_breakpoint":{}}]}],`+rest+`}`, false)
		assert.Equal(t, "input[1].content[1].prompt_cache_breakpoint", err.Data.Field)
		assert.Contains(t, err.Data.Action, `"drop"`)
	})
	t.Run("the first in the order of the text", func(t *testing.T) {
		assert.Equal(t, "user", refused(t, `{"seed":null,"user":"u","background":true,"seed2":1,"temperature":1}`, false).Data.Field)
		assert.Equal(t, "background", refused(t, `{"user":"u","background":true,"truncation":"auto"}`, true).Data.Field)
		assert.Equal(t, "input[0]", refused(t, `{"input":[{"type":"item_reference"},{"type":"item_reference"}],"seed":1}`, false).Data.Field)
	})
	t.Run("texts", func(t *testing.T) {
		tests := []struct{ params, message, action string }{
			{`{"temperature":1}`, `The ChatGPT route does not accept the parameter "temperature".`, `Remove "temperature", or set _meta.onUnsupported to "drop".`},
			{`{"truncation":"auto"}`, `The ChatGPT route does not accept the parameter "truncation".`, `Remove "truncation".`},
			{`{"previous_response_id":"resp_1"}`, `The ChatGPT route does not accept the parameter "previous_response_id", because it stores no responses.`, `Send the whole conversation in "input" instead of "previous_response_id", or set _meta.memory.`},
			{`{"store":true}`, `The ChatGPT route does not accept this value of the parameter "store".`, `Set "store" to false, or set _meta.onUnsupported to "drop".`},
			{`{"service_tier":"auto"}`, `The ChatGPT route does not accept this value of the parameter "service_tier".`, `Set "service_tier" to "priority" or "flex", remove it, or set _meta.onUnsupported to "drop".`},
			{`{"input":[{"type":"item_reference","id":"rs_1"}]}`, `The ChatGPT route stores no items, so it cannot resolve the item_reference "input[0]".`, `Send the item itself instead of a reference to it.`},
		}
		for _, tt := range tests {
			err := refused(t, tt.params, false)
			assert.Equal(t, tt.message, err.Message)
			assert.Equal(t, tt.action, err.Data.Action)
		}
	})
}

// pair is a member as encoding/json reads it.
type pair struct {
	name  string
	value json.RawMessage
}

// pairs reads the members of an object with encoding/json, in their order; ok is
// false for another value.
func pairs(t testing.TB, text []byte) (list []pair, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(text))
	token, err := dec.Token()
	require.NoError(t, err)
	if token != json.Delim('{') {
		return nil, false
	}
	for dec.More() {
		name, err := dec.Token()
		require.NoError(t, err)
		p := pair{name: name.(string)}
		require.NoError(t, dec.Decode(&p.value))
		list = append(list, p)
	}
	return list, true
}

// decoded returns the value that text is.
func decoded(t testing.TB, text []byte) (value any) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&value))
	_, err := dec.Token()
	require.Equal(t, io.EOF, err)
	return value
}

// expected is the body that the ChatGPT backend should get for params, as a
// value, or the field that is refused.
func expected(t testing.TB, params []byte, drop bool) (body map[string]any, refused string) {
	body = map[string]any{}
	list, _ := pairs(t, params)
	for _, p := range list {
		value := decoded(t, p.value)
		switch {
		case p.name == "_meta":
			continue
		case p.name == "stream":
			value = true
		case p.name == "instructions" && value == nil:
			value = ""
		case p.name == "store":
			if value != nil && value != false && !drop {
				return nil, "store"
			}
			value = false
		case p.name == "input":
			if text, ok := value.(string); ok {
				value = []any{map[string]any{"type": "message", "role": "user",
					"content": []any{map[string]any{"type": "input_text", "text": text}}}}
			} else if items, ok := value.([]any); ok {
				var raw []json.RawMessage
				require.NoError(t, json.Unmarshal(p.value, &raw))
				for i := range items {
					members, _ := pairs(t, raw[i])
					for _, m := range members {
						if m.name == "type" && decoded(t, m.value) == "item_reference" {
							return nil, fmt.Sprintf("input[%d]", i)
						}
					}
					if item, ok := items[i].(map[string]any); ok && item["role"] == "system" {
						item["role"] = "developer"
					}
				}
			}
		case p.name == "service_tier" && (value == "priority" || value == "flex"):
		case slices.Contains(undroppable, p.name):
			if value != nil && (p.name != "background" || value != false) {
				return nil, p.name
			}
			continue
		case slices.Contains(droppable, p.name):
			if value != nil && !drop {
				return nil, p.name
			}
			continue
		}
		body[p.name] = value
	}
	for name, value := range map[string]any{"store": false, "stream": true, "instructions": ""} {
		if _, ok := body[name]; !ok {
			body[name] = value
		}
	}
	return body, ""
}

func FuzzChatGPTBody(f *testing.F) {
	f.Add([]byte(`{}`), false)
	f.Add([]byte(` { "_meta" : {} } `), false)
	f.Add([]byte(`{"seed":1,"_meta":{},"user":"u"}`), true)
	f.Add([]byte(`{"model":"gpt-5.2-codex","input":"hi","stream":true,"n":1.50,"x":"\u00e9"}`), false)
	f.Add([]byte(`{"model":"m","input":[{"role":"system","content":"a"}, {"role":"user"},null,{"type":"item_reference"}],"temperature":0}`), true)
	f.Add([]byte(`{"tools":[{"type":"function"}] , "seed":1 , "seed2" : 2,"service_tier":"priority", "store":null,"background":null,"stream":0}`), true)
	f.Add([]byte(`{"a":1,"service_tier":"auto","b":2,"store":true,"c":3,"instructions":null,"d":4,"top_p":1,"e":5}`), true)
	f.Add([]byte(`{"input":[{"role":"system","role":"user","t\u0079pe":"x"}],"_m\u0065ta":1,"previous_response_id":"r"}`), false)
	f.Fuzz(func(t *testing.T, params []byte, drop bool) {
		members, _, err := rawjson.Object(params, 512, nil)
		if err != nil {
			return
		}
		if _, found := rawjson.Duplicate(members); found {
			return
		}
		before := bytes.Clone(params)
		body, adjustments, failure := chatgptBody(params, members, drop)
		require.Equal(t, before, params)

		want, refused := expected(t, params, drop)
		if refused != "" {
			known, ok := errors.AsType[*protocol.Error](failure)
			require.True(t, ok)
			require.Equal(t, refused, known.Data.Field)
			return
		}
		require.Nil(t, failure)
		require.True(t, json.Valid(body), "%s", body)
		require.Equal(t, want, decoded(t, body))

		// Every member without a rule is in the body, byte for byte and in order,
		// and so is, in the same order, every member with a rule that was kept.
		sent, _, err := rawjson.Object(body, 512, nil)
		require.NoError(t, err)
		adjusted := func(name string) bool {
			return slices.ContainsFunc(adjustments, func(a protocol.Adjustment) bool {
				return a.Field == name || strings.HasPrefix(a.Field, name+"[")
			})
		}
		spans := func(text []byte, members []rawjson.Member) (spans []string) {
			for _, m := range members {
				if name := m.Name(); name != "_meta" && !adjusted(name) {
					spans = append(spans, string(text[m.Start:m.End]))
				}
			}
			return spans
		}
		require.Equal(t, spans(params, members), spans(body, sent))

		// The Platform gets all but _meta.
		platform := platformBody(params, members)
		require.True(t, json.Valid(platform), "%s", platform)
		all := membersOf(t, string(platform))
		var kept []string
		for _, m := range members {
			if !m.Is("_meta") {
				kept = append(kept, string(params[m.Start:m.End]))
			}
		}
		var got []string
		for _, m := range all {
			got = append(got, string(platform[m.Start:m.End]))
		}
		require.Equal(t, kept, got)
	})
}
