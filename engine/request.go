package engine

import (
	"math"
	"slices"
	"strconv"
	"strings"

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
	Meta   protocol.CreateMeta
	// Release, if set, is called once when the body can no longer be sent again.
	Release func()

	params     []byte
	members    []rawjson.Member
	background bool
}

// Events reports whether the host gets the events of the stream.
func (r *Request) Events() bool { return r.Stream && !r.Meta.NoEvents }

// NewRequest reads model, stream and _meta from the params of responses/create.
// scenarios are what _meta.simulate may name; without any it is an unknown member.
// Its error is a -32602.
func NewRequest(params []byte, scenarios []string) (*Request, *protocol.Error) {
	members, _, err := rawjson.Object(params, maxDepth, nil)
	if err != nil {
		return nil, protocol.InvalidParams("", "The params must be the object that the Responses API documents.")
	}
	if name, found := rawjson.Duplicate(members); found {
		return nil, protocol.InvalidParams(short(name), "A member of the params stands twice.")
	}
	req := &Request{params: params, members: members}
	model, _ := rawjson.Find(members, "model")
	var ok bool
	if req.Model, ok = rawjson.Unquote(model.Value); !ok || req.Model == "" {
		return nil, protocol.InvalidParams("model", "The member \"model\" must be a string that is not empty.")
	}
	if req.Stream, ok = boolean(members, "stream"); !ok {
		return nil, protocol.InvalidParams("stream", "The member \"stream\" must be true or false.")
	}
	if req.background, ok = boolean(members, "background"); !ok {
		return nil, protocol.InvalidParams("background", "The member \"background\" must be true or false.")
	}
	if meta, found := rawjson.Find(members, "_meta"); found && string(meta.Value) != "null" {
		if err := readMeta(meta.Value, scenarios, &req.Meta); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// boolean reads a member that may be absent or null, which mean false.
func boolean(members []rawjson.Member, name string) (value, ok bool) {
	m, _ := rawjson.Find(members, name)
	switch string(m.Value) {
	case "", "null", "false":
		return false, true
	case "true":
		return true, true
	}
	return false, false
}

// readMeta reads _meta: a wrong type is an error, an unknown member is listed.
func readMeta(text []byte, scenarios []string, meta *protocol.CreateMeta) *protocol.Error {
	members, _, err := rawjson.Object(text, maxDepth, nil)
	if err != nil {
		return protocol.InvalidParams("_meta", "The member \"_meta\" must be an object.")
	}
	if name, found := rawjson.Duplicate(members); found {
		return protocol.InvalidParams("_meta."+short(name), "A member of _meta stands twice.")
	}
	for _, m := range members {
		if string(m.Value) == "null" {
			continue
		}
		name, ok := m.Name(), true
		switch name {
		case "streamId":
			meta.StreamID, ok = rawjson.Unquote(m.Value)
			ok = ok && meta.StreamID != ""
		case "route":
			ok = readRoute(m.Value, &meta.Route)
		case "events":
			meta.NoEvents, ok = choice(m.Value, "all", "none")
		case "onUnsupported":
			meta.Drop, ok = choice(m.Value, "refuse", "drop")
		case "timeoutMs":
			meta.TimeoutMs, ok = milliseconds(m.Value)
		case "idleTimeoutMs":
			meta.IdleTimeoutMs, ok = milliseconds(m.Value)
		case "expect":
			meta.ExpectModel, ok = readExpect(m.Value)
		case "headers":
			if err := readHeaders(m.Value, meta); err != nil {
				return err
			}
		case "simulate":
			if scenarios == nil {
				meta.Unknown = append(meta.Unknown, name)
				continue
			}
			meta.Simulate, _ = rawjson.Unquote(m.Value)
			if !slices.Contains(scenarios, meta.Simulate) {
				return protocol.InvalidParams("_meta.simulate", "The member \"_meta.simulate\" names no scenario; --simulate=list prints them.")
			}
		default:
			meta.Unknown = append(meta.Unknown, name)
		}
		if !ok {
			return protocol.InvalidParams("_meta."+name, "The member \"_meta."+name+"\" has a wrong type or value.")
		}
	}
	return nil
}

func readRoute(text []byte, route *protocol.RouteName) bool {
	switch name, _ := rawjson.Unquote(text); protocol.RouteName(name) {
	case "auto":
		return true
	case protocol.RouteChatGPT, protocol.RoutePlatform:
		*route = protocol.RouteName(name)
		return true
	}
	return false
}

// choice reads one of two words and reports whether it is the second.
func choice(text []byte, first, second string) (isSecond, ok bool) {
	word, _ := rawjson.Unquote(text)
	return word == second, word == first || word == second
}

// milliseconds reads a whole number above 0.
func milliseconds(text []byte) (int64, bool) {
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || n != math.Trunc(n) || n < 1 || n > 1<<40 {
		return 0, false
	}
	return int64(n), true
}

func readExpect(text []byte) (model string, ok bool) {
	members, _, err := rawjson.Object(text, maxDepth, nil)
	if err != nil {
		return "", false
	}
	m, found := rawjson.Find(members, "model")
	if !found || string(m.Value) == "null" {
		return "", true
	}
	model, ok = rawjson.Unquote(m.Value)
	return model, ok && model != ""
}

// readHeaders takes the headers that a host may send upstream (contract 4).
func readHeaders(text []byte, meta *protocol.CreateMeta) *protocol.Error {
	members, _, err := rawjson.Object(text, maxDepth, nil)
	if err != nil {
		return protocol.InvalidParams("_meta.headers", "The member \"_meta.headers\" must be an object of strings.")
	}
	meta.Headers = make(map[string]string, len(members))
	for _, m := range members {
		name := strings.ToLower(m.Name())
		value, ok := rawjson.Unquote(m.Value)
		switch name {
		case "traceparent", "tracestate", "x-client-request-id", "idempotency-key":
		default:
			return protocol.InvalidParams("_meta.headers."+short(name), "This header cannot be set; allowed are traceparent, tracestate, x-client-request-id and idempotency-key.")
		}
		if _, twice := meta.Headers[name]; twice || !ok || !isFieldValue(value) {
			return protocol.InvalidParams("_meta.headers."+name, "The value of a header must be a string without control characters, given once.")
		}
		meta.Headers[name] = value
	}
	return nil
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
