package cli

import (
	"flag"
	"fmt"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/protocol"
)

// validate asks each pinned model the question of the demo and probes the ChatGPT
// backend: which credential goes where, and which model answers, is then proven
// and not believed. It is done (exit code 0) when every required row passes.
func validate(p *program, args []string) int {
	asJSON := false
	s, rest, err := parseFlags("validate", args, p.stdout, func(f *flag.FlagSet) {
		f.BoolVar(&asJSON, "json", false, "print the rows as one JSON object")
	})
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("validate takes no argument %q", rest[0])
	}
	if err != nil {
		return p.usageError(err)
	}
	c, err := p.open(s)
	if err != nil {
		return p.usageError(err)
	}
	table := p.newGateTable(asJSON)
	result, err := c.validate(table)
	if code := c.close(); err != nil {
		return max(code, exitNot)
	}
	if asJSON {
		_, _ = fmt.Fprintf(p.stdout, "%s\n", protocol.Encode(result))
	} else {
		table.end(result)
	}
	if !result.Pass {
		return exitNot
	}
	return exitDone
}

// validate tries all gates, one after the other, and hands each to the table. The
// error is errServerEnded.
func (c *session) validate(table *gateTable) (protocol.Validation, error) {
	result := protocol.Validation{Pass: true}
	for _, model := range engine.Pinned() {
		row, answer, err := c.gate(model)
		if err != nil {
			return result, err
		}
		result.Pass = result.Pass && row.Status == protocol.GatePass
		result.Rows = append(result.Rows, row)
		table.row(row, answer)
	}
	for _, probe := range c.engine.Probes() {
		row := c.probe(probe)
		if c.ctx.Err() != nil {
			return result, errServerEnded
		}
		result.Rows = append(result.Rows, row)
		table.row(row, "")
	}
	return result, nil
}
