package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// isOpen: nothing of the params and results of these methods is secret by its
// nature. Of others, a misspelt auth/login among them, the allow-list decides.
func isOpen(method string) bool {
	switch method {
	case "initialize", "initialized", "ping", "shutdown", "exit":
		return true
	}
	for _, family := range []string{"responses/", "routes/", "models/", "limits/", "server/", "rpc.", "window/", "workspace/", "$/"} {
		if strings.HasPrefix(method, family) {
			return true
		}
	}
	return false
}

// Message traces a message between host and server. out: to the host. id is raw,
// nil for a notification; member is params, result or error, and value its JSON or
// nothing. Nothing of them is kept. An error goes by the mask, whatever the
// method: no error holds a secret.
func (f *File) Message(out bool, id []byte, method, member string, value []byte) {
	r := record{Kind: "rpc.in", Method: method}
	if out {
		r.Kind = "rpc.out"
	}
	if id != nil {
		r.ID = json.RawMessage(bytes.Clone(id))
	}
	switch {
	case len(value) == 0:
	case member != "error" && !isOpen(method):
		plain, ok := plainObject(value, plainParams(), []string{"state", "mode", "code", "message"})
		if !ok {
			plain = fmt.Sprintf("[%d bytes left out]", len(value))
		}
		r.Text = member + " " + plain
	default:
		text, omitted := bounded(value)
		r.Text, r.Omitted = member+" "+text, omitted
	}
	f.add(r)
}
