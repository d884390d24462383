package engine

import (
	"bytes"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// isOfResponse reports whether an event has a type of the Responses API or of
// Codex, which say themselves what they are. Nearly all events have one.
func isOfResponse(name []byte) bool {
	return bytes.HasPrefix(name, []byte(`"response.`)) || bytes.HasPrefix(name, []byte(`"codex.`))
}

// isOutput reports whether an event of this type, which is no end, says something
// about the output of the response.
func isOutput(name []byte) bool {
	switch string(name) {
	case `"response.created"`, `"response.in_progress"`, `"response.queued"`:
		return false
	}
	return bytes.HasPrefix(name, []byte(`"response.`))
}

// isErrorShape reports whether JSON of an upstream that has no type of the
// Responses API is an error, in one of the shapes that the backends and the
// gateways in front of them use: {"error":{…}}, {"error":"…"}, {"errors":[{…}]},
// {"detail":…}, {"message":"…","code":…}, {"object":"error",…}, {"fault":{…}}, a bare
// error object, and a list of one of these. members are its own, name is its type.
func isErrorShape(text, name []byte, members []rawjson.Member) bool {
	text = bytes.TrimSpace(text)
	if len(text) > 0 && text[0] == '[' {
		for start, end := range rawjson.Elements(text) {
			inner, _, err := rawjson.Object(text[start:end], maxDepth, nil)
			return err == nil && isErrorShape(text[start:end], plainText(rawjson.Last(inner, "type")), inner)
		}
		return false
	}
	isText := func(member string) bool {
		value := rawjson.Last(members, member)
		return len(value) > 2 && value[0] == '"'
	}
	isFilled := func(member string) bool {
		value := rawjson.Last(members, member)
		return isText(member) || len(value) > 2 && (value[0] == '{' || value[0] == '[')
	}
	if object, _ := rawjson.Unquote(rawjson.Last(members, "object")); object == "error" {
		return true
	}
	if len(name) > 2 && name[0] == '"' {
		lower := bytes.ToLower(name)
		return bytes.HasSuffix(lower, []byte(`error"`)) && (isText("message") || isFilled("error")) ||
			isText("detail") && isText("title")
	}
	return isFilled("error") || isFilled("errors") || isFilled("detail") || isFilled("fault") ||
		isText("message") || isText("Message") || isText("msg") && rawjson.Last(members, "code") != nil ||
		string(rawjson.Last(members, "error")) == "true"
}
