package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// call sends one request. It prints each notification as it came, on a line of its
// own, and last the result or the error (exit code 4).
func call(p *program, args []string) int {
	f, rest, err := parseFlags("call", args, p.stdout)
	var params json.RawMessage
	if err == nil {
		params, err = p.callParams(rest)
	}
	if err != nil {
		return p.usageError(err)
	}
	s, err := p.open(f)
	if err != nil {
		return p.usageError(err)
	}
	result, failure, err := s.call("1", rest[0], params, func(m message) {
		_, _ = fmt.Fprintf(p.stdout, "%s\n", m.line)
	})
	code := s.end()
	switch {
	case err != nil:
		return max(code, exitFailure)
	case failure != nil:
		_, _ = fmt.Fprintf(p.stdout, "{\"error\":%s}\n", failure)
		return exitError
	}
	_, _ = fmt.Fprintf(p.stdout, "{\"result\":%s}\n", result)
	return exitSuccess
}

// callParams returns the params: none, a JSON text, or stdin for "-".
func (p *program) callParams(args []string) (json.RawMessage, error) {
	if len(args) == 0 || len(args) > 2 {
		return nil, errors.New("call takes a method and at most one JSON text")
	}
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
