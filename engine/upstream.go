package engine

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// maxErrorBody is as much of an error's body as is read.
	maxErrorBody = 64 << 10
	// maxErrorText is as much of the upstream's sentence as is passed on.
	maxErrorText = 512
)

// upstreamFailure is what the upstream says of an error, masked, in any of its
// shapes: {"error":{…}}, {"error":"…"}, {"detail":"…"}, {"detail":[{…}]},
// {"detail":{…}}, {"code","message"}.
type upstreamFailure struct {
	protocol.UpstreamError
	planType string
	// resetsAt is when a limit ends; zero for unknown.
	resetsAt time.Time
}

// is reports whether the failure has one of these names as its type or code.
func (f upstreamFailure) is(names ...string) bool {
	for _, name := range names {
		if f.Type == name || f.Code == name {
			return true
		}
	}
	return false
}

// public is what a host sees of it; nil if that is nothing.
func (f upstreamFailure) public() *protocol.UpstreamError {
	if f.UpstreamError == (protocol.UpstreamError{}) {
		return nil
	}
	return &f.UpstreamError
}

// readFailure reads an error body. Members of unexpected types are left out.
func (x *exchange) readFailure(body []byte) upstreamFailure {
	var outer struct {
		Error  json.RawMessage `json:"error"`
		Detail json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return upstreamFailure{}
	}
	if said := x.readErrorObject(outer.Error); said.public() != nil {
		return said
	}
	if said := x.readErrorObject(outer.Detail); said.public() != nil {
		return said
	}
	var list []struct {
		Loc  []json.RawMessage `json:"loc"`
		Msg  json.RawMessage   `json:"msg"`
		Type json.RawMessage   `json:"type"`
	}
	if json.Unmarshal(outer.Detail, &list) == nil && len(list) > 0 {
		// FastAPI's list of what is wrong with the body: the first will do.
		said := upstreamFailure{}
		said.Message, said.Type = x.text(list[0].Msg), x.text(list[0].Type)
		if at := len(list[0].Loc); at > 0 {
			said.Param = x.text(list[0].Loc[at-1])
		}
		return said
	}
	return x.readErrorObject(body)
}

// readFailureHeaders reads what the ChatGPT backend says of an error beside the
// body: an error object in base64, or the code of a refused credential.
func (x *exchange) readFailureHeaders(h http.Header) upstreamFailure {
	if text, err := base64.StdEncoding.DecodeString(h.Get("X-Error-Json")); err == nil && len(text) > 0 {
		return x.readFailure(text)
	}
	var said upstreamFailure
	said.Code = x.bounded(h.Get("X-Openai-Authorization-Error"))
	return said
}

// readErrorObject reads {type, code, message, param, plan_type, resets_at,
// resets_in_seconds}, or a sentence alone.
func (x *exchange) readErrorObject(object []byte) upstreamFailure {
	var said upstreamFailure
	if said.Message = x.text(object); said.Message != "" {
		return said
	}
	var e struct {
		Type     json.RawMessage `json:"type"`
		Code     json.RawMessage `json:"code"`
		Message  json.RawMessage `json:"message"`
		Param    json.RawMessage `json:"param"`
		PlanType json.RawMessage `json:"plan_type"`
		ResetsAt json.RawMessage `json:"resets_at"`
		ResetsIn json.RawMessage `json:"resets_in_seconds"`
	}
	if json.Unmarshal(object, &e) != nil {
		return said
	}
	said.Type, said.Code, said.Message, said.Param = x.text(e.Type), x.word(e.Code), x.text(e.Message), x.text(e.Param)
	said.planType = x.text(e.PlanType)
	if at := unixTime(string(e.ResetsAt)); !at.IsZero() {
		said.resetsAt = at
	} else if in := seconds(string(e.ResetsIn)); in > 0 {
		said.resetsAt = time.Now().Add(in)
	}
	return said
}

// word is text, and for a number, which some gateways give as a code, its digits.
func (x *exchange) word(raw []byte) string {
	var n json.Number
	if len(raw) > 0 && raw[0] != '"' && json.Unmarshal(raw, &n) == nil && len(n) < 20 {
		return n.String()
	}
	return x.text(raw)
}

// text reads a JSON string, masked and bounded; anything else is "".
func (x *exchange) text(raw []byte) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return x.bounded(s)
}

// bounded masks and bounds what the upstream says.
func (x *exchange) bounded(s string) string {
	s = x.mask(s)
	if len(s) > maxErrorText {
		s = strings.ToValidUTF8(s[:maxErrorText], "") + "…"
	}
	return s
}
