//go:build unix

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// At the level debug the log says what was answered and how, to the file that
// was named and not to stderr; never what was said.
func TestLogFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	for range 2 { // the second appends
		h := spawn(t, options{args: []string{"--simulate", "--log-level=debug", "--log-file", path}})
		h.create("1", `{"model":"gpt-5.2-codex","input":"my prompt `+testcheck.Canary+`"}`)
		h.create("2", `{"model":"gpt-5.2-pro","input":"my prompt","_meta":{"simulate":"rate-limit"}}`)
		h.call("3", "auth/status", "")
		h.call("4", "routes/resolve", `{"model":""}`)
		h.stdout.Reset() // the echo of the prompt
		require.NoError(t, h.in.Close())
		assert.Equal(t, 0, h.exit())
		assert.Empty(t, h.stderr.String())
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	log := string(text)
	require.False(t, strings.Contains(log, testcheck.Canary), "a secret is in the log")
	for _, want := range []string{
		"model=gpt-5.2-codex status=completed source=codex_auth_json_oauth", "route=chatgpt http=200",
		"http=429 code=1103 kind=rate_limited reason=tokens", "msg=answered method=auth/status", "method=routes/resolve", "code=-32602 kind=invalid_params",
	} {
		assert.Equal(t, 2, strings.Count(log, want), "%s in\n%s", want, log)
	}
	for _, not := range []string{"my prompt", "2 + 2", "ada@example.com"} {
		assert.NotContains(t, log, not)
	}
}

// By default the log is silent about what works, and warns of what does not.
func TestLogWarns(t *testing.T) {
	t.Parallel()
	env := []string{"OPENAI_BASE_URL=ftp://" + testcheck.Canary, "CODEX_CA_CERTIFICATE=/nowhere/ca.pem", "OPENAI_API_KEY=sk-" + testcheck.Canary}
	out := runCommand(t, env, "status")
	assert.Contains(t, out.stderr, "level=WARN msg=\"OPENAI_BASE_URL ")
	assert.Contains(t, out.stderr, "level=WARN msg=\"CODEX_CA_CERTIFICATE is not used: ")
	assert.Empty(t, runCommand(t, env, "status", "--log-level=error").stderr)
	assert.Empty(t, runCommand(t, nil, "validate", "--simulate").stderr)
}

// A log that cannot be opened is a usage error; one that takes nothing holds
// nothing up.
//
// Faults: D12.
func TestLogIsNeverWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, path := range []string{dir, filepath.Join(dir, "no", "log"), pipe} {
		out := runCommand(t, nil, "status", "--simulate", "--log-file="+path)
		assert.Equal(t, 2, out.code)
		assert.Contains(t, out.stderr, "--log-file: ")
	}
	reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0) // which never reads
	require.NoError(t, err)
	t.Cleanup(func() { _ = reader.Close() })
	for _, path := range []string{"/dev/full", pipe} {
		h := spawn(t, options{args: []string{"--simulate", "--log-level=debug", "--log-file=" + path}})
		const pings = 2000 // each is a line; 64 KiB fit into the pipe
		h.write(pingNumbers(h, pings))
		h.pongs(pings)
		assert.Equal(t, "completed", h.create("\"x\"", `{"model":"gpt-5.2-codex","input":"Hello."}`).status())
		require.NoError(t, h.in.Close())
		assert.Equal(t, 0, h.exit())
	}
}

// At info the log has a line for each request that is sent again and for each refresh,
// as text or as JSON, and never the prompt.
func TestLogOfRetriesAndRefreshes(t *testing.T) {
	t.Parallel()
	out := runCommand(t, nil, "ask", "-m", "gpt-5.2-codex", "my prompt", "--simulate=server-error", "--log-level=info", "--log-format=json")
	var retries []map[string]any
	for line := range strings.Lines(out.stderr) {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) == nil && record["msg"] == "the request is sent again" {
			retries = append(retries, record)
		}
	}
	require.Len(t, retries, 4, out.stderr)
	for i, r := range retries {
		assert.Equal(t, "INFO", r["level"])
		assert.Equal(t, []any{"1", float64(i + 2), float64(5), float64(500), "server_error"}, []any{r["request"], r["attempt"], r["of"], r["http"], r["reason"]})
		assert.NotEmpty(t, r["upstream_request_id"])
	}
	assert.NotContains(t, out.stderr, "my prompt")
	out = runCommand(t, nil, "ask", "-m", "gpt-5.2-codex", "my prompt", "--simulate=expired", "--log-level=info")
	assert.Regexp(t, `level=INFO msg="the login was refreshed" why=proactive_expiry try=1 upstream_request_id=[0-9a-f-]{36}\n`, out.stderr)
	assert.NotContains(t, out.stderr, "my prompt")
	out = runCommand(t, nil, "ask", "-m", "gpt-5.2-codex", "my prompt", "--simulate=refresh-revoked", "--log-level=info")
	assert.Regexp(t, `level=INFO msg="the login was not refreshed" why=proactive_expiry try=1 error=.* upstream_request_id=[0-9a-f-]{36}\n`, out.stderr)
	assert.NotContains(t, out.stderr, "my prompt")
	assert.Empty(t, runCommand(t, nil, "ask", "-m", "gpt-5.2-codex", "hi", "--simulate=expired").stderr)
}
