package output

import (
	"strconv"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// numbering looks at the sequence_number of the events for events that are missing.
// Some upstreams give all of them the same number, or none, or begin again with each
// item: then it knows nothing.
type numbering struct {
	seen bool
	last int64
	// steps counts the events that followed the one before.
	steps int
	// missing counts the numbers that did not come, and tail those since the last
	// event that says something about the output.
	missing, tail int64
	// disordered: a number came after a higher one.
	disordered bool
}

// observe takes the next event. It reports whether the event has the number of the
// one before, where they are counted.
func (n *numbering) observe(members []rawjson.Member) (repeated bool) {
	number, err := strconv.ParseInt(string(rawjson.Last(members, "sequence_number")), 10, 64)
	if err != nil || number < 0 {
		return false
	}
	switch {
	case !n.seen:
	case number == n.last+1:
		n.steps++
	case number > n.last:
		n.missing += number - n.last - 1
		n.tail += number - n.last - 1
	case number == n.last:
		return n.steps > 0
	case number > 1: // lower ones begin again
		n.disordered = true
		n.missing = max(0, n.missing-1)
		n.tail = max(0, n.tail-1)
		return false
	}
	n.seen, n.last = true, number
	return false
}

// isBroken reports whether events are missing, or out of order.
func (n *numbering) isBroken() bool { return n.steps > 0 && (n.missing > 0 || n.disordered) }
