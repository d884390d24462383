package wire

import (
	"strconv"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// eventTail closes params and the message.
const eventTail = "}}"

// eventMiddle stands between the number and the body.
const eventMiddle = `,"event":`

// EventTemplate is the part of a stream's event notifications that does not
// change. Make one with Conn.NewEventTemplate.
type EventTemplate struct{ head []byte }

// append appends one notification as a frame: head, seq, body, tail. The body
// is one checked JSON value, so nothing in it can end the notification.
func (t *EventTemplate) append(dst []byte, lines bool, seq int64, body []byte, breaks bool) []byte {
	if !lines {
		var digits [20]byte
		length := len(t.head) + len(strconv.AppendInt(digits[:0], seq, 10)) + len(eventMiddle) + len(body) + len(eventTail)
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, int64(length), 10)
		dst = append(dst, "\r\n\r\n"...)
	}
	dst = append(dst, t.head...)
	dst = strconv.AppendInt(dst, seq, 10)
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
