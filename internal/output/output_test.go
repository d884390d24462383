package output

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

// collect fills the response of the last event from the ones before, as the engine
// does. The last one is always an end.
func collect(t testing.TB, events []string) (filled, missing string) {
	c := New(32 << 20)
	for i, text := range events {
		members, _, err := rawjson.Object([]byte(text), maxDepth, nil)
		require.NoError(t, err, text)
		require.True(t, c.Add(textOf(members, "type"), []byte(text), members))
		if i < len(events)-1 {
			continue
		}
		response := rawjson.Last(members, "response")
		require.NotEmpty(t, response, text)
		fields, _, _ := rawjson.Object(response, maxDepth, nil)
		status := string(textOf(fields, "status"))
		if status == "" {
			status = "completed"
		}
		out, _, missing := c.Fill(response, status)
		require.True(t, json.Valid(out), "%s", out)
		return string(out), missing
	}
	return "", "everything"
}

const done = `{"type":"response.completed","response":{"output":[]}}`

func opened(item string) string {
	return `{"type":"response.output_item.added","output_index":0,"item":` + item + `}`
}

func closed(place int, item string) string {
	return fmt.Sprintf(`{"type":"response.output_item.done","output_index":%d,"item":%s}`, place, item)
}

// on is an event about item m at place 0.
func on(kind, rest string) string {
	return `{"type":"response.` + kind + `","item_id":"m","output_index":0,` + rest + `}`
}

