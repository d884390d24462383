package cli

import (
	"context"
	"fmt"
	"io"
	"time"

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
	code, err := rpc.New(parts.host, p.stdin, stdout).Serve(context.Background(), p.signals)
	if err != nil {
		p.sayBriefly("signalbox: " + err.Error() + "\n")
	}
	return code
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
