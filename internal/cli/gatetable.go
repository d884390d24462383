package cli

import (
	"fmt"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

// gateTable prints the rows of validate for a person, each as soon as it is
// complete.
type gateTable struct {
	*program
	style  style
	width  int
	quiet  bool
	beside bool   // a row that is not required has been printed
	why    string // of the last row that failed
	line   *progress
}

func (p *program) newGateTable(quiet bool) *gateTable {
	t := &gateTable{program: p, style: p.styleOf(p.stdout), width: p.widthOf(p.stdout), quiet: quiet}
	t.say("%s\n", t.style.bold("Each pinned model is asked: "+demoQuestion))
	return t
}

// at says which row is at work; done takes that away.
func (t *gateTable) at(what string) {
	t.done()
	t.line = t.newProgress(what)
}

func (t *gateTable) done() { t.line.end() }

func (t *gateTable) say(format string, args ...any) {
	if !t.quiet {
		_, _ = fmt.Fprintf(t.stdout, format, args...)
	}
}

// row prints one gate; answer is the text of the model's answer.
func (t *gateTable) row(g protocol.Gate, answer string) {
	t.done()
	if !g.Required && !t.beside {
		t.beside = true
		t.say("\n%s\n", t.style.bold("Not required: how the ChatGPT backend answers this login"))
	}
	pass := g.Status == protocol.GatePass
	status := "-"
	if g.HTTPStatus != nil {
		status = fmt.Sprint(*g.HTTPStatus)
	}
	t.say("%s  %-32s %4s  %s\n", t.style.mark(pass, g.Status, g.Status), g.Gate, status, g.CredentialSource)
	if g.Required {
		t.detail("model", model(g))
		if g.BaseURL != nil {
			t.detail("over", g.API+" at "+*g.BaseURL)
		}
	}
	if answer = strings.Join(strings.Fields(answer), " "); answer != "" {
		t.detail("answer", answer)
	}
	if pass {
		return
	}
	category := string(g.Category)
	if g.Reason != "" {
		category += ", " + g.Reason
	}
	why := g.Message + " (" + category + ")"
	if why == t.why && !g.Required {
		t.detail("why", "as above")
		return
	}
	t.why = why
	t.detail("why", why)
	if g.Action != "" {
		t.detail("to do", g.Action)
	}
}

// model says which model was asked for and which one answered.
func model(g protocol.Gate) string {
	requested := orNone(g.RequestedModel)
	switch {
	case g.BaseURL == nil:
		return requested + " was not asked: nothing was sent"
	case g.EffectiveModel == nil:
		return requested + " was asked for; none answered"
	case *g.EffectiveModel == requested:
		return requested + " was asked for and answered"
	}
	return requested + " was asked for; " + *g.EffectiveModel + " answered"
}

func orNone(text *string) string {
	if text == nil {
		return "none"
	}
	return *text
}

// detail prints a line below a row, wrapped to its own column.
func (t *gateTable) detail(name, text string) {
	const indent = 14
	for i, line := range wrap(terminal.Line(text), t.width-indent) {
		if i > 0 {
			name = ""
		}
		t.say("      %s %s\n", t.style.faint(fmt.Sprintf("%-7s", name)), line)
	}
}

// end prints the verdict.
func (t *gateTable) end(v protocol.Validation) {
	required, passed := 0, 0
	for _, g := range v.Rows {
		if g.Required {
			required++
			if g.Status == protocol.GatePass {
				passed++
			}
		}
	}
	word := t.style.mark(v.Pass, protocol.GatePass, protocol.GateFail)
	t.say("\n%s  %d of %d required gates pass\n", word, passed, required)
}
