package protocol

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"
)

// The parts of an OpenRPC document that we use: https://spec.open-rpc.org.
type (
	openRPC struct {
		OpenRPC    string          `json:"openrpc"`
		Info       openRPCInfo     `json:"info"`
		Methods    []openRPCMethod `json:"methods"`
		Components struct {
			Schemas orderedMap `json:"schemas"`
			Errors  orderedMap `json:"errors"`
		} `json:"components"`
		// OpenRPC describes what a server answers; this is what it sends of its own.
		ServerNotifications []openRPCMethod `json:"x-serverNotifications"`
		ServerRequests      []openRPCMethod `json:"x-serverRequests"`
	}
	openRPCInfo struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Version     string `json:"version"`
	}
	// A method without a result is a notification.
	openRPCMethod struct {
		Name      string          `json:"name"`
		Summary   string          `json:"summary"`
		Structure string          `json:"paramStructure"`
		Params    []openRPCValue  `json:"params"`
		Result    *openRPCValue   `json:"result,omitempty"`
		Errors    []openRPCErrRef `json:"errors,omitempty"`
		OpenBody  bool            `json:"x-additionalParams,omitempty"`
	}
	openRPCValue struct {
		Name        string             `json:"name"`
		Description string             `json:"description,omitempty"`
		Required    bool               `json:"required,omitempty"`
		Schema      *jsonschema.Schema `json:"schema"`
	}
	openRPCErrRef struct {
		Ref string `json:"$ref"`
	}
	openRPCError struct {
		Code    Code   `json:"code"`
		Message string `json:"message"`
		Data    struct {
			Kind    Kind     `json:"kind"`
			Reasons []string `json:"reasons,omitempty"`
			Members []string `json:"members,omitempty"`
			HTTP    string   `json:"http"`
		} `json:"data"`
	}
)

// orderedMap is an object whose members keep their order.
type orderedMap []struct {
	name  string
	value any
}

func (o *orderedMap) put(name string, value any) {
	*o = append(*o, struct {
		name  string
		value any
	}{name, value})
}

// MarshalJSON implements json.Marshaler.
func (o orderedMap) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, Encode(m.name)...), ':'), Encode(m.value)...)
	}
	return append(b, '}'), nil
}

// openRPCDocument is what rpc.discover answers.
func openRPCDocument(t *testing.T, m *model) []byte {
	doc := openRPC{OpenRPC: "1.3.2", Info: openRPCInfo{
		Title: "signalbox", Version: "1",
		Description: "JSON-RPC 2.0 on stdin and stdout of `signalbox serve`. Within version 1, fields, methods, notifications, kinds, reasons and enum values may be added.",
	}}
	refs := schemaWriter{m, "#/components/schemas/"}
	for _, name := range m.names() {
		doc.Components.Schemas.put(name, refs.definition(name))
	}
	for _, row := range Errors {
		e := openRPCError{Code: row.Code, Message: m.meaning(t, "Kind", string(row.Kind))}
		e.Data.Kind, e.Data.Reasons, e.Data.Members, e.Data.HTTP = row.Kind, texts(row.Reasons), row.Members, row.HTTP
		doc.Components.Errors.put(string(row.Kind), e)
	}
	for _, row := range Methods {
		method := refs.method(row, m.meaning(t, "Method", row.Name))
		method.Result = &openRPCValue{Name: "result", Schema: refs.message(row.Result, "null")}
		for _, e := range errorsOf(row.Name) {
			method.Errors = append(method.Errors, openRPCErrRef{"#/components/errors/" + string(e)})
		}
		doc.Methods = append(doc.Methods, method)
	}
	for _, row := range ClientNotifications {
		doc.Methods = append(doc.Methods, refs.method(row, m.meaning(t, "Notification", row.Name)))
	}
	for _, row := range ServerNotifications {
		doc.ServerNotifications = append(doc.ServerNotifications, refs.method(row, m.meaning(t, "Notification", row.Name)))
	}
	for _, row := range ServerRequests {
		request := refs.method(row, m.meaning(t, "Request", row.Name))
		request.Result = &openRPCValue{Name: "result", Schema: refs.message(row.Result, "null")}
		doc.ServerRequests = append(doc.ServerRequests, request)
	}
	return indented(t, doc)
}

