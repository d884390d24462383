package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"time"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/internal/sse"
	"github.com/signalbox-dev/signalbox/protocol"
)

// stream is the answer of an upstream that was asked to stream.
type stream struct {
	*answer
	events *sse.Reader
	// members of the event at hand.
	members []rawjson.Member
	collect aggregate
	// failure is the error object of the first top-level error event, and grace
	// the time that is left from then on.
	failure []byte
	grace   *time.Timer
}

// readStream hands the events of a stream to the sink until a terminal event,
// the end of the body or a failure.
func (a *answer) readStream(ctx context.Context, body io.Reader) error {
	idle := newIdleReader(body, a.idleTimeout(), func() { a.cancel(errIdleTimeout) })
	s := &stream{
		answer:  a,
		events:  sse.NewReader(idle, MaxEventBytes, a.sink.Flush),
		collect: aggregate{wanted: !a.req.Events() || a.req.Meta.FillOutput},
	}
	s.events.Large = &a.engine.largeBuffers
	defer s.events.Close()
	defer s.stopGrace()
	for {
		data, err := s.events.Next()
		if len(data) == 0 {
			return s.end(ctx, err)
		}
		// With data, err is nil or io.EOF: the body ended inside the block.
		if over, failure := s.event(ctx, data, err == io.EOF); over || failure != nil {
			return failure
		}
		if err != nil {
			return s.end(ctx, err)
		}
	}
}

// event handles one event. over says that it was a terminal one; last that the
// body ended inside its block, so that it may be half.
func (s *stream) event(ctx context.Context, data []byte, last bool) (over bool, err error) {
	if string(data) == "[DONE]" { // of the Chat Completions API; it says nothing here
		return false, nil
	}
	members, breaks, err := rawjson.Object(data, maxDepth, s.members)
	s.members = members
	switch {
	case err == nil || errors.Is(err, rawjson.ErrNotObject):
	case last:
		return false, s.end(ctx, io.ErrUnexpectedEOF)
	default:
		// It never reaches the pipe.
		return false, s.broken(protocol.ReasonBadEvent, "An event of the stream is not valid JSON.")
	}
	s.record.firstEvent()
	e := readEvent(members)
	s.observe(e)
	if e.kind == kindLimits && s.target.route == protocol.RouteChatGPT {
		s.recordLimits(eventLimits(data, s.mask))
	}
	// Before the event that names it is delivered (docs/protocol.md: Evidence).
	if s.record.mismatch(s.req.Meta.Expect.Model) {
		return false, s.modelMismatch()
	}
	if e.kind.isTerminal() {
		s.stopGrace() // it decides, however long the host takes to read it
	}
	if s.req.Events() {
		if e.kind.isTerminal() && s.req.Meta.FillOutput {
			data, breaks = s.filled(data, breaks, e)
		}
		if err := s.sink.Event(ctx, data, breaks); err != nil {
			if ctx.Err() != nil {
				return false, s.end(ctx, err)
			}
			return false, err
		}
		s.delivered++
	}
	switch {
	case e.kind == kindItemDone:
		if !s.collect.add(members) {
			return false, s.broken(protocol.ReasonTooLarge, "The response is larger than the limit.")
		}
	case e.kind == kindError && s.failure == nil:
		s.failure = bytes.Clone(errorObject(members, data))
		s.grace = time.AfterFunc(s.engine.waits.grace, func() { s.cancel(errErrorGrace) })
	case e.kind.isTerminal():
		return true, s.terminal(e)
	}
	return false, nil
}

func (s *stream) stopGrace() {
	if s.grace != nil {
		s.grace.Stop()
	}
}

// terminal ends the stream by its terminal event.
func (s *stream) terminal(e event) error {
	if e.kind == kindFailed {
		s.result.Status = protocol.StatusFailed
		failure, _ := rawjson.Find(s.response, "error")
		if len(failure.Value) == 0 || string(failure.Value) == "null" {
			failure.Value = s.failure
		}
		return s.failed(failure.Value)
	}
	if !s.req.Events() {
		if len(e.response) == 0 || e.response[0] != '{' {
			return s.broken(protocol.ReasonBadEvent, "The last event of the stream holds no response.")
		}
		s.result.Response = s.collect.response(e.response, s.response)
	}
	s.result.Status = protocol.StatusCompleted
	if e.kind == kindIncomplete {
		s.result.Status = protocol.StatusIncomplete
	}
	return nil
}

// end explains an end without a terminal event (docs/protocol.md: Ends of a
// stream).
// err is how reading or handing on ended.
func (s *stream) end(ctx context.Context, err error) error {
	silent := context.Cause(ctx) == errErrorGrace || context.Cause(ctx) == errIdleTimeout
	switch {
	case s.failure != nil && (ctx.Err() == nil || silent):
		s.result.Status = protocol.StatusFailed
		return s.failed(s.failure)
	case ctx.Err() != nil:
		return err
	case errors.Is(err, sse.ErrTooLarge):
		return s.broken(protocol.ReasonTooLarge, "An event of the stream is larger than the limit.")
	case err != io.EOF:
		return s.cut()
	}
	// The type is asked only now: some upstreams stream under another one, or
	// none.
	if kind := s.headers.Get("Content-Type"); s.record.evidence.FirstEventMs == nil && !isEventStream(kind) {
		return s.broken(protocol.ReasonNotSSE, fmt.Sprintf("The upstream answered with %q instead of an event stream.", short(s.mask(kind))))
	}
	return s.broken(protocol.ReasonNoTerminalEvent, "The stream ended without saying that the response is complete.")
}

// isEventStream reports whether a body may be an event stream by its type.
func isEventStream(contentType string) bool {
	return contentType == "" || isNamedEventStream(contentType)
}

func isNamedEventStream(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind == "text/event-stream"
}

func (c *call) idleTimeout() time.Duration {
	if ms := c.req.Meta.IdleTimeoutMs; ms > 0 {
		return time.Duration(ms) * time.Millisecond
	}
	return c.engine.cfg.IdleTimeout
}

// idleReader calls expired when a read takes longer than the limit. Whatever
// comes counts as life, a comment too. Its clock runs during reads only: it
// stops while the host does not read.
type idleReader struct {
	in    io.Reader
	limit time.Duration
	timer *time.Timer
}

func newIdleReader(in io.Reader, limit time.Duration, expired func()) *idleReader {
	timer := time.AfterFunc(limit, expired)
	timer.Stop()
	return &idleReader{in: in, limit: limit, timer: timer}
}

// Read implements io.Reader.
func (r *idleReader) Read(p []byte) (int, error) {
	r.timer.Reset(r.limit)
	n, err := r.in.Read(p)
	r.timer.Stop()
	return n, err
}
