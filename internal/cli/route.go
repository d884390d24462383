package cli

import (
	"encoding/json"
	"flag"
	"fmt"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

// route prints where a model would go, without any network call.
func route(p *program, args []string) int {
	asJSON := false
	f, rest, err := parseFlags("route", args, p.stdout, func(set *flag.FlagSet) {
		set.BoolVar(&asJSON, "json", false, "print the result of routes/resolve")
	})
	if err == nil && len(rest) != 1 {
		err = fmt.Errorf("route takes one model")
	}
	if err != nil {
		return p.usageError(err)
	}
	result, failure, code, err := p.once(f, protocol.MethodRoutesResolve, map[string]string{"model": rest[0]}, nil)
	if err != nil {
		return code
	}
	var r protocol.ResolveResult
	if failure != nil || json.Unmarshal(result, &r) != nil {
		p.printFailure(failure)
		return exitFailure
	}
	if asJSON {
		_, _ = fmt.Fprintf(p.stdout, "%s\n", result)
		return exitSuccess
	}
	st := p.styleOf(p.stdout)
	_, _ = fmt.Fprintf(p.stdout, "%s goes over the %s route (%s)\n  POST %s/responses\n  with %s\n",
		st.bold(p.mask.Mask(terminal.Line(r.Model))), st.bold(string(r.Route)), r.Rule, terminal.Line(r.BaseURL), r.CredentialSource)
	return exitSuccess
}
