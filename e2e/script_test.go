//go:build unix

package e2e

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// The scripts run the real binary under its name.
func TestScripts(t *testing.T) {
	t.Parallel()
	bin := binFolder(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "../testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+":"+env.Getenv("PATH"))
			env.Vars = append(env.Vars, asMain...)
			// In two, as a verbose run prints the environment.
			half := len(testcheck.Canary) / 2
			env.Setenv("CAN", testcheck.Canary[:half])
			env.Setenv("ARY", testcheck.Canary[half:])
			return nil
		},
	})
}
