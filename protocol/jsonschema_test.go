package protocol

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"
)

// schemaWriter writes schemas that refer to each other below a prefix.
type schemaWriter struct {
	m      *model
	prefix string
}

// definition of a named type.
func (w schemaWriter) definition(name string) *jsonschema.Schema {
	s := w.schema(w.m.types[name])
	s.Description = plain(w.m.doc(name))
	return s
}

// plain takes the escapes of Markdown out of a comment.
func plain(doc string) string { return strings.ReplaceAll(doc, `\*`, "*") }

// message is the schema of the params or the result of a message; word is the
// type of none.
func (w schemaWriter) message(value any, word string) *jsonschema.Schema {
	if name := nameOfValue(value); name != "" {
		return w.schema(typ{named: name})
	}
	if value != nil {
		return &jsonschema.Schema{Type: "object"}
	}
	return &jsonschema.Schema{Type: word}
}

// schema of a type. Objects are open: a later release may send more.
func (w schemaWriter) schema(of typ) *jsonschema.Schema {
	s := &jsonschema.Schema{}
	switch {
	case of.named != "":
		s.Ref = w.prefix + of.named
	case of.values != nil:
		s = enum(of.values...)
	case of.members != nil:
		s.Type = "object"
		s.Properties = map[string]*jsonschema.Schema{}
		for _, m := range of.members {
			p := w.schema(m.typ)
			m.bound(p)
			if p.Ref != "" { // before draft 2019-09 nothing may stand beside it
				p = &jsonschema.Schema{AllOf: []*jsonschema.Schema{p}}
			}
			p.Description = plain(m.doc)
			s.Properties[m.name] = p
			s.PropertyOrder = append(s.PropertyOrder, m.name)
			if !m.optional {
				s.Required = append(s.Required, m.name)
			}
		}
	case of.list != nil:
		s.Type, s.Items = "array", w.schema(*of.list)
	case of.dict != nil:
		s.Type, s.AdditionalProperties = "object", w.schema(*of.dict)
	case of.union != nil:
		for _, one := range of.union {
			s.AnyOf = append(s.AnyOf, w.schema(one))
		}
	case of.word != "any":
		s.Type = of.word
	}
	switch {
	case !of.nullable:
	case s.Type != "" && s.Enum == nil:
		s.Types, s.Type = []string{s.Type, "null"}, ""
	default:
		s = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "null"}}}
	}
	return s
}

// bound puts the limits of a member, which package params holds the host to, into its
// schema.
func (m member) bound(s *jsonschema.Schema) {
	for _, tag := range []struct {
		text          string
		number        **float64
		length, items **int
	}{{m.min, &s.Minimum, &s.MinLength, &s.MinItems}, {m.max, &s.Maximum, &s.MaxLength, &s.MaxItems}} {
		limit, err := strconv.Atoi(tag.text)
		switch kind := append(slices.Clone(s.Types), s.Type)[0]; {
		case err != nil:
		case kind == "integer":
			*tag.number = new(float64(limit))
		case kind == "string":
			*tag.length = new(limit)
		case kind == "array":
			*tag.items = new(limit)
		}
	}
}

