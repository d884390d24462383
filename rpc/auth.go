package rpc

import (
	"context"

	"github.com/signalbox-dev/signalbox/internal/params"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// authStatus tells who the user is. It reads the store and the environment only,
// unless refresh:"ifExpiring" asks for a renewal where that is due.
func (s *Server) authStatus(ctx context.Context, req *wire.Request) (any, error) {
	var p protocol.AuthStatusParams
	if err := params.Decode(req.Params, &p); err != nil {
		return nil, err
	}
	if p.Refresh == protocol.RefreshIfExpiring {
		s.cfg.Auth.RenewIfExpiring(ctx)
	}
	return s.cfg.Auth.Status(ctx), nil
}

// exchange trades the login for a Platform key.
func (s *Server) exchange(ctx context.Context, req *wire.Request) (any, error) {
	if err := params.Decode(req.Params, &struct{}{}); err != nil {
		return nil, err
	}
	before, generation := s.toldCount(), s.cfg.Auth.Generation()
	key, err := s.cfg.Auth.Exchange(ctx)
	if err != nil {
		return nil, err
	}
	if s.cfg.Auth.Generation() != generation {
		s.authChanged(before)
	}
	return protocol.ExchangeResult{Credential: protocol.ExchangedKey{Source: key.Source, Hint: key.Hint()}}, nil
}

// logout forgets the login.
func (s *Server) logout(ctx context.Context, req *wire.Request) (any, error) {
	var p protocol.LogoutParams
	if err := params.Decode(req.Params, &p); err != nil {
		return nil, err
	}
	before := s.toldCount()
	if err := s.cfg.Auth.Logout(ctx, isTrue(p.Revoke)); err != nil {
		return nil, err
	}
	return protocol.LogoutResult{Auth: s.authChanged(before)}, nil
}

// refresh renews the tokens now.
func (s *Server) refresh(ctx context.Context, req *wire.Request) (any, error) {
	if err := params.Decode(req.Params, &struct{}{}); err != nil {
		return nil, err
	}
	before := s.toldCount()
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
