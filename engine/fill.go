package engine

import (
	"bytes"

	"github.com/signalbox-dev/signalbox/internal/output"
	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// collector keeps what is needed to put together the response of a stream, for a
// host that does not get the events or wants the last one filled
// (docs/protocol.md: Filling the output).
type collector struct {
	output *output.Collector
	// response is the last response object of an event that was not the last.
	response []byte
}

// collect takes one event, before it is delivered.
func (s *stream) collect(e *event, data []byte) error {
	name := e.name
	if len(name) >= 2 && name[0] == '"' {
		name = name[1 : len(name)-1]
	}
	if string(name) == "response.metadata" {
		s.noteMetadata()
	}
	if !s.collected.output.Add(name, data, s.members) {
		if s.req.Events() && !s.req.Meta.FillOutput { // it is not remembered
			s.collected = nil
			return nil
		}
		return s.tooLarge("The response is larger than the limit.", "Ask for a shorter answer, or set \"stream\" to true and read the events.")
	}
	if isObject(e.response) && !e.kind.isTerminal() {
		s.collected.response = append(s.collected.response[:0], e.response...)
	}
	return nil
}

// whole returns the response object of a terminal event with the output that it
// lacks, nil if there is no response at all; and whether that differs from what
// came. The error says what is missing in spite of all.
func (s *stream) whole(e *event, status protocol.Status) (response []byte, changed bool, err error) {
	response = e.response
	if !isObject(response) {
		if response = s.collected.response; response == nil {
			return nil, false, nil
		}
		members, _, _ := rawjson.Object(response, maxDepth, nil)
		if m, found := rawjson.Find(members, "status"); found {
			response = rawjson.Splice(response, rawjson.Edit{Start: m.ValueStart, End: m.End, Text: rawjson.AppendQuote(nil, string(status))})
		}
		changed = true
	}
	filled, more, missing := s.collected.output.Fill(response, string(status))
	if missing != "" && (status == protocol.StatusCompleted || status == protocol.StatusIncomplete) {
		return nil, false, s.missing(missing)
	}
	return filled, changed || more, nil
}

// filled returns a terminal event with the output that it lacks, and whether a
// line-based reader would stumble over it.
func (s *stream) filled(data []byte, breaks bool, e *event, status protocol.Status) ([]byte, bool, error) {
	response, changed, err := s.whole(e, status)
	if err != nil || !changed {
		return data, breaks, err
	}
	edit := rawjson.Edit{Start: e.responseStart, End: e.responseStart + len(e.response), Text: response}
	if e.response == nil {
		edit = rawjson.Append(data, s.members, "response", response)
	}
	s.record.evidence.Adjustments = append(s.record.evidence.Adjustments, protocol.Adjustment{
		Field: "response.output", Action: "filled", Reason: "the upstream's last event lacks it",
	})
	data = rawjson.Splice(data, edit)
	_, breaks, _ = rawjson.Object(data, maxDepth, nil)
	return data, breaks, nil
}

// unstreamed returns the response of a terminal event for a host that does not get
// the events.
func (s *stream) unstreamed(e *event, status protocol.Status) error {
	response, _, err := s.whole(e, status)
	if err != nil {
		return err
	}
	if response == nil {
		return s.broken(protocol.ReasonBadEvent, "The last event of the stream contains no response.")
	}
	s.result.Response = bytes.Clone(response)
	return nil
}

func isObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }
