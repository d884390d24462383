package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

// simulation is the built-in upstream and a CODEX_HOME with a login for it, in
// place of anything that belongs to the user.
type simulation struct {
	server *simulator.Server
	home   string
}

// startSimulation starts the upstream on loopback.
func startSimulation(scenario string) (*simulation, error) {
	server, err := simulator.Start(simulator.Config{Scenario: scenario})
	if err != nil {
		return nil, fmt.Errorf("--simulate: %w", err)
	}
	temp, err := os.MkdirTemp("", "signalbox-simulate-")
	if err != nil {
		server.Close()
		return nil, fmt.Errorf("--simulate: %w", err)
	}
	sim := &simulation{server: server, home: temp}
	if err := server.WriteHome(filepath.Join(temp, "codex")); err != nil {
		sim.close()
		return nil, fmt.Errorf("--simulate: %w", err)
	}
	return sim, nil
}

// scenarioNames returns what --simulate and _meta.simulate may be.
func scenarioNames() []string {
	var all []string
	for _, s := range simulator.Scenarios() {
		all = append(all, s.Name)
	}
	return all
}

// getenv is the environment of a simulation; the user's is not read.
func (s *simulation) getenv(name string) string {
	if name == "CODEX_HOME" {
		return filepath.Join(s.home, "codex")
	}
	return ""
}

// places returns the addresses of the simulator.
func (s *simulation) places() places {
	override := func(url string) auth.Endpoint {
		return auth.Endpoint{URL: url, Override: &protocol.Override{Name: "--simulate", Value: url, Source: "flag"}}
	}
	// The URL is well-formed, and the user's variables are not read: no error.
	issuer, _ := issuer.ParseEndpoint(s.server.IssuerURL(), s.getenv)
	for i := range issuer.Overrides {
		issuer.Overrides[i].Name = "--simulate"
	}
	return places{override(s.server.ChatGPTURL()), override(s.server.PlatformURL()), issuer}
}

// How long the simulated user waits before agreeing to a login that nobody else
// has finished: a host may want to play the user itself; a person at a terminal is
// waiting.
const (
	agreesForHost   = 5 * time.Second
	agreesForPerson = time.Second
)

// opener returns a function that opens a page as system does, ignoring the outcome,
// and then plays the user: after a while it agrees, unless the scenario says
// otherwise. It follows redirects on this machine only.
func (s *simulation) opener(system func(context.Context, string) error, after time.Duration) func(context.Context, string) error {
	return func(ctx context.Context, address string) error {
		agree := time.NewTimer(after)
		defer agree.Stop()
		_ = system(ctx, address)
		select {
		case <-agree.C:
			return agreeTo(ctx, address)
		case <-ctx.Done():
			return nil
		}
	}
}

// agreeTo fetches a page as a browser does, on this machine only.
func agreeTo(ctx context.Context, address string) error {
	if err := onLoopback(address); err != nil {
		return err
	}
	browser := &http.Client{
		Transport:     transport.New(transport.Options{Direct: true}),
		CheckRedirect: func(r *http.Request, _ []*http.Request) error { return onLoopback(r.URL.String()) },
	}
	defer browser.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := browser.Do(request)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, response.Body)
	return response.Body.Close()
}

func onLoopback(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" {
		return errors.New("the simulated browser stays on this machine")
	}
	return nil
}

func (s *simulation) close() {
	s.server.Close()
	_ = os.RemoveAll(s.home)
}