// What each kind of item amounts to of which the end never came.
// Faults: G10.
func TestItemsWithoutAnEnd(t *testing.T) {
	const message = `{"id":"m","type":"message","status":"in_progress","role":"assistant","content":[]}`
	text := func(rest string) string { return on("output_text.delta", `"content_index":0,"delta":`+rest) }
	tests := []struct {
		name   string
		events []string
		want   string // the output
	}{
		{"one delta, no place", []string{`{"type":"response.output_text.delta","item_id":"m","delta":"Hello"}`},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}]}]`},
		{"one delta, nothing else", []string{`{"type":"response.output_text.delta","delta":"Hello"}`},
			`[{"type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}]}]`},
		{"deltas", []string{text(`"He"`), text(`"l\u006co"`), text(`"\ud83d"`), text(`"\ude00"`)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hel\u006co\ud83d\ude00"}]}]`},
		{"opened, deltas", []string{opened(message), text(`"He"`), text(`"llo"`)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}]}]`},
		{"opened, part, deltas", []string{opened(message), on("content_part.added", `"content_index":0,"part":{"type":"output_text","text":"","x":1}`), text(`"Hello"`)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello","x":1}]}]`},
		{"the text's end counts", []string{text(`"Hel"`), on("output_text.done", `"content_index":0,"text":"Hello"`)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}]}]`},
		{"the part's end counts", []string{opened(message), text(`"Hel"`), on("content_part.done", `"content_index":0,"part":{"type":"output_text","text":"Hello","annotations":[7]}`)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[7]}]}]`},
		{"an end without its text", []string{text(`"Hello"`), on("output_text.done", `"content_index":0,"text":""`), closed(0, `{"id":"m","type":"message","content":[]}`)},
			`[{"id":"m","type":"message","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}]}]`},
		{"an end with an empty text", []string{text(`"Hello"`), closed(0, `{"id":"m","type":"message","content":[{"type":"output_text","text":""}]}`)},
			`[{"id":"m","type":"message","content":[{"type":"output_text","text":"Hello"}]}]`},
		{"the item's end counts, byte for byte", []string{text(`"Hel"`), closed(0, `{ "id":"m","type":"message" ,"content":[{"text":"H\u0065llo","type":"output_text"}]}`)},
			`[{ "id":"m","type":"message" ,"content":[{"text":"H\u0065llo","type":"output_text"}]}]`},
		{"two parts", []string{opened(message), text(`"a"`), on("refusal.delta", `"content_index":1,"delta":"No"`), on("refusal.delta", `"content_index":1,"delta":"."`)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"a"},{"type":"refusal","refusal":"No."}]}]`},
		{"a refusal", []string{on("refusal.delta", `"content_index":0,"delta":"N"`), on("refusal.done", `"content_index":0,"refusal":"No."`)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"refusal","refusal":"No."}]}]`},
		{"annotations and logprobs", []string{on("output_text.delta", `"content_index":0,"delta":"a","logprobs":[1]`), on("output_text.delta", `"content_index":0,"delta":"b","logprobs":[2]`),
			on("output_text.annotation.added", `"content_index":0,"annotation_index":0,"annotation":{"url":"u"}`)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[{"url":"u"}],"logprobs":[1,2],"text":"ab"}]}]`},
		{"a call", []string{opened(`{"id":"m","type":"function_call","call_id":"c","name":"f","arguments":"","status":"in_progress"}`),
			on("function_call_arguments.delta", `"delta":"{\"a\":"`), on("function_call_arguments.delta", `"delta":"1}"`)},
			`[{"id":"m","type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}","status":"completed"}]`},
		{"a call, the arguments at their end", []string{opened(`{"id":"m","type":"function_call","call_id":"c","arguments":""}`),
			on("function_call_arguments.done", `"name":"f","arguments":"{}"`)},
			`[{"id":"m","type":"function_call","call_id":"c","arguments":"{}","name":"f"}]`},
		{"a custom call", []string{opened(`{"id":"m","type":"custom_tool_call","call_id":"c","name":"f","input":""}`),
			on("custom_tool_call_input.delta", `"delta":"SELECT "`), on("custom_tool_call_input.delta", `"delta":"1"`)},
			`[{"id":"m","type":"custom_tool_call","call_id":"c","name":"f","input":"SELECT 1"}]`},
		{"a call of an MCP server", []string{opened(`{"id":"m","type":"mcp_call","name":"f","server_label":"s","arguments":""}`), on("mcp_call_arguments.delta", `"delta":"{}"`)},
			`[{"id":"m","type":"mcp_call","name":"f","server_label":"s","arguments":"{}"}]`},
		{"code", []string{opened(`{"id":"m","type":"code_interpreter_call","code":null,"status":"in_progress"}`), on("code_interpreter_call_code.delta", `"delta":"1+"`), on("code_interpreter_call_code.delta", `"delta":"1"`)},
			`[{"id":"m","type":"code_interpreter_call","code":"1+1","status":"completed"}]`},
		{"a patch", []string{opened(`{"id":"m","type":"apply_patch_call","operation":{"type":"create_file","diff":""}}`), on("apply_patch_call_operation_diff.delta", `"delta":"+a"`)},
			`[{"id":"m","type":"apply_patch_call","operation":{"type":"create_file","diff":"+a"}}]`},
		{"a reasoning", []string{opened(`{"id":"m","type":"reasoning","summary":[]}`), on("reasoning_summary_part.added", `"summary_index":0,"part":{"type":"summary_text","text":""}`),
			on("reasoning_summary_text.delta", `"summary_index":0,"delta":"Th"`), on("reasoning_summary_text.delta", `"summary_index":0,"delta":"ink"`),
			on("reasoning_summary_text.delta", `"summary_index":1,"delta":"more"`)},
			`[{"id":"m","type":"reasoning","summary":[{"type":"summary_text","text":"Think"},{"type":"summary_text","text":"more"}]}]`},
		{"the text of a reasoning", []string{on("reasoning_text.delta", `"content_index":0,"delta":"Think"`)},
			`[{"id":"m","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"Think"}]}]`},
		{"opened alone", []string{opened(`{"id":"m","type":"web_search_call","status":"in_progress"}`), on("web_search_call.completed", `"x":1`)},
			`[{"id":"m","type":"web_search_call","status":"completed"}]`},
		{"a piece before the beginning", []string{text(`"Hello"`), opened(message)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}]}]`},
		{"a piece after the end", []string{closed(0, `{"id":"m","type":"message","content":[{"type":"output_text","text":"Hello"}]}`), text(`"lo"`), opened(message)},
			`[{"id":"m","type":"message","content":[{"type":"output_text","text":"Hello"}]}]`},
		{"null is no text", []string{text(`null`), text(`"a"`), text(`null`)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"a"}]}]`},
		{"a number is no text, but the text's end is there", []string{text(`7`), on("output_text.done", `"content_index":0,"text":"7"`)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"7"}]}]`},
		{"logprobs of the text's end", []string{text(`"a","logprobs":[1]`), on("output_text.done", `"content_index":0,"text":"ab","logprobs":[1,2]`)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[1,2],"text":"ab"}]}]`},
		{"the first piece in the beginning of the part", []string{opened(message), on("content_part.added", `"content_index":0,"part":{"type":"output_text","text":"He"}`), text(`"llo"`)},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello"}]}]`},
		{"the first piece in the beginning of the item", []string{opened(`{"id":"m","type":"message","content":[{"type":"output_text","text":"He"}]}`), text(`"llo"`)},
			`[{"id":"m","type":"message","content":[{"type":"output_text","text":"Hello"}]}]`},
		{"the beginning of the item, repeated in pieces", []string{opened(`{"id":"m","type":"message","content":[{"type":"output_text","text":"Hel"}]}`), text(`"He"`), text(`"llo"`)},
			`[{"id":"m","type":"message","content":[{"type":"output_text","text":"Hello"}]}]`},
		{"arguments begin with a placeholder", []string{opened(`{"id":"m","type":"function_call","name":"f","call_id":"c","arguments":"{}"}`), on("function_call_arguments.delta", `"delta":"{\"a\":1}"`)},
			`[{"id":"m","type":"function_call","name":"f","call_id":"c","arguments":"{\"a\":1}"}]`},
		{"arguments begin with the first piece", []string{opened(`{"id":"m","type":"function_call","name":"f","call_id":"c","arguments":"{\"a"}`), on("function_call_arguments.delta", `"delta":"\":1}"`)},
			`[{"id":"m","type":"function_call","name":"f","call_id":"c","arguments":"{\"a\":1}"}]`},
		{"named before its beginning", []string{on("web_search_call.in_progress", `"x":1`), opened(`{"id":"m","type":"web_search_call","status":"searching"}`), on("web_search_call.completed", `"x":1`)},
			`[{"id":"m","type":"web_search_call","status":"completed"}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, missing := collect(t, append(tt.events, done))
			assert.Equal(t, `{"output":`+tt.want+`}`, got)
			assert.Empty(t, missing)
			partial := strings.ReplaceAll(tt.want, `"status":"completed"`, `"status":"incomplete"`)
			if strings.Contains(tt.want, "web_search") {
				partial = tt.want
			}
			got, missing = collect(t, append(tt.events, `{"type":"response.incomplete","response":{"status":"incomplete"}}`))
			assert.Equal(t, `{"status":"incomplete","output":`+partial+`}`, got)
			assert.Empty(t, missing)
		})
	}
}

// Items that are null, without a place, repeated, or that contradict each other.
// Faults: G10.
func TestOddItems(t *testing.T) {
	message := func(id, text string) string {
		return fmt.Sprintf(`{"id":%q,"type":"message","content":[{"type":"output_text","text":%q}]}`, id, text)
	}
	call := func(id string) string {
		return fmt.Sprintf(`{"id":"f%s","type":"function_call","call_id":%q,"name":"f","arguments":"{}"}`, id, id)
	}
	a, b := message("a", "A"), message("b", "B")
	unplaced := func(item string) string { return `{"type":"response.output_item.done","item":` + item + `}` }
	end := func(output string) string {
		return `{"type":"response.completed","response":{"output":` + output + `}}`
	}
	tests := []struct {
		name   string
		events []string
		want   string
	}{
		{"empty pieces alone", []string{on("output_text.delta", `"delta":""`), end("[]")}, "[]"},
		{"pieces of nothing", []string{`{"type":"response.future.delta","delta":"x"}`, end("[]")}, "[]"},
		{"null", []string{closed(0, "null"), closed(1, a), end("[]")}, "[" + a + "]"},
		{"null after its text", []string{on("output_text.delta", `"content_index":0,"delta":"A"`), closed(0, "null"), end("[]")},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"A"}]}]`},
		{"null in the end's own", []string{end("[null," + a + ",null]")}, "[" + a + "]"},
		{"nothing but null in the end's own", []string{closed(0, a), end("[null]")}, "[" + a + "]"},
		{"no place", []string{unplaced(b), unplaced(a), end("null")}, "[" + b + "," + a + "]"},
		{"some without a place", []string{closed(1, b), unplaced(a), end("[]")}, "[" + b + "," + a + "]"},
		{"one place, the last counts", []string{closed(0, a), closed(0, b), end("[]")}, "[" + b + "]"},
		{"one place, a message and a call", []string{closed(0, a), closed(0, call("1")), end("[]")}, "[" + a + "," + call("1") + "]"},
		{"one place, two calls", []string{closed(0, call("1")), closed(0, call("2")), end("[]")}, "[" + call("1") + "," + call("2") + "]"},
		{"repeated", []string{closed(0, a), closed(0, a), unplaced(a), end("[]")}, "[" + a + "]"},
		{"another id in the deltas", []string{on("output_text.delta", `"content_index":0,"delta":"x"`), closed(0, a), end("[]")}, "[" + a + "]"},
		{"another id at the beginning", []string{opened(`{"id":"x","type":"message","content":[]}`), on("output_text.delta", `"content_index":0,"delta":"A"`), closed(0, a), end("[]")}, "[" + a + "]"},
		{"all at place 0", []string{
			opened(`{"id":"a","type":"message","content":[]}`), strings.ReplaceAll(on("output_text.delta", `"content_index":0,"delta":"A"`), `"m"`, `"a"`), closed(0, a),
			opened(`{"id":"b","type":"message","content":[]}`), strings.ReplaceAll(on("output_text.delta", `"content_index":0,"delta":"B"`), `"m"`, `"b"`), closed(0, b), end("[]"),
		}, "[" + a + "," + b + "]"},
		{"the end's own counts", []string{closed(0, a), end("[" + message("a", "changed") + "]")}, "[" + message("a", "changed") + "]"},
		{"other ids in the end", []string{closed(0, a), closed(1, b), end("[" + message("x", "A") + "," + message("y", "B") + "]")}, "[" + message("x", "A") + "," + message("y", "B") + "]"},
		{"the end lacks the first", []string{closed(0, a), closed(1, b), end("[" + b + "]")}, "[" + a + "," + b + "]"},
		{"the end lacks the first and has other ids", []string{closed(0, a), closed(1, b), end("[" + message("y", "B") + "]")}, "[" + a + "," + message("y", "B") + "]"},
		{"the end lacks the last", []string{closed(0, a), closed(1, b), end("[" + a + "]")}, "[" + a + "," + b + "]"},
		{"the end lacks a call", []string{closed(0, a), closed(1, call("1")), end("[" + a + "]")}, "[" + a + "," + call("1") + "]"},
		{"the end lacks a text", []string{closed(0, a), end(`[{"id":"a","type":"message","content":[]}]`)}, "[" + a + "]"},
		{"the end lacks what never ended", []string{on("output_text.delta", `"content_index":0,"delta":"A"`), end("[" + call("1") + "]")},
			`[{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"A"}]},` + call("1") + `]`},
		{"the end lacks an empty reasoning", []string{closed(0, `{"id":"r","type":"reasoning","summary":[]}`), closed(1, a), end("[" + a + "]")}, "[" + a + "]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, missing := collect(t, tt.events)
			assert.Equal(t, `{"output":`+tt.want+`}`, got)
			assert.Empty(t, missing)
		})
	}
}

