//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// traceLine is as much of a line as these tests read.
type traceLine struct {
	At, Kind, Method, URL, Text string
	N                           int
	Status                      int
	Headers                     map[string]string
}

// readTrace reads a trace that must hold no secret.
func readTrace(t *testing.T, path string) []traceLine {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.False(t, bytes.Contains(text, []byte(testcheck.Canary)), "a secret is in the trace")
	var all []traceLine
	for line := range strings.Lines(string(text)) {
		var l traceLine
		require.NoError(t, json.Unmarshal([]byte(line), &l))
		assert.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`, l.At)
		all = append(all, l)
	}
	return all
}

// Every subcommand that sends anything traces it: headers and bodies of both
// routes, masked.
func TestTraceOfEachCommand(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		args     []string
		requests int
	}{
		{[]string{"ask", "-m", codexModel, "What is 2+2?"}, 1},
		{[]string{"ask", "-m", proModel, "What is 2+2?"}, 1},
		{[]string{"call", "responses/create", `{"model":"gpt-5.2-pro","input":"What is 2+2?"}`}, 1},
		{[]string{"validate"}, 2},
		{[]string{"status"}, 0},
		{[]string{"route", codexModel}, 0},
	} {
		path := filepath.Join(t.TempDir(), "trace")
		out := runCommand(t, nil, append(row.args, "--simulate", "--trace="+path)...)
		require.Equal(t, 0, out.code, out.stderr)
		lines, calls, open := readTrace(t, path), 0, map[int]bool{}
		all := ""
		for _, l := range lines {
			switch l.Kind {
			case "request":
				if strings.HasSuffix(l.URL, "/responses") {
					calls++
				}
				open[l.N] = true
				assert.Equal(t, "Bearer [redacted]", l.Headers["authorization"])
			case "response":
				assert.Equal(t, 200, l.Status)
			case "end":
				delete(open, l.N)
			}
			all += l.Text
		}
		assert.Equal(t, row.requests, calls, row.args)
		assert.Empty(t, open, "each has its end")
		assert.Equal(t, row.requests > 0, strings.Contains(all, "What is 2+2?"), "the prompt is there")
		assert.Equal(t, row.requests > 0, strings.Contains(all, "2 + 2 = 4."), "and so is the answer")
		assert.Equal(t, "rpc.in", lines[0].Kind)
	}
}

// What the upstream echoes is masked by value, and what looks like a token by its
// shape; the params of auth/… go by an allow-list, also those that are refused.
func TestTraceMasks(t *testing.T) {
	t.Parallel()
	for _, scenario := range []string{"echo-secret", "report", "unauthorized"} {
		path := filepath.Join(t.TempDir(), "trace")
		h := spawn(t, options{args: []string{"--simulate=" + scenario, "--trace", path}})
		for i, model := range []string{codexModel, proModel} {
			h.call(fmt.Sprint(i), "responses/create", fmt.Sprintf(`{"model":%q,"input":"Hello."}`, model))
		}
		// Not one that is known by value, or by its shape.
		h.call("9", "auth/login", `{"method":"apiKey","apiKey":" `+testcheck.Canary+` "}`)
		h.call("10", "responses/create", `{"model":"gpt-5.2-pro","input":"my key is sk-proj-`+testcheck.Canary+`"}`)
		require.NoError(t, h.in.Close())
		h.exit()
		lines := readTrace(t, path)
		assert.NotEmpty(t, lines)
	}
}

// A trace writes over nothing: exit 2, with a sentence.
func TestTraceIsANewFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "trace")
	require.NoError(t, os.WriteFile(path, []byte("mine"), 0o600))
	for _, args := range [][]string{{"status"}, {"serve"}, {"validate"}, {"ask", "-m", "m", "p"}, {"call", "ping"}, {"route", "m"}} {
		for _, to := range []string{path, filepath.Join(path, "below"), filepath.Dir(path)} {
			out := runCommand(t, nil, append(args, "--simulate", "--trace", to)...)
			assert.Equal(t, 2, out.code, args)
			assert.Empty(t, out.stdout)
			assert.Contains(t, out.stderr, "--trace: ")
		}
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "mine", string(text))
}

// A full disk ends the trace, with a warning, and nothing else.
func TestTraceOnAFullDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command("sh", "-c", `ulimit -f 16; exec "$0" "$@"`, os.Args[0], "validate", "--simulate", "--trace="+path)
	cmd.Env = append(asMain[:len(asMain):len(asMain)], "HOME="+t.TempDir(), "TMPDIR="+t.TempDir())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	assert.Contains(t, string(out), "2 of 2 required gates pass")
	assert.Equal(t, 1, strings.Count(stderr.String(), "the trace ends here"), stderr.String())
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.LessOrEqual(t, info.Size(), int64(16*1024))
}

// The bytes of a large stream go by while they are traced.
func TestTraceOfALargeStream(t *testing.T) {
	t.Parallel()
	var stream strings.Builder
	events := 2000
	if less() {
		events = 400
	}
	for range events {
		_, _ = fmt.Fprintf(&stream, "data: {\"type\":\"x\",\"d\":%q}\n\n", strings.Repeat("y", 4000))
	}
	stream.WriteString("data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"model\":\"gpt-5.2-codex\",\"output\":[]}}\n\n")
	sim := simulated(t, simulator.Config{Replay: []byte(stream.String())})
	path := filepath.Join(t.TempDir(), "trace")
	h := spawn(t, options{upstream: sim, args: []string{"--trace=" + path}})
	o := h.create("1", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`)
	assert.Equal(t, "completed", o.status())
	require.NoError(t, h.in.Close())
	assert.Equal(t, 0, h.exit())
	var traced strings.Builder
	call := 0
	for _, l := range readTrace(t, path) {
		if l.Kind == "request" && strings.HasSuffix(l.URL, "/responses") {
			call = l.N
		}
		if l.Kind == "response.body" && l.N == call {
			traced.WriteString(l.Text)
		}
	}
	assert.Equal(t, stream.Len(), traced.Len())
	assert.True(t, stream.String() == traced.String(), "byte for byte")
}
