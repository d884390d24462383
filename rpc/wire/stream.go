package wire

import (
	"encoding/json"
	"io"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/sourcegraph/jsonrpc2"
)

// objectStream is the stream under jsonrpc2.Conn, which reads in a loop on one
// goroutine. It only sees the responses to our own calls, because any error from
// ReadObject closes it, and a request costs it forty allocations and loses the
// order of its params. So ReadObject answers what is malformed and dispatches the
// requests of the host.
type objectStream struct {
	conn *Conn
	// pause blocks while too much waits for the host to read (docs/protocol.md:
	// Limits).
	pause func() error
	// dispatch takes a request or a notification.
	dispatch func(envelope)
}

// ReadObject implements jsonrpc2.ObjectStream: it reads until there is a
// response for the library. v is the library's own type and can only be filled
// by json.Unmarshal.
func (s *objectStream) ReadObject(v any) error {
	c := s.conn
	for {
		if s.pause() != nil {
			c.finish(false, nil)
			return io.EOF
		}
		message, fault, err := c.in.next()
		if err != nil {
			c.finish(false, err)
			return io.EOF
		}
		var env envelope
		if fault == nil {
			env, fault = parseEnvelope(message, c.Framing() == FramingNDJSON)
		}
		switch {
		case fault != nil:
			c.answer(fault.id, "error", fault.error())
			if fault.fatal {
				c.finish(true, nil)
				return io.EOF
			}
		case env.isResponse:
			if response := minimalResponse(env); response != nil {
				return json.Unmarshal(response, v)
			}
		default:
			s.dispatch(env)
		}
	}
}

// minimalResponse returns a response of the host in the one form that the library
// accepts without closing: an id that we may have sent, and an error of the right
// types or the text of the result as a string, because the library decodes a
// result whose type it does not know. A response with another id is nil, and is
// dropped.
func minimalResponse(env envelope) []byte {
	if len(env.id) == 0 || len(env.id) > 18 || env.id[0] < '0' || env.id[0] > '9' {
		return nil
	}
	for _, c := range env.id {
		if c < '0' || c > '9' {
			return nil
		}
	}
	b := append([]byte(`{"jsonrpc":"2.0","id":`), env.id...)
	if env.result != nil && (env.failure == nil || string(env.failure) == "null") {
		b = append(b, `,"result":`...)
		b = rawjson.AppendQuote(b, string(env.result))
		return append(b, '}')
	}
	var failure struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(env.failure, &failure) // an error of another shape is still an error
	b = append(b, `,"error":{"code":1,"message":`...)
	b = rawjson.AppendQuote(b, failure.Message)
	return append(b, "}}"...)
}

// WriteObject implements jsonrpc2.ObjectStream for our own calls to the host.
func (s *objectStream) WriteObject(obj any) error {
	text, err := json.Marshal(obj)
	if err != nil {
		return err
	}
	// In the order of everything that we write: the library sorts the members.
	var call struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(text, &call); err != nil {
		return err
	}
	b := append([]byte(`{"jsonrpc":"2.0","id":`), call.ID...)
	b = rawjson.AppendQuote(append(b, `,"method":`...), call.Method)
	if len(call.Params) > 0 && string(call.Params) != "null" {
		b = append(append(b, `,"params":`...), call.Params...)
	}
	s.conn.out.post(append(b, '}'))
	return nil
}

// Close implements jsonrpc2.ObjectStream. The output stays open for the answers to
// come.
func (s *objectStream) Close() error { return nil }

// quiet drops the library's log lines: they may quote a message.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

var _ jsonrpc2.ObjectStream = (*objectStream)(nil)
