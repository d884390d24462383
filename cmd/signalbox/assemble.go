package main

import (
	"fmt"
	"net/http"
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
	var chatgpt, platform auth.Endpoint
	if s.simulate.on {
		sim, err := startSimulation(s.simulate.name)
		if err != nil {
			closeLog()
			return nil, nil, err
		}
		getenv, end = sim.getenv, func() { sim.close(); closeLog() }
		chatgpt, platform = sim.endpoints()
	} else if chatgpt, platform, err = endpoints(s, getenv); err != nil {
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
	var manager *auth.Manager
	tr, endTrace, err := openTrace(s, log, func(text string) string { return manager.Mask(text) })
	if err != nil {
		end()
		return nil, nil, err
	}
	endRest := end
	end = func() { endTrace(); endRest() }
	manager = auth.NewManager(auth.Config{
		Home:        home,
		APIKey:      protocol.NewSecret(getenv("OPENAI_API_KEY")),
		AccessToken: protocol.NewSecret(getenv("OPENAI_OAUTH_ACCESS_TOKEN")),
		AccountMode: s.accountMode,
		ChatGPT:     chatgpt,
		Platform:    platform,
		Warnings:    warnings,
		Masked:      proxySecrets(getenv),
	})
	// One transport for all that is sent. The issuer's traffic is traced by its own
	// rules.
	var shared http.RoundTripper = transport.New(transport.Options{Direct: s.simulate.on, Roots: roots})
	upstream := shared
	wires := wire.Options{Framing: s.framing, MaxMessageBytes: s.maxMessageBytes}
	if tr != nil {
		upstream, wires.Observe = tr.Upstream(shared), tr.Message
	}
	if p.transport != nil {
		upstream = p.transport(upstream)
	}
	calls := engine.New(engine.Config{
		Credentials:     manager,
		ChatGPTBaseURL:  chatgpt.URL,
		PlatformBaseURL: platform.URL,
		Version:         version,
		ClientVersion:   s.clientVersion,
		Originator:      s.originator,
		Organization:    strings.TrimSpace(getenv("OPENAI_ORGANIZATION")),
		Project:         strings.TrimSpace(getenv("OPENAI_PROJECT")),
		IdleTimeout:     s.idleTimeout,
		Transport:       upstream,
		Simulated:       s.simulate.on,
	})
	server := rpc.New(rpc.Config{
		Version:      version,
		Auth:         manager,
		Engine:       calls,
		Wire:         wires,
		DrainTimeout: s.drainTimeout,
		IgnoreParent: s.ignoreParent,
		Simulated:    s.simulate.on,
		Logger:       log,
	})
	return &parts{server: server, engine: calls}, end, nil
}

// endpoints reads the base URLs of the routes; the error is that of a bad flag.
func endpoints(s *settings, getenv func(string) string) (chatgpt, platform auth.Endpoint, err error) {
	if chatgpt, err = auth.ChatGPTEndpoint(s.chatgptBaseURL, getenv("SIGNALBOX_CHATGPT_BASE_URL")); err != nil {
		return chatgpt, platform, err
	}
	platform, err = auth.PlatformEndpoint(s.platformBaseURL, getenv("OPENAI_BASE_URL"))
	return chatgpt, platform, err
}

// proxySecrets are the passwords of the proxies, to be masked.
func proxySecrets(getenv func(string) string) []protocol.Secret {
	var secrets []protocol.Secret
	for _, value := range transport.ProxySecrets(getenv) {
		secrets = append(secrets, protocol.NewSecret(value))
	}
	return secrets
}
