package rpc

import (
	"context"

	"github.com/signalbox-dev/signalbox/internal/params"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// resolveRoute serves routes/resolve: the route that responses/create would take,
// or the error that it would return, without a network call.
func (s *Server) resolveRoute(ctx context.Context, req *wire.Request) (any, error) {
	var p protocol.ResolveParams
	if err := params.Decode(req.Params, &p); err != nil {
		return nil, err
	}
	return s.cfg.Engine.Resolve(ctx, p.Model, p.Route.Name())
}
