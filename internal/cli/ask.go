package cli

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/signalbox-dev/signalbox/protocol"
)

// ask sends one prompt and streams the text of the answer to stdout.
func ask(p *program, args []string) int {
	model := ""
	s, rest, err := parseFlags("ask", args, p.stdout, func(f *flag.FlagSet) {
		f.StringVar(&model, "m", "", "the `MODEL` to ask")
		f.StringVar(&model, "model", "", "as -m")
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
	result, failure, code, err := p.once(s, protocol.MethodResponsesCreate, body, func(line []byte) {
		if delta := textDelta(line); delta != "" {
			text = true
			_, _ = io.WriteString(p.stdout, delta)
		}
	})
	if text {
		_, _ = fmt.Fprintln(p.stdout)
	}
	switch {
	case err != nil:
		return max(code, exitNot)
	case failure != nil:
		p.printFailure(failure)
		return exitNot
	}
	if !text {
		_, _ = fmt.Fprintln(p.stderr, "note: the answer holds no text; signalbox call shows all of it")
	}
	return p.afterAnswer(result)
}

// prompt gives the prompt: the arguments, or stdin for -.
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

// textDelta gives the text that a notification adds to the answer.
func textDelta(line []byte) string {
	var m struct {
		Params struct {
			Event struct {
				Type  string `json:"type"`
				Delta string `json:"delta"`
			} `json:"event"`
		} `json:"params"`
	}
	// An event whose delta is no string is not text.
	if json.Unmarshal(line, &m) != nil || m.Params.Event.Type != "response.output_text.delta" {
		return ""
	}
	return m.Params.Event.Delta
}

// afterAnswer says what a person should know beside the text.
func (p *program) afterAnswer(result json.RawMessage) int {
	var r protocol.CreateResult
	if json.Unmarshal(result, &r) != nil {
		return exitNot
	}
	if match := r.Evidence.ModelMatch; match != nil && !*match {
		_, _ = fmt.Fprintf(p.stderr, "note: %s answered instead of %s\n", deref(r.Evidence.EffectiveModel), r.Evidence.RequestedModel)
	}
	if r.Status != protocol.StatusCompleted {
		_, _ = fmt.Fprintf(p.stderr, "note: the answer is %s\n", r.Status)
		return exitNot
	}
	return exitDone
}
