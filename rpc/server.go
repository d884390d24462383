package rpc

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/internal/mask"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// docs/protocol.md: Limits.
const (
	maxRequests = 128
	maxStreams  = 1024
	// maxBodyBytes of all bodies that may still be sent upstream, together.
	maxBodyBytes = 512 << 20
)

// DefaultDrainTimeout bounds the time after the end of stdin in NDJSON framing.
const DefaultDrainTimeout = 15 * time.Minute

// Config of a Server.
type Config struct {
	// Version of signalbox.
	Version string
	Auth    *auth.Manager
	// Mask is for what is logged; Auth and Engine share it. nil: an empty one.
	Mask   *mask.Masker
	Engine *engine.Engine
	Wire   wire.Options
	// DrainTimeout; 0: DefaultDrainTimeout.
	DrainTimeout time.Duration
	// IgnoreParent: do not end when the parent has ended.
	IgnoreParent bool
	// Scenarios that _meta.simulate may name; nil: there is no such member.
	Scenarios []string
	// Open shows a page to the user with the system's opener; nil: there is none.
	Open func(ctx context.Context, address string) error
	// Logger gets no prompt and no secret; nil drops everything.
	Logger *slog.Logger
}

// Server answers one host. Make one with New, run it once with Serve.
type Server struct {
	cfg     Config
	started time.Time
	log     *slog.Logger
	methods map[string]method
	conn    *wire.Conn
	out     io.Writer
	parent  parent

	// optedOut notifications, by name; written before the first stream that it
	// concerns is started, on the reading goroutine.
	optedOut atomic.Pointer[map[string]bool]
	shutdown atomic.Bool
	// logToHost: the host has asked for window/logMessage.
	logToHost atomic.Bool
	// showsDocuments: the host serves window/showDocument.
	showsDocuments atomic.Bool
	// leaving: the process is about to end; set before everything is cancelled.
	leaving atomic.Bool

	limits limitsNotice

	requests  atomic.Int64
	bodyBytes atomic.Int64

	mu      sync.Mutex
	streams map[string]*stream
	// logins whose end has not been reported to the host.
	logins map[*auth.Login]watchedLogin

	authMu   sync.Mutex // guards lastAuth and authSeq, and the order of auth/changed
	lastAuth []byte     // the last auth/status that the host got unasked
	authSeq  int        // how many of those it got

	// exit is set by the notification exit, begun by the first message after which
	// the host's process may have to be watched, greeted by an initialize that
	// succeeded.
	exit, begun, greeted *latch
	host                 chan watched // from initialize
}

// method is one row of the method table.
type method struct {
	// serve returns the result, raw JSON or a value for protocol.Encode, or an
	// error.
	serve func(ctx context.Context, req *wire.Request) (any, error)
	// inline: serve does not block and runs on the reading goroutine, in order.
	inline bool
	// free: not counted against maxRequests.
	free bool
}

