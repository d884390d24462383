//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// gateRow is a row of validate (docs/reference.md: Gate).
type gateRow struct {
	Gate             string  `json:"gate"`
	Model            string  `json:"model"`
	Status           string  `json:"status"`
	Required         bool    `json:"required"`
	RequestedModel   *string `json:"requested_model"`
	EffectiveModel   *string `json:"effective_model"`
	API              string  `json:"api"`
	BaseURL          *string `json:"base_url"`
	CredentialSource string  `json:"credential_source"`
	HTTPStatus       *int    `json:"http_status"`
	Category         string  `json:"category"`
	Reason           string  `json:"reason"`
	Message          string  `json:"message"`
	Action           string  `json:"action"`
}

// text is the row as one line, without what the network chooses.
func (r gateRow) text() string {
	base := "null"
	if r.BaseURL != nil {
		_, path, _ := strings.Cut(strings.TrimPrefix(*r.BaseURL, "http://"), "/")
		base = "/" + path
	}
	status := "null"
	if r.HTTPStatus != nil {
		status = fmt.Sprint(*r.HTTPStatus)
	}
	line := fmt.Sprintf("%s %s: requested_model %s, effective_model %s, api %s, base_url %s, credential_source %s, http_status %s",
		r.Status, r.Gate, orNull(r.RequestedModel), orNull(r.EffectiveModel), r.API, base, r.CredentialSource, status)
	if r.Category != "" {
		line += fmt.Sprintf("\n  %s %s", r.Category, r.Reason)
	}
	return line
}

func orNull(text *string) string {
	if text == nil {
		return "null"
	}
	return *text
}

// finished is what a command came to.
type finished struct {
	code           int
	stdout, stderr string
}

// command runs a subcommand to its end, in an empty home unless env names one.
func runCommand(t *testing.T, env []string, args ...string) finished {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	home := t.TempDir()
	cmd.Env = slices.Concat(asMain, []string{"HOME=" + home, "CODEX_HOME=" + home}, env)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	out := finished{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	for _, text := range []string{out.stdout, out.stderr} {
		require.False(t, strings.Contains(text, testcheck.Canary), "a secret was printed")
	}
	return out
}

// validation runs `validate --json`.
func validation(t *testing.T, env []string, args ...string) (pass bool, rows []gateRow, code int) {
	t.Helper()
	out := runCommand(t, env, append([]string{"validate", "--json"}, args...)...)
	require.Empty(t, out.stderr)
	var v struct {
		Pass bool      `json:"pass"`
		Rows []gateRow `json:"rows"`
	}
	d := json.NewDecoder(strings.NewReader(out.stdout))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&v), out.stdout)
	for _, r := range v.Rows {
		failed := r.Status == "FAIL"
		assert.Contains(t, []string{"PASS", "FAIL"}, r.Status)
		assert.Equal(t, failed, r.Category != "", r.text())
		if failed {
			assert.Regexp(t, `^[A-Za-z].*\.$`, r.Message)
			assert.Regexp(t, `^[A-Z].*\.$`, r.Action)
		}
		// An absent value is null, and never missing.
		for _, name := range []string{"requested_model", "effective_model", "base_url", "http_status"} {
			assert.Equal(t, len(v.Rows), strings.Count(out.stdout, `"`+name+`":`))
		}
	}
	return v.Pass, v.Rows, out.code
}

// TestValidate is the validation report as a command: all green, the report's
// own state, and other states that must not pass.
func TestValidate(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, scenario := range []string{"ok", "report", "logged-out", "mismatch", "usage-limit", "cut", "failed", "incomplete"} {
		pass, rows, code := validation(t, nil, "--simulate="+scenario)
		_, _ = fmt.Fprintf(&all, "# --simulate=%s: pass %v, exit code %d\n", scenario, pass, code)
		required := true
		for i, r := range rows {
			assert.Equal(t, i < 2, r.Required, "the required rows come first")
			required = required && (!r.Required || r.Status == "PASS")
			all.WriteString(r.text() + "\n")
		}
		assert.Equal(t, required, pass)
		assert.Equal(t, pass, code == 0)
		assert.Equal(t, !pass, code == 1)
	}
	golden(t, "validate.golden", all.String())
}

