//go:build unix

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// A private authority is trusted when CODEX_CA_CERTIFICATE names it, and only
// then; a file that holds none is a warning.
func TestPrivateAuthority(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{TLS: true})
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, sim.Certificate(), 0o600))
	const params = `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`

	h := spawn(t, options{upstream: sim, env: []string{"CODEX_CA_CERTIFICATE=" + file}})
	assert.Equal(t, "completed", h.create("1", params).status())

	h = spawn(t, options{upstream: sim})
	refused(t, h.create("1", params).answer, 1104, "upstream_unavailable", "tls")

	for _, bad := range []string{file + ".absent", os.Args[0]} {
		h = spawn(t, options{upstream: sim, env: []string{"CODEX_CA_CERTIFICATE=" + bad}})
		var auth protocol.AuthStatus
		require.NoError(t, json.Unmarshal(h.call("1", "auth/status", "").Result, &auth))
		assert.Contains(t, strings.Join(auth.Warnings, "\n"), "CODEX_CA_CERTIFICATE is not used: ")
		refused(t, h.create("2", params).answer, 1104, "upstream_unavailable", "tls")
	}
}
