package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"time"

	"github.com/signalbox-dev/signalbox/internal/output"
	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/internal/sse"
	"github.com/signalbox-dev/signalbox/protocol"
)

// stream is the answer of an upstream that was asked to stream.
type stream struct {
	*answer
	events *sse.Reader
	head   *headReader
	// members of the event at hand.
	members []rawjson.Member
	// collected is for the response as a whole; nil if nobody wants it.
	collected *collector
	// began: an event has held a part of the output.
	began bool
	// failure is what the first error event says, nil for none, and grace the time
	// that is left from then on.
	failure *upstreamError
	grace   *time.Timer
	// failedLate: a part of the output had come before the failure.
	failedLate bool
}

// readStream hands the events of a stream to the sink until a terminal event,
// the end of the body or a failure.
func (a *answer) readStream(ctx context.Context, body io.Reader) error {
	idle := newIdleReader(body, a.idleTimeout(), func() { a.cancel(errIdleTimeout) })
	head := &headReader{in: idle, max: maxErrorBody}
	if !a.req.Events() {
		head.max = MaxEventBytes
	}
	s := &stream{answer: a, events: sse.NewReader(head, MaxEventBytes, a.sink.Flush), head: head}
	if !a.req.Events() || a.req.Meta.FillOutput || a.isRemembered() {
		s.collected = &collector{output: output.New(MaxEventBytes)}
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
	case s.events.IsError(): // it never reaches the pipe, but its words do
		s.fail(upstreamError{UpstreamError: protocol.UpstreamError{Message: s.bounded(string(data))}})
		return false, nil
	default:
		// It never reaches the pipe.
		return false, s.broken(protocol.ReasonBadEvent, "An event of the stream is not valid JSON.")
	}
	s.record.firstEvent()
	e := readEvent(members)
	s.observe(&e)
	if e.kind == kindLimits && s.target.route == protocol.RouteChatGPT {
		s.recordLimits(eventLimits(data, s.mask))
	}
	if e.kind == kindOther && (s.events.IsError() || !isOfResponse(e.name) && isErrorShape(data, e.name, members)) {
		e.kind = kindError
	}
	// Before the event that names it is delivered (docs/protocol.md: Evidence).
	if s.record.mismatch(s.req.Meta.Expect.Model) {
		return false, s.modelMismatch()
	}
	if s.collected != nil {
		if err := s.collect(&e, data); err != nil {
			return false, err
		}
	}
	switch e.kind {
	case kindOther:
		s.began = s.began || isOutput(e.name)
	case kindCompleted, kindIncomplete, kindFailed, kindCancelled:
		return true, s.terminal(ctx, &e, data, breaks)
	case kindError:
		if err := s.deliverEvent(ctx, data, breaks); err != nil {
			return false, err
		}
		s.fail(s.readFailure(data)) // its grace begins when the host has read it
		return false, nil
	}
	return false, s.deliverEvent(ctx, data, breaks)
}

// deliverEvent hands one event to a host that gets them.
func (s *stream) deliverEvent(ctx context.Context, data []byte, breaks bool) error {
	if !s.req.Events() {
		return nil
	}
	if err := s.sink.Event(ctx, data, breaks); err != nil {
		if ctx.Err() != nil {
			return s.end(ctx, err)
		}
		return err
	}
	s.delivered++
	return nil
}

// fail notes the first error of the stream, and lets it end soon.
func (s *stream) fail(observed upstreamError) {
	if s.failure != nil {
		return
	}
	s.failure, s.failedLate = &observed, s.began
	s.grace = time.AfterFunc(s.engine.waits.grace, func() { s.cancel(errErrorGrace) })
}

func (s *stream) stopGrace() {
	if s.grace != nil {
		s.grace.Stop()
	}
}

