//go:build unix

package e2e

import (
	"encoding/json"

	"github.com/stretchr/testify/require"
)

// framings by the name of their tests.
var framings = map[string]bool{"ndjson": ndjson, "lsp": lsp}

// begin makes the process ready for requests: header framing wants an
// initialize.
func (h *host) begin() {
	h.t.Helper()
	if h.lsp {
		m := h.call(`"begin"`, "initialize", `{"processId":null}`)
		require.NotNil(h.t, m.Result, "%s", m.Raw)
	}
}

// delta is the text of an output_text.delta event, else "".
func delta(event []byte) string {
	var e struct{ Type, Delta string }
	if json.Unmarshal(event, &e) != nil || e.Type != "response.output_text.delta" {
		return ""
	}
	return e.Delta
}
