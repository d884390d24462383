package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

func (p *program) modelsCommand() *cobra.Command {
	var asJSON, all bool
	c := p.command(spec{
		use: "models", short: "which models this login has, over which route, or why not",
		about: "\nBoth backends are asked; what they do not answer is said. Exit code 1 when no\nmodel is available.\n",
		run:   func([]string) error { return p.models(asJSON, all) },
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print the result of models/list")
	c.Flags().BoolVar(&all, "all", false, "also those that are not meant for people")
	return c
}

// models prints models/list for a person or, as JSON, unchanged.
func (p *program) models(asJSON, all bool) error {
	line := p.newProgress("asking the backends…")
	result, failure, err := p.once(protocol.MethodModelsList, protocol.ModelsListParams{Refresh: true}, nil)
	line.end()
	if err != nil {
		return err
	}
	var list protocol.ModelsListResult
	if failure != nil || json.Unmarshal(result, &list) != nil {
		p.printFailure(failure)
		return exited(exitFailure)
	}
	if asJSON {
		_, _ = fmt.Fprintf(p.stdout, "%s\n", result)
	} else {
		p.printModels(list, all)
	}
	for _, m := range list.Models {
		if m.Available {
			return nil
		}
	}
	return exited(exitFailure)
}

func (p *program) printModels(list protocol.ModelsListResult, all bool) {
	st := p.styleOf(p.stdout)
	// Without colours: they would count as columns.
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "MODEL\tROUTE\tCONTEXT\tAVAILABLE")
	hidden := 0
	for _, m := range list.Models {
		if m.Hidden && !all {
			hidden++
			continue
		}
		context, state := "", "yes"
		if m.ContextWindow > 0 {
			context = count(m.ContextWindow)
		}
		if !m.Available {
			state = "no: " + unavailableWords(m.Reason)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", terminal.Line(m.ID), terminal.Line(string(m.Route)), context, state)
	}
	_ = w.Flush() // into memory
	head, rows, _ := strings.Cut(table.String(), "\n")
	_, _ = fmt.Fprintf(p.stdout, "%s\n%s", st.bold(head), rows)
	if hidden > 0 {
		_, _ = fmt.Fprintf(p.stdout, "%s\n", st.faint(fmt.Sprintf("%d more with --all", hidden)))
	}
	for _, warning := range list.Warnings {
		_, _ = fmt.Fprintf(p.stderr, "note: %s\n", terminal.Line(warning))
	}
}

// unavailableWords says for a person why a model or a route cannot be used.
func unavailableWords(reason protocol.Reason) string {
	switch reason {
	case protocol.ReasonNoCredentials:
		return "not logged in"
	case protocol.ReasonWrongKind:
		return "there is another kind of credential"
	case protocol.ReasonPinnedRoute:
		return "it is pinned to the other route"
	case protocol.ReasonModelUnavailable:
		return "it needs a newer client"
	case protocol.ReasonUsageNotIncluded:
		return "not in this plan"
	case protocol.ReasonTokenExpired:
		return "the login has expired"
	case "":
		return "not offered"
	}
	return string(reason)
}
