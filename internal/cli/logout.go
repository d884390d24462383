package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

func (p *program) logoutCommand() *cobra.Command {
	local := false
	c := p.command(spec{
		use: "logout", short: "forget the login and the key, and tell the issuer",
		about: "\nThe Codex CLI is logged out, too: both have the same login.\n",
		run:   func([]string) error { return p.logout(local) },
	})
	c.Flags().BoolVar(&local, "local", false, "forget the login on this machine only: the issuer is not told")
	return c
}

// logout forgets the login and the key. Having none is not an error.
func (p *program) logout(local bool) error {
	result, failure, err := p.once(protocol.MethodLogout, map[string]any{"revoke": !local}, nil)
	switch {
	case err != nil:
		return err
	case failure != nil:
		p.printFailure(failure)
		return exited(exitFailure)
	}
	var done protocol.LogoutResult
	if json.Unmarshal(result, &done) != nil {
		return exited(exitFailure)
	}
	st := p.styleOf(p.stdout)
	if done.Removed {
		_, _ = fmt.Fprintln(p.stdout, st.green("Logged out."))
	} else {
		_, _ = fmt.Fprintln(p.stdout, "Nothing was stored, so there is nothing to log out of.")
	}
	c := done.Auth.Credentials
	for _, still := range []struct {
		present bool
		source  protocol.CredentialSource
	}{{c.ChatGPT.Present, c.ChatGPT.Source}, {c.Platform.Present, c.Platform.Source}} {
		if still.present {
			_, _ = fmt.Fprintf(p.stdout, "%-9s %s is still in use\n", "note", still.source)
		}
	}
	for _, warning := range done.Auth.Warnings {
		_, _ = fmt.Fprintf(p.stdout, "%-9s %s\n", "warning", terminal.Line(warning))
	}
	return nil
}