// What is missing is said.
// Faults: G11.
func TestHoles(t *testing.T) {
	numbered := func(kind, rest string, n int) string {
		return fmt.Sprintf(`{"type":"response.%s","sequence_number":%d,"item_id":"m","output_index":0,%s}`, kind, n, rest)
	}
	created := `{"type":"response.created","sequence_number":0,"response":{}}`
	first := `{"type":"response.in_progress","sequence_number":1,"response":{}}`
	end := func(n int) string {
		return fmt.Sprintf(`{"type":"response.completed","sequence_number":%d,"response":{"output":[]}}`, n)
	}
	delta := func(n int) string { return numbered("output_text.delta", `"content_index":0,"delta":"a"`, n) }
	item := `{"id":"m","type":"message","content":[{"type":"output_text","text":"aa"}]}`
	tests := []struct {
		name   string
		events []string
		want   string
	}{
		{"a delta", []string{created, first, delta(2), delta(4), end(5)}, "the end of a message (1 event is missing)"},
		{"two deltas at the end", []string{created, first, delta(2), end(5)}, "the end of a message (2 events are missing)"},
		{"deltas in another order", []string{created, first, delta(3), delta(2), end(4)}, "the end of a message (the events are out of order)"},
		{"a delta, but the text is whole", []string{created, first, delta(2), numbered("output_text.done", `"content_index":0,"text":"aa"`, 4), end(5)}, ""},
		{"a delta, but the item is whole", []string{created, first, delta(2), numbered("output_item.done", `"item":`+item, 4), end(5)}, ""},
		{"a delta, but the end has it", []string{created, first, delta(2), `{"type":"response.completed","sequence_number":4,"response":{"output":[` + item + `]}}`}, ""},
		{"the first item", []string{created, first, strings.Replace(numbered("output_item.done", `"item":`+item, 4), `"output_index":0`, `"output_index":1`, 1), end(5)}, "item 0 of the output (2 events are missing)"},
		{"perhaps the last item", []string{created, first, numbered("output_item.done", `"item":`+item, 2), end(5)}, "perhaps an item of the output (2 events are missing)"},
		{"numbers that mean nothing", []string{strings.ReplaceAll(created, ":0,", ":0,"), delta(0), delta(0), end(0)}, ""},
		{"numbers that begin again", []string{created, delta(1), delta(0), delta(1), end(2)}, ""},
		{"no numbers", []string{on("output_text.delta", `"delta":"a"`), done}, ""},
		{"a call without a name", []string{on("function_call_arguments.delta", `"delta":"{}"`), done}, "the name of a function call"},
		{"a call without an id", []string{opened(`{"id":"m","type":"function_call","name":"f","arguments":""}`), on("function_call_arguments.delta", `"delta":"{}"`), done}, "the call_id of a function call"},
		{"half of the arguments", []string{opened(`{"id":"m","type":"function_call","name":"f","call_id":"c","arguments":""}`), on("function_call_arguments.delta", `"delta":"{\"a"`), done}, "the end of the arguments of a function call"},
		{"a picture", []string{opened(`{"id":"m","type":"image_generation_call","status":"generating"}`), done}, "a picture"},
		{"a picture of which only previews came", []string{on("image_generation_call.partial_image", `"partial_image_b64":"aa"`), done}, "a picture"},
		{"a search that is only named", []string{on("web_search_call.completed", `"x":1`), done}, "a web search"},
		{"an item that is only named, but the end has it", []string{on("web_search_call.completed", `"x":1`), `{"type":"response.completed","response":{"output":[` + item + `]}}`}, ""},
		{"arguments", []string{opened(`{"id":"m","type":"function_call","name":"f","call_id":"c","arguments":""}`), done}, "the arguments of a function call"},
		{"arguments that are empty", []string{opened(`{"id":"m","type":"function_call","name":"f","call_id":"c","arguments":""}`), on("function_call_arguments.done", `"arguments":""`), done}, ""},
		{"input", []string{opened(`{"id":"m","type":"custom_tool_call","name":"f","call_id":"c","input":""}`), done}, "the input of a custom tool call"},
		{"a piece that is a number", []string{on("output_text.delta", `"content_index":0,"delta":"a"`), on("output_text.delta", `"content_index":0,"delta":7`), done}, "the end of a message"},
		{"the end of a reasoning item, with its encrypted content", []string{
			created, first, numbered("output_item.added", `"item":{"id":"m","type":"reasoning","summary":[]}`, 2),
			numbered("reasoning_summary_part.done", `"summary_index":0,"part":{"type":"summary_text","text":"a"}`, 3), end(5),
		}, "the end of a reasoning item (1 event is missing)"},
		{"the first part of a message", []string{
			created, first, numbered("output_item.added", `"item":{"id":"m","type":"message","content":[]}`, 2),
			numbered("output_text.done", `"content_index":1,"text":"b"`, 4), end(5),
		}, "the end of a message (1 event is missing)"},
		{"the end of a search, with its query", []string{
			created, first, numbered("output_item.added", `"item":{"id":"m","type":"web_search_call"}`, 2),
			numbered("web_search_call.completed", `"x":1`, 3), end(5),
		}, "the end of a web search (1 event is missing)"},
		{"pieces of a kind of the future", []string{opened(`{"id":"m","type":"poem"}`), on("poem_verse.delta", `"delta":"a"`), done}, "the end of an item of the output"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, missing := collect(t, tt.events)
			assert.Equal(t, tt.want, missing)
		})
	}
	t.Run("an incomplete answer may end anywhere", func(t *testing.T) {
		_, missing := collect(t, []string{on("function_call_arguments.delta", `"delta":"{"`), `{"type":"response.incomplete","response":{"status":"incomplete"}}`})
		assert.Empty(t, missing)
	})
}

