package rpc

import (
	"context"
	"log/slog"
	"strings"

	"github.com/signalbox-dev/signalbox/protocol"
)

// hostLog passes the lines of the log on to the host, if it has asked for them.
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
			Type: messageType(r.Level), Message: h.server.cfg.Auth.Mask(line.String()),
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

// messageType is LSP's MessageType of a level.
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
