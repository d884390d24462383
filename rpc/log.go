package rpc

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/internal/params"
	"github.com/signalbox-dev/signalbox/protocol"
)

// logAnswered logs an answer, without params and result.
func (s *Server) logAnswered(method string, start time.Time, failure *protocol.Error) {
	if !s.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	attrs := []any{"method", s.cfg.Mask.Mask(method), "ms", time.Since(start).Milliseconds()}
	s.log.Debug("answered", append(attrs, failureAttrs(failure)...)...)
}

// logEnded logs the end of a response: its evidence, and nothing of what was
// said.
func (s *Server) logEnded(done *protocol.Completed) {
	if !s.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	e := &done.Evidence
	attrs := []any{
		"stream", s.cfg.Mask.Mask(params.Short(done.StreamID)), "model", s.cfg.Mask.Mask(params.Short(e.RequestedModel)), "status", string(done.Status),
		"source", string(e.CredentialSource), "attempts", len(e.Attempts), "ms", e.DurationMs,
	}
	if e.Route != nil {
		attrs = append(attrs, "route", string(*e.Route))
	}
	if e.Status != nil {
		attrs = append(attrs, "http", *e.Status)
	}
	s.log.Debug("response ended", append(attrs, failureAttrs(done.Error)...)...)
}

// MessageRetry is the line of the log about a request that is sent again; its
// attributes attempt, of and pause say when.
const MessageRetry = "the request is sent again"

// logRetry logs that a request is about to be sent again.
func (s *Server) logRetry(st *stream, r engine.Retry) {
	if !s.log.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	attrs := []any{
		"request", s.cfg.Mask.Mask(params.Short(string(st.req.ID))), "stream", s.cfg.Mask.Mask(params.Short(st.id)),
		"attempt", r.Attempt, "of", r.Of, "pause", r.Pause.Round(time.Millisecond), "reason", string(r.Reason),
	}
	if r.Status != 0 {
		attrs = append(attrs, "http", r.Status)
	}
	if r.UpstreamRequestID != "" {
		attrs = append(attrs, "upstream_request_id", s.cfg.Mask.Mask(params.Short(r.UpstreamRequestID)))
	}
	s.log.Info(MessageRetry, attrs...)
}

func failureAttrs(failure *protocol.Error) []any {
	if failure == nil {
		return nil
	}
	return []any{"code", int(failure.Code), "kind", string(failure.Data.Kind), "reason", string(failure.Data.Reason)}
}

// hostLog also sends the lines of the log to a host that has asked for them.
type hostLog struct {
	base   slog.Handler
	server *Server
}

// Enabled implements slog.Handler.
func (h *hostLog) Enabled(ctx context.Context, level slog.Level) bool {
	return h.base.Enabled(ctx, level)
}

// Handle implements slog.Handler. A stack is for the log alone.
func (h *hostLog) Handle(ctx context.Context, r slog.Record) error {
	if h.server.logToHost.Load() {
		var line strings.Builder
		line.WriteString(r.Message)
		r.Attrs(func(a slog.Attr) bool {
			if a.Key != "stack" {
				line.WriteString(" " + a.Key + "=" + a.Value.String())
			}
			return true
		})
		h.server.notify(protocol.NotificationLogMessage, protocol.Encode(protocol.LogMessage{
			Type: messageType(r.Level), Message: h.server.cfg.Mask.Mask(line.String()),
		}))
	}
	return h.base.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *hostLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &hostLog{h.base.WithAttrs(attrs), h.server}
}

// WithGroup implements slog.Handler.
func (h *hostLog) WithGroup(name string) slog.Handler {
	return &hostLog{h.base.WithGroup(name), h.server}
}

// messageType returns the MessageType of LSP for a level.
func messageType(level slog.Level) int {
	switch {
	case level >= slog.LevelError:
		return 1
	case level >= slog.LevelWarn:
		return 2
	case level >= slog.LevelInfo:
		return 3
	}
	return 4
}
