package engine

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The body of a request is spliced from the bytes that the host sent and never
// encoded again: the order of members, the spelling of numbers and escapes stay
// (docs/protocol.md: Framing). In both functions below members are all the members of params.

// platformBody returns params without _meta, every other byte as it came
// (docs/protocol.md: Routing). It may be params itself.
func platformBody(params []byte, members []rawjson.Member) []byte {
	i := slices.IndexFunc(members, func(m rawjson.Member) bool { return m.Is("_meta") })
	if i < 0 {
		return params
	}
	return rawjson.Splice(params, rawjson.Cut(params, members, i))
}

// verdict is what becomes of a value that a rule does not accept.
type verdict int

const (
	refuseOrDrop verdict = iota // 1101, or dropped with onUnsupported:"drop"
	refuseAlways                // 1101: without the member the request means another one
	putInstead                  // put takes its place
	keepValue                   // it passes unchanged
	cutOut                      // it is ours, and never sent
	makeList                    // convertInput
)

// bodyRule is what the ChatGPT backend makes of one member of the body.
type bodyRule struct {
	field     string
	otherwise verdict
	// accept lists the values, as JSON, that pass unchanged.
	accept []string
	// preset is the value, as JSON, that means the same as no member, so that it
	// is left out like null.
	preset string
	// put is the value, as JSON, that takes the place of null, of a dropped value
	// and of an absent member. "": the member is left out.
	put string
	// reason of putting it.
	reason string
	// why the backend refuses it, for the message; "": nobody says.
	why string
	// action is the imperative of the error; "": to remove the member.
	action string
}

// chatgptRules are the rules of the chatgpt route (docs/protocol.md: Routing). A
// member that is not listed passes unchanged.
var chatgptRules = []bodyRule{
	{field: "_meta", otherwise: cutOut},

	{field: "store", accept: []string{"false"}, put: "false", reason: "the ChatGPT route stores no responses", action: `Set "store" to false`},
	{field: "stream", accept: []string{"true"}, put: "true", otherwise: putInstead, reason: "the ChatGPT route always streams"},
	{field: "instructions", put: `""`, otherwise: keepValue, reason: "the ChatGPT route requires the parameter"},
	{field: "input", otherwise: makeList},

	// Tuning and bookkeeping.
	{field: "max_output_tokens"},
	{field: "max_completion_tokens"},
	{field: "temperature"},
	{field: "top_p"},
	{field: "top_logprobs"},
	{field: "frequency_penalty"},
	{field: "presence_penalty"},
	{field: "seed"},
	{field: "metadata"},
	{field: "user"},
	{field: "safety_identifier"},
	{field: "prompt_cache_retention"},
	{field: "prompt_cache_options"},
	{field: "max_tool_calls"},
	{field: "stream_options"},
	{field: "generate"},
	{field: "service_tier", accept: []string{`"priority"`, `"flex"`}, action: `Set "service_tier" to "priority" or "flex", remove it`},

	// What the model sees, or when the answer comes, depends on these.
	{field: "previous_response_id", otherwise: refuseAlways, why: "it stores no responses", action: `Send the whole conversation in "input" instead of "previous_response_id", or set _meta.memory`},
	{field: "context_management", otherwise: refuseAlways},
	{field: "truncation", otherwise: refuseAlways, preset: `"disabled"`},
	{field: "conversation", otherwise: refuseAlways, why: "it keeps no conversations", action: `Send the whole conversation in "input" instead of "conversation"`},
	{field: "background", otherwise: refuseAlways, preset: "false"},
}

