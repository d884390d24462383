package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"sync/atomic"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/sourcegraph/jsonrpc2"
)

// Options of a Conn. The zero value of a field means its default.
type Options struct {
	// Framing; FramingAuto detects it.
	Framing Framing
	// MaxMessageBytes of one message; 64 MiB.
	MaxMessageBytes int64
	// LookAhead, in bytes: while more than this of answers waits for the host to
	// read, no further message is read (a message counts at least 1 KiB); 16 MiB.
	LookAhead int64
	// Observe, if set, sees each message except events and messages whose method is
	// unknown. out: to the host. id is raw, nil for a notification; member is
	// params, result or error. It must not block, and must not keep any of the
	// bytes.
	Observe func(out bool, id []byte, method, member string, value []byte)
}

// The defaults of Options.
const (
	DefaultMaxMessageBytes = 64 << 20
	DefaultLookAhead       = 16 << 20
)

// Handler gets the messages of the host, one after the other, on the goroutine
// that reads them: it must not block and starts a goroutine for what takes
// time. The context of a request ends when the request is answered or
// cancelled; context.Cause returns why.
type Handler interface {
	HandleRequest(ctx context.Context, req *Request)
	HandleNotification(method string, params []byte)
}

// Conn is a conversation with a host. Its methods are safe for concurrent use.
type Conn struct {
	in        *frameReader
	out       *writer
	lookAhead int64
	observe   func(out bool, id []byte, method, member string, value []byte)
	framing   atomic.Int32
	inflight  *inflight
	rpc       *jsonrpc2.Conn
	ended     chan struct{}
	// lost and readErr are set before ended is closed.
	lost    bool
	readErr error
	// deferred by Request.Go; only for the reading goroutine.
	deferred []func()
}

// New prepares a conversation over in and out. Nothing is read or written
// before Start.
func New(in io.Reader, out io.Writer, opts Options) *Conn {
	if opts.MaxMessageBytes == 0 {
		opts.MaxMessageBytes = DefaultMaxMessageBytes
	}
	if opts.LookAhead == 0 {
		opts.LookAhead = DefaultLookAhead
	}
	c := &Conn{
		out:       newWriter(out),
		lookAhead: opts.LookAhead,
		observe:   opts.Observe,
		inflight:  &inflight{calls: make(map[string]context.CancelCauseFunc)},
		ended:     make(chan struct{}),
	}
	c.setFraming(opts.Framing)
	c.in = newFrameReader(&arrivals{in, c.launch}, opts.Framing, opts.MaxMessageBytes, c.setFraming)
	return c
}

// arrivals is the input. It calls seen before each read, when everything that had
// arrived has been handled.
type arrivals struct {
	in   io.Reader
	seen func()
}

// Read implements io.Reader.
func (a *arrivals) Read(p []byte) (int, error) {
	a.seen()
	return a.in.Read(p)
}

// launch starts what Request.Go has deferred.
func (c *Conn) launch() {
	for _, f := range c.deferred {
		go f()
	}
	clear(c.deferred)
	c.deferred = c.deferred[:0]
}

// setFraming fixes the framing.
func (c *Conn) setFraming(f Framing) {
	c.framing.Store(int32(f))
	c.out.setLines(f == FramingNDJSON)
}

// Start begins to read. Every request's context derives from ctx, not from the
// end of the input.
func (c *Conn) Start(ctx context.Context, handler Handler) {
	// The library reads before NewConn has returned, and a handler may use rpc.
	started := make(chan struct{})
	stream := &objectStream{
		conn:     c,
		pause:    func() error { <-started; return c.out.awaitBelow(ctx, c.lookAhead, c.launch) },
		dispatch: func(env envelope) { c.dispatch(ctx, env, handler) },
	}
	// The library's own context ends with the input, so no request uses it.
	c.rpc = jsonrpc2.NewConn(context.WithoutCancel(ctx), stream, noHandler{}, jsonrpc2.SetLogger(quiet{}))
	close(started)
}

// noHandler: requests do not reach the library.
type noHandler struct{}

// Handle implements jsonrpc2.Handler.
func (noHandler) Handle(context.Context, *jsonrpc2.Conn, *jsonrpc2.Request) {}

// dispatch hands one message to the handler. A request is registered here, on
// the reader's goroutine, so that a cancel that was read after it finds it.
func (c *Conn) dispatch(ctx context.Context, env envelope, handler Handler) {
	if c.observe != nil {
		c.observe(false, env.id, env.method, "params", env.params)
	}
	if env.id == nil {
		handler.HandleNotification(env.method, env.params)
		return
	}
	// The id outlives the message, whose bytes are given back.
	env.id = bytes.Clone(env.id)
	req := &Request{ID: env.id, Method: env.method, Params: env.params, conn: c, key: idKey(env.id)}
	ctx, cancel := context.WithCancelCause(ctx)
	if !c.inflight.add(req.key, cancel) {
		cancel(nil)
		duplicate := invalidFault(env.id, "duplicate_id", "a request with this id has not been answered yet")
		c.answer(env.id, "error", duplicate.error())
		return
	}
	handler.HandleRequest(ctx, req)
}

// Request is one call of the host. It is answered exactly once.
type Request struct {
	// ID is raw, as the host spelled it.
	ID     []byte
	Method string
	// Params are raw: an object or an array that is not empty; nil when absent.
	Params []byte

	conn     *Conn
	key      string
	answered atomic.Bool
}

// Go starts f on a goroutine of its own, once the messages that arrived together
// with the request have been handled: a cancel that the host wrote right behind
// its request finds it before anything is done. Call it from HandleRequest only.
func (r *Request) Go(f func()) { r.conn.deferred = append(r.conn.deferred, f) }

