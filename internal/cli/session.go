package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"io"

	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// session is a conversation with a server in this very process, for the
// commands for people.
type session struct {
	conversation
	*parts
	ctx  context.Context // ends with the server, so at a signal as well
	code chan int
	hang func() // closes the pipes
}

// open starts a server. Its error is a usage error.
func (p *program) open() (*session, error) {
	p.flags.framing, p.flags.ignoreParent = wire.FramingNDJSON, true
	parts, err := p.assemble()
	if err != nil {
		return nil, err
	}
	serverIn, in := io.Pipe()
	out, serverOut := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	s := &session{
		conversation: conversation{in, bufio.NewReaderSize(out, 64<<10)},
		parts:        parts, ctx: ctx, code: make(chan int, 1),
		hang: func() { _, _ = in.Close(), out.Close() },
	}
	go func() {
		code, _ := rpc.New(parts.host, serverIn, serverOut).Serve(context.Background(), p.signals)
		cancel()
		s.code <- code
		_ = serverOut.Close()
		_ = serverIn.Close()
	}()
	return s, nil
}

// end ends the conversation and returns the exit code of the server.
func (s *session) end() int {
	s.hang()
	code := <-s.code
	s.close()
	return code
}

// once opens a session for a single call and ends it. The error is a usage error, or
// exited where the server has ended before the answer. notify may be nil.
func (p *program) once(method string, params any, notify func(message)) (result, failure json.RawMessage, err error) {
	s, err := p.open()
	if err != nil {
		return nil, nil, err
	}
	result, failure, err = s.call("1", method, protocol.Encode(params), notify)
	if code := s.end(); err != nil || failure != nil && code > exitError { // a signal
		return nil, nil, exited(max(code, exitFailure))
	}
	return result, failure, nil
}

// model returns the model that Codex's configuration names, or "".
func (s *session) model() string { return s.host.Auth.Model() }
