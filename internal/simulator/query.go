package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// query is the body of a POST …/responses. Members keep the bytes in which
// they came.
type query struct {
	names   []string // in the order of the body
	members map[string]json.RawMessage
}

var errNotOneObject = errors.New("the body is not one JSON object")

func parseQuery(body []byte) (query, error) {
	q := query{members: map[string]json.RawMessage{}}
	if !utf8.Valid(body) {
		return query{}, errNotOneObject
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return query{}, errNotOneObject
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return query{}, errNotOneObject
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return query{}, errNotOneObject
		}
		q.names = append(q.names, name.(string)) // a decoder yields nothing else here
		q.members[name.(string)] = value
	}
	if _, err := decoder.Token(); err != nil {
		return query{}, errNotOneObject
	}
	if _, err := decoder.Token(); err != io.EOF {
		return query{}, errNotOneObject
	}
	return q, nil
}

func (q query) is(name, literal string) bool { return string(q.members[name]) == literal }

// or is a member as it came, or the fallback where it is absent or null.
func (q query) or(name, fallback string) json.RawMessage {
	if value, ok := q.members[name]; ok && string(value) != "null" {
		return value
	}
	return json.RawMessage(fallback)
}

func (q query) string(name string) string {
	var value string
	_ = json.Unmarshal(q.members[name], &value)
	return value
}

// item is what the simulator reads of an element of input.
type item struct {
	Type    string          `json:"type"`
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
	// Encrypted is of a reasoning item.
	Encrypted string `json:"encrypted_content"`
}

// items reads an input that is a list of objects.
func (q query) items() ([]item, bool) {
	var elements []json.RawMessage
	if json.Unmarshal(q.members["input"], &elements) != nil || elements == nil {
		return nil, false
	}
	items := make([]item, len(elements))
	for i, element := range elements {
		if string(element) == "null" || json.Unmarshal(element, &items[i]) != nil {
			return nil, false
		}
	}
	return items, true
}

// lastUserText is what the user said last.
func (q query) lastUserText() string {
	items, ok := q.items()
	if !ok {
		return q.string("input")
	}
	for i := len(items) - 1; i >= 0; i-- {
		if items[i].Role == "user" {
			return items[i].text()
		}
	}
	return ""
}

func (i item) text() string {
	var whole string
	if json.Unmarshal(i.Content, &whole) == nil {
		return whole
	}
	var parts []struct {
		Text string `json:"text"`
	}
	_ = json.Unmarshal(i.Content, &parts)
	var joined strings.Builder
	for _, p := range parts {
		joined.WriteString(p.Text)
	}
	return joined.String()
}

// tool is a function that the model may call.
type tool struct {
	Type       string          `json:"type"`
	Name       string          `json:"name"`
	Parameters json.RawMessage `json:"parameters"`
}

// calledTool chooses the function to call: the one that tool_choice names, else
// the first; none once its output is in the input.
func (q query) calledTool() (tool, bool) {
	if q.toolAnswered() || q.is("tool_choice", `"none"`) {
		return tool{}, false
	}
	var choice tool
	_ = json.Unmarshal(q.members["tool_choice"], &choice)
	var tools []json.RawMessage
	_ = json.Unmarshal(q.members["tools"], &tools)
	for _, raw := range tools {
		var t tool
		if json.Unmarshal(raw, &t) == nil && t.Type == "function" && (choice.Name == "" || choice.Name == t.Name) {
			return t, true
		}
	}
	return tool{}, false
}

// toolAnswered reports whether the input holds the output of a function.
func (q query) toolAnswered() bool {
	items, _ := q.items()
	return slices.ContainsFunc(items, func(i item) bool { return i.Type == "function_call_output" })
}

// outputSchema is the JSON schema that the text has to follow, if any.
func (q query) outputSchema() (json.RawMessage, bool) {
	var text struct {
		Format struct {
			Type   string          `json:"type"`
			Schema json.RawMessage `json:"schema"`
		} `json:"format"`
	}
	_ = json.Unmarshal(q.members["text"], &text)
	return text.Format.Schema, text.Format.Type == "json_schema"
}

// includes reports whether the request asks for an optional part of the output.
func (q query) includes(name string) bool {
	var include []string
	_ = json.Unmarshal(q.members["include"], &include)
	return slices.Contains(include, name)
}