// What validate sends: the question to each pinned model over its route and
// nothing else in it, and four GETs with the headers of the route.
func TestValidateSends(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	pass, _, code := validation(t, []string{"CODEX_HOME=" + home},
		"--chatgpt-base-url="+sim.ChatGPTURL(), "--platform-base-url="+sim.PlatformURL(), "--client-version=0.170.0")
	assert.True(t, pass)
	assert.Equal(t, 0, code)

	requests := slices.DeleteFunc(sim.Requests(), func(r simulator.Request) bool {
		// The model call on the ChatGPT route asks for the region of the workspace first.
		return r.Method == http.MethodPost || r.Header.Get("accept") == "*/*"
	})
	var probes []string
	for _, r := range requests {
		probes = append(probes, r.Path+"?"+r.Query)
		assert.Equal(t, http.MethodGet, r.Method)
		assert.Equal(t, sim.Login().AccountID, r.Header.Get("chatgpt-account-id"))
		assert.Equal(t, "application/json", r.Header.Get("accept"))
		assert.Equal(t, "0.170.0", r.Header.Get("version"))
		assert.Equal(t, "signalbox", r.Header.Get("originator"))
		assert.Empty(t, r.Body)
	}
	for _, wanted := range []string{
		"/backend-api/codex/models?client_version=0.170.0", "/backend-api/wham/accounts/check?",
		"/backend-api/me?", "/backend-api/conversations?limit=1&offset=0",
	} {
		assert.Contains(t, probes, wanted)
	}
	var bodies []string
	for _, r := range sim.Requests() {
		if r.Method == http.MethodPost {
			bodies = append(bodies, string(r.Body))
		}
	}
	require.Len(t, bodies, 2)
	assert.JSONEq(t, `{"model":"gpt-5.2-codex","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"What is 2+2?"}]}],"stream":true,"store":false,"instructions":""}`, bodies[0])
	assert.JSONEq(t, `{"model":"gpt-5.2-pro","input":"What is 2+2?","stream":true}`, bodies[1])
}

// A probe that is refused is no reason to fail: only the models are required.
func TestValidateProbesAreNotRequired(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	// A base whose parent serves nothing.
	o := proxied(t, sim.ChatGPTURL(), "/elsewhere/codex")
	pass, rows, code := validation(t, []string{"CODEX_HOME=" + home}, "--chatgpt-base-url="+o, "--platform-base-url="+sim.PlatformURL())
	assert.True(t, pass)
	assert.Equal(t, 0, code)
	require.Len(t, rows, 6)
	assert.Equal(t, "PASS", rows[2].Status)
	for _, r := range rows[3:] {
		assert.Equal(t, "FAIL", r.Status)
		assert.Equal(t, "upstream_rejected/not_found", r.Category+"/"+r.Reason)
		assert.Equal(t, 404, *r.HTTPStatus)
	}
}

// A signal ends it, without a half table of results.
func TestValidateEndsAtASignal(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{Scenario: "idle"})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	cmd := exec.Command(os.Args[0], "validate", "--json", "--chatgpt-base-url="+sim.ChatGPTURL(), "--platform-base-url="+sim.PlatformURL())
	cmd.Env = append(asMain[:len(asMain):len(asMain)], "HOME="+home, "CODEX_HOME="+home)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	require.NoError(t, cmd.Start())
	awaitThat(t, "the first gate", func() bool { return len(sim.Requests()) > 0 })
	start := time.Now()
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	_ = cmd.Wait()
	within(t, start, 2*time.Second)
	assert.Equal(t, 130, shellCode(cmd.ProcessState))
	assert.Empty(t, stdout.String())
}
