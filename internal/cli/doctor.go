package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

// finding is one line of the doctor. What it says holds no secret, no email address
// and no id of an account: it is for a bug report.
type finding struct {
	// Check names what was looked at: "clock".
	Check string `json:"check"`
	// Status is "ok", "note" or "problem".
	Status string `json:"status"`
	// Text is what was found, one line.
	Text string `json:"text"`
	// Action is one imperative; "" beside "ok".
	Action string `json:"action,omitempty"`
}

// The values of finding.Status.
const (
	findingOK      = "ok"
	findingNote    = "note"
	findingProblem = "problem"
)

func (p *program) doctorCommand() *cobra.Command {
	asJSON := false
	c := p.command(spec{
		use: "doctor", short: "look for what is wrong; the report for a bug is made of it",
		about: `
Looks at the version, the store, its locks, the login, proxy and clock, and asks
each host for an answer, without a token. It changes nothing and names nobody.
Exit code 1 when there is a problem.
`,
		run: func([]string) error { return p.doctor(asJSON) },
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print the findings as one JSON object")
	return c
}

// doctor looks for what is wrong.
func (p *program) doctor(asJSON bool) error {
	line := p.newProgress("looking…")
	s, err := p.open()
	if err != nil {
		line.end()
		return err
	}
	result, failure, err := s.call("1", protocol.MethodAuthStatus, protocol.Encode(struct{}{}), nil)
	if err != nil {
		line.end()
		return exited(max(s.end(), exitFailure))
	}
	var auth protocol.AuthStatus
	if failure != nil || json.Unmarshal(result, &auth) != nil {
		line.end()
		s.end()
		p.printFailure(failure)
		return exited(exitFailure)
	}
	findings := append([]finding{p.programFinding()}, storeFindings(auth)...)
	findings = append(findings, lockFindings(auth.File.Path)...)
	findings = append(findings, loginFindings(auth)...)
	findings = append(findings, overrideFindings(auth)...)
	line.say("asking the hosts…")
	findings = append(findings, s.hostFindings()...)
	for i, f := range findings { // a report names nobody
		findings[i].Text, findings[i].Action = p.tilde(f.Text), p.tilde(f.Action)
	}
	interrupted := s.ctx.Err() != nil
	code := s.end()
	line.end()
	if interrupted {
		return exited(max(code, exitFailure))
	}
	problems := 0
	for _, f := range findings {
		if f.Status == findingProblem {
			problems++
		}
	}
	if asJSON {
		text, _ := json.Marshal(map[string]any{"findings": findings, "problems": problems}) // strings and a number
		_, _ = fmt.Fprintf(p.stdout, "%s\n", p.mask.Mask(string(text)))
	} else {
		p.printFindings(findings, problems)
	}
	if problems > 0 {
		return exited(exitFailure)
	}
	return nil
}

// tilde writes ~ for the home folder.
func (p *program) tilde(text string) string {
	if home := p.getenv("HOME"); len(home) > 1 {
		text = strings.ReplaceAll(text, home, "~")
	}
	return text
}

func (p *program) printFindings(findings []finding, problems int) {
	st, width := p.styleOf(p.stdout), p.widthOf(p.stdout)
	const indent = 20
	for _, f := range findings {
		mark := map[string]string{findingOK: st.green("ok     "), findingNote: st.bold("note   "), findingProblem: st.red("problem")}[f.Status]
		name := fmt.Sprintf("%-11s", f.Check)
		say := func(text string) {
			for _, line := range wrap(terminal.Line(p.mask.Mask(text)), width-indent) {
				_, _ = fmt.Fprintf(p.stdout, "%s %s %s\n", mark, name, line)
				mark, name = "       ", fmt.Sprintf("%-11s", "")
			}
		}
		say(f.Text)
		if f.Action != "" {
			say("to do: " + f.Action)
		}
	}
	verdict := st.green("No problem was found.")
	switch {
	case problems == 1:
		verdict = st.red("1 problem was found.")
	case problems > 1:
		verdict = st.red(fmt.Sprintf("%d problems were found.", problems))
	}
	_, _ = fmt.Fprintf(p.stdout, "\n%s\n", verdict)
}