// chatgptBody returns the body that the ChatGPT backend takes, and what was
// changed for it. drop is _meta.onUnsupported:"drop". err is an 1101 that names
// the first member, in the order of params, that is refused.
func chatgptBody(params []byte, members []rawjson.Member, drop bool) (body []byte, adjustments []protocol.Adjustment, err error) {
	// The object is built from the spans of its members, each with the comma and
	// blanks in front of it as they are, because cuts of neighbours do not
	// compose as edits.
	brace := bytes.IndexByte(params, '{') + 1
	first, end := brace, brace
	if n := len(members); n > 0 {
		first, end = members[0].Start, members[n-1].End
	}
	out := make([]byte, 0, len(params)+256)
	out = append(out, params[:first]...)
	empty := true
	present := make([]bool, len(chatgptRules))

	for i, m := range members {
		value := m.Value
		if at := slices.IndexFunc(chatgptRules, func(r bodyRule) bool { return m.Is(r.field) }); at >= 0 {
			present[at] = true
			var made []protocol.Adjustment
			if value, made, err = chatgptRules[at].apply(value, drop); err != nil {
				return nil, nil, err
			}
			adjustments = append(adjustments, made...)
		}
		if value == nil {
			continue
		}
		if !empty {
			out = append(out, params[members[i-1].End:m.Start]...)
		}
		empty = false
		out = append(out, params[m.Start:m.ValueStart]...)
		out = append(out, value...)
	}
	for at, rule := range chatgptRules {
		if present[at] || rule.put == "" {
			continue
		}
		if !empty {
			out = append(out, ',')
		}
		empty = false
		out = fmt.Appendf(out, `"%s":%s`, rule.field, rule.put)
		adjustments = append(adjustments, protocol.Adjustment{Field: rule.field, Action: "set", Reason: rule.reason})
	}
	return append(out, params[end:]...), adjustments, nil
}

// apply returns the value that is sent in place of value, nil for none.
func (r bodyRule) apply(value []byte, drop bool) ([]byte, []protocol.Adjustment, error) {
	adjusted := func(action, reason string) []protocol.Adjustment {
		return []protocol.Adjustment{{Field: r.field, Action: action, Reason: reason}}
	}
	var put []byte
	if r.put != "" {
		put = []byte(r.put)
	}
	isNull := string(value) == "null"
	switch {
	case r.otherwise == cutOut:
		return nil, nil, nil
	case r.otherwise == makeList:
		return convertInput(value, drop)
	case r.accepts(value):
		return value, nil, nil
	case r.otherwise == putInstead, isNull && put != nil:
		return put, adjusted("set", r.reason), nil
	case isNull:
		return nil, adjusted("dropped", "null means absent"), nil
	case string(value) == r.preset:
		return nil, adjusted("dropped", "it is the default"), nil
	case r.otherwise == keepValue:
		return value, nil, nil
	case r.otherwise == refuseOrDrop && drop:
		return put, adjusted("dropped", "the ChatGPT route does not accept it"), nil
	}
	return nil, nil, r.refusal()
}

// accepts reports whether value is in accept, in whatever spelling.
func (r bodyRule) accepts(value []byte) bool {
	if r.accept == nil { // so that a long prompt is not decoded for nothing
		return false
	}
	if text, ok := rawjson.Unquote(value); ok {
		value = rawjson.AppendQuote(nil, text)
	}
	return slices.Contains(r.accept, string(value))
}

func (r bodyRule) refusal() error {
	object := "the parameter"
	if r.accept != nil {
		object = "this value of the parameter"
	}
	action := r.action
	if action == "" {
		action = fmt.Sprintf("Remove %q", r.field)
	}
	if r.otherwise == refuseOrDrop {
		action += `, or set _meta.onUnsupported to "drop"`
	}
	message := fmt.Sprintf("The ChatGPT route does not accept %s %q", object, r.field)
	if r.why != "" {
		message += ", because " + r.why
	}
	return unsupported(r.field, message+".", action+".")
}

func unsupported(field, message, action string) error {
	return protocol.NewError(protocol.CodeUnsupportedParameter, message,
		protocol.ErrorData{Field: field, Route: protocol.RouteChatGPT, Action: action})
}

