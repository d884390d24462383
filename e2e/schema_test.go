//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"
)

// messageSchemas are the goldens of testdata/protocol, by file name.
var messageSchemas = sync.OnceValues(func() (map[string]*jsonschema.Resolved, error) {
	const suffix = ".schema.json"
	files, err := filepath.Glob("../testdata/protocol/*" + suffix)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*jsonschema.Resolved, len(files))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var schema jsonschema.Schema
		if err := json.Unmarshal(text, &schema); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if all[strings.TrimSuffix(filepath.Base(file), suffix)], err = schema.Resolve(nil); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return all, nil
})

// checkSchema holds a message against its schema.
func checkSchema(m message) error {
	all, err := messageSchemas()
	if err != nil {
		return err
	}
	name, part := m.schema()
	schema := all[name]
	if schema == nil {
		return fmt.Errorf("there is no schema for %.200s", m.Raw)
	}
	var value any
	if err := json.Unmarshal(part, &value); err != nil {
		return err
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("not a %s: %w: %.500s", name, err, part)
	}
	return nil
}

// schema names the schema of a message and returns the part that it describes. A
// result does not say what it is the result of, but each has a member of its
// own.
func (m message) schema() (name string, part []byte) {
	switch {
	case m.Method == "responses/event":
		// The event is the upstream's; it may hold numbers that Go has no type for.
		var params map[string]json.RawMessage
		if json.Unmarshal(m.Params, &params) == nil && params["event"] != nil {
			params["event"] = json.RawMessage("{}")
			part, _ = json.Marshal(params)
		}
		return "responses-event.params", part
	case !m.isAnswer():
		return strings.ReplaceAll(m.Method, "/", "-") + ".params", m.Params
	case m.Error != nil:
		return "error", m.Error
	}
	for _, kind := range []struct{ member, name string }{
		{"serverInfo", "initialize"},
		{"uptimeMs", "server-diagnostics"},
		{"openrpc", "rpc.discover"},
		{"models", "models-list"},
		{"platform", "limits-read"},
		{"credentials", "auth-status"},
		{"rule", "routes-resolve"},
		{"streamId", "responses-create"},
		{"loginId", "auth-login"},
		{"refreshed", "auth-refresh"},
		{"credential", "auth-exchange"},
		{"auth", "auth-logout"},
		{"status", "responses-cancel"},
	} {
		var members map[string]json.RawMessage
		if json.Unmarshal(m.Result, &members) == nil && members[kind.member] != nil {
			return kind.name + ".result", m.Result
		}
	}
	if string(m.Result) == "null" {
		return "shutdown.result", m.Result
	}
	return "ping.result", m.Result
}

func TestCheckSchemaFindsWhatIsWrong(t *testing.T) {
	for raw, good := range map[string]bool{
		`{"jsonrpc":"2.0","id":1,"result":{}}`:                                                                                            true,
		`{"jsonrpc":"2.0","id":1,"result":null}`:                                                                                          true,
		`{"jsonrpc":"2.0","id":1,"result":{"status":"notFound"}}`:                                                                         true,
		`{"jsonrpc":"2.0","id":1,"result":{"status":1}}`:                                                                                  false,
		`{"jsonrpc":"2.0","id":1,"result":{"status":"x","more":true}}`:                                                                    false,
		`{"jsonrpc":"2.0","id":1,"result":{"something":1}}`:                                                                               false,
		`{"jsonrpc":"2.0","method":"responses/unknown","params":{}}`:                                                                      false,
		`{"jsonrpc":"2.0","method":"responses/event","params":{"streamId":"s","requestId":1,"seq":1,"event":[]}}`:                         true,
		`{"jsonrpc":"2.0","method":"responses/event","params":{"streamId":"s","requestId":1,"seq":"1","event":[]}}`:                       false,
		`{"jsonrpc":"2.0","id":1,"error":{"code":1000,"message":"m","data":{"kind":"busy","retryable":true}}}`:                            true,
		`{"jsonrpc":"2.0","id":1,"error":{"code":1000,"message":"m","data":{"kind":"bored","retryable":true}}}`:                           false,
		`{"jsonrpc":"2.0","id":1,"error":{"code":1000,"message":"m","data":{"kind":"busy"}}}`:                                             false,
		`{"jsonrpc":"2.0","id":1,"error":{"code":1000,"message":"m","data":{"kind":"busy","retryable":true,"evidence":{"status":null}}}}`: false,
	} {
		m := message{Raw: []byte(raw)}
		require.NoError(t, json.Unmarshal(m.Raw, &m))
		if err := checkSchema(m); good {
			require.NoError(t, err, raw)
		} else {
			require.Error(t, err, raw)
		}
	}
}
