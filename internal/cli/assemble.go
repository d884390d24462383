package cli

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// parts are the packages, wired together.
type parts struct {
	server *rpc.Server
	engine *engine.Engine
}

// assemble wires the packages together as the settings say. The function that
// it gives ends what was started. Its error is a usage error.
func (p *program) assemble(s *settings) (*parts, func(), error) {
	log, closeLog, err := newLogger(s, p.stderr)
	if err != nil {
		return nil, nil, err
	}
	getenv, end := p.getenv, closeLog
	var to places
	var scenarios []string
	open := func(ctx context.Context, address string) error {
		return auth.NewBrowser(os.Environ()).Open(ctx, address)
	}
	if s.simulate.on {
		sim, err := startSimulation(s.simulate.name)
		if err != nil {
			closeLog()
			return nil, nil, err
		}
		getenv, end = sim.getenv, func() { sim.close(); closeLog() }
		after := agreesForHost
		if s.atTerminal {
			after = agreesForPerson
		}
		to, open = sim.places(), sim.opener(open, after)
		scenarios = scenarioNames()
	} else if to, err = choosePlaces(s, getenv); err != nil {
		end()
		return nil, nil, err
	}
	var warnings []string
	home, err := auth.Home(getenv)
	if err != nil {
		warnings = append(warnings, fmt.Sprintf("No auth.json is read: %v.", err))
	}
	roots, warning := transport.Roots(getenv)
	if warning != "" {
		warnings = append(warnings, warning)
	}
	for _, warning := range append([]string{to.chatgpt.Bad, to.platform.Bad, to.issuer.Bad}, warnings...) {
		if warning != "" {
			log.Warn(warning)
		}
	}
	var manager *auth.Manager
	tr, endTrace, err := openTrace(s, log, func(text string) string { return manager.Mask(text) })
	if err != nil {
		end()
		return nil, nil, err
	}
	endRest := end
	end = func() { endTrace(); endRest() }
	// One transport for all that is sent. The issuer's traffic is traced by its own
	// rules.
	var shared http.RoundTripper = transport.New(transport.Options{Direct: s.simulate.on, Roots: roots})
	upstream, issuer := shared, shared
	wires := wire.Options{Framing: s.framing, MaxMessageBytes: s.maxMessageBytes}
	if tr != nil {
		upstream, issuer, wires.Observe = tr.Upstream(shared), tr.Issuer(shared), tr.Message
	}
	if p.transport != nil {
		upstream = p.transport(upstream)
	}
	manager = auth.NewManager(auth.Config{
		Home:         home,
		APIKey:       protocol.NewSecret(getenv("OPENAI_API_KEY")),
		AccessToken:  protocol.NewSecret(getenv("OPENAI_OAUTH_ACCESS_TOKEN")),
		AccountMode:  s.accountMode,
		ChatGPT:      to.chatgpt,
		Platform:     to.platform,
		Issuer:       to.issuer,
		Transport:    issuer,
		UserAgent:    engine.UserAgent(s.originator, p.version),
		Originator:   s.originator,
		RedirectHost: s.redirectHost,
		Warnings:     warnings,
		Masked:       proxySecrets(getenv),
	})
	calls := engine.New(engine.Config{
		Credentials:     manager,
		ChatGPTBaseURL:  to.chatgpt.URL,
		PlatformBaseURL: to.platform.URL,
		Version:         p.version,
		ClientVersion:   s.clientVersion,
		Originator:      s.originator,
		Organization:    strings.TrimSpace(getenv("OPENAI_ORGANIZATION")),
		Project:         strings.TrimSpace(getenv("OPENAI_PROJECT")),
		IdleTimeout:     s.idleTimeout,
		Transport:       upstream,
		Simulated:       s.simulate.on,
	})
	server := rpc.New(rpc.Config{
		Version:      p.version,
		Auth:         manager,
		Engine:       calls,
		Wire:         wires,
		DrainTimeout: s.drainTimeout,
		IgnoreParent: s.ignoreParent,
		Scenarios:    scenarios,
		Open:         open,
		Logger:       log,
	})
	return &parts{server: server, engine: calls}, end, nil
}

// proxySecrets are the passwords of the proxies, to be masked.
func proxySecrets(getenv func(string) string) []protocol.Secret {
	var secrets []protocol.Secret
	for _, value := range transport.ProxySecrets(getenv) {
		secrets = append(secrets, protocol.NewSecret(value))
	}
	return secrets
}
