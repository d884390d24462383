package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// session is a conversation with a server in this very process, for the
// commands for people.
type session struct {
	*parts
	// ctx ends with the server: at a signal, too.
	ctx   context.Context
	in    *io.PipeWriter
	out   *io.PipeReader
	lines *bufio.Reader
	code  chan int
	end   func()
}

// open starts a server. Its error is a usage error.
func (p *program) open(s *settings) (*session, error) {
	s.framing, s.ignoreParent = wire.FramingNDJSON, true
	parts, end, err := p.assemble(s)
	if err != nil {
		return nil, err
	}
	serverIn, in := io.Pipe()
	out, serverOut := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	c := &session{parts: parts, ctx: ctx, in: in, out: out, lines: bufio.NewReaderSize(out, 64<<10), code: make(chan int, 1), end: end}
	go func() {
		code := parts.server.Serve(context.Background(), serverIn, serverOut, p.signals)
		cancel()
		c.code <- code
		_ = serverOut.Close()
		_ = serverIn.Close()
	}()
	return c, nil
}

// close ends the conversation and gives the exit code of the server.
func (c *session) close() int {
	_ = c.in.Close()
	_ = c.out.Close()
	code := <-c.code
	c.end()
	return code
}

// errServerEnded: a signal has ended the server in the middle of a call.
var errServerEnded = errors.New("the conversation ended early")

// send sends a request and does not wait for its answer. The server may end
// before it has read all of it.
func (c *session) send(id, method string, params any) {
	request := append([]byte(`{"jsonrpc":"2.0","id":`+id+`,"method":`), rawjson.AppendQuote(nil, method)...)
	request = rawjson.AppendLine(append(request, `,"params":`...), protocol.Encode(params))
	go func() { _, _ = c.in.Write(append(request, "}\n"...)) }()
}

// received is a notification or an answer of the server.
type received struct {
	ID                    string
	Method                string
	Params, Result, Error json.RawMessage
}

// receive waits for the next message; the error is errServerEnded.
func (c *session) receive() (received, error) {
	line, err := c.lines.ReadBytes('\n')
	if err != nil {
		return received{}, errServerEnded
	}
	var m struct {
		received
		ID json.RawMessage
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return received{}, err
	}
	m.received.ID = string(m.ID)
	return m.received, nil
}

// call sends one request and hands each notification, a line without its end,
// to notify. It gives the raw result or the raw error object; err is
// errServerEnded.
func (c *session) call(method string, params json.RawMessage, notify func(line []byte)) (result, failure json.RawMessage, err error) {
	request := append([]byte(`{"jsonrpc":"2.0","id":1,"method":`), rawjson.AppendQuote(nil, method)...)
	if params != nil {
		request = rawjson.AppendLine(append(request, `,"params":`...), params)
	}
	// The server may end before it has read all of it.
	go func() { _, _ = c.in.Write(append(request, "}\n"...)) }()
	for {
		line, err := c.lines.ReadBytes('\n')
		if err != nil {
			return nil, nil, errServerEnded
		}
		line = line[:len(line)-1]
		members, _, err := rawjson.Object(line, 10_000, nil)
		if err != nil {
			return nil, nil, err
		}
		if result, found := rawjson.Find(members, "result"); found {
			return json.RawMessage(result.Value), nil, nil
		}
		if failure, found := rawjson.Find(members, "error"); found {
			return nil, json.RawMessage(failure.Value), nil
		}
		notify(line)
	}
}

// once opens a session for a single call and closes it. After an error, which
// has been printed, code is the exit code.
func (p *program) once(s *settings, method string, params any, notify func(line []byte)) (result, failure json.RawMessage, code int, err error) {
	c, err := p.open(s)
	if err != nil {
		return nil, nil, p.usageError(err), err
	}
	result, failure, err = c.call(method, protocol.Encode(params), notify)
	return result, failure, c.close(), err
}
