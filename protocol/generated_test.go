package protocol

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"
)

// TestGeneratedSchemas keeps the descriptions of the protocol in step with the
// types and tables.
func TestGeneratedSchemas(t *testing.T) {
	m := protocolModel(t)
	generators := map[string]func(*testing.T, *model) []byte{
		"openrpc": openRPCDocument, "jsonschema": jsonSchemaDocument, "typescript": typescript, "python": python,
	}
	require.Len(t, generators, len(SchemaLanguages))
	for _, language := range SchemaLanguages {
		path := schemaNames[language]
		text := string(generators[language](t, m))
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			continue
		}
		require.Equal(t, Schema(language), text, "run go test ./protocol -update")
	}
	files, err := filepath.Glob("schema/*")
	require.NoError(t, err)
	require.Len(t, files, len(generators))
	require.Empty(t, Schema("cobol"))
}

func parseJSON(t *testing.T, text string) (value any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	return value
}

func parseSchema(t *testing.T, text []byte) *jsonschema.Resolved {
	t.Helper()
	var schema jsonschema.Schema
	require.NoError(t, json.Unmarshal(text, &schema))
	resolved, err := schema.Resolve(nil)
	require.NoError(t, err)
	return resolved
}
