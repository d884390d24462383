// Command report reads the output of `go test -json` on stdin and prints what
// `go test` prints without it. At the end it lists the tests that failed and the
// tests that were skipped, with the reasons, which `go test` shows of a package
// that passes only with -v. The exit code is 1 when something failed.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

func main() {
	r := &report{out: os.Stdout, output: map[string]*bytes.Buffer{}}
	if err := r.read(os.Stdin); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	r.end()
	if len(r.failed) > 0 {
		os.Exit(1)
	}
}

// event is one line of `go test -json` (go doc test2json).
type event struct {
	Action, Package, ImportPath, Test, Output, FailedBuild string
}

// report collects what happened.
type report struct {
	out     io.Writer
	output  map[string]*bytes.Buffer // of tests that have not ended, by package and name
	failed  []string
	skipped []string
}

// read handles every line of in.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Action == "" {
			r.print(lines.Text() + "\n") // not from test2json, so from go itself
			continue
		}
		r.handle(e)
	}
	return lines.Err()
}

func (r *report) print(text string) { _, _ = io.WriteString(r.out, text) }

// handle prints what `go test` would, and keeps the output of a test until the
// test has ended.
func (r *report) handle(e event) {
	name := e.Package + " " + e.Test
	switch {
	case e.Action == "build-output":
		r.print(e.Output)
	case e.Test == "":
		r.handlePackage(e)
	case e.Action == "output":
		if r.output[name] == nil {
			r.output[name] = &bytes.Buffer{}
		}
		r.output[name].WriteString(e.Output)
		if text, found := strings.CutPrefix(withoutPlace(e.Output), "SKIP"); found {
			r.skipped = append(r.skipped, name+": "+strings.TrimLeft(text, ": "))
		}
	case e.Action == "fail":
		r.failed = append(r.failed, name)
		r.print(r.take(name))
	case e.Action == "skip":
		// A reason that begins with SKIP is already in the list.
		if text := r.take(name); !mentionsSkip(text) {
			r.skipped = append(r.skipped, name+": "+reason(text))
		}
	case e.Action == "pass":
		r.take(name)
	}
}

// handlePackage prints the result of a package and, when it broke off, the output
// of the tests that were running.
func (r *report) handlePackage(e event) {
	switch e.Action {
	case "output":
		if e.Output != "PASS\n" && !strings.HasPrefix(e.Output, "=== ") {
			r.print(e.Output)
		}
	case "fail":
		for name := range r.output {
			if strings.HasPrefix(name, e.Package+" ") {
				r.failed = append(r.failed, name)
				r.print(r.take(name))
			}
		}
		r.failed = append(r.failed, e.Package)
	}
}

// take returns the output of a test, without the lines that say what is running,
// and forgets it.
func (r *report) take(name string) string {
	buffer := r.output[name]
	delete(r.output, name)
	if buffer == nil {
		return ""
	}
	var text strings.Builder
	for line := range strings.Lines(buffer.String()) {
		if !strings.HasPrefix(line, "=== ") {
			text.WriteString(line)
		}
	}
	return text.String()
}

// end prints the lists.
func (r *report) end() {
	for _, list := range []struct {
		title string
		lines []string
	}{{"skipped", r.skipped}, {"failed", r.failed}} {
		for _, line := range list.lines {
			r.print(list.title + ": " + strings.TrimPrefix(strings.TrimSpace(line), module) + "\n")
		}
	}
}

const module = "github.com/signalbox-dev/signalbox/"

// place is where a line of a test's log comes from.
var place = regexp.MustCompile(`^\s*\S+_test\.go:\d+: `)

func withoutPlace(line string) string {
	return strings.TrimSpace(place.ReplaceAllString(line, ""))
}

// mentionsSkip reports whether a line of text begins with SKIP.
func mentionsSkip(text string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(withoutPlace(line), "SKIP") {
			return true
		}
	}
	return false
}

// reason returns the text of the call to t.Skip.
func reason(text string) string {
	for line := range strings.Lines(text) {
		if place.MatchString(line) {
			return withoutPlace(line)
		}
	}
	return "no reason given"
}
