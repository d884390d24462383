package rpc

import (
	"cmp"
	"maps"
	"slices"

	"github.com/signalbox-dev/signalbox/protocol"
)

// methodNames lists the methods that are served, sorted.
func (s *Server) methodNames() []string {
	names := append(slices.Collect(maps.Keys(s.methods)), protocol.MethodResponsesCreate)
	slices.Sort(names)
	return names
}

// notificationNames lists what the server may send.
func notificationNames() []string {
	var names []string
	for _, n := range protocol.ServerNotifications {
		names = append(names, n.Name)
	}
	return names
}

// methodNotFound names the nearest methods, never the whole list.
func (s *Server) methodNotFound(name string) *protocol.Error {
	name = shorten(name)
	return protocol.NewError(protocol.CodeMethodNotFound, "There is no such method.", protocol.ErrorData{
		Method: name, Similar: nearest(name, s.methodNames(), 3), Action: "Call one of the methods that initialize lists.",
	})
}

// nearest gives the n names that are most like name, the nearest first. It runs on
// the reading goroutine, so each distance is taken once.
func nearest(name string, names []string, n int) []string {
	far := make(map[string]int, len(names))
	for _, known := range names {
		far[known] = distance(name, known)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(far[a], far[b]) })
	return names[:n]
}

// shorten bounds a name of the host for an error.
func shorten(name string) string {
	runes := []rune(name)
	if len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return name
}

// distance is the Levenshtein distance of two short names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
