package rpc

import (
	"context"
	"errors"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/internal/params"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/signalbox-dev/signalbox/rpc/wire"
)

// errStreamCancelled is the cause after responses/cancel: the request then ends
// as a success.
var errStreamCancelled = errors.New("the host cancelled the stream")

// errHostGone: the output has failed, so nobody will read the end of the stream.
var errHostGone = errors.New("the host no longer reads")

// create checks and registers one responses/create on the reading goroutine, so
// that a cancel that was read after it finds it, and starts it.
func (s *Server) create(ctx context.Context, req *wire.Request) {
	body := req.Params
	req.Params = nil // the body is given back while the stream runs
	if body == nil {
		body = []byte("{}")
	}
	create, err := engine.NewRequest(body, s.cfg.Scenarios)
	if err != nil {
		req.ReplyError(s.publicError(ctx, err).Encode())
		return
	}
	st := &stream{server: s, req: req, create: create, id: create.Meta.StreamID, evidence: engine.Unresolved(create)}
	if err := s.register(st, int64(len(body))); err != nil {
		req.ReplyError(s.publicError(ctx, err).Encode())
		return
	}
	ctx, st.cancel = context.WithCancelCause(ctx)
	req.Go(func() { st.run(ctx) })
}

// register admits a stream within the limits and under a stream id that no
// live one has.
func (s *Server) register(st *stream, size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.streams) >= maxStreams {
		return busy("Too many responses are in flight.", maxStreams)
	}
	if st.id == "" {
		st.id = newID("str_")
	} else if s.streams[st.id] != nil {
		e := protocol.InvalidParams("_meta.streamId", "A live stream has this id.")
		e.Data.Reason = protocol.ReasonDuplicateStreamID
		return e
	}
	if s.bodyBytes.Add(size) > maxBodyBytes {
		s.bodyBytes.Add(-size)
		return busy("The bodies in flight are too large together.", maxBodyBytes)
	}
	st.create.Release = func() { s.bodyBytes.Add(-size) }
	st.template = s.conn.NewEventTemplate(protocol.NotificationEvent, st.id, st.req.ID)
	s.streams[st.id] = st
	return nil
}

// cancelStream serves responses/cancel: the stream ends as a success with status
// "cancelled".
func (s *Server) cancelStream(_ context.Context, req *wire.Request) (any, error) {
	var p protocol.CancelStreamParams
	if err := params.Decode(req.Params, &p); err != nil {
		return nil, err
	}
	s.mu.Lock()
	st := s.streams[p.StreamID]
	s.mu.Unlock()
	if st == nil {
		return protocol.CancelStreamResult{Status: "notFound"}, nil
	}
	st.cancel(errStreamCancelled)
	return protocol.CancelStreamResult{Status: "cancelling"}, nil
}

// stream is one responses/create in flight. It is the engine's Sink, and the
// only one that writes messages with its stream id: started, events, completed and
// the answer, all from one goroutine and therefore in this order.
type stream struct {
	server   *Server
	req      *wire.Request
	create   *engine.Request
	id       string
	cancel   context.CancelCauseFunc
	template *wire.EventTemplate
	// seq of the next notification.
	seq int64
	// evidence as last seen, for the case of a panic.
	evidence protocol.Evidence
}

// run makes the call. Whatever happens, finish writes the end.
func (st *stream) run(ctx context.Context) {
	var (
		result engine.Result
		err    error
	)
	defer func() {
		if p := recover(); p != nil {
			result = engine.Result{Evidence: st.evidence}
			err = st.server.panicked(p)
		}
		st.finish(ctx, result, err)
	}()
	result, err = st.server.cfg.Engine.Create(ctx, st.create, st)
}

// Started implements engine.Sink.
func (st *stream) Started(status int, headers protocol.Headers, evidence protocol.Evidence) {
	st.evidence = evidence
	st.server.notify(protocol.NotificationStarted, protocol.Encode(protocol.Started{
		StreamID: st.id, RequestID: st.req.ID, Seq: st.seq, Status: status, Headers: headers, Evidence: evidence,
	}))
	if !st.server.isOptedOut(protocol.NotificationStarted) {
		st.seq++
	}
}

// Event implements engine.Sink.
func (st *stream) Event(ctx context.Context, event []byte, breaks bool) error {
	if st.server.isOptedOut(protocol.NotificationEvent) {
		return nil
	}
	err := st.server.conn.Event(ctx, st.template, st.seq, event, breaks)
	switch {
	case err == nil:
		st.seq++
	case ctx.Err() == nil:
		return errHostGone
	}
	return err
}

// Flush implements engine.Sink. A failed output is noticed at the next event, and
// ends the process anyway.
func (st *stream) Flush() { _ = st.server.conn.Flush() }

// SendingAgain implements engine.Sink.
func (st *stream) SendingAgain(r engine.Retry) { st.server.logRetry(st, r) }

// finish writes the one completed and then the result or the error
// (docs/protocol.md: Order on the pipe).
func (st *stream) finish(ctx context.Context, result engine.Result, err error) {
	defer st.cancel(nil)
	s := st.server
	s.mu.Lock()
	delete(s.streams, st.id)
	s.mu.Unlock()

	done := protocol.Completed{
		StreamID: st.id, RequestID: st.req.ID, Seq: st.seq,
		Status: result.Status, ResponseID: result.ResponseID, Usage: result.Usage, Evidence: result.Evidence,
	}
	s.maskEvidence(&done.Evidence)
	switch {
	case errors.Is(err, errStreamCancelled):
		done.Status, err = protocol.StatusCancelled, nil
		result.Response = nil
	case err != nil:
		failure := *s.publicError(ctx, err)
		failure.Data.StreamID = st.id
		failure.Data.Evidence = &done.Evidence
		done.Error = &failure
		done.Status = protocol.StatusFailed
		if failure.Code == protocol.CodeCancelled {
			done.Status = protocol.StatusCancelled
		}
	}
	s.notify(protocol.NotificationCompleted, done.Encode())
	defer s.logEnded(&done)
	if done.Error != nil {
		st.req.ReplyError(done.Error.Encode())
		return
	}
	final := protocol.CreateResult{
		StreamID: st.id, Status: done.Status, Usage: result.Usage, Evidence: done.Evidence, Response: result.Response,
	}
	if result.ResponseID != "" {
		final.ResponseID = &result.ResponseID
	}
	st.req.Reply(final.Encode())
}
