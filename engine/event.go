package engine

import (
	"bytes"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// eventKind is what matters of an event's type to us; all others pass.
type eventKind int

const (
	kindOther eventKind = iota
	kindMetadata
	kindLimits
	kindError
	kindCompleted
	kindIncomplete
	kindFailed
	kindCancelled
)

// status returns how an event of the kind ends the stream at once, "" if it does
// not (docs/protocol.md: Ends of a stream).
func (k eventKind) status() protocol.Status {
	switch k {
	case kindCompleted:
		return protocol.StatusCompleted
	case kindIncomplete:
		return protocol.StatusIncomplete
	case kindFailed:
		return protocol.StatusFailed
	case kindCancelled:
		return protocol.StatusCancelled
	}
	return ""
}

// isTerminal reports whether an event of the kind ends the stream at once.
func (k eventKind) isTerminal() bool { return k.status() != "" }

// event is what we look at in an event, as JSON; nil where it is absent.
type event struct {
	kind              eventKind
	response, headers []byte
	// name is the type, a JSON string without needless escapes.
	name []byte
	// responseStart is the offset of response in the event.
	responseStart int
}

// readEvent picks the members of an event that mean something to us: one pass
// and no allocation, since nearly all events have none. Of members with the same
// name the last one counts, as in the readers that hosts use.
func readEvent(members []rawjson.Member) event {
	var e event
	for i := range members {
		switch string(plainKey(&members[i])) {
		case `"type"`:
			e.name = plainText(members[i].Value)
			e.kind = kindOf(e.name)
		case `"response"`:
			e.response, e.responseStart = members[i].Value, members[i].ValueStart
		case `"headers"`:
			e.headers = members[i].Value
		}
	}
	return e
}

// plainKey returns the name of a member as JSON without needless escapes.
func plainKey(m *rawjson.Member) []byte {
	if !m.Escaped {
		return m.Key
	}
	return rawjson.AppendQuote(nil, m.Name())
}

// plainText returns a JSON string without needless escapes; anything else as it is.
func plainText(value []byte) []byte {
	if bytes.IndexByte(value, '\\') >= 0 {
		if text, ok := rawjson.Unquote(value); ok {
			return rawjson.AppendQuote(nil, text)
		}
	}
	return value
}

// kindOf returns the kind of an event by its type.
func kindOf(name []byte) eventKind {
	switch string(name) {
	case `"response.metadata"`, `"codex.response.metadata"`:
		return kindMetadata
	case `"codex.rate_limits"`:
		return kindLimits
	case `"error"`, `"response.error"`:
		return kindError
	case `"response.completed"`, `"response.done"`:
		return kindCompleted
	case `"response.incomplete"`:
		return kindIncomplete
	case `"response.failed"`:
		return kindFailed
	case `"response.cancelled"`:
		return kindCancelled
	}
	return kindOther
}

// observe notes what an event says about its response, and leaves the members of
// the response object in a.response, none if there is no such object.
func (a *answer) observe(e *event) {
	if e.kind == kindMetadata {
		a.noteHeaders(e.headers)
	}
	if e.response == nil {
		a.response = a.response[:0]
		return
	}
	// The event was valid, so the only error is that this is no object.
	a.response, _, _ = rawjson.Object(e.response, maxDepth, a.response)
	a.noteResponse(a.response)
}

// noteResponse notes the id, the model, the usage and the tier of a response
// object, and what headers it carries.
func (a *answer) noteResponse(response []rawjson.Member) {
	for i := range response {
		value := response[i].Value
		switch string(plainKey(&response[i])) {
		case `"id"`:
			if id, ok := rawjson.Unquote(value); ok {
				a.result.ResponseID = id
			}
		case `"model"`:
			if model, ok := rawjson.Unquote(value); ok {
				a.record.named(model)
			}
		case `"service_tier"`:
			if tier, ok := rawjson.Unquote(value); ok {
				a.record.evidence.ServiceTier = a.mask(tier)
			}
		case `"usage"`:
			if value[0] == '{' {
				a.result.Usage = bytes.Clone(value)
			}
		case `"headers"`:
			a.noteHeaders(value)
		}
	}
}

// noteHeaders notes the model that headers inside an event name: they count like
// the headers of the answer. A value is a string or a list of them.
func (a *answer) noteHeaders(object []byte) {
	if object == nil {
		return
	}
	members, _, err := rawjson.Object(object, maxDepth, nil)
	if err != nil {
		return
	}
	for _, m := range members {
		name := m.Name()
		if !strings.EqualFold(name, "openai-model") && !strings.EqualFold(name, "x-openai-model") {
			continue
		}
		value := m.Value
		for start, end := range rawjson.Elements(value) {
			value = value[start:end]
			break
		}
		if model, ok := rawjson.Unquote(value); ok {
			a.record.namedByHeader(model)
		}
	}
}
