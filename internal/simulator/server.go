package simulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
)

// Canary is part of every token, key and secret that the simulator makes, so
// that a scan of all output finds a leak.
const Canary = "signalbox-canary"

// Config says how a Server answers. Its zero value is the scenario "ok" over
// plain HTTP.
type Config struct {
	// Scenario names the behaviour of every request that does not choose one
	// itself with the header x-signalbox-simulate, and the home and the issuer
	// in any case. "" means "ok".
	Scenario string

	// Replay, when not nil, is the exact text/event-stream body that answers
	// every accepted POST …/responses that asks for a stream.
	Replay []byte

	// ReplayJSON, when not nil, is the exact application/json body that answers
	// every accepted Platform POST that does not.
	ReplayJSON []byte

	// WriteSize, when positive, sends bodies in flushed writes of this many bytes.
	WriteSize int

	// Hold, when not nil, is called with each request to the token endpoint twice:
	// before it is carried out, and after that, done being true, before its answer
	// is sent. It may wait, and false cuts the connection without an answer. It is
	// called by several goroutines at once.
	Hold func(r Request, done bool) bool

	// TLS serves HTTPS with HTTP/2 and a throw-away certificate.
	TLS bool
}

// Server is a running simulator. Its methods may be called concurrently.
type Server struct {
	config      Config
	scenario    scenario
	origin      string
	certificate []byte
	ledger      *ledger
	login       Login
	log         requestLog

	http     *http.Server
	cancel   context.CancelFunc // ends the context of every request
	served   chan struct{}      // closed when the accept loop has ended
	conns    sync.WaitGroup     // the goroutines that serve connections
	handlers sync.WaitGroup     // the goroutines that serve requests; HTTP/2 has one for each

	mu     sync.Mutex // guards closed, and handlers.Add against Close
	closed bool
}

// Start listens on a free port of 127.0.0.1 and serves until Close.
func Start(cfg Config) (*Server, error) {
	if cfg.Scenario == "" {
		cfg.Scenario = "ok"
	}
	chosen, err := find(cfg.Scenario)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		config:   cfg,
		scenario: chosen,
		origin:   "http://" + listener.Addr().String(),
		cancel:   cancel,
		served:   make(chan struct{}),
	}
	s.http = &http.Server{
		Handler:     http.HandlerFunc(s.serve),
		ErrorLog:    log.New(io.Discard, "", 0),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnState:   s.count,
	}
	serve := s.http.Serve
	if cfg.TLS {
		pair, pem, err := throwawayCertificate()
		if err != nil {
			cancel()
			return nil, errors.Join(err, listener.Close())
		}
		s.origin = "https://" + listener.Addr().String()
		s.certificate = pem
		s.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	s.ledger = newLedger(s.origin)
	s.login = s.ledger.firstLogin(chosen.home)
	go func() {
		defer close(s.served)
		_ = serve(listener) // always http.ErrServerClosed, or a listener that Close ended
	}()
	return s, nil
}

// Close ends the server at once, running streams included, and returns when
// none of its goroutines is left.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	_ = s.http.Close()
	<-s.served
	// A connection accepted during the first call is known only after the
	// accept loop has ended.
	_ = s.http.Close()
	s.conns.Wait()
	s.handlers.Wait()
}

// ChatGPTURL is the base URL of the ChatGPT Codex backend.
func (s *Server) ChatGPTURL() string { return s.origin + "/backend-api/codex" }

// PlatformURL is the base URL of the Platform.
func (s *Server) PlatformURL() string { return s.origin + "/v1" }

// IssuerURL is the OAuth issuer.
func (s *Server) IssuerURL() string { return s.origin }

// Certificate is the PEM of the certificate that a client of Config.TLS has to
// trust; nil without TLS.
func (s *Server) Certificate() []byte { return s.certificate }

// Requests returns what arrived so far, in order: the newest 4,096. A request
// is there as soon as its body is, before it is answered. The oldest bodies are
// dropped (nil) beyond 64 MiB in all. Headers and bodies must not be changed.
func (s *Server) Requests() []Request { return s.log.all() }

// Calls is Requests without the lookups beside the model calls: what was posted.
func (s *Server) Calls() []Request {
	return slices.DeleteFunc(s.log.all(), func(r Request) bool { return r.Method == http.MethodGet })
}

// Refreshes returns how many refreshes the issuer has granted, and how many it has
// refused because the refresh token had been spent.
func (s *Server) Refreshes() (granted, reused int) {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	return s.ledger.granted, s.ledger.reused
}

// LiveRefreshToken is the refresh token that is good for the next refresh of the
// login of WriteHome; "" when there is none.
func (s *Server) LiveRefreshToken() string {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	first := s.ledger.refresh[s.login.RefreshToken]
	for token, g := range s.ledger.refresh {
		if first != nil && g.session == first.session && !g.used && !g.session.revoked {
			return token
		}
	}
	return ""
}

// enter admits one handler, unless Close has begun. The handler that it admits
// calls s.handlers.Done.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.handlers.Add(1)
	}
	return !s.closed
}

func (s *Server) closing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// count follows the goroutines of connections. StateNew comes from the accept
// loop, which has ended when Close waits.
func (s *Server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.conns.Done()
	}
}
