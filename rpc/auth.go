package rpc

import (
	"context"

	"github.com/signalbox-dev/signalbox/internal/params"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// authStatus serves auth/status. It reads the store and the environment only, and
// refreshes the login first where refresh:"ifExpiring" asks for it.
func (s *Server) authStatus(ctx context.Context, req *wire.Request) (any, error) {
	var p protocol.AuthStatusParams
	if err := params.Decode(req.Params, &p); err != nil {
		return nil, err
	}
	if p.Refresh == protocol.RefreshIfExpiring {
		s.cfg.Auth.RefreshIfExpiring(ctx)
	}
	return s.cfg.Auth.Status(ctx), nil
}

// exchange serves auth/exchange: it trades the login for a Platform key.
func (s *Server) exchange(ctx context.Context, req *wire.Request) (any, error) {
	if err := params.Decode(req.Params, &struct{}{}); err != nil {
		return nil, err
	}
	before, generation := s.authCount(), s.cfg.Auth.Generation()
	key, err := s.cfg.Auth.Exchange(ctx)
	if err != nil {
		return nil, err
	}
	if s.cfg.Auth.Generation() != generation {
		s.authChanged(before)
	}
	return protocol.ExchangeResult{Credential: protocol.ExchangedKey{Source: key.Source, Hint: key.Hint()}}, nil
}

// logout serves auth/logout.
func (s *Server) logout(ctx context.Context, req *wire.Request) (any, error) {
	var p protocol.LogoutParams
	if err := params.Decode(req.Params, &p); err != nil {
		return nil, err
	}
	before := s.authCount()
	removed, err := s.cfg.Auth.Logout(ctx, isTrue(p.Revoke))
	s.cfg.Engine.Forget()
	if err != nil {
		return nil, err
	}
	return protocol.LogoutResult{Auth: s.authChanged(before), Removed: removed}, nil
}

// refresh serves auth/refresh: it refreshes the tokens now.
func (s *Server) refresh(ctx context.Context, req *wire.Request) (any, error) {
	if err := params.Decode(req.Params, &struct{}{}); err != nil {
		return nil, err
	}
	before := s.authCount()
	refreshed, err := s.cfg.Auth.Refresh(ctx)
	if err != nil {
		return nil, err
	}
	status := s.cfg.Auth.Status(ctx)
	if refreshed {
		status = s.authChanged(before)
	}
	return protocol.RefreshResult{Refreshed: refreshed, Auth: status}, nil
}
