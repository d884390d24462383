package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// simulation is the built-in upstream and a CODEX_HOME with a login for it, in
// place of everything of the user's.
type simulation struct {
	server *simulator.Server
	home   string
}

// startSimulation starts the upstream on loopback. Its error is a usage error:
// an unknown scenario.
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

// getenv is the environment of a simulation: nothing of the user's.
func (s *simulation) getenv(name string) string {
	if name == "CODEX_HOME" {
		return filepath.Join(s.home, "codex")
	}
	return ""
}

// places are the simulator in place of OpenAI.
func (s *simulation) places() places {
	override := func(url string) auth.Endpoint {
		return auth.Endpoint{URL: url, Override: &protocol.Override{Name: "--simulate", Value: url, Source: "flag"}}
	}
	// Its URL is well-formed, and none of the user's variables is read.
	issuer, _ := auth.IssuerEndpoint(s.server.IssuerURL(), s.getenv)
	for i := range issuer.Overrides {
		issuer.Overrides[i].Name = "--simulate"
	}
	return places{override(s.server.ChatGPTURL()), override(s.server.PlatformURL()), issuer}
}

func (s *simulation) close() {
	s.server.Close()
	_ = os.RemoveAll(s.home)
}
