package protocol

import "embed"

// The generated descriptions of the protocol. `go test ./protocol -update`
// writes them from the types and tables of this package and their comments.
//
//go:embed schema
var schemaFiles embed.FS

// SchemaLanguages are the languages of [Schema].
var SchemaLanguages = []string{"openrpc", "jsonschema", "typescript", "python"}

// schemaNames are their files.
var schemaNames = map[string]string{
	"openrpc":    "schema/openrpc.json",
	"jsonschema": "schema/signalbox.schema.json",
	"typescript": "schema/signalbox.ts",
	"python":     "schema/signalbox.py",
}

// Schema returns the protocol in one of SchemaLanguages: the OpenRPC document
// that rpc.discover returns, JSON Schema (2020-12) of every message, types for
// TypeScript, or typed dictionaries for Python. For an unknown language it returns "".
func Schema(language string) string {
	text, err := schemaFiles.ReadFile(schemaNames[language])
	if err != nil {
		return ""
	}
	return string(text)
}
