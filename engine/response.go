package engine

import (
	"bytes"
	"context"
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
		return a.broken(protocol.ReasonTooLarge, "The response is larger than the limit.")
	}
	members, _, err := rawjson.Object(text, maxDepth, nil)
	if err != nil {
		return a.broken(protocol.ReasonBadEvent, "The response is not a JSON object.")
	}
	a.noteResponse(members)
	if a.record.mismatch(a.req.Meta.Expect.Model) {
		return a.modelMismatch()
	}
	status, _ := rawjson.Find(members, "status")
	failure, _ := rawjson.Find(members, "error")
	isError := len(failure.Value) > 0 && failure.Value[0] == '{'
	switch name, _ := rawjson.Unquote(status.Value); {
	case name == "failed", name == "" && isError:
		a.result.Status = protocol.StatusFailed
		return a.failed(failure.Value)
	case name == "incomplete":
		a.result.Status = protocol.StatusIncomplete
	case name == "queued", name == "in_progress":
		return a.broken(protocol.ReasonNoTerminalEvent, "The upstream answered before the response was complete.")
	default:
		a.result.Status = protocol.StatusCompleted
	}
	a.result.Response = bytes.TrimSpace(text)
	return nil
}
