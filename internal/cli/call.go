package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// call sends one request. stdout gets a line for each notification as it came,
// and a last line with the result or the error (exit code 4).
func call(p *program, args []string) int {
	s, rest, err := parseFlags("call", args, p.stdout)
	var params json.RawMessage
	if err == nil {
		params, err = p.callParams(rest)
	}
	if err != nil {
		return p.usageError(err)
	}
	c, err := p.open(s)
	if err != nil {
		return p.usageError(err)
	}
	result, failure, err := c.call(rest[0], params, func(line []byte) {
		_, _ = fmt.Fprintf(p.stdout, "%s\n", line)
	})
	code := c.close()
	switch {
	case err != nil:
		return max(code, exitNot)
	case failure != nil:
		_, _ = fmt.Fprintf(p.stdout, "{\"error\":%s}\n", failure)
		return exitError
	}
	_, _ = fmt.Fprintf(p.stdout, "{\"result\":%s}\n", result)
	return exitDone
}

// callParams reads the params: absent, JSON, or - for stdin.
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
		return nil, errors.New("a key in an argument can be seen by other users; give the params with - on stdin")
	}
	return text, nil
}
