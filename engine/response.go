package engine

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// readResponse reads a response that the Platform does not stream. It has no
// idle limit: nothing comes until it is complete.
func (a *answer) readResponse(ctx context.Context, body io.Reader) error {
	a.sink.Flush()
	text, err := io.ReadAll(io.LimitReader(body, MaxEventBytes+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		return a.cut()
	case len(text) > MaxEventBytes:
		return a.tooLarge("The response is larger than the limit.", "Ask for a shorter answer, or set \"stream\" to true and read the events.")
	}
	members, _, err := rawjson.Object(text, maxDepth, nil)
	if err != nil {
		if errors.Is(err, rawjson.ErrNotObject) && isErrorShape(text, nil, nil) {
			a.result.Status = protocol.StatusFailed
			return a.failed(a.readFailure(text), false)
		}
		return a.broken(protocol.ReasonBadEvent, "The response is not a JSON object.")
	}
	return a.judgeResponse(text, members)
}

// judgeResponse ends a call by its response object, which nobody has streamed, or
// by the error in its place.
func (a *answer) judgeResponse(text []byte, members []rawjson.Member) error {
	a.noteResponse(members)
	if a.record.mismatch(a.req.Meta.Expect.Model) {
		return a.modelMismatch()
	}
	name, _ := rawjson.Unquote(rawjson.Last(members, "status"))
	object, _ := rawjson.Unquote(rawjson.Last(members, "object"))
	isResponse := object == "response" || rawjson.Last(members, "output") != nil || name != ""
	if !isResponse && isErrorShape(text, plainText(rawjson.Last(members, "type")), members) {
		a.result.Status = protocol.StatusFailed
		return a.failed(a.readFailure(text), false)
	}
	if !isResponse && isForeign(members, object) {
		return a.broken(protocol.ReasonBadEvent, "The upstream answered with JSON that is not a response.")
	}
	if name == "queued" || name == "in_progress" {
		return a.broken(protocol.ReasonNoTerminalEvent, "The upstream answered before the response was complete.")
	}
	a.result.Status = statusOf(members, protocol.StatusCompleted)
	if a.result.Status == protocol.StatusFailed {
		return a.failed(a.readErrorObject(rawjson.Last(members, "error")), false)
	}
	a.result.Response = bytes.TrimSpace(text)
	a.remember(a.result.Response, a.result.Status)
	return nil
}

// isForeign reports whether an object without status and output is something else
// than a response: it says that it is, or nothing in it is a response's.
func isForeign(members []rawjson.Member, object string) bool {
	if object != "" {
		return true
	}
	for _, m := range members {
		if m.Is("id") || m.Is("model") || m.Is("usage") {
			return rawjson.Last(members, "choices") != nil
		}
	}
	return len(members) > 0
}
