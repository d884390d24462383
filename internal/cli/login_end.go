package cli

import (
	"encoding/json"
	"fmt"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

// sayReplaced says whose login the new one is going to replace. The error is
// errServerEnded.
func (p *program) sayReplaced(s *session, stores bool) error {
	result, failure, err := s.call("0", protocol.MethodAuthStatus, protocol.Encode(struct{}{}), nil)
	if err != nil {
		return err
	}
	var auth protocol.AuthStatus
	if !stores || failure != nil || json.Unmarshal(result, &auth) != nil {
		return nil
	}
	if who := accountWords(auth.Account); who != "" && isStored(auth.Credentials.ChatGPT.Source) {
		_, _ = fmt.Fprintf(p.stdout, "This replaces the login of %s.\n", terminal.Line(who))
	}
	return nil
}

// isStored reports whether a credential is in the store, and not in the environment.
func isStored(source protocol.CredentialSource) bool {
	switch source {
	case protocol.SourceAuthJSONOAuth, protocol.SourceKeyringOAuth, protocol.SourceAuthJSONAPIKey, protocol.SourceKeyringAPIKey:
		return true
	}
	return false
}

// accountWords names an account: "ada@example.com (plus)"; "" for none.
func accountWords(a *protocol.Account) string {
	switch {
	case a == nil:
		return ""
	case a.Email != nil && a.PlanType != nil:
		return fmt.Sprintf("%s (%s)", *a.Email, *a.PlanType)
	case a.Email != nil:
		return *a.Email
	case a.AccountID != nil:
		return "account " + *a.AccountID
	}
	return ""
}

// printLogin prints the outcome of the login: who it is, where it is kept, and what
// comes next.
func (p *program) printLogin(result json.RawMessage, key bool) {
	var done protocol.LoginResult
	if json.Unmarshal(result, &done) != nil || done.Auth == nil {
		return
	}
	st, auth := p.styleOf(p.stdout), done.Auth
	place := auth.File.Path
	if c := auth.Credentials; c.ChatGPT.Source == protocol.SourceKeyringOAuth || key && c.Platform.Source == protocol.SourceKeyringAPIKey {
		place = "the keyring"
	}
	end := "Logged in."
	switch who := accountWords(auth.Account); {
	case key:
		end = "The key is stored in " + place + "."
	case who != "":
		end = "Logged in as " + who + "."
	}
	_, _ = fmt.Fprintf(p.stdout, "%s\n", st.green(terminal.Line(end)))
	if !key {
		for _, line := range p.fitted(p.stdout, "Stored in "+terminal.Line(place)+", which the Codex CLI shares.", 0) {
			_, _ = fmt.Fprintln(p.stdout, line)
		}
	}
	model := ""
	for _, r := range auth.Routes {
		_, _ = fmt.Fprintf(p.stdout, "%-9s %s\n", r.Route, p.routeWords(st, r, auth.Credentials.Platform.Present))
		if r.Available && model == "" {
			model = map[protocol.RouteName]string{protocol.RouteChatGPT: "gpt-5.2-codex", protocol.RoutePlatform: "gpt-5.2-pro"}[r.Route]
		}
	}
	for _, warning := range auth.Warnings {
		_, _ = fmt.Fprintf(p.stdout, "%-9s %s\n", "warning", terminal.Line(warning))
	}
	if model != "" {
		_, _ = fmt.Fprintf(p.stdout, "Next: signalbox ask -m %s \"Hello.\"\n", model)
	}
}
