package simulator

import (
	"bytes"
	"encoding/json"
	"strings"
)

// schema is what the simulator understands of a JSON schema.
type schema struct {
	Type       json.RawMessage            `json:"type"`
	Const      json.RawMessage            `json:"const"`
	Enum       []json.RawMessage          `json:"enum"`
	AnyOf      []json.RawMessage          `json:"anyOf"`
	OneOf      []json.RawMessage          `json:"oneOf"`
	Ref        string                     `json:"$ref"`
	Defs       map[string]json.RawMessage `json:"$defs"`
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
	Items      json.RawMessage            `json:"items"`
}

// example makes up a value that follows a schema: the required members of an
// object in the order of the list, "example" for a string, 1 for a number.
func example(raw json.RawMessage) json.RawMessage {
	var root schema
	if json.Unmarshal(raw, &root) != nil || root.free() {
		return json.RawMessage("{}") // a function without parameters
	}
	var out bytes.Buffer
	root.write(&out, raw, 0)
	return out.Bytes()
}

// write appends an example of one schema; the receiver is the document in which
// references are resolved.
func (root schema) write(out *bytes.Buffer, raw json.RawMessage, depth int) {
	var s schema
	_ = json.Unmarshal(raw, &s)
	deeper := func(raw json.RawMessage) { root.write(out, raw, depth+1) }
	switch {
	case depth > 32 || out.Len() > 16<<10: // a schema that requires itself
		out.WriteString("null")
	case s.Const != nil:
		out.Write(s.Const)
	case len(s.Enum) > 0:
		out.Write(s.Enum[0])
	case s.Ref != "":
		deeper(root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")])
	case len(s.AnyOf) > 0:
		deeper(s.AnyOf[0])
	case len(s.OneOf) > 0:
		deeper(s.OneOf[0])
	default:
		s.writeType(out, deeper)
	}
}

func (s schema) writeType(out *bytes.Buffer, deeper func(json.RawMessage)) {
	switch s.firstType() {
	case "object":
		out.WriteByte('{')
		for i, name := range s.Required {
			if i > 0 {
				out.WriteByte(',')
			}
			out.Write(encode(name))
			out.WriteByte(':')
			deeper(s.Properties[name])
		}
		out.WriteByte('}')
	case "array":
		out.WriteByte('[')
		deeper(s.Items)
		out.WriteByte(']')
	case "number", "integer":
		out.WriteByte('1')
	case "boolean":
		out.WriteString("true")
	case "null":
		out.WriteString("null")
	default:
		out.WriteString(`"example"`)
	}
}

// free reports whether the schema says nothing of the value.
func (s schema) free() bool {
	return s.firstType() == "" && s.Const == nil && s.Enum == nil && s.AnyOf == nil && s.OneOf == nil && s.Ref == ""
}

// firstType is the type, or the first of several; an object's may be left out.
func (s schema) firstType() string {
	var one string
	if json.Unmarshal(s.Type, &one) == nil {
		return one
	}
	var several []string
	if json.Unmarshal(s.Type, &several) == nil && len(several) > 0 {
		return several[0]
	}
	if s.Properties != nil {
		return "object"
	}
	return ""
}
