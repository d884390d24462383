package rpc

import (
	"context"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// resolveRoute tells the route that responses/create would take, without any
// network call, or the error that it would give.
func (s *Server) resolveRoute(ctx context.Context, req *wire.Request) (any, error) {
	members, err := paramMembers(req.Params)
	if err != nil {
		return nil, err
	}
	model, ok := stringMember(members, "model")
	if !ok || model == "" {
		return nil, protocol.InvalidParams("model", "The member \"model\" must be a string that is not empty.")
	}
	wanted, ok := stringMember(members, "route")
	switch route := protocol.RouteName(wanted); {
	case !ok || wanted != "" && wanted != "auto" && route != protocol.RouteChatGPT && route != protocol.RoutePlatform:
		return nil, protocol.InvalidParams("route", "The member \"route\" must be \"auto\", \"chatgpt\" or \"platform\".")
	case wanted == "auto":
		wanted = ""
	}
	return s.cfg.Engine.Resolve(ctx, model, protocol.RouteName(wanted))
}

// stringMember reads a member that may be absent or null, which give "".
func stringMember(members []rawjson.Member, name string) (value string, ok bool) {
	m, found := rawjson.Find(members, name)
	if !found || string(m.Value) == "null" {
		return "", true
	}
	return rawjson.Unquote(m.Value)
}
