package gateway

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/internal/mask"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The bounds of the gateway (docs/gateway.md: Bounds).
const (
	// MaxBodyBytes of one request.
	MaxBodyBytes = 64 << 20
	// maxConnections at once; more wait until one ends.
	maxConnections = 2048
	// maxStreams and maxBodies are those of the pipe.
	maxStreams = 1024
	maxBodies  = 512 << 20
	// maxHead of a request, in bytes.
	maxHead = 64 << 10
	// DefaultDrain is how long running requests may go on after the first signal.
	DefaultDrain = 30 * time.Second
	// errorsOut is how long the error events of cut streams may take to go out.
	errorsOut = 5 * time.Second
)

// waits are the times of the gateway; tests shorten them.
type waits struct {
	head, idle, body, comment, unread time.Duration
}

func defaultWaits() waits {
	return waits{head: 10 * time.Second, idle: 120 * time.Second, body: 30 * time.Second, comment: 15 * time.Second, unread: 10 * time.Minute}
}

// Config of a Server.
type Config struct {
	// Engine makes the calls.
	Engine *engine.Engine
	// Mask is for errors, which may repeat what a program has sent.
	Mask *mask.Masker
	// Token is what a program must send; not empty.
	Token []byte
	// Route and OnUnsupported are those of requests whose _meta has none; "" for
	// OnUnsupported is drop.
	Route         protocol.RouteChoice
	OnUnsupported protocol.UnsupportedPolicy
	// Scenarios of --simulate that _meta.simulate may name; nil without it.
	Scenarios []string
	// Drain is how long running requests may go on; 0: DefaultDrain.
	Drain time.Duration
	// Logger gets no prompt and no secret; nil drops everything.
	Logger *slog.Logger
}

// Server answers programs. Make it with [New].
type Server struct {
	cfg   Config
	waits waits

	draining atomic.Bool
	running  sync.WaitGroup
	streams  atomic.Int64
	bodies   atomic.Int64
	// ended is the context of every request, which Serve ends.
	ended context.Context
	end   context.CancelCauseFunc
}

// errDrained ends a request that has outlived the drain.
var errDrained = errors.New("the gateway is shutting down")

// New returns a server. It listens nowhere yet.
func New(cfg Config) *Server {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Drain == 0 {
		cfg.Drain = DefaultDrain
	}
	if cfg.OnUnsupported == "" {
		cfg.OnUnsupported = protocol.UnsupportedDrop
	}
	s := &Server{cfg: cfg, waits: defaultWaits()}
	s.ended, s.end = context.WithCancelCause(context.Background())
	return s
}

// Serve answers what comes to the listener until stop ends, and then what runs: for
// Config.Drain, or until now ends. drained is false if something was cut.
func (s *Server) Serve(listener net.Listener, stop, now context.Context) (drained bool, err error) {
	checks := checks{token: s.cfg.Token, hosts: hostsOf(listener.Addr())}
	server := &http.Server{
		Handler:           s.handler(checks),
		ReadHeaderTimeout: s.waits.head,
		IdleTimeout:       s.waits.idle,
		MaxHeaderBytes:    maxHead,
		ErrorLog:          log.New(io.Discard, "", 0),
		Protocols:         new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	failed := make(chan error, 1)
	limited := newLimited(listener, maxConnections)
	go func() { failed <- server.Serve(limited) }()
	select {
	case err := <-failed:
		return false, err
	case <-stop.Done():
	}
	s.draining.Store(true)
	_ = listener.Close() // kept connections stay, and are told
	quiet := make(chan struct{})
	go func() {
		s.running.Wait()
		close(quiet)
	}()
	defer func() { _ = server.Close() }()
	select {
	case <-quiet:
		return true, nil
	case <-now.Done():
		return false, nil
	case <-time.After(s.cfg.Drain):
	}
	s.end(errDrained)
	select { // the error events go out
	case <-quiet:
	case <-now.Done():
	case <-time.After(errorsOut):
	}
	return false, nil
}

// handler answers one request after the other of a connection.
func (s *Server) handler(checks checks) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.draining.Load() {
			w.Header().Set("Connection", "close")
			writeError(w, protocol.NewError(protocol.CodeBusy, "The gateway is shutting down.", protocol.ErrorData{Retryable: true, RetryAfterMs: 1000, Action: "Try again."}))
			return
		}
		s.running.Add(1)
		defer s.running.Done()
		if refusal := checks.check(r); refusal != nil {
			refusal.write(w)
			return
		}
		switch r.URL.Path {
		case pathHealth:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, "{\"status\":\"ok\"}\n")
		case pathModels:
			s.models(w, r)
		default:
			s.create(w, r)
		}
	})
}

// limited is a listener with a bounded number of connections.
type limited struct {
	net.Listener
	slots chan struct{}
	once  sync.Once
	done  chan struct{}
}

func newLimited(l net.Listener, n int) *limited {
	return &limited{Listener: l, slots: make(chan struct{}, n), done: make(chan struct{})}
}

// Accept waits for a slot, and then for a connection.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &slotConn{Conn: conn, release: sync.OnceFunc(func() { <-l.slots })}, nil
}

// Close ends Accept as well.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// slotConn gives its slot back when it is closed.
type slotConn struct {
	net.Conn
	release func()
}

// Close closes the connection.
func (c *slotConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
