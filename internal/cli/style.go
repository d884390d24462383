package cli

import (
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/signalbox-dev/signalbox/internal/terminal"
)

// descriptor is a file, which may be a terminal.
type descriptor interface{ Fd() uintptr }

// style colours what people read: only on a terminal, and not with NO_COLOR
// (no-color.org).
type style struct {
	on bool
	// out is what is printed to; it lets its own sequences pass.
	out io.Writer
}

// styleOf returns the style for what is printed to w.
func (p *program) styleOf(w io.Writer) style {
	file, ok := w.(descriptor)
	return style{ok && p.getenv("NO_COLOR") == "" && p.getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd())), w}
}

// widthOf returns how many columns a line that is printed to w may take: the
// terminal's width, between 40 and 120; 80 elsewhere.
func (p *program) widthOf(w io.Writer) int {
	if file, ok := w.(descriptor); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return min(max(width, 40), 120)
		}
	}
	return 80
}

// fitted breaks text for w where that is a terminal, leaving indent columns free;
// elsewhere a program may read it, a line each.
func (p *program) fitted(w io.Writer, text string, indent int) []string {
	if file, ok := w.(descriptor); ok && term.IsTerminal(int(file.Fd())) {
		return wrap(text, p.widthOf(w)-indent)
	}
	return []string{text}
}

// wrap breaks text at its blanks into lines of at most width characters; a longer
// word gets a line to itself. It returns at least one line.
func wrap(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

func (s style) paint(code, text string) string {
	if !s.on {
		return text
	}
	return sequence(s.out, "\x1b["+code+"m") + text + sequence(s.out, "\x1b[0m")
}

// sequence returns a control sequence of our own in the form that out lets pass.
func sequence(out io.Writer, text string) string {
	if w, ok := out.(*terminal.Writer); ok {
		return w.Own(text)
	}
	return text
}

func (s style) bold(text string) string  { return s.paint("1", text) }
func (s style) faint(text string) string { return s.paint("2", text) }
func (s style) red(text string) string   { return s.paint("31", text) }
func (s style) green(text string) string { return s.paint("32", text) }

// mark returns yes in green or no in red.
func (s style) mark(ok bool, yes, no string) string {
	if ok {
		return s.green(yes)
	}
	return s.red(no)
}