// An event that came twice counts once.
// Faults: G11.
func TestRepeatedEvent(t *testing.T) {
	delta := `{"type":"response.output_text.delta","sequence_number":2,"item_id":"m","output_index":0,"content_index":0,"delta":"a"}`
	got, missing := collect(t, []string{
		`{"type":"response.created","sequence_number":0,"response":{}}`, `{"type":"response.in_progress","sequence_number":1,"response":{}}`,
		delta, delta, strings.Replace(done, `{"type"`, `{"sequence_number":3,"type"`, 1),
	})
	assert.Contains(t, got, `"text":"a"`)
	assert.Empty(t, missing)
}

// What is kept is bounded, however small the pieces are.
func TestBounded(t *testing.T) {
	for name, event := range map[string]func(i int) string{
		"items":       func(i int) string { return closed(i, "1") },
		"deltas":      func(int) string { return on("output_text.delta", `"content_index":0,"delta":"xxxxxxxxxxxxxxxxxxxx"`) },
		"parts":       func(i int) string { return on("output_text.delta", fmt.Sprintf(`"content_index":%d,"delta":""`, i)) },
		"annotations": func(int) string { return on("output_text.annotation.added", `"content_index":0,"annotation":{}`) },
		"ids": func(i int) string {
			return fmt.Sprintf(`{"type":"response.output_text.delta","item_id":"m%d","delta":""}`, i)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := New(100_000)
			for i := range 100_000 {
				text := []byte(event(i))
				members, _, err := rawjson.Object(text, maxDepth, nil)
				require.NoError(t, err)
				if !c.Add(textOf(members, "type"), text, members) {
					return
				}
			}
			t.Fatal("kept without bound")
		})
	}
}