// New returns a server for the host on in and out. Nothing is read or written
// before Serve.
func New(cfg Config, in io.Reader, out io.Writer) *Server {
	if cfg.DrainTimeout == 0 {
		cfg.DrainTimeout = DefaultDrainTimeout
	}
	if cfg.Wire.MaxMessageBytes == 0 {
		cfg.Wire.MaxMessageBytes = wire.DefaultMaxMessageBytes
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Mask == nil {
		cfg.Mask = new(mask.Masker)
	}
	s := &Server{
		cfg:     cfg,
		started: time.Now(),
		streams: make(map[string]*stream),
		logins:  make(map[*auth.Login]watchedLogin),
		conn:    wire.New(in, out, cfg.Wire),
		out:     out,
		parent:  findParent(),
		exit:    newLatch(),
		begun:   newLatch(),
		greeted: newLatch(),
		host:    make(chan watched, 1),
	}
	s.log = slog.New(&hostLog{base: cfg.Logger.Handler(), server: s})
	if cfg.Engine != nil {
		cfg.Engine.WatchLimits(s.limitsChanged)
	}
	s.methods = map[string]method{
		protocol.MethodInitialize:      {serve: s.initialize, inline: true, free: true},
		protocol.MethodPing:            {serve: s.ping, inline: true, free: true},
		protocol.MethodShutdown:        {serve: s.serveShutdown, free: true},
		protocol.MethodAuthStatus:      {serve: s.authStatus, free: true},
		protocol.MethodLogin:           {serve: s.login},
		protocol.MethodLoginComplete:   {serve: s.completeLogin},
		protocol.MethodLoginCancel:     {serve: s.cancelLogin, free: true},
		protocol.MethodExchange:        {serve: s.exchange},
		protocol.MethodLogout:          {serve: s.logout},
		protocol.MethodRefresh:         {serve: s.refresh},
		protocol.MethodRoutesResolve:   {serve: s.resolveRoute},
		protocol.MethodResponsesCancel: {serve: s.cancelStream, inline: true, free: true},
		protocol.MethodModelsList:      {serve: s.listModels},
		protocol.MethodLimitsRead:      {serve: s.readLimits},
		protocol.MethodDiagnostics:     {serve: s.diagnostics, free: true},
		protocol.MethodDiscover:        {serve: discover},
	}
	return s
}

// HandleRequest implements wire.Handler: it decides on the reading goroutine,
// in the order of the input, and starts what takes time.
func (s *Server) HandleRequest(ctx context.Context, req *wire.Request) {
	if err := s.admit(req); err != nil {
		req.ReplyError(s.publicError(ctx, err).Encode())
		return
	}
	if req.Method == protocol.MethodResponsesCreate {
		s.create(ctx, req)
		return
	}
	m := s.methods[req.Method]
	if req.Method == protocol.MethodShutdown {
		s.beginShutdown(req)
	}
	if m.inline {
		s.run(ctx, m, req)
		return
	}
	if !m.free && s.requests.Add(1) > maxRequests {
		s.requests.Add(-1)
		req.ReplyError(busy("Too many requests are in flight.", maxRequests).Encode())
		return
	}
	go func() {
		if !m.free {
			defer s.requests.Add(-1)
		}
		s.run(ctx, m, req)
	}()
}

// admit refuses what the lifecycle or the method table does not allow.
func (s *Server) admit(req *wire.Request) error {
	if s.conn.Framing() == wire.FramingLSP || req.Method == protocol.MethodInitialize {
		s.begun.set()
	}
	if s.shutdown.Load() || s.leaving.Load() {
		return protocol.NewError(protocol.CodeInvalidRequest, "The server is shutting down.", protocol.ErrorData{Action: "Start a new process."})
	}
	// In NDJSON one line is a whole conversation (docs/protocol.md: Lifecycle).
	if !s.greeted.isSet() && s.conn.Framing() == wire.FramingLSP && req.Method != protocol.MethodInitialize {
		return protocol.NewError(protocol.CodeNotInitialized, "The first request must be initialize.", protocol.ErrorData{Action: "Send initialize first."})
	}
	if _, known := s.methods[req.Method]; !known && req.Method != protocol.MethodResponsesCreate {
		return s.methodNotFound(req.Method)
	}
	if len(req.Params) > 0 && req.Params[0] == '[' {
		return protocol.InvalidParams("", "The params must be an object.")
	}
	return nil
}

// run serves one request and answers it, also after a panic.
func (s *Server) run(ctx context.Context, m method, req *wire.Request) {
	defer func() {
		if p := recover(); p != nil {
			req.ReplyError(s.panicked(p).Encode())
		}
	}()
	start := time.Now()
	result, err := m.serve(ctx, req)
	if err != nil {
		failure := s.publicError(ctx, err)
		req.ReplyError(failure.Encode())
		s.logAnswered(req.Method, start, failure)
		return
	}
	defer s.logAnswered(req.Method, start, nil)
	raw, ok := result.(json.RawMessage)
	if !ok {
		raw = protocol.Encode(result)
	}
	req.Reply(raw)
}

// publicError returns the error that a host may see: masked, since it may repeat what
// the host has sent. Only a *protocol.Error and a cancelled request have words of
// their own.
func (s *Server) publicError(ctx context.Context, err error) *protocol.Error {
	if known, ok := errors.AsType[*protocol.Error](err); ok {
		return s.cfg.Mask.Error(known)
	}
	if ctx.Err() != nil || errors.Is(err, errHostGone) {
		return cancelledError()
	}
	incident := newID("inc_")
	s.log.Error("internal error", "incidentId", incident, "error", s.cfg.Mask.Mask(err.Error()))
	return internalError(incident)
}

// panicked logs a panic and returns the answer to its request.
func (s *Server) panicked(p any) *protocol.Error {
	incident := newID("inc_")
	s.log.Error("panic", "incidentId", incident, "value", s.cfg.Mask.Mask(fmt.Sprint(p)), "stack", string(debug.Stack()))
	return internalError(incident)
}

func internalError(incident string) *protocol.Error {
	return protocol.NewError(protocol.CodeInternalError, "Something went wrong inside signalbox.",
		protocol.ErrorData{IncidentID: incident, Action: "Report the incident with the log of the process."})
}

func cancelledError() *protocol.Error {
	return protocol.NewError(protocol.CodeCancelled, "The request was cancelled.", protocol.ErrorData{})
}

func busy(message string, limit int64) *protocol.Error {
	return protocol.NewError(protocol.CodeBusy, message, protocol.ErrorData{
		Limit: limit, Retryable: true, RetryAfterMs: 1000, Action: "Wait for an answer before you send more.",
	})
}

// announce sends a notification that belongs to no request. A conversation in
// NDJSON that began without initialize gets none, and neither does one that is
// about to end (docs/protocol.md: Lifecycle).
func (s *Server) announce(method string, params any) {
	isOver := s.shutdown.Load() || s.leaving.Load()
	if s.greeted.isSet() && !isOver && !s.isOptedOut(method) {
		s.conn.Notify(method, protocol.Encode(params))
	}
}

// notify sends a notification unless the host has opted out of it.
func (s *Server) notify(method string, params []byte) {
	if !s.isOptedOut(method) {
		s.conn.Notify(method, params)
	}
}

func (s *Server) isOptedOut(method string) bool {
	names := s.optedOut.Load()
	return names != nil && (*names)[method]
}

// newID returns a random id of 80 bits.
func newID(prefix string) string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + hex.EncodeToString(b[:])
}
