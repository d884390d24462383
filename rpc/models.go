package rpc

import (
	"context"

	"github.com/signalbox-dev/signalbox/internal/params"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// listModels serves models/list: the models of both routes. It fails only for bad
// params, or when it is cancelled.
func (s *Server) listModels(ctx context.Context, req *wire.Request) (any, error) {
	var p protocol.ModelsListParams
	if err := params.Decode(req.Params, &p); err != nil {
		return nil, err
	}
	list := s.cfg.Engine.Models(ctx, p.Refresh)
	return list, context.Cause(ctx) // nil unless the host has cancelled it
}