// Reply answers with a result, which is JSON. Only the first answer counts. It
// does not block.
func (r *Request) Reply(result []byte) { r.answer("result", result) }

// ReplyError answers with a JSON-RPC error object.
func (r *Request) ReplyError(failure []byte) { r.answer("error", failure) }

func (r *Request) answer(member string, value []byte) {
	if r.answered.Swap(true) {
		return
	}
	r.conn.inflight.remove(r.key)
	if r.conn.observe != nil {
		r.conn.observe(true, r.ID, r.Method, member, value)
	}
	r.conn.answer(r.ID, member, value)
	r.conn.inflight.answered()
}

// answer queues a response; a nil id answers null.
func (c *Conn) answer(id []byte, member string, value []byte) {
	if id == nil {
		id = []byte("null")
	}
	b := make([]byte, 0, 40+len(id)+len(value))
	b = append(b, `{"jsonrpc":"2.0","id":`...)
	b = append(b, id...)
	b = append(b, `,"`...)
	b = append(b, member...)
	b = append(b, `":`...)
	b = append(b, value...)
	c.out.post(append(b, '}'))
}

// Notify queues a notification; params is a JSON object. It does not block.
func (c *Conn) Notify(method string, params []byte) {
	if c.observe != nil {
		c.observe(true, nil, method, "params", params)
	}
	b := append(notificationHead(method), params...)
	c.out.post(append(b, '}'))
}

func notificationHead(method string) []byte {
	b := append([]byte(`{"jsonrpc":"2.0","method":`), rawjson.AppendQuote(nil, method)...)
	return append(b, `,"params":`...)
}

// NewEventTemplate prepares the notifications of one stream: method, and params
// {"streamId","requestId","seq","event"}.
func (c *Conn) NewEventTemplate(method, streamID string, requestID []byte) *EventTemplate {
	head := append(notificationHead(method), `{"streamId":`...)
	head = rawjson.AppendQuote(head, streamID)
	head = append(head, `,"requestId":`...)
	head = append(head, requestID...)
	head = append(head, `,"seq":`...)
	if c.Framing() == FramingNDJSON {
		head = rawjson.AppendLine(nil, head)
	}
	return &EventTemplate{head: head}
}

// Event queues one event of a stream; Flush sends it. It blocks while the host
// does not read, until ctx ends or the output fails; a write that this call has
// begun cannot be interrupted. event is one checked JSON value and is not kept;
// breaks is what rawjson.Check returned for it.
func (c *Conn) Event(ctx context.Context, t *EventTemplate, seq int64, event []byte, breaks bool) error {
	return c.out.event(ctx, t, seq, event, breaks)
}

// Flush sends the events that are waiting. It may block in a write while the host
// does not read.
func (c *Conn) Flush() error { return c.out.flush() }

// Call asks the host and waits for its answer. After the end of the input it
// fails at once.
func (c *Conn) Call(ctx context.Context, method string, params, result any) error {
	var text string // see minimalResponse
	if err := c.rpc.Call(ctx, method, params, &text); err != nil || result == nil {
		return err
	}
	return json.Unmarshal([]byte(text), result)
}

// Cancel ends the request with the raw id, if it has not been answered.
func (c *Conn) Cancel(id []byte) {
	if len(id) > 0 {
		c.inflight.cancel(idKey(id), ErrCancelled)
	}
}

// CancelAll ends every request that has not been answered, except one (or nil).
func (c *Conn) CancelAll(cause error, except *Request) {
	key := ""
	if except != nil {
		key = except.key
	}
	c.inflight.cancelAll(cause, key)
}

// SetWellFormed chooses whether each escape of a lone surrogate is sent as \ufffd, for
// a host whose parser takes nothing else; otherwise, and before the first call, they are
// sent as they are.
func (c *Conn) SetWellFormed(on bool) { c.out.setWellFormed(on) }

// Framing returns the framing in use; FramingAuto before it has been detected.
func (c *Conn) Framing() Framing { return Framing(c.framing.Load()) }

// Ended is closed when nothing more will be read: at the end of the input.
func (c *Conn) Ended() <-chan struct{} { return c.ended }

// Lost reports, after Ended, whether a frame boundary was lost.
func (c *Conn) Lost() bool { return c.lost }

// ReadError returns, after Ended, why the input could not be read any further; nil
// if it came to its end.
func (c *Conn) ReadError() error { return c.readErr }

// finish notes how the input ended: lost is for a frame boundary, err for the error
// of a read.
func (c *Conn) finish(lost bool, err error) {
	c.launch()
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		c.readErr = err
	}
	c.lost = lost
	close(c.ended)
}

// Unanswered returns a channel that is closed once at most n requests have no
// answer.
func (c *Conn) Unanswered(n int) <-chan struct{} { return c.inflight.atMost(n) }

// Queued returns how many bytes are waiting for the host to read.
func (c *Conn) Queued() int64 { return c.out.waiting() }

// WriteFailed returns a channel that is closed when the output has failed.
func (c *Conn) WriteFailed() <-chan struct{} { return c.out.failed }

// WriteError returns why the output has failed; nil while it has not.
func (c *Conn) WriteError() error { return c.out.failure() }

// Written waits until everything queued has been written, the output has
// failed or ctx ends.
func (c *Conn) Written(ctx context.Context) error { return c.out.awaitEmpty(ctx) }

// Close ends our calls to the host. The output is left alone.
func (c *Conn) Close() { _ = c.rpc.Close() }
