package cli

import (
	"fmt"
	"log/slog"

	"github.com/signalbox-dev/signalbox/internal/trace"
)

// openTrace creates the file of --trace; without the flag it returns nil. The
// second result ends the trace. Its error is a usage error.
func openTrace(f *flags, log *slog.Logger, mask func(string) string) (*trace.File, func(), error) {
	if f.trace == "" {
		return nil, func() {}, nil
	}
	file, err := trace.Create(f.trace, mask, func(err error) {
		log.Warn("the trace ends here: it can no longer be written", "error", mask(err.Error()))
	})
	if err != nil {
		return nil, nil, fmt.Errorf("--trace: %w", err)
	}
	return file, file.Close, nil
}
