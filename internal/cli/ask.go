package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

func (p *program) askCommand() *cobra.Command {
	model := ""
	c := p.command(spec{
		use: "ask -m MODEL PROMPT|-", short: "ask a model and stream its text",
		about: `
The text goes to stdout, everything else to stderr; "-" reads the prompt from
stdin.

  git diff | signalbox ask -m gpt-5.2-codex -
`,
		args: func([]string) error { return nil },
		run: func(args []string) error {
			prompt, err := p.prompt(model, args)
			if err != nil {
				return err
			}
			return p.ask(model, prompt)
		},
	})
	c.Flags().StringVarP(&model, "model", "m", "", "the `MODEL` to ask")
	return c
}

// ask sends one prompt and streams the text of the answer to stdout.
func (p *program) ask(model, prompt string) error {
	body := map[string]any{"model": model, "input": prompt, "stream": true}
	text := false
	result, failure, err := p.once(protocol.MethodResponsesCreate, body, func(m message) {
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
		return err
	case failure != nil:
		p.printFailure(failure)
		return exited(exitFailure)
	}
	if !text {
		_, _ = fmt.Fprintln(p.stderr, "note: the answer holds no text; signalbox call shows it in full")
	}
	return exit(p.afterAnswer(result))
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
