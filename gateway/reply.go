package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/protocol"
)

// flushAt is how much of a burst of events is kept before it is written, in bytes. What
// is kept goes out before anything is waited for.
const flushAt = 32 << 10

// errClientGone: the connection of the program has ended.
var errClientGone = errors.New("the program no longer reads")

// reply is the answer to one request: the engine's Sink. All but the comments is
// written by the goroutine of the request.
type reply struct {
	w       http.ResponseWriter
	control *http.ResponseController
	waits   waits
	streams bool

	mu       sync.Mutex // guards what follows, against the comments
	head     bool       // the head is out
	over     bool
	buffer   []byte
	sequence int64 // the highest sequence_number so far
	failed   bool  // an event has said that the response failed
	adjusted []protocol.Adjustment
	written  time.Time // when something was written last
	deadline time.Time // when a write that blocks is given up
	comments *time.Timer
}

func newReply(w http.ResponseWriter, streams bool, waits waits) *reply {
	return &reply{w: w, control: http.NewResponseController(w), streams: streams, waits: waits, sequence: -1}
}

// Started implements engine.Sink. The head of a stream goes out now.
func (o *reply) Started(_ int, headers protocol.Headers, evidence protocol.Evidence) {
	setUpstream(o.w.Header(), headers)
	if !o.streams {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.w.Header()
	setEvidence(h, &evidence)
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	o.touch()
	o.w.WriteHeader(http.StatusOK)
	o.head = true
	_ = o.control.Flush() // the next write notices a program that is gone
	o.comments = time.AfterFunc(o.waits.comment, o.comment)
}

// Event implements engine.Sink.
func (o *reply) Event(_ context.Context, event []byte, _ bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.event(event)
	if len(o.buffer) >= flushAt {
		return o.write()
	}
	return nil
}

// Flush implements engine.Sink: it is called before anything is waited for.
func (o *reply) Flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.head && len(o.buffer) > 0 {
		if o.write() == nil {
			_ = o.control.Flush() // a failure is seen by the next write
		}
	}
}

// SendingAgain implements engine.Sink: a program is not told.
func (o *reply) SendingAgain(engine.Retry) {}

// write writes what is kept; called with mu held.
func (o *reply) write() error {
	o.touch()
	_, err := o.w.Write(o.buffer)
	if cap(o.buffer) > 8*flushAt { // after an event of megabytes
		o.buffer = nil
	}
	o.buffer = o.buffer[:0]
	if err != nil {
		return errClientGone
	}
	return nil
}

// touch notes that something is written, and renews the time after which a program that
// reads nothing is given up; not each time, since that costs. Called with mu held.
func (o *reply) touch() {
	o.written = time.Now()
	if o.deadline.Sub(o.written) < o.waits.unread-o.waits.unread/10 {
		o.deadline = o.written.Add(o.waits.unread)
		_ = o.control.SetWriteDeadline(o.deadline)
	}
}

// comment keeps a silent stream alive for what stands between.
func (o *reply) comment() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return
	}
	if time.Since(o.written) >= o.waits.comment-time.Millisecond {
		o.buffer = append(o.buffer, ": keep-alive\n\n"...)
		if o.write() == nil {
			_ = o.control.Flush()
		}
	}
	o.comments.Reset(o.waits.comment)
}

// close ends the comments; nothing is written after it. Called with mu held.
func (o *reply) close() {
	o.over = true
	if o.comments != nil {
		o.comments.Stop()
	}
}

// end ends a response that has come to an end.
func (o *reply) end(result *engine.Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.close()
	if o.head {
		o.evidence(&result.Evidence)
		return
	}
	if result.Response == nil {
		e := protocol.NewError(protocol.CodeStreamBroken, "The upstream cancelled the response.", protocol.ErrorData{Action: "Try again.", Evidence: &result.Evidence})
		writeError(o.w, e)
		return
	}
	h := o.w.Header()
	setEvidence(h, &result.Evidence)
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(result.Response)))
	o.touch()
	o.w.WriteHeader(http.StatusOK)
	_, _ = o.w.Write(result.Response)
}

// fail ends a response with an error: by its status while the head is not out, else by
// one event.
func (o *reply) fail(e *protocol.Error, evidence *protocol.Evidence) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.close()
	if !o.head {
		o.touch()
		writeError(o.w, e)
		return
	}
	if !o.failed {
		o.errorEvent(e)
	}
	o.evidence(evidence)
}

// evidence ends a stream with the whole evidence, as a comment.
func (o *reply) evidence(e *protocol.Evidence) {
	whole := *e
	whole.Adjustments = append(whole.Adjustments[:len(whole.Adjustments):len(whole.Adjustments)], o.adjusted...)
	o.buffer = append(append(append(o.buffer, ": evidence "...), asciiJSON(&whole)...), "\n\n"...)
	if o.write() == nil {
		_ = o.control.Flush()
	}
}

// errorEvent is the one shape that openai-node, openai-python and the AI SDK raise.
func (o *reply) errorEvent(e *protocol.Error) {
	object := objectOf(e)
	text, _ := json.Marshal(struct {
		Type     string      `json:"type"`
		Sequence int64       `json:"sequence_number"`
		Code     *string     `json:"code"`
		Message  string      `json:"message"`
		Param    *string     `json:"param"`
		Error    errorObject `json:"error"`
	}{"error", o.sequence + 1, object.Code, object.Message, object.Param, object}) // strings and a number
	o.buffer = append(append(append(o.buffer, "event: error\ndata: "...), text...), "\n\n"...)
	o.failed = true
}
