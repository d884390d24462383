package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/internal/params"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// errShutdown is the cause of the contexts that shutdown and the end of the
// process cancel.
var errShutdown = errors.New("the server is shutting down")

// shutdownWait bounds how long shutdown waits for the cancelled replies, so
// that it and exit together stay under 1.5 s (docs/protocol.md: Lifecycle).
const shutdownWait = time.Second

// initialize serves initialize: who we are, and what the host wants.
func (s *Server) initialize(ctx context.Context, req *wire.Request) (any, error) {
	if s.greeted.isSet() {
		return nil, protocol.NewError(protocol.CodeInvalidRequest, "The server is already initialized.", protocol.ErrorData{})
	}
	var p protocol.InitializeParams
	if err := params.Decode(req.Params, &p); err != nil {
		return nil, withVersions(err)
	}
	var host protocol.HostCapabilities
	params.Lenient(p.Capabilities, &host) // an editor sends much that is not for us
	s.conn.SetWellFormed(host.General.WellFormedStrings)
	s.logToHost.Store(isDeclared(host.Window.LogMessage))
	s.showsDocuments.Store(host.Window.ShowDocument.Support)
	status := s.cfg.Auth.InitialStatus(ctx)
	s.authMu.Lock()
	s.lastAuth = protocol.Encode(status)
	s.authMu.Unlock()
	s.noteHost(p.ProcessID)
	s.greeted.set()
	if len(p.OptOutNotifications) > 0 {
		names := make(map[string]bool, len(p.OptOutNotifications))
		for _, name := range p.OptOutNotifications {
			names[name] = true
		}
		s.optedOut.Store(&names)
	}
	return protocol.InitializeResult{
		ProtocolVersion: protocol.Version,
		ServerInfo:      protocol.ServerInfo{Name: "signalbox", Version: s.cfg.Version},
		Capabilities: protocol.ServerCapabilities{
			Methods:       s.methodNames(),
			Notifications: notificationNames(),
			Framing:       s.conn.Framing().String(),
			Limits: protocol.Limits{
				MaxMessageBytes: s.cfg.Wire.MaxMessageBytes,
				MaxRequests:     maxRequests,
				MaxStreams:      maxStreams,
				MaxEventBytes:   engine.MaxEventBytes,
			},
		},
		Auth:           status,
		IgnoredOptions: append([]string{}, p.Unknown...),
	}, nil
}

// withVersions adds the supported versions to an error about another one.
func withVersions(err error) error {
	if known, ok := errors.AsType[*protocol.Error](err); ok && known.Data.Field == "protocolVersion" {
		known.Data.Supported = []int{protocol.Version}
	}
	return err
}

// isDeclared reports whether a capability is true or, as LSP declares some, an
// object.
func isDeclared(value []byte) bool {
	return string(value) == "true" || len(value) > 0 && value[0] == '{'
}

// ping answers {}.
func (s *Server) ping(context.Context, *wire.Request) (any, error) {
	return json.RawMessage("{}"), nil
}

// beginShutdown runs on the reading goroutine: whatever is read after it is
// refused, and everything that runs is cancelled.
func (s *Server) beginShutdown(req *wire.Request) {
	s.shutdown.Store(true)
	s.conn.CancelAll(errShutdown, req)
	s.leaveLogins()
}

// serveShutdown answers null after the cancelled replies.
func (s *Server) serveShutdown(context.Context, *wire.Request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownWait)
	defer cancel()
	select {
	case <-s.conn.Unanswered(1):
	case <-ctx.Done():
	}
	s.awaitLogins(ctx)
	return nil, nil
}

// HandleNotification implements wire.Handler. Unknown notifications are ignored;
// before initialize, header framing drops all of them except exit (LSP 3.17).
func (s *Server) HandleNotification(method string, raw []byte) {
	switch method {
	case protocol.NotificationExit:
		s.exit.set()
	case protocol.NotificationCancelRequest:
		var p protocol.CancelRequestParams
		if params.Decode(raw, &p) == nil {
			s.conn.Cancel(p.ID)
		}
	}
}
