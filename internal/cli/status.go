package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

func (p *program) statusCommand() *cobra.Command {
	asJSON := false
	c := p.command(spec{
		use: "status", short: "who am I, and which routes can be used now",
		about: "\nExit code 0 when some route can be used now, else 1. It sends nothing.\n",
		run:   func([]string) error { return p.status(asJSON) },
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print the result of auth/status")
	return c
}

// status prints auth/status for a person or, as JSON, unchanged. The exit code is 0
// when some route can be used.
func (p *program) status(asJSON bool) error {
	result, failure, err := p.once(protocol.MethodAuthStatus, struct{}{}, nil)
	if err != nil {
		return err
	}
	var auth protocol.AuthStatus
	if failure != nil || json.Unmarshal(result, &auth) != nil {
		p.printFailure(failure)
		return exited(exitFailure)
	}
	if asJSON {
		_, _ = fmt.Fprintf(p.stdout, "%s\n", result)
	} else {
		p.printStatus(auth)
	}
	if auth.State != protocol.StateAuthenticated {
		return exited(exitFailure)
	}
	return nil
}

func (p *program) printStatus(auth protocol.AuthStatus) {
	st := p.styleOf(p.stdout)
	print := func(name, value string) { _, _ = fmt.Fprintf(p.stdout, "%-9s %s\n", name, value) }
	row := func(name, value string) { print(name, terminal.Line(value)) }
	state := string(auth.State)
	print("state", st.mark(auth.State == protocol.StateAuthenticated, state, state))
	if a := auth.Account; a != nil {
		var parts []string
		for _, part := range []*string{a.Email, a.PlanType, a.AccountID} {
			if part != nil {
				parts = append(parts, *part)
			}
		}
		row("account", strings.Join(parts, ", "))
	}
	if auth.Mode != nil {
		row("mode", string(*auth.Mode))
	}
	c, k := auth.Credentials.ChatGPT, auth.Credentials.Platform
	token := credential(c.Present, c.Source, ", until ", c.ExpiresAt)
	if c.Refreshable {
		token += ", renews automatically"
	}
	if c.Unsaved {
		token += ", not saved yet"
	}
	row("token", token+reason(c.Reason))
	row("key", credential(k.Present, k.Source, ", ", k.Hint)+reason(k.Reason))
	for _, r := range auth.Routes {
		word := st.mark(r.Available, "available", "not available")
		if r.Available && r.CredentialSource == protocol.SourceTokenExchangeAPIKey && !k.Present {
			word += " once the login is exchanged for a key,"
		}
		print(string(r.Route), word+reason(r.Reason)+" "+st.faint(terminal.Line(r.BaseURL)))
	}
	file := auth.File.Path
	if auth.File.Mode == nil {
		file += " (absent)"
	}
	row("file", file)
	for _, o := range auth.Overrides {
		row("override", fmt.Sprintf("%s=%s (%s)", o.Name, o.Value, o.Source))
	}
	for _, warning := range auth.Warnings {
		row("warning", warning)
	}
	if auth.State == protocol.StateUnauthenticated || auth.State == protocol.StateExpired {
		row("to do", "signalbox login")
	}
}

// credential returns where a credential comes from and, if there is one, a
// detail.
func credential(present bool, source protocol.CredentialSource, before string, detail *string) string {
	switch {
	case !present:
		return "none"
	case detail == nil:
		return string(source)
	}
	return string(source) + before + *detail
}

func reason(of protocol.Reason) string {
	if of == "" {
		return ""
	}
	return " (" + string(of) + ")"
}
