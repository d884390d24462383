//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

// TestValidationMatrix is the matrix of the validation report: strict routes, no
// alias, evidence. With the right credentials both models pass; in the report's
// own state of credentials gpt-5.2-pro is refused before anything is sent, and
// says why.
//
// Faults: F17s.
func TestValidationMatrix(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, state := range []string{"ok", "report"} {
		h := spawn(t, options{args: []string{"--simulate=" + state}})
		_, _ = fmt.Fprintf(&all, "# --simulate=%s\n", state)
		for _, model := range []string{codexModel, proModel} {
			o := h.create(fmt.Sprintf("%q", model), fmt.Sprintf(`{"model":%q,"input":"What is 2+2?","stream":true}`, model))
			all.WriteString(matrixRow(t, model, o.answer))
		}
		h.ping()
	}
	golden(t, "validation-matrix.golden", all.String())
}

// matrixRow is one row of the report.
func matrixRow(t *testing.T, model string, m message) string {
	t.Helper()
	verdict, evidence, reason := "PASS", protocol.Evidence{}, ""
	if m.Error != nil {
		var e protocol.Error
		require.NoError(t, json.Unmarshal(m.Error, &e))
		verdict, evidence, reason = "FAIL", *e.Data.Evidence, fmt.Sprintf("\n  %d %s/%s: %s %s", e.Code, e.Data.Kind, e.Data.Reason, e.Message, e.Data.Action)
	} else {
		var r protocol.CreateResult
		require.NoError(t, json.Unmarshal(m.Result, &r))
		evidence = r.Evidence
		assert.Equal(t, protocol.StatusCompleted, r.Status)
	}
	assert.Equal(t, model, evidence.RequestedModel)
	base := "null"
	if evidence.BaseURL != nil {
		// The simulator's paths are those of the real backends.
		_, path, _ := strings.Cut(strings.TrimPrefix(*evidence.BaseURL, "http://"), "/")
		base = "/" + path
	}
	effective, status := "null", "null"
	if evidence.EffectiveModel != nil {
		effective = *evidence.EffectiveModel
	}
	if evidence.Status != nil {
		status = fmt.Sprint(*evidence.Status)
	}
	return fmt.Sprintf("%s %s\n  requested_model %s, effective_model %s\n  api %s, base_url %s\n  credential_source %s, status %s, attempts %d%s\n",
		verdict, model, evidence.RequestedModel, effective, evidence.API, base, evidence.CredentialSource, status, len(evidence.Attempts), reason)
}
