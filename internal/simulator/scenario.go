package simulator

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Scenario is one way in which the simulator can behave.
type Scenario struct{ Name, Summary string }

// scenario is a row of the table. Where it says nothing, it does what "ok" does.
type scenario struct {
	Scenario

	// home is what WriteHome stores.
	home home

	// issuer acts on requests to a path of the issuer, or of a lookup beside the
	// model calls, or for a grant type.
	issuer map[string]hook

	// region is the routing override of the account; "": NO_CONSTRAINT.
	region string

	// callback replaces parameters of the redirect that ends an authorization;
	// nil removes one.
	callback url.Values

	// before acts on an accepted call.
	before hook

	// compose writes the events of its answer.
	compose func(*answer)

	// deliver sends them, or the one part of an unstreamed answer.
	deliver func(*visit, []part)
}

// hook acts at one point of an exchange. It reports whether what "ok" does
// there follows; otherwise it has answered.
type hook func(*visit) bool

// table holds every scenario; a new one is one entry.
func table() []scenario {
	return slices.Concat(publicScenarios(), callScenarios(), loginScenarios())
}

// Scenarios lists what Config.Scenario and the header x-signalbox-simulate take.
// The header chooses for one POST …/responses; of a scenario it takes what
// concerns that alone.
func Scenarios() []Scenario {
	var all []Scenario
	for _, s := range table() {
		all = append(all, s.Scenario)
	}
	return all
}

func find(name string) (scenario, error) {
	var known []string
	for _, s := range table() {
		if s.Name == name {
			if s.before == nil {
				s.before = func(*visit) bool { return true }
			}
			if s.compose == nil {
				s.compose = composeAll
			}
			if s.deliver == nil {
				s.deliver = deliverAll
			}
			return s, nil
		}
		known = append(known, s.Name)
	}
	return scenario{}, fmt.Errorf("unknown scenario %q, known are: %s", name, strings.Join(known, ", "))
}

func composeAll(a *answer) {
	a.open()
	a.think()
	a.act()
	a.complete()
}
