package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc"
)

// answer prints what comes of one prompt, as it comes.
type answer struct {
	*program
	options *askOptions
	line    *progress
	plain   style // of stderr

	text     bool // some has been printed
	newline  bool // the last of it ended a line
	thoughts bool // a summary of the reasoning is being printed
}

// take takes a notification.
func (a *answer) take(m message) {
	switch m.method {
	case protocol.NotificationStarted:
		a.line.say("waiting for the first word…")
	case protocol.NotificationEvent:
		a.event(m)
	}
}

func (a *answer) event(m message) {
	var note struct {
		Event json.RawMessage `json:"event"`
	}
	var event struct {
		Type  string `json:"type"`
		Delta string `json:"delta"`
	}
	if json.Unmarshal(m.params, &note) != nil {
		return
	}
	if a.options.events {
		a.line.end()
		_, _ = fmt.Fprintf(a.stdout, "%s\n", note.Event)
		return
	}
	if json.Unmarshal(note.Event, &event) != nil { // a delta that is no string has no text
		return
	}
	switch {
	case event.Type == "response.output_text.delta" && event.Delta != "":
		a.line.end()
		a.endThoughts()
		a.text, a.newline = true, strings.HasSuffix(event.Delta, "\n")
		_, _ = io.WriteString(a.stdout, event.Delta)
	case event.Type == "response.reasoning_summary_text.delta" && a.options.reasoning:
		a.line.end()
		a.thoughts = true
		_, _ = io.WriteString(a.stderr, a.plain.faint(event.Delta))
	case event.Type == "response.reasoning_summary_part.added" && a.thoughts:
		_, _ = io.WriteString(a.stderr, "\n\n")
	case strings.HasPrefix(event.Type, "response.reasoning"), strings.Contains(string(note.Event), `"type":"reasoning"`):
		a.line.say("reasoning…")
	}
}

// endThoughts ends the summary of the reasoning.
func (a *answer) endThoughts() {
	if a.thoughts {
		a.thoughts = false
		_, _ = io.WriteString(a.stderr, "\n\n")
	}
}

// end ends what has been printed so far.
func (a *answer) end() {
	a.line.end()
	a.endThoughts()
	if a.text && !a.newline {
		_, _ = fmt.Fprintln(a.stdout)
	}
}

// judge prints what a person should know besides the text, and returns the exit code.
func (a *answer) judge(result json.RawMessage) int {
	var r protocol.CreateResult
	if json.Unmarshal(result, &r) != nil {
		return exitFailure
	}
	if !a.text && !a.options.asJSON && !a.options.events {
		a.note("the answer holds no text; signalbox ask --json shows it in full")
	}
	if match := r.Evidence.ModelMatch; match != nil && !*match {
		a.note(fmt.Sprintf("%s answered instead of %s", terminal.Line(deref(r.Evidence.EffectiveModel)), terminal.Line(r.Evidence.RequestedModel)))
	}
	if a.options.verbose {
		a.explain(result, &r.Evidence)
	}
	if r.Status != protocol.StatusCompleted {
		a.note(fmt.Sprintf("the answer is %s", r.Status))
		return exitFailure
	}
	return exitSuccess
}

func (a *answer) note(text string) { _, _ = fmt.Fprintf(a.stderr, "note: %s\n", text) }

// explain is -v: what answered, and how.
func (a *answer) explain(result json.RawMessage, e *protocol.Evidence) {
	var r struct {
		Usage *struct {
			Input  int64 `json:"input_tokens"`
			Output int64 `json:"output_tokens"`
		} `json:"usage"`
	}
	row := func(name, value string) {
		_, _ = fmt.Fprintf(a.stderr, "%s %s\n", a.plain.faint(fmt.Sprintf("%-10s", name)), terminal.Line(value))
	}
	model := deref(e.EffectiveModel)
	if model == "" {
		model = "not named by the upstream"
	}
	row("model", model)
	row("route", fmt.Sprintf("%s, %s", deref(e.Route), deref(e.BaseURL)))
	row("credential", credentialWords(e.CredentialSource))
	if json.Unmarshal(result, &r) == nil && r.Usage != nil {
		row("tokens", fmt.Sprintf("%d in, %d out", r.Usage.Input, r.Usage.Output))
	}
	took := fmt.Sprintf("%.1f s", float64(e.DurationMs)/1000)
	if len(e.Attempts) > 1 {
		took += fmt.Sprintf(", %d attempts", len(e.Attempts))
	}
	row("time", took)
	if id := deref(e.UpstreamRequestID); id != "" {
		row("request", id)
	}
}

// watchRetries has line say when a request is sent again.
func (p *program) watchRetries(line *progress) {
	if line == nil {
		return
	}
	p.watchLog = func(r slog.Record) {
		if r.Message != rpc.MessageRetry {
			return
		}
		var attempt, of int64
		var pause time.Duration
		r.Attrs(func(a slog.Attr) bool {
			switch a.Key {
			case "attempt":
				attempt = a.Value.Int64()
			case "of":
				of = a.Value.Int64()
			case "pause":
				pause = a.Value.Duration()
			}
			return true
		})
		line.count(fmt.Sprintf("trying again, %d of %d, in %%s", attempt, of), time.Now().Add(pause))
	}
}
