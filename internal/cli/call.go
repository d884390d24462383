package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

func (p *program) callCommand() *cobra.Command {
	return p.command(spec{
		use: "call METHOD [JSON|-]", short: "send one request, print what comes, one JSON object a line",
		about: `
A line for each notification, and a last one {"result":…} or {"error":…} (exit
code 4); "-" reads the params from stdin.

  signalbox call --simulate routes/resolve '{"model":"gpt-5.2-pro"}'
`,
		words: methods,
		args: func(args []string) error {
			if len(args) == 0 || len(args) > 2 {
				return errors.New("call takes a method and at most one JSON text")
			}
			return nil
		},
		run: p.call,
	})
}

// call sends one request. It prints each notification as it came, on a line of its
// own, and last the result or the error (exit code 4).
func (p *program) call(args []string) error {
	params, err := p.callParams(args)
	if err != nil {
		return err
	}
	s, err := p.open()
	if err != nil {
		return err
	}
	result, failure, err := s.call("1", args[0], params, func(m message) {
		_, _ = fmt.Fprintf(p.stdout, "%s\n", m.line)
	})
	code := s.end()
	switch {
	case err != nil:
		return exited(max(code, exitFailure))
	case failure != nil:
		_, _ = fmt.Fprintf(p.stdout, "{\"error\":%s}\n", failure)
		return exited(exitError)
	}
	_, _ = fmt.Fprintf(p.stdout, "{\"result\":%s}\n", result)
	return nil
}

// callParams returns the params: none, a JSON text, or stdin for "-".
func (p *program) callParams(args []string) (json.RawMessage, error) {
	if len(args) == 1 {
		return nil, nil
	}
	text, given := []byte(args[1]), args[1] != "-"
	if !given {
		var err error
		if text, err = p.read(func() ([]byte, error) { return io.ReadAll(p.stdin) }); err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
	}
	members, _, err := rawjson.Object(text, 512, nil)
	if err != nil && !errors.Is(err, rawjson.ErrNotObject) {
		return nil, fmt.Errorf("the params: %w", err)
	}
	if _, found := rawjson.Find(members, "apiKey"); found && given {
		return nil, errors.New("other users can see a key in an argument; pass the params on stdin, with - as the argument")
	}
	return text, nil
}
