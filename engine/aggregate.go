package engine

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// aggregate rebuilds the response object of a stream for a host that does not
// get the events.
type aggregate struct {
	wanted bool
	items  []outputItem
	// size of the items, in bytes.
	size int
	// unplaced: an item came without its place.
	unplaced bool
}

// outputItem is one item of the output and its place.
type outputItem struct {
	text  []byte
	index int
}

// add keeps the item of a response.output_item.done event. It reports false when
// the items are larger together than a response may be.
func (a *aggregate) add(members []rawjson.Member) bool {
	item, found := rawjson.Find(members, "item")
	if !found || !a.wanted {
		return true
	}
	if a.size += len(item.Value); a.size > MaxEventBytes {
		return false
	}
	place, _ := rawjson.Find(members, "output_index")
	index, err := strconv.Atoi(string(place.Value))
	a.unplaced = a.unplaced || err != nil
	a.items = append(a.items, outputItem{bytes.Clone(item.Value), index})
	return true
}

// output returns the items as a list, by their places if all have one, else in the
// order in which they came.
func (a *aggregate) output() []byte {
	if !a.unplaced {
		slices.SortStableFunc(a.items, func(x, y outputItem) int { return cmp.Compare(x.index, y.index) })
	}
	list := append(make([]byte, 0, a.size+len(a.items)+2), '[')
	for i, item := range a.items {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, item.text...)
	}
	return append(list, ']')
}

// response returns the terminal event's response object. Where its output is
// missing or empty, as on the ChatGPT backend, the items take its place; every
// other byte stays.
func (a *aggregate) response(object []byte, members []rawjson.Member) []byte {
	output, found := rawjson.Find(members, "output")
	switch {
	case !found:
		return rawjson.Splice(object, rawjson.Append(object, members, "output", a.output()))
	case len(a.items) > 0 && isEmptyList(output.Value) || string(output.Value) == "null":
		return rawjson.Splice(object, rawjson.Edit{Start: output.ValueStart, End: output.End, Text: a.output()})
	}
	return bytes.Clone(object)
}

// filled returns a terminal event with the output that it lacks, and whether a
// line-based reader would stumble over it (docs/protocol.md: Filling the output).
func (s *stream) filled(data []byte, breaks bool, e event) ([]byte, bool) {
	if len(e.response) == 0 || e.response[0] != '{' {
		return data, breaks
	}
	response := s.collect.response(e.response, s.response)
	if bytes.Equal(response, e.response) {
		return data, breaks
	}
	s.record.evidence.Adjustments = append(s.record.evidence.Adjustments, protocol.Adjustment{
		Field: "response.output", Action: "filled", Reason: "the upstream's last event carries no output",
	})
	end := e.responseStart + len(e.response)
	data = rawjson.Splice(data, rawjson.Edit{Start: e.responseStart, End: end, Text: response})
	_, breaks, _ = rawjson.Object(data, maxDepth, nil)
	return data, breaks
}

func isEmptyList(value []byte) bool {
	if value[0] != '[' {
		return false
	}
	for range rawjson.Elements(value) {
		return false
	}
	return true
}
