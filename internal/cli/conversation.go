package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// maxDepth bounds the nesting of what a server answers.
const maxDepth = 10_000

// errServerEnded: the server ended in the middle of a call; in this process only
// a signal does that.
var errServerEnded = errors.New("the conversation ended early")

// conversation is a host's side of JSON-RPC in NDJSON framing. One goroutine
// receives; any may send.
type conversation struct {
	in    io.Writer
	lines *bufio.Reader
}

// message is a notification or an answer of the server; line is the whole of it,
// without its end.
type message struct {
	line                  []byte
	id, method            string
	params, result, error json.RawMessage
}

// send sends a request and does not wait for its answer. The server may end
// before it has read all of it. params may be nil.
func (c *conversation) send(id, method string, params json.RawMessage) {
	request := append([]byte(`{"jsonrpc":"2.0","id":`+id+`,"method":`), rawjson.AppendQuote(nil, method)...)
	if params != nil {
		request = rawjson.AppendLine(append(request, `,"params":`...), params)
	}
	go func() { _, _ = c.in.Write(append(request, "}\n"...)) }()
}

// receive waits for the next message; at the end of the conversation its error is
// errServerEnded.
func (c *conversation) receive() (message, error) {
	line, err := c.lines.ReadBytes('\n')
	if err != nil {
		return message{}, errServerEnded
	}
	m := message{line: line[:len(line)-1]}
	members, _, err := rawjson.Object(m.line, maxDepth, nil)
	if err != nil {
		return message{}, err
	}
	for _, member := range members {
		switch {
		case member.Is("id"):
			m.id = string(member.Value)
		case member.Is("method"):
			m.method, _ = rawjson.Unquote(member.Value)
		case member.Is("params"):
			m.params = json.RawMessage(member.Value)
		case member.Is("result"):
			m.result = json.RawMessage(member.Value)
		case member.Is("error"):
			m.error = json.RawMessage(member.Value)
		}
	}
	return m, nil
}

// call sends one request, hands each notification to notify and returns the raw
// result or the raw error object. notify may be nil.
func (c *conversation) call(id, method string, params json.RawMessage, notify func(message)) (result, failure json.RawMessage, err error) {
	c.send(id, method, params)
	for {
		m, err := c.receive()
		switch {
		case err != nil:
			return nil, nil, err
		case m.id == id || m.id == "null": // a request that could not be read
			return m.result, m.error, nil
		case m.id == "" && notify != nil:
			notify(m)
		}
	}
}
