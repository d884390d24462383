package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/rpc"
)

func (p *program) serveCommand() *cobra.Command {
	return p.command(spec{
		use: "serve", short: "answer a host on stdin and stdout; the default without a terminal",
		about: `
JSON-RPC 2.0, one JSON object a line or with Content-Length headers as in LSP:
the first byte of input decides. It ends with its host, or when stdin ends and
all is answered. docs/protocol.md is the guide, docs/reference.md has the
methods.

  printf '{"id":1,"method":"auth/status"}\n' | signalbox serve --simulate
`,
		run: func([]string) error { return p.serve() },
	})
}

// serve answers one host on stdin and stdout.
func (p *program) serve() error {
	parts, err := p.assemble()
	if err != nil {
		return err
	}
	defer parts.close()
	p.saySimulated()
	stdout, err := privateStdout()
	if err != nil {
		_, _ = fmt.Fprintf(p.stderr, "signalbox: keep stdout private: %v\n", err)
		return exited(exitFailure)
	}
	code, err := rpc.New(parts.host, p.stdin, stdout).Serve(context.Background(), p.signals)
	if err != nil {
		p.sayBriefly("signalbox: " + err.Error() + "\n")
	}
	return exit(code)
}

// saySimulated says that a server is simulated where its command line does not.
func (p *program) saySimulated() {
	if p.flags.simulate.byVariable {
		p.sayBriefly("signalbox: " + simulateVariable + " is set: OpenAI is simulated, and nothing is sent to it.\n")
	}
}

// sayBriefly prints a message to stderr. It waits for a stderr that nobody reads no
// longer than the log does.
func (p *program) sayBriefly(text string) {
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		_, _ = io.WriteString(p.stderr, text)
	}()
	select {
	case <-printed:
	case <-time.After(logFlush):
	}
}
