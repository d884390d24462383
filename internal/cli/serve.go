package cli

import (
	"context"
	"fmt"

	"github.com/signalbox-dev/signalbox/rpc"
)

// serve answers one host on stdin and stdout.
func serve(p *program, args []string) int {
	f, rest, err := parseFlags("serve", args, p.stdout)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("serve takes no argument %q; flags come after the command", rest[0])
	}
	if err != nil {
		return p.usageError(err)
	}
	parts, err := p.assemble(f)
	if err != nil {
		return p.usageError(err)
	}
	defer parts.close()
	stdout, err := privateStdout()
	if err != nil {
		_, _ = fmt.Fprintf(p.stderr, "signalbox: keep stdout private: %v\n", err)
		return exitFailure
	}
	return rpc.New(parts.host, p.stdin, stdout).Serve(context.Background(), p.signals)
}
