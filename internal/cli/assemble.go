package cli

import (
	"context"
	"crypto/x509"
	"log/slog"
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

// parts are the packages, wired together. Whoever assembles them closes them.
type parts struct {
	closers
	host   rpc.Config
	prober prober
	// to is where requests go, and transport what takes them there, untraced.
	to        places
	transport http.RoundTripper
}

// prober sends the probes of validate. They are no methods of the protocol: a
// host has no use for them.
type prober interface {
	Probes() []engine.Probe
	Probe(context.Context, engine.Probe) (engine.ProbeResult, error)
}

// assemble wires the packages together as the flags say. Its error is a usage
// error, after which nothing is left to close.
func (p *program) assemble() (_ *parts, err error) {
	f, parts := &p.flags, &parts{}
	defer func() {
		if err != nil {
			parts.close()
		}
	}()
	log, closeLog, err := newLogger(f, p.stderr)
	if err != nil {
		return nil, err
	}
	parts.onClose(closeLog)
	if p.watchLog != nil {
		log = slog.New(watchLog{log.Handler(), p.watchLog})
	}
	around, err := p.surroundings(f, &parts.closers)
	if err != nil {
		return nil, err
	}
	env := around.read(log)
	masker := p.mask
	for _, password := range transport.ProxySecrets(around.getenv) {
		masker.Add(protocol.NewSecret(password))
	}
	tr, endTrace, err := openTrace(f, log, masker.Encoded)
	if err != nil {
		return nil, err
	}
	parts.onClose(endTrace)
	// One transport for all that is sent. The issuer's traffic is traced by its own
	// rules.
	var shared http.RoundTripper = transport.New(transport.Options{Direct: f.simulate.on, Roots: env.roots})
	upstream, issuer := shared, shared
	wires := wire.Options{Framing: f.framing, MaxMessageBytes: f.maxMessageBytes}
	if tr != nil {
		upstream, issuer, wires.Observe = tr.Upstream(shared), tr.Issuer(shared), tr.Message
	}
	if p.transport != nil {
		upstream = p.transport(upstream)
	}
	manager := auth.NewManager(auth.Config{
		Home:         env.home,
		HomeError:    env.homeErr,
		APIKey:       protocol.NewSecret(around.getenv("OPENAI_API_KEY")),
		AccessToken:  protocol.NewSecret(around.getenv("OPENAI_OAUTH_ACCESS_TOKEN")),
		AccountMode:  f.accountMode,
		ChatGPT:      around.to.chatgpt,
		Platform:     around.to.platform,
		Issuer:       around.to.issuer,
		Transport:    issuer,
		UserAgent:    engine.UserAgent(f.originator, p.version),
		Originator:   f.originator,
		RedirectHost: f.redirectHost,
		Overrides:    transport.Overrides(around.getenv),
		Warnings:     env.warnings,
		Mask:         masker,
		Logger:       log,
	})
	calls := engine.New(engine.Config{
		Credentials:     manager,
		Mask:            masker,
		ChatGPTBaseURL:  around.to.chatgpt.URL,
		PlatformBaseURL: around.to.platform.URL,
		Version:         p.version,
		ClientVersion:   f.clientVersion,
		Originator:      f.originator,
		Organization:    strings.TrimSpace(around.getenv("OPENAI_ORGANIZATION")),
		Project:         strings.TrimSpace(around.getenv("OPENAI_PROJECT")),
		IdleTimeout:     f.idleTimeout,
		Transport:       upstream,
	})
	parts.prober, parts.to, parts.transport = calls, around.to, shared
	parts.host = rpc.Config{
		Version:      p.version,
		Auth:         manager,
		Mask:         masker,
		Engine:       calls,
		Wire:         wires,
		DrainTimeout: f.drainTimeout,
		IgnoreParent: f.ignoreParent,
		Scenarios:    around.scenarios,
		Open:         around.open,
		Logger:       log,
	}
	return parts, nil
}

// surroundings are what a server finds around it: the user's, or those of a
// simulation.
type surroundings struct {
	getenv    func(string) string
	to        places
	open      func(ctx context.Context, address string) error
	scenarios []string // of --simulate and _meta.simulate; nil without a simulation
}

// surroundings starts the simulator where the flags say so, and lets c end it.
// The error is a usage error.
func (p *program) surroundings(f *flags, c *closers) (surroundings, error) {
	open := func(ctx context.Context, address string) error {
		return auth.NewBrowser(os.Environ()).Open(ctx, address)
	}
	if !f.simulate.on {
		to, err := choosePlaces(f, p.getenv)
		return surroundings{getenv: p.getenv, to: to, open: open}, err
	}
	if err := f.simulate.check(); err != nil {
		return surroundings{}, err
	}
	sim, err := startSimulation(f.simulate.name)
	if err != nil {
		return surroundings{}, err
	}
	c.onClose(sim.close)
	after := agreesForHost
	if f.atTerminal {
		after = agreesForPerson
	}
	return surroundings{sim.getenv, sim.places(), sim.opener(open, after), scenarioNames()}, nil
}

// environment is what the variables say, beside credentials and base URLs.
type environment struct {
	home     string // CODEX_HOME; "" where homeErr says why there is none
	homeErr  error
	roots    *x509.CertPool
	warnings []string // for auth/status
}

// read finds CODEX_HOME and the additional authorities. What is wrong with the
// environment is logged.
func (s *surroundings) read(log *slog.Logger) environment {
	var e environment
	if e.home, e.homeErr = auth.Home(s.getenv); e.homeErr != nil {
		e.warnings = append(e.warnings, "No auth.json is read: "+strings.TrimSuffix(e.homeErr.Error(), ".")+".")
	}
	roots, warning := transport.Roots(s.getenv)
	if e.roots = roots; warning != "" {
		e.warnings = append(e.warnings, warning)
	}
	for _, warning := range append([]string{s.to.chatgpt.Bad, s.to.platform.Bad, s.to.issuer.Bad}, e.warnings...) {
		if warning != "" {
			log.Warn(warning)
		}
	}
	return e
}
