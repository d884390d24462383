package cli

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

// ask sends one prompt and streams the text of the answer to stdout.
func ask(p *program, args []string) int {
	model := ""
	f, rest, err := parseFlags("ask", args, p.stdout, func(set *flag.FlagSet) {
		set.StringVar(&model, "m", "", "the `MODEL` to ask")
		set.StringVar(&model, "model", "", "as -m")
	})
	prompt := ""
	if err == nil {
		prompt, err = p.prompt(model, rest)
	}
	if err != nil {
		return p.usageError(err)
	}
	body := map[string]any{"model": model, "input": prompt, "stream": true}
	text := false
	result, failure, code, err := p.once(f, protocol.MethodResponsesCreate, body, func(m message) {
		if delta := textDelta(m); delta != "" {
			text = true
			_, _ = io.WriteString(p.stdout, delta)
		}
	})
	if text {
		_, _ = fmt.Fprintln(p.stdout)
	}
	switch {
	case err != nil:
		return max(code, exitFailure)
	case failure != nil:
		p.printFailure(failure)
		return exitFailure
	}
	if !text {
		_, _ = fmt.Fprintln(p.stderr, "note: the answer holds no text; signalbox call shows it in full")
	}
	return p.afterAnswer(result)
}

// prompt returns the prompt: the arguments, or stdin for "-".
func (p *program) prompt(model string, args []string) (string, error) {
	switch {
	case model == "":
		return "", errors.New("ask needs a model: -m MODEL")
	case len(args) == 0:
		return "", errors.New("ask needs a prompt, or - for stdin")
	case len(args) == 1 && args[0] == "-":
		text, err := p.read(func() ([]byte, error) { return io.ReadAll(p.stdin) })
		return string(text), err
	}
	return strings.Join(args, " "), nil
}

// textDelta returns the text that a notification adds to the answer.
func textDelta(m message) string {
	var note struct {
		Event struct {
			Type  string `json:"type"`
			Delta string `json:"delta"`
		} `json:"event"`
	}
	// An event whose delta is not a string has no text.
	if m.method != protocol.NotificationEvent || json.Unmarshal(m.params, &note) != nil || note.Event.Type != "response.output_text.delta" {
		return ""
	}
	return note.Event.Delta
}

// afterAnswer prints what a person should know besides the text, and returns the
// exit code.
func (p *program) afterAnswer(result json.RawMessage) int {
	var r protocol.CreateResult
	if json.Unmarshal(result, &r) != nil {
		return exitFailure
	}
	if match := r.Evidence.ModelMatch; match != nil && !*match {
		_, _ = fmt.Fprintf(p.stderr, "note: %s answered instead of %s\n", terminal.Line(deref(r.Evidence.EffectiveModel)), terminal.Line(r.Evidence.RequestedModel))
	}
	if r.Status != protocol.StatusCompleted {
		_, _ = fmt.Fprintf(p.stderr, "note: the answer is %s\n", r.Status)
		return exitFailure
	}
	return exitSuccess
}
