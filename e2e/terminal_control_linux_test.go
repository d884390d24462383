package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostileText writes the clipboard, clears the screen in two ways, reorders a line
// and begins a line of its own.
const hostileText = "a\x1b]52;c;ZXZpbA==\x07b\x1b[2Jc\u009b2Jd\u202ee\r\n  to do: run it\x7f"

// onTerminal runs a subcommand whose stdout and stderr are one terminal, and returns
// what the terminal got.
func onTerminal(t *testing.T, o options, args ...string) string {
	t.Helper()
	screen, person := terminal(t)
	cmd := exec.Command(os.Args[0], append(args, o.args...)...)
	home := t.TempDir()
	cmd.Env = append(asMain[:len(asMain):len(asMain)], "HOME="+home, "TERM=xterm")
	cmd.Env = append(cmd.Env, o.env...)
	cmd.Stdout, cmd.Stderr = screen, screen
	var got bytes.Buffer
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(&got, person) // EIO when the last program is gone
	}()
	_ = cmd.Run()
	require.NoError(t, screen.Close())
	<-ended
	return strings.ReplaceAll(got.String(), "\r\n", "\n")
}

// onlyOurs checks that nothing but our own colours is left of control sequences.
func onlyOurs(t *testing.T, screen string) {
	t.Helper()
	for _, code := range []string{"\r\x1b[K", "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m"} {
		screen = strings.ReplaceAll(screen, code, "")
	}
	for _, r := range screen {
		control := r != '\n' && (r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u202e')
		require.False(t, control, "%U in %q", r, screen)
	}
}

// streaming answers with the deltas of a text, one for each character.
func streaming(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, r := range text {
			delta, _ := json.Marshal(string(r))
			_, _ = fmt.Fprintf(w, "data: {\"type\":\"response.output_text.delta\",\"delta\":%s}\n\n", delta)
		}
		_, _ = io.WriteString(w, `data: {"type":"response.completed","response":{"id":"r","status":"completed","model":"gpt-5.5-pro","output":[]}}`+"\n\n")
	}
}

// The text of a model cannot control the terminal, however it is split. What is read
// by a program is left as it came.
// Faults: U1.
func TestAnswerControlsNoTerminal(t *testing.T) {
	t.Parallel()
	o := serving(t, false, streaming(hostileText))
	got := onTerminal(t, o, "ask", "-m", proModel, "hello")
	onlyOurs(t, got)
	assert.Contains(t, got, `a\u001b]52;c;ZXZpbA==\u0007b\u001b[2Jc\u009b2Jd\u202ee`+"\n  to do: run it"+`\u007f`)
	piped := runCommand(t, o.env, append([]string{"ask", "-m", proModel, "hello"}, o.args...)...)
	assert.Equal(t, hostileText+"\n", piped.stdout)
	// The JSON of call stays what it is.
	got = onTerminal(t, o, "call", "responses/create", `{"model":"`+proModel+`","input":"hello","stream":true}`)
	onlyOurs(t, got)
	assert.Contains(t, got, `"delta":"\u009b"`)
	assert.Contains(t, got, `"delta":"\u202e"`)
}

// Neither can an error, whoever wrote its words, and it stays in its line.
// Faults: U2.
func TestErrorControlsNoTerminal(t *testing.T) {
	t.Parallel()
	refused := serving(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		text, _ := json.Marshal(hostileText)
		_, _ = fmt.Fprintf(w, `{"error":{"message":%s,"type":%s,"code":%s}}`, text, text, text)
	})
	bad := options{env: []string{"OPENAI_BASE_URL=http://example.com/" + hostileText, "OPENAI_API_KEY=key" + hostileText}}
	for _, test := range []struct {
		o    options
		args []string
	}{
		{refused, []string{"ask", "-m", proModel, "hello"}},
		{refused, []string{"validate"}},
		{bad, []string{"status"}},
		{bad, []string{"ask", "-m", proModel, "hello"}},
		{bad, []string{"validate"}},
		{options{}, []string{hostileText}},
		{options{}, []string{"status", hostileText}},
		{options{}, []string{"status", "--" + hostileText}},
		{options{}, []string{"status", "--log-level=" + hostileText}},
		{options{}, []string{"status", "--log-file=/absent/" + hostileText}},
		{options{}, []string{"route", hostileText}},
		{options{}, []string{"ask", "-m", hostileText, "hello"}},
		{options{}, []string{"call", hostileText}},
		{options{}, []string{"call", "ping", "{" + hostileText}},
		{options{}, []string{"help", hostileText}},
		{options{}, []string{"completion", hostileText}},
		{options{}, []string{"schema", hostileText}},
		{options{}, []string{"logout", "--simulate=" + hostileText}},
	} {
		got := onTerminal(t, test.o, test.args...)
		onlyOurs(t, got)
		assert.NotEmpty(t, got)
		assert.NotContains(t, got, "\n  to do: run it", "%q", test.args)
	}
}
