package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/term"
)

// progressDelay is how long nothing is said: most answers begin earlier.
const progressDelay = 500 * time.Millisecond

// progress is one line on stderr that says what is waited for. Only a terminal shows
// it, and not a dumb one. Its methods are safe for concurrent use; those of a nil
// progress do nothing.
type progress struct {
	out   io.Writer
	style style
	width func() int

	mu    sync.Mutex
	text  func() string // nil: there is nothing to show
	shown bool
	ended bool
	timer *time.Timer
}

// newProgress returns the line, which is shown from half a second on, or nil where
// nobody would see it.
func (p *program) newProgress(text string) *progress {
	file, ok := p.stderr.(descriptor)
	if !ok || p.getenv("TERM") == "dumb" || p.getenv("TERM") == "" || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	g := &progress{out: p.stderr, style: p.styleOf(p.stderr), width: func() int { return p.widthOf(p.stderr) }}
	g.text = func() string { return text }
	g.timer = time.AfterFunc(progressDelay, g.tick)
	return g
}

// say changes the line.
func (g *progress) say(text string) { g.sayFunc(func() string { return text }) }

// count changes the line to one that counts the time until at down, in seconds.
func (g *progress) count(format string, at time.Time) {
	g.sayFunc(func() string { return fmt.Sprintf(format, max(0, time.Until(at).Round(time.Second))) })
}

func (g *progress) sayFunc(text func() string) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.text = text
	if g.shown {
		g.draw()
	}
}

// tick draws the line once more, each second: it may count, and the terminal may have
// another width.
func (g *progress) tick() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended {
		return
	}
	g.shown = true
	g.draw()
	g.timer.Reset(time.Second)
}

// draw is called with mu held.
func (g *progress) draw() {
	text := []rune(g.text())
	if room := g.width() - 1; len(text) > room {
		text = text[:room]
	}
	_, _ = io.WriteString(g.out, sequence(g.out, "\r\x1b[K")+g.style.faint(string(text)))
}

// end takes the line away, for good.
func (g *progress) end() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended {
		return
	}
	g.ended = true
	g.timer.Stop()
	if g.shown {
		_, _ = io.WriteString(g.out, sequence(g.out, "\r\x1b[K"))
	}
}
