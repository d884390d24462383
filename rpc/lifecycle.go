package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// errShutdown is the cause of the contexts that shutdown and the end of the
// process cancel.
var errShutdown = errors.New("the server is shutting down")

// shutdownWait bounds how long shutdown waits for the cancelled replies, so
// that it and exit together stay under 1.5 s (contract 2).
const shutdownWait = time.Second

// initialize answers who we are. Members of unexpected types are ignored but
// for protocolVersion and processId: an editor sends much that is not for us.
func (s *Server) initialize(ctx context.Context, req *wire.Request) (any, error) {
	if s.initialized.Load() {
		return nil, protocol.NewError(protocol.CodeInvalidRequest, "The server is already initialized.", protocol.ErrorData{})
	}
	members, err := paramMembers(req.Params)
	if err != nil {
		return nil, err
	}
	ignored := []string{}
	var optedOut map[string]bool
	host := 0
	for _, m := range members {
		switch m.Name() {
		case "protocolVersion":
			if string(m.Value) != "null" && string(m.Value) != strconv.Itoa(protocol.Version) {
				e := protocol.InvalidParams("protocolVersion", "This protocol version is not supported.")
				e.Data.Supported = []int{protocol.Version}
				return nil, e
			}
		case "processId":
			if string(m.Value) == "null" {
				continue
			}
			pid, err := strconv.Atoi(string(m.Value))
			if err != nil || pid <= 0 {
				return nil, protocol.InvalidParams("processId", "The member \"processId\" must be a process id or null.")
			}
			host = pid
		case "optOutNotifications":
			var names []string
			if json.Unmarshal(m.Value, &names) != nil {
				return nil, protocol.InvalidParams("optOutNotifications", "The member \"optOutNotifications\" must be a list of names.")
			}
			optedOut = make(map[string]bool, len(names))
			for _, name := range names {
				optedOut[name] = true
			}
		case "capabilities":
			s.logToHost.Store(isDeclared(capability(m.Value, "window", "logMessage")))
			s.showsDocuments.Store(string(capability(m.Value, "window", "showDocument", "support")) == "true")
		case "clientInfo":
		default:
			ignored = append(ignored, shorten(m.Name()))
		}
	}
	status := s.cfg.Auth.InitialStatus(ctx)
	s.toldMu.Lock()
	s.told = protocol.Encode(status)
	s.toldMu.Unlock()
	s.initialized.Store(true)
	s.watchStore()
	if host != 0 {
		s.watched <- host // has room: initialize succeeds once
	}
	if optedOut != nil {
		s.optedOut.Store(&optedOut)
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
		IgnoredOptions: ignored,
	}, nil
}

// capability finds a member of capabilities, such as window.logMessage; nil when
// there is none.
func capability(capabilities []byte, names ...string) []byte {
	for _, name := range names {
		members, _, err := rawjson.Object(capabilities, 512, nil)
		if err != nil {
			return nil
		}
		m, _ := rawjson.Find(members, name)
		capabilities = m.Value
	}
	return capabilities
}

// isDeclared reports whether a capability is true or, as LSP declares some, an
// object.
func isDeclared(value []byte) bool {
	return string(value) == "true" || len(value) > 0 && value[0] == '{'
}

// paramMembers reads params that are an object or absent; a duplicate is
// refused (contract 1).
func paramMembers(params []byte) ([]rawjson.Member, error) {
	if params == nil {
		return nil, nil
	}
	members, _, err := rawjson.Object(params, 512, nil)
	if err != nil {
		return nil, protocol.InvalidParams("", "The params must be an object.")
	}
	if name, found := rawjson.Duplicate(members); found {
		return nil, protocol.InvalidParams(shorten(name), "A member of the params stands twice.")
	}
	return members, nil
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

// HandleNotification implements wire.Handler. Unknown ones are ignored, and
// before initialize header framing drops all but exit (LSP 3.17).
func (s *Server) HandleNotification(method string, params []byte) {
	switch method {
	case protocol.NotificationExit:
		select {
		case <-s.exit:
		default:
			close(s.exit)
		}
	case protocol.NotificationCancelRequest:
		members, err := paramMembers(params)
		if err != nil {
			return
		}
		if id, found := rawjson.Find(members, "id"); found {
			s.conn.Cancel(id.Value)
		}
	}
}