// jsonSchemaDocument describes every message of both sides; HostMessage and
// SignalboxMessage are any of one side. It is for one message of a release: a
// host must not refuse what it does not know.
func jsonSchemaDocument(t *testing.T, m *model) []byte {
	w := schemaWriter{m, "#/$defs/"}
	defs := map[string]*jsonschema.Schema{}
	for _, name := range m.names() {
		defs[name] = w.definition(name)
	}
	id := w.schema(typ{union: []typ{{word: "string"}, {word: "number"}}})
	version := &jsonschema.Schema{Enum: []any{"2.0"}}
	message := func(required string, members map[string]*jsonschema.Schema) *jsonschema.Schema {
		s := &jsonschema.Schema{Type: "object", Required: strings.Fields(required), Properties: members}
		s.Properties["jsonrpc"] = version
		s.PropertyOrder = slices.DeleteFunc([]string{"jsonrpc", "id", "method", "params", "result", "error"}, func(name string) bool {
			return members[name] == nil
		})
		return s
	}
	call := func(row Message, isRequest bool) *jsonschema.Schema {
		required := "method"
		members := map[string]*jsonschema.Schema{"method": {Enum: []any{row.Name}}}
		if isRequest {
			required = "id method"
			members["id"] = id
		}
		if row.Params != nil {
			members["params"] = w.message(row.Params, "object")
			if slices.ContainsFunc(m.types[nameOfValue(row.Params)].members, func(p member) bool { return !p.optional }) {
				required += " params"
			}
		}
		return message(required, members)
	}
	host, ours := &jsonschema.Schema{Description: "Any message of the host."}, &jsonschema.Schema{Description: "Any message of signalbox. A result does not say what it is the result of: METHOD.result is the one of a method."}
	for _, row := range Methods {
		host.AnyOf = append(host.AnyOf, call(row, true))
		name := row.Name + ".result"
		defs[name] = w.message(row.Result, "null")
	}
	for _, row := range ClientNotifications {
		host.AnyOf = append(host.AnyOf, call(row, false))
	}
	for _, row := range ServerNotifications {
		notification := call(row, false)
		notification.Required = []string{"jsonrpc", "method", "params"}
		ours.AnyOf = append(ours.AnyOf, notification)
	}
	for _, row := range ServerRequests {
		request := call(row, true)
		request.Required = []string{"jsonrpc", "id", "method", "params"}
		ours.AnyOf = append(ours.AnyOf, request)
		host.AnyOf = append(host.AnyOf,
			message("id result", map[string]*jsonschema.Schema{"id": id, "result": w.message(row.Result, "null")}),
			message("id error", map[string]*jsonschema.Schema{"id": id, "error": {Type: "object"}}))
	}
	nullableID := w.schema(typ{union: []typ{{word: "string"}, {word: "number"}}, nullable: true})
	ours.AnyOf = append(ours.AnyOf,
		message("jsonrpc id result", map[string]*jsonschema.Schema{"id": id, "result": {}}),
		message("jsonrpc id error", map[string]*jsonschema.Schema{"id": nullableID, "error": {Ref: "#/$defs/Error"}}))
	defs["HostMessage"], defs["SignalboxMessage"] = host, ours
	return indented(t, &jsonschema.Schema{
		Schema: "https://json-schema.org/draft/2020-12/schema",
		Title:  "signalbox, protocol version 1",
		Defs:   defs,
		AnyOf:  []*jsonschema.Schema{{Ref: "#/$defs/HostMessage"}, {Ref: "#/$defs/SignalboxMessage"}},
	})
}

// TestJSONSchemaDocument: the document can be used, and distinguishes good messages from
// bad ones.
func TestJSONSchemaDocument(t *testing.T) {
	schema := parseSchema(t, jsonSchemaDocument(t, protocolModel(t)))
	for text, good := range map[string]bool{
		`{"id":1,"method":"ping"}`:                                                                                         true,
		`{"id":1,"method":"pong"}`:                                                                                         false,
		`{"id":[],"method":"ping"}`:                                                                                        false,
		`{"id":1,"method":"responses/create"}`:                                                                             false,
		`{"id":1,"method":"responses/create","params":{"model":1}}`:                                                        false,
		`{"id":1,"method":"responses/create","params":{"model":"m"}}`:                                                      true,
		`{"id":1,"method":"responses/create","params":{"model":""}}`:                                                       false,
		`{"id":1,"method":"responses/create","params":{"model":"m","_meta":{"timeoutMs":0}}}`:                              false,
		`{"id":1,"method":"auth/login","params":{"method":"browser","timeoutMs":86400001}}`:                                false,
		`{"id":1,"method":"auth/login","params":{"method":"browser","ports":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}}`: false,
		`{"id":1,"method":"initialize","params":{"processId":null}}`:                                                       true,
		`{"id":1,"method":"initialize","params":{"processId":0}}`:                                                          false,
		`{"id":1,"method":"responses/create","params":{"model":"m","x":{}}}`:                                               true,
		`{"id":1,"result":{"success":true}}`:                                                                               true,
		`{"id":1,"result":{"success":"yes"}}`:                                                                              false,
		`{"jsonrpc":"2.0","id":1,"method":"window/showDocument","params":{"uri":"x","external":true}}`:                     true,
		`{"method":"$/cancelRequest","params":{"id":"x"}}`:                                                                 true,
		`{"jsonrpc":"2.0","method":"responses/event","params":{"streamId":"s","requestId":1,"seq":1,"event":[]}}`:          true,
		`{"jsonrpc":"2.0","method":"responses/event","params":{"streamId":"s","requestId":1,"seq":"1","event":[]}}`:        false,
		`{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m","data":{"kind":"busy","retryable":true}}}`:             true,
		`{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m","data":{"kind":"bored","retryable":true}}}`:            false,
		`{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m","data":{"kind":"busy","retryable":true,"more":[1]}}}`:  true,
	} {
		err := schema.Validate(parseJSON(t, text))
		if good {
			require.NoError(t, err, text)
		} else {
			require.Error(t, err, text)
		}
	}
}
