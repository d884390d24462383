package cli

import (
	"flag"
	"fmt"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/protocol"
)

// validate asks each pinned model the question of the demo and probes the ChatGPT
// backend. It proves which credential goes where and which model answers. The exit
// code is 0 when every required row passes.
func validate(p *program, args []string) int {
	asJSON := false
	f, rest, err := parseFlags("validate", args, p.stdout, func(set *flag.FlagSet) {
		set.BoolVar(&asJSON, "json", false, "print the rows as one JSON object")
	})
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("validate takes no argument %q", rest[0])
	}
	if err != nil {
		return p.usageError(err)
	}
	s, err := p.open(f)
	if err != nil {
		return p.usageError(err)
	}
	table := p.newGateTable(asJSON)
	result, err := s.validate(table)
	if code := s.end(); err != nil {
		return max(code, exitFailure)
	}
	if asJSON {
		_, _ = fmt.Fprintf(p.stdout, "%s\n", protocol.Encode(result))
	} else {
		table.end(result)
	}
	if !result.Pass {
		return exitFailure
	}
	return exitSuccess
}

// validate runs all gates, one after the other, and hands each row to the table.
// The error is errServerEnded.
func (s *session) validate(table *gateTable) (protocol.Validation, error) {
	result := protocol.Validation{Pass: true}
	for _, model := range engine.Pinned() {
		row, answer, err := s.gate(model)
		if err != nil {
			return result, err
		}
		result.Pass = result.Pass && row.Status == protocol.GatePass
		result.Rows = append(result.Rows, row)
		table.row(row, answer)
	}
	for _, probe := range s.prober.Probes() {
		row := s.probe(probe)
		if s.ctx.Err() != nil {
			return result, errServerEnded
		}
		result.Rows = append(result.Rows, row)
		table.row(row, "")
	}
	return result, nil
}
