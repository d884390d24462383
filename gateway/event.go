package gateway

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// event appends an event as it goes over the wire: its type, and its bytes as they
// came. Called with mu held.
func (o *reply) event(event []byte) {
	kind := typeOf(event)
	o.sequence = max(o.sequence, sequenceOf(event))
	switch string(kind) {
	case "error":
		event = o.completed(event)
		o.failed = true
	case "response.failed":
		o.failed = true
	}
	if len(kind) > 0 {
		o.buffer = append(append(append(o.buffer, "event: "...), kind...), '\n')
	}
	o.buffer = append(o.buffer, "data: "...)
	for {
		// A line of JSON that is broken between its tokens goes on in the next field
		// (WHATWG HTML, 9.2.6).
		i := bytes.IndexByte(event, '\n')
		if i < 0 {
			break
		}
		o.buffer = append(append(o.buffer, event[:i]...), "\ndata: "...)
		event = event[i+1:]
	}
	o.buffer = append(append(o.buffer, event...), "\n\n"...)
}

// typeOf returns the type of an event, without looking at the rest where it comes
// first, as it does; nil for one that cannot stand in a line.
func typeOf(event []byte) []byte {
	const first = `{"type":"`
	value := event
	if bytes.HasPrefix(event, []byte(first)) {
		value = event[len(first):]
		value = value[:max(0, bytes.IndexByte(value, '"'))]
	} else {
		members, _, err := rawjson.Object(event, math.MaxInt, nil)
		text, ok := rawjson.Unquote(rawjson.Last(members, "type"))
		if err != nil || !ok {
			return nil
		}
		value = []byte(text)
	}
	for _, c := range value {
		if c <= ' ' || c > '~' || c == '\\' {
			return nil
		}
	}
	return value
}

// sequenceOf returns the sequence_number of an event, -1 for none. It looks at the first
// place that may be one.
func sequenceOf(event []byte) int64 {
	const name = `"sequence_number":`
	i := bytes.Index(event, []byte(name))
	if i <= 0 || event[i-1] == '\\' {
		return -1
	}
	digits := bytes.TrimLeft(event[i+len(name):], " ")
	n := 0
	for n < len(digits) && n < 18 && digits[n]-'0' <= 9 {
		n++
	}
	number, err := strconv.ParseInt(string(digits[:n]), 10, 64)
	if err != nil {
		return -1
	}
	return number
}

// completed returns an error event of the upstream with what SDKs need of one: its
// words, code and param at the top and in "error", and a sequence_number.
func (o *reply) completed(event []byte) []byte {
	members, _, err := rawjson.Object(event, math.MaxInt, nil)
	if err != nil {
		return event
	}
	inner, _, _ := rawjson.Object(rawjson.Last(members, "error"), math.MaxInt, nil)
	textOf := func(name string) *string {
		for _, from := range [][]rawjson.Member{members, inner} {
			if text, ok := rawjson.Unquote(rawjson.Last(from, name)); ok && !(name == "type" && text == "error") {
				return &text
			}
		}
		return nil
	}
	message := "The upstream reported an error."
	if text := textOf("message"); text != nil {
		message = *text
	}
	kind := "server_error"
	if text := textOf("type"); text != nil {
		kind = *text
	}
	object := errorObject{Message: message, Type: kind, Param: textOf("param"), Code: textOf("code")}
	added := false
	add := func(name string, value any) {
		if rawjson.Last(members, name) != nil {
			return
		}
		text, _ := json.Marshal(value) // strings and a number
		event = rawjson.Splice(event, rawjson.Append(event, members, name, text))
		members, _, _ = rawjson.Object(event, math.MaxInt, nil)
		added = true
	}
	add("sequence_number", o.sequence+1)
	add("code", object.Code)
	add("message", object.Message)
	add("param", object.Param)
	add("error", object)
	if added {
		o.adjusted = append(o.adjusted, protocol.Adjustment{Field: "error", Action: "filled", Reason: "SDKs need its words in one shape"})
	}
	return event
}
