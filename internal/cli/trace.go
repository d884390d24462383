package cli

import (
	"fmt"
	"log/slog"

	"github.com/signalbox-dev/signalbox/internal/trace"
)

// openTrace makes the file of --trace; nil without the flag. The function that it
// gives ends the trace. Its error is a usage error.
func openTrace(s *settings, log *slog.Logger, mask func(string) string) (*trace.File, func(), error) {
	if s.trace == "" {
		return nil, func() {}, nil
	}
	file, err := trace.Create(s.trace, mask, func(err error) {
		log.Warn("the trace ends here: it cannot be written any further", "error", mask(err.Error()))
	})
	if err != nil {
		return nil, nil, fmt.Errorf("--trace: %w", err)
	}
	return file, file.Close, nil
}
