package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

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

// printStatus prints the status in words; --json has the codes.
func (p *program) printStatus(auth protocol.AuthStatus) {
	st, now := p.styleOf(p.stdout), time.Now()
	print := func(name, value string) { _, _ = fmt.Fprintf(p.stdout, "%-9s %s\n", name, value) }
	row := func(name, value string) {
		for _, line := range p.fitted(p.stdout, terminal.Line(value), 10) {
			print(name, line)
			name = ""
		}
	}
	print("state", st.mark(auth.State == protocol.StateAuthenticated, stateWords(auth.State), stateWords(auth.State)))
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
		row("mode", modeWords(*auth.Mode))
	}
	c, k := auth.Credentials.ChatGPT, auth.Credentials.Platform
	token := "none"
	if c.Present {
		token = credentialWords(c.Source)
		if c.ExpiresAt != nil {
			token += ", expires " + when(*c.ExpiresAt, now)
		}
	}
	if c.Refreshable {
		token += ", refreshed automatically"
	}
	if c.Unsaved {
		token += ", not saved yet"
	}
	if c.Reason != protocol.ReasonNoCredentials { // which "none" says
		token += because(c.Reason)
	}
	row("token", token)
	key := "none"
	if k.Present {
		key = credentialWords(k.Source)
		if k.Hint != nil {
			key += ", " + *k.Hint
		}
	}
	if k.Reason != protocol.ReasonNoCredentials {
		key += because(k.Reason)
	}
	row("key", key)
	for _, r := range auth.Routes {
		print(string(r.Route), p.routeWords(st, r, k.Present)+" "+st.faint(terminal.Line(r.BaseURL)))
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

// stateWords says a state for a person.
func stateWords(state protocol.AuthState) string {
	switch state {
	case protocol.StateAuthenticated:
		return "logged in"
	case protocol.StateUnauthenticated:
		return "not logged in"
	case protocol.StateExpired:
		return "the login has expired"
	}
	return "the login cannot be used"
}

// modeWords says an account mode for a person.
func modeWords(mode protocol.AccountMode) string {
	switch mode {
	case protocol.ModeChatGPT:
		return "chatgpt: models that no rule names go over the ChatGPT plan"
	case protocol.ModeAPIKey:
		return "apiKey: models that no rule names go over the Platform"
	}
	return string(mode)
}

// routeWords says whether a route can be used, and why not. hasKey: there is a Platform
// key already.
func (p *program) routeWords(st style, r protocol.RouteState, hasKey bool) string {
	word := st.mark(r.Available, "available", "not available")
	if r.Available && r.CredentialSource == protocol.SourceTokenExchangeAPIKey && !hasKey {
		word += ", once the login is exchanged for a key"
	}
	return word + because(r.Reason)
}

// because adds a reason in words.
func because(reason protocol.Reason) string {
	if reason == "" {
		return ""
	}
	return ": " + unavailableWords(reason)
}
