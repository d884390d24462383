package wire

import (
	"bytes"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// maxDepth of a message's nesting.
const maxDepth = 512

// envelope is one checked message. Its slices are slices of the message.
type envelope struct {
	// id is the raw id; nil in a notification.
	id []byte
	// method is empty in a response.
	method string
	// params are raw; nil when absent, null or [].
	params []byte
	// result and failure belong to a response.
	result, failure []byte
	isResponse      bool
}

// parseEnvelope checks one message: UTF-8, one JSON value, an object without
// duplicate members, names in exact case, "jsonrpc":"2.0". NDJSON may leave the
// version out.
func parseEnvelope(message []byte, versionOptional bool) (envelope, *fault) {
	var buf [8]rawjson.Member
	message = bytes.TrimLeft(message, " \t\r\n")
	members, _, err := rawjson.Object(message, maxDepth, buf[:0])
	switch {
	case err == nil:
		return classify(members, versionOptional)
	case err != rawjson.ErrNotObject: // a *rawjson.SyntaxError
		return envelope{}, parseFault(idOf(members), err.Error())
	case message[0] == '[': // docs/protocol.md: Framing
		return envelope{}, invalidFault(nil, "batch_unsupported", "batches are not supported; send one message a frame")
	default:
		return envelope{}, invalidFault(nil, "", "the message is not a JSON object")
	}
}

// classify distinguishes requests, notifications and responses.
func classify(members []rawjson.Member, versionOptional bool) (envelope, *fault) {
	id, objection := checkMembers(members, versionOptional)
	method, hasMethod := rawjson.Find(members, "method")
	result, hasResult := rawjson.Find(members, "result")
	failure, hasError := rawjson.Find(members, "error")
	env := envelope{id: id, result: result.Value, failure: failure.Value}
	switch {
	case !hasMethod && (hasResult || hasError):
		// A response is never answered: its id is one of ours, and two peers
		// that did would never stop. What is wrong with it drops it.
		env.isResponse = true
		if objection != "" {
			env.id = nil
		}
		return env, nil
	case objection != "":
		return envelope{}, invalidFault(id, "", objection)
	case hasMethod && (hasResult || hasError):
		return envelope{}, invalidFault(id, "", "a message has a method or a result, not both")
	case !hasMethod:
		return envelope{}, invalidFault(id, "", `the member "method" is missing`)
	}
	var ok bool
	if env.method, ok = rawjson.Unquote(method.Value); !ok {
		return envelope{}, invalidFault(id, "", `the member "method" must be a string`)
	}
	if params, found := rawjson.Find(members, "params"); found {
		switch params.Value[0] {
		case '{':
			env.params = params.Value
		case '[':
			for range rawjson.Elements(params.Value) {
				env.params = params.Value
				break
			}
		case 'n':
		default:
			return envelope{}, invalidFault(id, "", `the member "params" must be an object or an array`)
		}
	}
	return env, nil
}

// checkMembers checks what all messages have in common. It returns the id if it
// can be echoed, and what is wrong.
func checkMembers(members []rawjson.Member, versionOptional bool) (id []byte, objection string) {
	id = idOf(members)
	if name, found := rawjson.Duplicate(members); found {
		if name == "id" {
			id = nil
		}
		return id, "the message contains a duplicate member"
	}
	version, found := rawjson.Find(members, "jsonrpc")
	if found && !isVersion(version.Value) || !found && !versionOptional {
		return id, `the member "jsonrpc" must be "2.0"`
	}
	if _, found := rawjson.Find(members, "id"); found && id == nil {
		return nil, "an id must be a string or a number"
	}
	return id, ""
}

// isVersion reports whether value is the string 2.0, however it is spelled.
func isVersion(value []byte) bool {
	if string(value) == `"2.0"` {
		return true
	}
	version, _ := rawjson.Unquote(value)
	return version == "2.0"
}

// idOf returns the raw id among members when it is one that can be echoed: a
// string or a number.
func idOf(members []rawjson.Member) []byte {
	id, found := rawjson.Find(members, "id")
	if found && (id.Value[0] == '"' || id.Value[0] == '-' || '0' <= id.Value[0] && id.Value[0] <= '9') {
		return id.Value
	}
	return nil
}

// readID finds the id in the start of a message that was not kept.
func readID(head []byte) []byte {
	members, _, _ := rawjson.Object(head, maxDepth, nil)
	return idOf(members)
}

// idKey is what ids are matched by: the decoded value of a string, the bytes of
// a number; "1" and 1 differ.
func idKey(raw []byte) string {
	if raw[0] != '"' {
		return string(raw)
	}
	s, ok := rawjson.Unquote(raw)
	if !ok {
		return string(raw)
	}
	return "s" + s
}
