package rpc

import (
	"maps"
	"slices"

	"github.com/signalbox-dev/signalbox/internal/nearest"
	"github.com/signalbox-dev/signalbox/internal/params"
	"github.com/signalbox-dev/signalbox/protocol"
)

// methodNames returns the methods that are served, sorted.
func (s *Server) methodNames() []string {
	names := append(slices.Collect(maps.Keys(s.methods)), protocol.MethodResponsesCreate)
	slices.Sort(names)
	return names
}

// notificationNames returns the notifications that the server may send.
func notificationNames() []string {
	var names []string
	for _, n := range protocol.ServerNotifications {
		names = append(names, n.Name)
	}
	return names
}

// methodNotFound returns the -32601 for an unknown method. It names the most
// similar methods, never the whole list.
func (s *Server) methodNotFound(name string) *protocol.Error {
	name = params.Short(name)
	return protocol.NewError(protocol.CodeMethodNotFound, "There is no such method.", protocol.ErrorData{
		Method: name, Similar: nearest.Names(name, s.methodNames(), 3), Action: "Call one of the methods that initialize lists.",
	})
}
