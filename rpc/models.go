package rpc

import (
	"context"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// listModels lists the models of both routes. Only bad params make it fail, and
// a cancel.
func (s *Server) listModels(ctx context.Context, req *wire.Request) (any, error) {
	refresh, err := refreshParam(req)
	if err != nil {
		return nil, err
	}
	list := s.cfg.Engine.Models(ctx, refresh)
	return list, context.Cause(ctx) // nil unless the host has cancelled it
}

// refreshParam reads the member refresh of params that have no other.
func refreshParam(req *wire.Request) (bool, error) {
	members, err := paramMembers(req.Params)
	if err != nil {
		return false, err
	}
	m, _ := rawjson.Find(members, "refresh")
	switch string(m.Value) {
	case "", "null", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, protocol.InvalidParams("refresh", "The member \"refresh\" must be true or false.")
}
