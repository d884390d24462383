package cli

import (
	"context"
	"log/slog"
)

// watchLog hands each record to watch and passes on those that base wants.
type watchLog struct {
	slog.Handler
	watch func(slog.Record)
}

// Enabled implements slog.Handler.
func (h watchLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle implements slog.Handler.
func (h watchLog) Handle(ctx context.Context, r slog.Record) error {
	h.watch(r)
	if h.Handler.Enabled(ctx, r.Level) {
		return h.Handler.Handle(ctx, r)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (h watchLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return watchLog{h.Handler.WithAttrs(attrs), h.watch}
}

// WithGroup implements slog.Handler.
func (h watchLog) WithGroup(name string) slog.Handler {
	return watchLog{h.Handler.WithGroup(name), h.watch}
}
