package wire

import (
	"strconv"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// eventTail closes params and the message.
const eventTail = "}}"

// eventMiddle is between the number and the body.
const eventMiddle = `,"event":`

// EventTemplate is the part of a stream's event notifications that does not
// change. Make one with Conn.NewEventTemplate; one goroutine at a time may send
// with it.
type EventTemplate struct {
	head []byte
	// count is the last number, in decimal: adding one to it takes a tenth of the
	// time of formatting the next.
	count []byte
	last  int64
}

// number returns seq in decimal, valid until the next call.
func (t *EventTemplate) number(seq int64) []byte {
	i := len(t.count) - 1
	if i < 0 || seq != t.last+1 {
		t.count, t.last = strconv.AppendInt(t.count[:0], seq, 10), seq
		return t.count
	}
	for t.last = seq; i >= 0 && t.count[i] == '9'; i-- {
		t.count[i] = '0'
	}
	if i < 0 { // all nines
		t.count = strconv.AppendInt(t.count[:0], seq, 10)
	} else {
		t.count[i]++
	}
	return t.count
}

// append appends one notification as a frame: head, seq, body, tail. The body
// is one checked JSON value, so nothing in it can end the notification.
func (t *EventTemplate) append(dst []byte, lines bool, seq int64, body []byte, breaks bool) []byte {
	number := t.number(seq)
	if !lines {
		length := len(t.head) + len(number) + len(eventMiddle) + len(body) + len(eventTail)
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, int64(length), 10)
		dst = append(dst, "\r\n\r\n"...)
	}
	dst = append(dst, t.head...)
	dst = append(dst, number...)
	dst = append(dst, eventMiddle...)
	if lines && breaks {
		dst = rawjson.AppendLine(dst, body)
	} else {
		dst = append(dst, body...)
	}
	dst = append(dst, eventTail...)
	if lines {
		dst = append(dst, '\n')
	}
	return dst
}
