package cli

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

func (p *program) routeCommand() *cobra.Command {
	asJSON := false
	c := p.command(spec{
		use: "route MODEL", short: "where a model would go, without any network call",
		about: `
Says the route, the rule that chose it, and the credential; exit code 1 when a
request would be refused, and why.

  signalbox route gpt-5.2-codex --simulate
`,
		words: pinnedModels,
		args: func(args []string) error {
			if len(args) != 1 {
				return errors.New("route takes one model")
			}
			return nil
		},
		run: func(args []string) error { return p.route(args[0], asJSON) },
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print the result of routes/resolve")
	return c
}

// route prints where a model would go, without any network call.
func (p *program) route(model string, asJSON bool) error {
	result, failure, err := p.once(protocol.MethodRoutesResolve, map[string]string{"model": model}, nil)
	if err != nil {
		return err
	}
	var r protocol.ResolveResult
	if failure != nil || json.Unmarshal(result, &r) != nil {
		p.printFailure(failure)
		return exited(exitFailure)
	}
	if asJSON {
		_, _ = fmt.Fprintf(p.stdout, "%s\n", result)
		return nil
	}
	st := p.styleOf(p.stdout)
	_, _ = fmt.Fprintf(p.stdout, "%s goes over the %s route (%s)\n  POST %s/responses\n  with %s\n",
		st.bold(p.mask.Mask(terminal.Line(r.Model))), st.bold(string(r.Route)), r.Rule, terminal.Line(r.BaseURL), r.CredentialSource)
	return nil
}
