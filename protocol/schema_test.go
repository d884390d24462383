package protocol

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// schemaFolder holds a schema of each message that the server sends; tests of
// the binary hold every message against them.
const schemaFolder = "../testdata/protocol"

// schemas gives the schema of each message, by file name.
func schemas(t *testing.T) map[string]*jsonschema.Schema {
	object := &jsonschema.Schema{Type: "object"}
	create := derive[CreateResult](t)
	add(create, "usage", &jsonschema.Schema{Types: []string{"null", "object"}}, true)
	add(create, "response", object, false)
	completed := derive[Completed](t)
	add(completed, "usage", object, false)
	event := derive[struct {
		StreamID  string          `json:"streamId"`
		RequestID json.RawMessage `json:"requestId"`
		Seq       int64           `json:"seq"`
		Event     json.RawMessage `json:"event"`
	}](t)
	return map[string]*jsonschema.Schema{
		"initialize.result":          derive[InitializeResult](t),
		"ping.result":                derive[struct{}](t),
		"shutdown.result":            {Type: "null"},
		"auth-status.result":         derive[AuthStatus](t),
		"routes-resolve.result":      derive[ResolveResult](t),
		"responses-create.result":    create,
		"responses-cancel.result":    derive[CancelStreamResult](t),
		"responses-started.params":   derive[Started](t),
		"responses-event.params":     event,
		"responses-completed.params": completed,
		"error":                      derive[Error](t),
	}
}

// derive makes the schema of a type, with the closed lists as enums.
func derive[T any](t *testing.T) *jsonschema.Schema {
	t.Helper()
	anything := &jsonschema.Schema{}
	schema, err := jsonschema.For[T](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[json.RawMessage]():  anything,
		reflect.TypeFor[Kind]():             enum(kindList()...),
		reflect.TypeFor[RouteName]():        enum(RouteChatGPT, RoutePlatform),
		reflect.TypeFor[Status]():           enum(StatusCompleted, StatusIncomplete, StatusFailed, StatusCancelled),
		reflect.TypeFor[AuthState]():        enum(StateAuthenticated, StateUnauthenticated, StateExpired, StateError),
		reflect.TypeFor[AccountMode]():      enum(ModeChatGPT, ModeAPIKey),
		reflect.TypeFor[CredentialKind]():   enum(CredentialChatGPT, CredentialPlatformKey),
		reflect.TypeFor[ModelSource]():      enum(ModelFromResponse, ModelFromHeader, ModelUnknown),
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
	for _, kind := range kinds {
		list = append(list, kind)
	}
	slices.Sort(list)
	return list
}

// tighten takes null out of lists and out of members that are left out instead;
// an enum that may be null says so.
func tighten(s *jsonschema.Schema, seen map[*jsonschema.Schema]bool) {
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	tighten(s.Items, seen)
	for name, p := range s.Properties {
		nullable := len(p.Types) == 2 && p.Types[0] == "null"
		switch {
		case nullable && (p.Types[1] == "array" || !slices.Contains(s.Required, name)):
			p.Type, p.Types = p.Types[1], nil
		case nullable && p.Enum != nil:
			p.Enum = append(slices.Clone(p.Enum), nil)
		}
		tighten(p, seen)
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
