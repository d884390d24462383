package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/protocol"
)

func (p *program) validateCommand() *cobra.Command {
	asJSON := false
	c := p.command(spec{
		use: "validate", short: "ask each pinned model, prove which one answers; pass or fail",
		about: `
Exit code 0 when the answers prove that the right models answered, over the
right routes, with the right credentials; else 1: docs/validate.md.

  signalbox validate --simulate=report
`,
		run: func([]string) error { return p.validate(asJSON) },
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print the rows as one JSON object")
	return c
}

// validate asks each pinned model the question of the demo and probes the ChatGPT
// backend. It proves which credential goes where and which model answers. The exit
// code is 0 when every required row passes.
func (p *program) validate(asJSON bool) error {
	s, err := p.open()
	if err != nil {
		return err
	}
	table := p.newGateTable(asJSON)
	result, err := s.validate(table)
	table.done()
	if code := s.end(); err != nil {
		return exited(max(code, exitFailure))
	}
	if asJSON {
		_, _ = fmt.Fprintf(p.stdout, "%s\n", protocol.Encode(result))
	} else {
		table.end(result)
	}
	if !result.Pass {
		return exited(exitFailure)
	}
	return nil
}

// validate runs all gates, one after the other, and hands each row to the table.
// The error is errServerEnded.
func (s *session) validate(table *gateTable) (protocol.Validation, error) {
	result := protocol.Validation{Pass: true}
	for _, model := range engine.Pinned() {
		table.at("asking " + model + "…")
		row, answer, err := s.gate(model)
		if err != nil {
			return result, err
		}
		result.Pass = result.Pass && row.Status == protocol.GatePass
		result.Rows = append(result.Rows, row)
		table.row(row, answer)
	}
	for _, probe := range s.prober.Probes() {
		table.at("probing " + probe.Name + "…")
		row := s.probe(probe)
		if s.ctx.Err() != nil {
			return result, errServerEnded
		}
		result.Rows = append(result.Rows, row)
		table.row(row, "")
	}
	return result, nil
}
