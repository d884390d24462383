package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

// waiting shows how much time is left: on a terminal in a line that is updated,
// elsewhere in one line.
type waiting struct {
	out  io.Writer
	live bool

	mu   sync.Mutex
	quit chan struct{}
	done chan struct{}
}

// start begins to show the time; a second call does nothing.
func (w *waiting) start(prompt protocol.LoginPrompt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ends, err := time.Parse(time.RFC3339, prompt.ExpiresAt)
	if err != nil || w.quit != nil {
		return
	}
	if !w.live {
		_, _ = fmt.Fprintf(w.out, "Waiting until %s; Ctrl-C ends it.\n", ends.Local().Format(time.TimeOnly))
		return
	}
	w.quit, w.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(w.done)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			left := max(0, time.Until(ends)).Round(time.Second)
			_, _ = fmt.Fprintf(w.out, "%sWaiting, %d:%02d left; Ctrl-C ends it. ", sequence(w.out, "\r"), left/time.Minute, left%time.Minute/time.Second)
			select {
			case <-ticker.C:
			case <-w.quit:
				return
			}
		}
	}()
}

// clear erases the line.
func (w *waiting) clear() {
	if w.live {
		_, _ = fmt.Fprint(w.out, sequence(w.out, "\r\x1b[K"))
	}
}

// stop ends the display and erases its line.
func (w *waiting) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.quit == nil {
		return
	}
	close(w.quit)
	<-w.done
	w.quit = nil
	w.clear()
}
