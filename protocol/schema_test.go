package protocol

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// schemaFolder holds a schema of each message that the server sends; tests of
// the binary hold every message against them.
const schemaFolder = "../testdata/protocol"

// schemas returns the schema of each message, by file name.
func schemas(t *testing.T) map[string]*jsonschema.Schema {
	all := map[string]*jsonschema.Schema{"error": derive(t, Error{})}
	for _, m := range Methods {
		all[strings.ReplaceAll(m.Name, "/", "-")+".result"] = derive(t, m.Result)
	}
	for _, m := range slices.Concat(ServerRequests, ServerNotifications) {
		all[strings.ReplaceAll(m.Name, "/", "-")+".params"] = derive(t, m.Params)
	}
	object := &jsonschema.Schema{Type: "object"}
	create := all["responses-create.result"]
	add(create, "usage", &jsonschema.Schema{Types: []string{"null", "object"}}, true)
	add(create, "response", object, false)
	add(all["responses-completed.params"], "usage", object, false)
	return all
}

// derive makes the schema of the type of a value, with the closed lists as
// enums.
func derive(t *testing.T, value any) *jsonschema.Schema {
	t.Helper()
	if value == nil {
		return &jsonschema.Schema{Type: "null"}
	}
	anything := &jsonschema.Schema{}
	schema, err := jsonschema.ForType(reflect.TypeOf(value), &jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[json.RawMessage]():  anything,
		reflect.TypeFor[Kind]():             enum(kindList()...),
		reflect.TypeFor[Reason]():           enum(reasonList()...),
		reflect.TypeFor[RouteName]():        enum(RouteChatGPT, RoutePlatform),
		reflect.TypeFor[Status]():           enum(StatusCompleted, StatusIncomplete, StatusFailed, StatusCancelled),
		reflect.TypeFor[AuthState]():        enum(StateAuthenticated, StateUnauthenticated, StateExpired, StateError),
		reflect.TypeFor[AccountMode]():      enum(ModeChatGPT, ModeAPIKey),
		reflect.TypeFor[CredentialKind]():   enum(CredentialChatGPT, CredentialPlatformKey),
		reflect.TypeFor[ModelSource]():      enum(ModelFromResponse, ModelFromHeader, ModelUnknown),
		reflect.TypeFor[ModelListSource]():  enum(ModelsLive, ModelsCached, ModelsStatic),
		reflect.TypeFor[CredentialSource](): enum(SourceExplicitAPIKey, SourceEnvAPIKey, SourceEnvAccessToken, SourceAuthJSONAPIKey, SourceAuthJSONOAuth, SourceKeyringAPIKey, SourceKeyringOAuth, SourceTokenExchangeAPIKey, SourceUnknown),
	}})
	require.NoError(t, err)
	tighten(schema, map[*jsonschema.Schema]bool{})
	return schema
}

func enum[T ~string](values ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	return s
}

func kindList() []Kind {
	var list []Kind
	for _, row := range Errors {
		list = append(list, row.Kind)
	}
	return list
}

// tighten takes null out of lists and out of members that are left out instead;
// an enum that may be null says so. An error has a code, a reason and members of
// its kind.
func tighten(s *jsonschema.Schema, seen map[*jsonschema.Schema]bool) {
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	tighten(s.Items, seen)
	for name, p := range s.Properties {
		nullable := len(p.Types) == 2 && p.Types[0] == "null"
		optional := !slices.Contains(s.Required, name)
		switch {
		case nullable && (p.Types[1] == "array" || optional):
			p.Type, p.Types = p.Types[1], nil
		case nullable && p.Enum != nil:
			p.Enum = append(slices.Clone(p.Enum), nil)
		}
		tighten(p, seen)
	}
	if data := s.Properties["data"]; data != nil {
		byKind(s, data)
	}
}

// byKind ties code, reason and members of an error to its kind.
func byKind(failure, data *jsonschema.Schema) {
	data.DependentSchemas = map[string]*jsonschema.Schema{}
	for _, row := range Errors {
		kind := &jsonschema.Schema{Enum: []any{string(row.Kind)}}
		reason := &jsonschema.Schema{Not: &jsonschema.Schema{}} // none
		if row.Reasons != nil {
			reason = enum(row.Reasons...)
		}
		failure.AnyOf = append(failure.AnyOf, &jsonschema.Schema{Properties: map[string]*jsonschema.Schema{
			"code": {Enum: []any{int(row.Code)}},
			"data": {Properties: map[string]*jsonschema.Schema{"kind": kind, "reason": reason}},
		}})
		for _, name := range row.Members {
			if data.DependentSchemas[name] == nil {
				data.DependentSchemas[name] = &jsonschema.Schema{
					Properties: map[string]*jsonschema.Schema{"kind": {Type: "string"}},
				}
			}
			of := data.DependentSchemas[name].Properties["kind"]
			of.Enum = append(of.Enum, string(row.Kind))
		}
	}
}

// add puts a member into a schema that Encode appends by hand.
func add(s *jsonschema.Schema, name string, value *jsonschema.Schema, required bool) {
	s.Properties[name] = value
	if required {
		s.Required = append(s.Required, name)
	}
	s.PropertyOrder = append(s.PropertyOrder, name)
}

// TestSchemas keeps the golden files in step with the types.
func TestSchemas(t *testing.T) {
	all := schemas(t)
	for name, schema := range all {
		text, err := json.MarshalIndent(schema, "", "  ")
		require.NoError(t, err)
		path := filepath.Join(schemaFolder, name+".schema.json")
		if *update {
			require.NoError(t, os.MkdirAll(schemaFolder, 0o755))
			require.NoError(t, os.WriteFile(path, append(text, '\n'), 0o644))
		}
		golden, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(golden), string(text)+"\n", "run go test ./protocol -update")
		_, err = schema.Resolve(nil)
		require.NoError(t, err)
	}
	files, err := filepath.Glob(filepath.Join(schemaFolder, "*.schema.json"))
	require.NoError(t, err)
	require.Len(t, files, len(all))
}
