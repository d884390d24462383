package cli

import (
	"encoding/json"
	"flag"
	"fmt"

	"github.com/signalbox-dev/signalbox/internal/terminal"
	"github.com/signalbox-dev/signalbox/protocol"
)

// logout forgets the login and the key. Having none is not an error.
func logout(p *program, args []string) int {
	local := false
	f, rest, err := parseFlags("logout", args, p.stdout, func(set *flag.FlagSet) {
		set.BoolVar(&local, "local", false, "forget the login on this machine only: the issuer is not told")
	})
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("logout takes no argument %q", rest[0])
	}
	if err != nil {
		return p.usageError(err)
	}
	result, failure, code, err := p.once(f, protocol.MethodLogout, map[string]any{"revoke": !local}, nil)
	switch {
	case err != nil:
		return max(code, exitFailure)
	case failure != nil:
		p.printFailure(failure)
		return exitFailure
	}
	var done protocol.LogoutResult
	if json.Unmarshal(result, &done) != nil {
		return exitFailure
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
	return exitSuccess
}
