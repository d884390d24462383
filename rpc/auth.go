package rpc

import (
	"context"

	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// authStatus tells who the user is. It reads the store and the environment only;
// refresh:"ifExpiring" has nothing to renew with yet.
func (s *Server) authStatus(ctx context.Context, req *wire.Request) (any, error) {
	members, err := paramMembers(req.Params)
	if err != nil {
		return nil, err
	}
	if refresh, ok := stringMember(members, "refresh"); !ok || refresh != "" && refresh != "never" && refresh != "ifExpiring" {
		return nil, protocol.InvalidParams("refresh", "The member \"refresh\" must be \"never\" or \"ifExpiring\".")
	}
	return s.cfg.Auth.Status(ctx), nil
}

// logout forgets the login.
func (s *Server) logout(ctx context.Context, req *wire.Request) (any, error) {
	members, err := paramMembers(req.Params)
	if err != nil {
		return nil, err
	}
	revoke := true
	if err := boolMember(members, "revoke", &revoke); err != nil {
		return nil, err
	}
	before := s.toldCount()
	if err := s.cfg.Auth.Logout(ctx, revoke); err != nil {
		return nil, err
	}
	return protocol.LogoutResult{Auth: s.authChanged(before)}, nil
}