// terminal ends the stream by its terminal event, which it delivers.
func (s *stream) terminal(ctx context.Context, e *event, data []byte, breaks bool) error {
	s.stopGrace() // it decides, however long the host takes to read it
	status := statusOf(s.response, e.kind.status())
	s.rememberStream(e, status)
	if s.req.Meta.FillOutput && s.req.Events() {
		var err error
		if data, breaks, err = s.filled(data, breaks, e, status); err != nil {
			return err
		}
	}
	if err := s.deliverEvent(ctx, data, breaks); err != nil {
		return err
	}
	if status == protocol.StatusFailed {
		s.result.Status = status
		observed := s.readErrorObject(rawjson.Last(s.response, "error"))
		if observed.public() == nil && s.failure != nil {
			return s.failed(*s.failure, s.failedLate)
		}
		return s.failed(observed, s.began)
	}
	if !s.req.Events() {
		if err := s.unstreamed(e, status); err != nil {
			return err
		}
	}
	s.result.Status = status
	return nil
}

// statusOf returns the status that a response object has at its end, otherwise for
// one that has none of them.
func statusOf(response []rawjson.Member, otherwise protocol.Status) protocol.Status {
	text, _ := rawjson.Unquote(rawjson.Last(response, "status"))
	switch status := protocol.Status(text); status {
	case protocol.StatusCompleted, protocol.StatusIncomplete, protocol.StatusFailed, protocol.StatusCancelled:
		return status
	}
	if text == "" && otherwise == protocol.StatusCompleted && isObject(rawjson.Last(response, "error")) {
		return protocol.StatusFailed
	}
	return otherwise
}

// end explains an end without a terminal event (docs/protocol.md: Ends of a
// stream). err is how reading or delivering ended.
func (s *stream) end(ctx context.Context, err error) error {
	silent := context.Cause(ctx) == errErrorGrace || context.Cause(ctx) == errIdleTimeout
	switch {
	case s.failure != nil && (ctx.Err() == nil || silent):
		s.result.Status = protocol.StatusFailed
		return s.failed(*s.failure, s.failedLate)
	case ctx.Err() != nil:
		return err
	case errors.Is(err, sse.ErrTooLarge):
		return s.tooLarge("An event of the stream is larger than the limit.", "Ask for a smaller output.")
	case err != io.EOF:
		return s.cut()
	}
	if s.record.evidence.FirstEventMs == nil && s.head.text != nil {
		if over, err := s.document(s.head.text); over {
			return err
		}
	}
	// The type is asked only now: some upstreams stream under another one, or
	// none.
	if kind := s.headers.Get("Content-Type"); s.record.evidence.FirstEventMs == nil && !isEventStream(kind) {
		return s.broken(protocol.ReasonNotSSE, fmt.Sprintf("The upstream answered with %q instead of an event stream.", short(s.mask(kind))))
	}
	return s.broken(protocol.ReasonNoTerminalEvent, "The stream ended without saying that the response is complete.")
}

// document judges a body that is a JSON document instead of a stream: an error of
// the upstream, or the response of one that does not stream, which serves a host
// that does not get the events. over is false for anything else.
func (s *stream) document(text []byte) (over bool, err error) {
	members, _, err := rawjson.Object(text, maxDepth, nil)
	switch {
	case err != nil && !errors.Is(err, rawjson.ErrNotObject):
		return false, nil
	case isErrorShape(text, plainText(rawjson.Last(members, "type")), members):
		s.result.Status = protocol.StatusFailed
		return true, s.failed(s.readFailure(text), false)
	case !s.req.Events() && err == nil && rawjson.Last(members, "output") != nil:
		return true, s.judgeResponse(text, members)
	}
	return false, nil
}

// isEventStream reports whether a body may be an event stream by its type.
func isEventStream(contentType string) bool {
	return contentType == "" || isNamedEventStream(contentType)
}

func isNamedEventStream(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind == "text/event-stream"
}

func (a *answer) idleTimeout() time.Duration {
	if ms := a.req.Meta.IdleTimeoutMs; ms > 0 {
		return time.Duration(ms) * time.Millisecond
	}
	return a.engine.cfg.IdleTimeout
}
