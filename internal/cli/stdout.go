package cli

import (
	"errors"
	"os"
	"sync"
	"syscall"

	"github.com/signalbox-dev/signalbox/internal/pipe"
)

// output is stdout of the commands for people. When a write fails, nobody reads the
// rest: the command is ended, as SIGPIPE would end it, so that
// `signalbox ask … | head -1` does not pay for the rest of the answer.
type output struct {
	*pipe.File
	end chan<- os.Signal

	mu  sync.Mutex
	err error // the first one
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.File.Write(p)
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.err == nil {
			o.err = err
			select {
			case o.end <- syscall.SIGPIPE:
			default: // a signal ends it already
			}
		}
	}
	return n, err
}

// failed returns the first write error. silent reports that the reader went away
// (EPIPE), which ends the command without a message.
func (o *output) failed() (err error, silent bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err, errors.Is(o.err, syscall.EPIPE)
}
