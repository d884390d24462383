package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/params"
	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// maxDepth of the JSON that the upstream sends. What the host sends is bounded
// before it comes here.
const maxDepth = 10_000

// Request is one responses/create, checked as far as that needs no route. The
// body stays as the host sent it.
type Request struct {
	Model string
	// Stream: the host asked for a stream.
	Stream bool
	Meta   protocol.CreateOptions
	// Release, if set, is called once when the body can no longer be sent again.
	Release func()

	// ForgetUnstored: with store:false the response is not remembered, as for programs
	// that share one memory.
	ForgetUnstored bool

	isUnstored bool // store is false
	params     []byte
	members    []rawjson.Member
	background bool
}

// Events reports whether the host gets the events of the stream.
func (r *Request) Events() bool { return r.Stream && r.Meta.Events != protocol.EventsNone }

// NewRequest reads model, stream, background and _meta from the params of
// responses/create, which it keeps. scenarios are what _meta.simulate may name;
// without any it is an unknown member. The error is a -32602.
func NewRequest(text []byte, scenarios []string) (*Request, error) {
	members, _, err := rawjson.Object(text, maxDepth, nil)
	if err != nil {
		return nil, protocol.InvalidParams("", "The params must be the object that the Responses API documents.")
	}
	var p protocol.CreateParams
	if err := params.Members(members, &p); err != nil {
		return nil, err
	}
	if p.Meta.Headers, err = lowerHeaders(p.Meta.Headers); err != nil {
		return nil, err
	}
	switch {
	case p.Meta.Simulate == "":
	case scenarios == nil:
		p.Meta.Unknown = append(p.Meta.Unknown, "simulate")
		p.Meta.Simulate = ""
	case !slices.Contains(scenarios, p.Meta.Simulate):
		return nil, protocol.InvalidParams("_meta.simulate", "The member \"_meta.simulate\" names no scenario; --simulate=list prints them.")
	}
	return &Request{
		Model: p.Model, Stream: p.Stream, Meta: p.Meta,
		params: text, members: members, background: p.Background, isUnstored: string(rawjson.Last(members, "store")) == "false",
	}, nil
}

// lowerHeaders checks the headers that a host sends upstream, and returns them
// with their names in lower case (docs/protocol.md: Creating a response).
func lowerHeaders(given map[string]string) (map[string]string, error) {
	if given == nil {
		return nil, nil
	}
	headers := make(map[string]string, len(given))
	for _, spelled := range slices.Sorted(maps.Keys(given)) {
		name, value := strings.ToLower(spelled), given[spelled]
		switch name {
		case "traceparent", "tracestate", "x-client-request-id", "idempotency-key":
		default:
			return nil, protocol.InvalidParams("_meta.headers."+short(name), "This header cannot be set; allowed are traceparent, tracestate, x-client-request-id and idempotency-key.")
		}
		if _, twice := headers[name]; twice || !isFieldValue(value) {
			return nil, protocol.InvalidParams("_meta.headers."+name, "The value of a header must be a string without control characters, given once.")
		}
		headers[name] = value
	}
	return headers, nil
}

// isFieldValue reports whether value can stand in a header: visible ASCII with
// blanks inside (RFC 9110 section 5.5).
func isFieldValue(value string) bool {
	for i := 0; i < len(value); i++ {
		if value[i] < 0x20 || value[i] > 0x7e {
			return false
		}
	}
	return value == strings.TrimSpace(value) && len(value) <= 8<<10
}
