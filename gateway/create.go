package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// create serves POST /v1/responses: the body is that of the Responses API, with our
// _meta where a program can send it.
func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	if s.streams.Add(1) > maxStreams {
		s.streams.Add(-1)
		writeError(w, busy("Too many responses are in flight.", maxStreams))
		return
	}
	defer s.streams.Add(-1)
	body, refused := s.readBody(w, r)
	if refused != nil {
		refused.write(w)
		return
	}
	size := int64(len(body))
	if s.bodies.Add(size) > maxBodies {
		s.bodies.Add(-size)
		writeError(w, busy("The bodies in flight are too large together.", maxBodies))
		return
	}
	req, err := s.request(body, r.Header)
	if err != nil {
		s.bodies.Add(-size)
		writeError(w, s.public(r.Context(), err))
		return
	}
	req.Release = func() { s.bodies.Add(-size) }

	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	defer context.AfterFunc(s.ended, func() { cancel(errDrained) })()
	out := newReply(w, req.Stream, s.waits)
	var result engine.Result
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Logger.Error("panic", "value", s.cfg.Mask.Mask(fmt.Sprint(p)), "stack", string(debug.Stack()))
			err = internalError()
		}
		if err != nil {
			failure := s.public(ctx, err)
			failure.Data.Evidence = &result.Evidence
			out.fail(failure, &result.Evidence)
			return
		}
		out.end(&result)
	}()
	result, err = s.cfg.Engine.Create(ctx, req, out)
	s.maskEvidence(&result.Evidence)
}

// readBody reads the body of a request: at most MaxBodyBytes, and no part of it may be
// long in coming.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) (text []byte, refused *refusal) {
	control := http.NewResponseController(w)
	defer func() {
		if refused != nil { // nothing more is read of it
			_ = control.SetReadDeadline(time.Now())
			return
		}
		_ = control.SetReadDeadline(time.Time{}) // else the end of the client could not be seen
	}()
	body := make([]byte, 0, max(512, min(r.ContentLength+1, 1<<20)))
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		_ = control.SetReadDeadline(time.Now().Add(s.waits.body))
		n, err := r.Body.Read(body[len(body):min(cap(body), len(body)+64<<10)])
		body = body[:len(body)+n]
		switch {
		case len(body) > MaxBodyBytes:
			return nil, tooLarge()
		case err == io.EOF:
			return body, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, &refusal{status: http.StatusRequestTimeout, message: "The body did not come in time.", reason: "timeout", header: map[string]string{"Connection": "close"}}
		case err != nil:
			return nil, &refusal{status: http.StatusBadRequest, message: "The body could not be read.", reason: "invalid_request", header: map[string]string{"Connection": "close"}}
		}
	}
}

// request makes the engine's request of a body: with filled output and memory, unless
// its _meta says otherwise, and the headers that may go upstream.
func (s *Server) request(body []byte, header http.Header) (*engine.Request, error) {
	req, err := engine.NewRequest(body, s.cfg.Scenarios)
	if err != nil {
		return nil, err
	}
	members, _, _ := rawjson.Object(body, math.MaxInt, nil) // NewRequest has read it
	meta, _, _ := rawjson.Object(rawjson.Last(members, "_meta"), math.MaxInt, nil)
	given := func(name string) bool {
		value := rawjson.Last(meta, name)
		return value != nil && string(value) != "null"
	}
	if !given("fillOutput") {
		req.Meta.FillOutput = true
	}
	if !given("memory") {
		req.Meta.Memory = true
	}
	if !given("onUnsupported") {
		req.Meta.OnUnsupported = s.cfg.OnUnsupported
	}
	if !given("route") {
		req.Meta.Route = s.cfg.Route
	}
	req.Meta.Events = "" // there is nothing else to answer with
	req.ForgetUnstored = true
	for _, name := range passed() {
		value := header.Get(name)
		if _, known := req.Meta.Headers[name]; value == "" || known || len(value) > 4<<10 || printable(value) != value {
			continue
		}
		if req.Meta.Headers == nil {
			req.Meta.Headers = map[string]string{}
		}
		req.Meta.Headers[name] = strings.TrimSpace(value)
	}
	return req, nil
}

// public returns the error that a program may see: masked, since it may repeat what the
// program has sent.
func (s *Server) public(ctx context.Context, err error) *protocol.Error {
	if known, ok := errors.AsType[*protocol.Error](err); ok {
		return s.cfg.Mask.Error(known)
	}
	switch {
	case errors.Is(context.Cause(ctx), errDrained):
		return protocol.NewError(protocol.CodeBusy, "The gateway is shutting down.", protocol.ErrorData{Action: "Try again."})
	case ctx.Err() != nil, errors.Is(err, errClientGone):
		return protocol.NewError(protocol.CodeCancelled, "The request was cancelled.", protocol.ErrorData{})
	}
	s.cfg.Logger.Error("internal error", "error", s.cfg.Mask.Mask(err.Error()))
	return internalError()
}

// maskEvidence masks what the program has named in its request.
func (s *Server) maskEvidence(e *protocol.Evidence) {
	e.RequestedModel, e.TraceParent = s.cfg.Mask.Mask(e.RequestedModel), s.cfg.Mask.Mask(e.TraceParent)
	for i := range e.Adjustments {
		e.Adjustments[i].Field = s.cfg.Mask.Mask(e.Adjustments[i].Field)
	}
}

func internalError() *protocol.Error {
	return protocol.NewError(protocol.CodeInternalError, "Something went wrong inside signalbox.", protocol.ErrorData{Action: "Report it with the log of the process."})
}

func busy(message string, limit int64) *protocol.Error {
	return protocol.NewError(protocol.CodeBusy, message, protocol.ErrorData{
		Limit: limit, Retryable: true, RetryAfterMs: 1000, Action: "Wait for an answer before you send more.",
	})
}