// errorsOf lists the kinds of error that a method may answer with: any of
// JSON-RPC's; those of the credentials where they are used; those of a model
// call. Lifecycle and the calls that never fail have only the first.
func errorsOf(method string) []Kind {
	family, _, isOurs := strings.Cut(method, "/")
	safe := []string{MethodAuthStatus, MethodResponsesCancel, MethodDiagnostics, "models/list", "limits/read", "auth/login/cancel"}
	var list []Kind
	for _, row := range Errors {
		switch {
		case row.Code < 0, row.Code == CodeBusy && isOurs && !slices.Contains(safe, method):
		case row.Code < CodeUnsupportedParameter && isOurs && !slices.Contains(safe, method) && family != "server":
		case method == MethodResponsesCreate:
		default:
			continue
		}
		list = append(list, row.Kind)
	}
	return list
}

// method describes the params of a message by name.
func (w schemaWriter) method(row Message, summary string) openRPCMethod {
	method := openRPCMethod{Name: row.Name, Summary: summary, Structure: "by-name", Params: []openRPCValue{}}
	params := w.m.types[nameOfValue(row.Params)]
	method.OpenBody = params.open
	// The specification wants the required ones first.
	sorted := slices.Clone(params.members)
	slices.SortStableFunc(sorted, func(a, b member) int {
		return cmp.Compare(btoi(a.optional), btoi(b.optional))
	})
	for _, p := range sorted {
		method.Params = append(method.Params, openRPCValue{p.name, plain(p.doc), !p.optional, w.schema(p.typ)})
	}
	return method
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// indented returns v as JSON for a reader.
func indented(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, json.Indent(&b, Encode(v), "", "  "))
	return append(b.Bytes(), '\n')
}

// TestOpenRPCIsValid holds the document against the meta-schema of OpenRPC,
// which testdata/openrpc has with its licence.
func TestOpenRPCIsValid(t *testing.T) {
	load := func(name string) *jsonschema.Schema {
		text, err := os.ReadFile(filepath.Join("../testdata/openrpc", name))
		require.NoError(t, err)
		var s jsonschema.Schema
		require.NoError(t, json.Unmarshal(text, &s))
		s.Schema = "http://json-schema.org/draft-07/schema#" // what theirs extends
		return &s
	}
	meta := load("meta-schema.json")
	asText, err := json.Marshal(load("json-schema.json"))
	require.NoError(t, err)
	// Their definition of a schema is elsewhere; here it is beside the others.
	jsonSchema := &jsonschema.Schema{}
	require.NoError(t, json.Unmarshal(bytes.ReplaceAll(asText, []byte(`"#`), []byte(`"#/definitions/JSONSchema`)), jsonSchema))
	jsonSchema.ID, jsonSchema.Schema = "", ""
	meta.Definitions["JSONSchema"] = jsonSchema
	meta.Definitions["referenceObject"].Properties["$ref"] = &jsonschema.Schema{Type: "string"}
	resolved, err := meta.Resolve(nil)
	require.NoError(t, err)

	document := openRPCDocument(t, protocolModel(t))
	parse := func(text []byte) (value any) {
		require.NoError(t, json.Unmarshal(text, &value))
		return value
	}
	require.NoError(t, resolved.Validate(parse(document)))
	for part, wrong := range map[string]string{
		`"openrpc": "1.3.2"`:             `"openrpc": "9"`,
		`"paramStructure": "by-name"`:    `"paramStructure": "by-guess"`,
		`"name": "ping",`:                ``,
		`"schema": {`:                    `"scheme": {`,
		`"type": "boolean"`:              `"type": "bool"`,
		"\n  \"x-serverNotifications\"":  "\n  \"serverNotifications\"",
		`"version": "1"`:                 `"version": 1`,
		`"code": -32700,`:                `"code": "-32700",`,
		`"required": true,`:              `"required": "yes",`,
		`"$ref": "#/components/schemas/`: `"$ref": 1, "x": "`,
	} {
		require.Contains(t, string(document), part)
		mutant := bytes.Replace(document, []byte(part), []byte(wrong), 1)
		require.Error(t, resolved.Validate(parse(mutant)), wrong)
	}
}
