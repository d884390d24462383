package simulator

import (
	"bytes"
	"math"
	"net/http"
	"slices"
	"time"
)

func deliverAll(x *visit, parts []part) {
	for _, p := range parts {
		if !x.write(p.wire) {
			return
		}
	}
}

func deliverSlowly(x *visit, parts []part) {
	for _, p := range parts {
		if !x.pause(100*time.Millisecond) || !x.write(p.wire) {
			return
		}
	}
}

// deliverCut ends inside the third delta of text or arguments, and in a body
// that has none in the middle.
func deliverCut(x *visit, parts []part) {
	last, deltas := len(parts)/2, 0
	for i, p := range parts {
		if p.event == "response.output_text.delta" || p.event == "response.function_call_arguments.delta" {
			if deltas++; deltas <= 3 {
				last = i
			}
		}
	}
	deliverAll(x, parts[:last])
	wire := parts[last].wire
	end := len(wire) / 2
	for end > 0 && end < len(wire) && wire[end-1] == '\n' {
		end++ // a cut between two lines would be no cut in a line
	}
	x.write(wire[:end])
	panic(http.ErrAbortHandler)
}

// deliverHalf sends half of the events, or of the one body, and then nothing
// until the client leaves.
func deliverHalf(x *visit, parts []part) {
	if len(parts) == 1 {
		x.write(parts[0].wire[:len(parts[0].wire)/2])
	}
	deliverAll(x, parts[:len(parts)/2])
	x.pause(math.MaxInt64)
}

// deliverChanged changes the event in the middle, or the one body.
func deliverChanged(change func(wire []byte) []byte) func(*visit, []part) {
	return func(x *visit, parts []part) {
		middle := &parts[len(parts)/2]
		middle.wire = change(middle.wire)
		deliverAll(x, parts)
	}
}

// unclosed takes the last braces away, so that no JSON is left.
func unclosed(wire []byte) []byte {
	return slices.Concat(bytes.TrimRight(wire, "}\n"), []byte("\n\n"))
}

// padded puts 33 MiB of blanks before the JSON, which stays what it was.
func padded(wire []byte) []byte {
	at := max(0, bytes.IndexByte(wire, '{'))
	return slices.Concat(wire[:at], bytes.Repeat([]byte(" "), 33<<20), wire[at:])
}
