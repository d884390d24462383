package cli

import (
	"bytes"
	"os"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

// finished is what is left of a command.
type finished struct {
	code           int
	stdout, stderr string
}

// runCommand runs a subcommand in this process, with an empty environment.
func runCommand(args ...string) finished {
	var stdout, stderr bytes.Buffer
	p := &program{
		version: "0.1.0", stdout: &stdout, stderr: &stderr,
		getenv: func(string) string { return "" }, signals: make(chan os.Signal),
	}
	code := p.runCommand(args, make(chan os.Signal, 1))
	return finished{code, stdout.String(), stderr.String()}
}
