package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// framings that a host may choose.
var framings = []Framing{FramingLSP, FramingNDJSON}

// frame puts one message into a frame, as a host does.
func frame(f Framing, message string) string {
	if f == FramingNDJSON {
		return message + "\n"
	}
	return "Content-Length: " + strconv.Itoa(len(message)) + "\r\n\r\n" + message
}

// request returns a request with a raw id and raw params.
func request(id, method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":%s}`, id, method, params)
}

// cutFrame cuts the first frame off an output: only the exact spelling that
// hosts insist on is one.
func cutFrame(f Framing, output []byte) (message, rest []byte, ok bool) {
	if f == FramingNDJSON {
		message, rest, ok = bytes.Cut(output, []byte("\n"))
		return message, rest, ok && !bytes.ContainsAny(message, "\r\u0085\u2028\u2029")
	}
	digits, rest, _ := bytes.Cut(output, []byte("\r\n\r\n"))
	if digits, ok = bytes.CutPrefix(digits, []byte("Content-Length: ")); !ok {
		return nil, output, false
	}
	n, err := strconv.Atoi(string(digits))
	if err != nil || strconv.Itoa(n) != string(digits) || n > len(rest) {
		return nil, output, false
	}
	return rest[:n], rest[n:], true
}

// cutFrames cuts a whole output into its messages, each of which must be JSON.
func cutFrames(t testing.TB, f Framing, output []byte) []string {
	t.Helper()
	var messages []string
	for len(output) > 0 {
		message, rest, ok := cutFrame(f, output)
		if !ok || !json.Valid(message) {
			t.Fatalf("after %d frames there is none: %.200q", len(messages), output)
		}
		messages, output = append(messages, string(message)), rest
	}
	return messages
}

// echo stands in for the methods: it answers with the method and the raw params.
// The method hold is answered at the notification release, or with -32800 when
// it is cancelled. It is used on the reading goroutine only.
type echo struct {
	conn *Conn
	held []heldRequest
}

type heldRequest struct {
	ctx context.Context
	req *Request
}

func (e *echo) HandleRequest(ctx context.Context, req *Request) {
	if req.Method == "hold" {
		e.held = append(e.held, heldRequest{ctx, req})
		return
	}
	req.Reply(echoed(req))
}

func (e *echo) HandleNotification(method string, params []byte) {
	switch method {
	case "release":
		for _, h := range e.held {
			h.req.Reply(echoed(h.req))
		}
		e.held = nil
	case "$/cancelRequest":
		var p struct {
			ID json.RawMessage `json:"id"`
		}
		_ = json.Unmarshal(params, &p)
		e.conn.Cancel(p.ID)
		for _, h := range e.held {
			if context.Cause(h.ctx) == ErrCancelled {
				h.req.ReplyError([]byte(`{"code":-32800,"message":"cancelled"}`))
			}
		}
	}
}

func echoed(req *Request) []byte {
	method, _ := json.Marshal(req.Method)
	if req.Params == nil {
		return fmt.Appendf(nil, `{"method":%s}`, method)
	}
	return fmt.Appendf(nil, `{"method":%s,"params":%s}`, method, req.Params)
}

// converse runs a whole conversation with echo and returns what came out.
func converse(t testing.TB, in io.Reader, opts Options) ([]byte, *Conn) {
	t.Helper()
	e := &echo{}
	return converseAs(t, in, opts, e, func(conn *Conn) { e.conn = conn })
}

// converseAs runs a whole conversation with a handler, which prepare may give
// the Conn.
func converseAs(t testing.TB, in io.Reader, opts Options, h Handler, prepare func(*Conn)) ([]byte, *Conn) {
	t.Helper()
	var out bytes.Buffer
	conn := New(in, &out, opts)
	prepare(conn)
	conn.Start(t.Context(), h)
	<-conn.Ended()
	<-conn.Unanswered(0)
	require.NoError(t, conn.Written(t.Context()))
	return out.Bytes(), conn
}

// answers runs a conversation and returns its messages.
func answers(t testing.TB, f Framing, opts Options, input ...string) []string {
	t.Helper()
	out, _ := converse(t, strings.NewReader(strings.Join(input, "")), opts)
	return cutFrames(t, f, out)
}

// handler is a Handler made of functions; nil ones do nothing.
type handler struct {
	request      func(context.Context, *Request)
	notification func(method string, params []byte)
}

func (h handler) HandleRequest(ctx context.Context, req *Request) {
	if h.request != nil {
		h.request(ctx, req)
	}
}

func (h handler) HandleNotification(method string, params []byte) {
	if h.notification != nil {
		h.notification(method, params)
	}
}

// gate is an output whose writes block until it is opened.
type gate struct {
	opened chan struct{}

	mu  sync.Mutex
	got bytes.Buffer
}

func newGate() *gate { return &gate{opened: make(chan struct{})} }

func (g *gate) Write(p []byte) (int, error) {
	<-g.opened
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.got.Write(p)
}

func (g *gate) open() { close(g.opened) }

func (g *gate) output() []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return bytes.Clone(g.got.Bytes())
}

// inFraming makes a Conn whose framing is settled, as by a first message, and
// that reads nothing.
func inFraming(f Framing, out io.Writer) *Conn {
	conn := New(strings.NewReader(""), out, Options{})
	conn.framing.Store(int32(f))
	conn.out.setLines(f == FramingNDJSON)
	return conn
}
