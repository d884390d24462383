//go:build unix

package e2e

import (
	"encoding/json"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

// rpc.discover answers the document of `signalbox schema`, which names what
// initialize lists, and its JSON Schema twin describes what both sides then say.
func TestDiscover(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := spawn(t, options{lsp: framing, args: []string{"--simulate"}})
			var hello struct {
				Capabilities struct{ Methods, Notifications []string }
			}
			first := h.call("0", "initialize", `{"processId":null,"capabilities":{"window":{"logMessage":true}}}`)
			require.NoError(t, json.Unmarshal(first.Result, &hello))

			answer := h.call("1", "rpc.discover", "")
			require.JSONEq(t, protocol.Schema("openrpc"), string(answer.Result))
			require.NotContains(t, string(answer.Raw), "\n")
			var document struct {
				Methods             []struct{ Name string }
				ServerNotifications []struct{ Name string } `json:"x-serverNotifications"`
			}
			require.NoError(t, json.Unmarshal(answer.Result, &document))
			var methods, notifications []string
			for _, m := range document.Methods {
				methods = append(methods, m.Name)
			}
			for _, m := range document.ServerNotifications {
				notifications = append(notifications, m.Name)
			}
			require.Subset(t, methods, hello.Capabilities.Methods)
			require.ElementsMatch(t, hello.Capabilities.Notifications, notifications)

			var schema jsonschema.Schema
			require.NoError(t, json.Unmarshal([]byte(protocol.Schema("jsonschema")), &schema))
			said, err := schema.Resolve(nil)
			require.NoError(t, err)
			h.send(
				request("2", "auth/status", ""),
				request("3", "routes/resolve", `{"model":"gpt-5.2-pro","route":"chatgpt"}`),
				request("4", "responses/create", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true,"_meta":{"streamId":"s"}}`),
				request("5", "no/such/method", ""),
				request("6", "server/diagnostics", ""),
				request("7", "ping", ""),
			)
			messages := []message{first, answer}
			for answers := 0; answers < 6; {
				m := h.mustNext()
				messages = append(messages, m)
				if m.isAnswer() {
					answers++
				}
			}
			for _, m := range messages {
				var value any
				require.NoError(t, json.Unmarshal(m.Raw, &value))
				require.NoError(t, said.Validate(value), "%.2000s", m.Raw)
			}
		})
	}
}