// convertInput returns input as the list that the backend takes: a string becomes
// one user message, the role system, which it refuses, becomes developer, and a
// prompt_cache_breakpoint of a content part, which it refuses, is refused or
// dropped. Anything else is left to the backend to judge.
func convertInput(input []byte, drop bool) ([]byte, []protocol.Adjustment, error) {
	if input[0] == '"' {
		list := slices.Concat(
			[]byte(`[{"type":"message","role":"user","content":[{"type":"input_text","text":`), input, []byte(`}]}]`))
		return list, []protocol.Adjustment{{Field: "input", Action: "wrapped", Reason: "the ChatGPT route takes a list only"}}, nil
	}

	var edits []rawjson.Edit
	var adjustments []protocol.Adjustment
	var members []rawjson.Member
	n := -1
	item := func() string { return fmt.Sprintf("input[%d]", n) }
	for start, end := range rawjson.Elements(input) {
		n++
		var err error
		if members, _, err = rawjson.Object(input[start:end], math.MaxInt, members); err != nil {
			continue // no object
		}
		for _, m := range members {
			switch {
			case m.Is("type") && isString(m.Value, "item_reference"):
				return nil, nil, unsupported(item(),
					fmt.Sprintf("The ChatGPT route stores no items, so it cannot resolve the item_reference %q.", item()),
					"Send the item itself instead of a reference to it.")
			case m.Is("role") && isString(m.Value, "system"):
				edits = append(edits, rawjson.Edit{Start: start + m.ValueStart, End: start + m.End, Text: []byte(`"developer"`)})
				adjustments = append(adjustments, protocol.Adjustment{
					Field: item() + ".role", Action: "replaced", Reason: "the ChatGPT route takes system messages as developer",
				})
			case m.Is("content") && m.Value[0] == '[' && bytes.Contains(m.Value, []byte(cacheBreakpoint)):
				cuts, made, refusal := cutBreakpoints(m.Value, item(), drop)
				if refusal != nil {
					return nil, nil, refusal
				}
				for _, cut := range cuts {
					edits = append(edits, rawjson.Edit{Start: start + m.ValueStart + cut.Start, End: start + m.ValueStart + cut.End, Text: cut.Text})
				}
				adjustments = append(adjustments, made...)
			}
		}
	}
	if edits == nil {
		return input, nil, nil
	}
	return rawjson.Splice(input, edits...), adjustments, nil
}

// cacheBreakpoint is a member of content parts that the backend refuses.
const cacheBreakpoint = "prompt_cache_breakpoint"

// cutBreakpoints takes cacheBreakpoint out of the parts of the content of item,
// or refuses it.
func cutBreakpoints(content []byte, item string, drop bool) ([]rawjson.Edit, []protocol.Adjustment, error) {
	var edits []rawjson.Edit
	var adjustments []protocol.Adjustment
	n := -1
	for start, end := range rawjson.Elements(content) {
		n++
		part := content[start:end]
		members, _, err := rawjson.Object(part, math.MaxInt, nil)
		if err != nil {
			continue // no object
		}
		i := slices.IndexFunc(members, func(m rawjson.Member) bool { return m.Is(cacheBreakpoint) })
		if i < 0 {
			continue
		}
		field := fmt.Sprintf("%s.content[%d].%s", item, n, cacheBreakpoint)
		reason := "the ChatGPT route does not accept it"
		if string(members[i].Value) == "null" {
			reason = "null means absent"
		} else if !drop {
			return nil, nil, bodyRule{field: field}.refusal()
		}
		cut := rawjson.Cut(part, members, i)
		edits = append(edits, rawjson.Edit{Start: start + cut.Start, End: start + cut.End, Text: cut.Text})
		adjustments = append(adjustments, protocol.Adjustment{Field: field, Action: "dropped", Reason: reason})
	}
	return edits, adjustments, nil
}

// isString reports whether value is the JSON string text, in whatever spelling.
func isString(value []byte, text string) bool {
	got, ok := rawjson.Unquote(value)
	return ok && got == text
}
