package engine

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

// repeated is a body of n equal blocks and then a tail, in reads as large as
// they are asked for.
type repeated struct {
	block string
	n, at int
	tail  string
}

func (r *repeated) Read(p []byte) (int, error) {
	size := 0
	for r.n > 0 && size < len(p) {
		n := copy(p[size:], r.block[r.at:])
		size += n
		if r.at += n; r.at == len(r.block) {
			r.at = 0
			r.n--
		}
	}
	if r.n == 0 && size == 0 {
		if r.tail == "" {
			return 0, io.EOF
		}
		size = copy(p, r.tail)
		r.tail = r.tail[size:]
	}
	return size, nil
}

// counter is a Sink that counts.
type counter struct{ events int }

func (*counter) Started(int, protocol.Headers, protocol.Evidence) {}
func (*counter) Flush()                                           {}
func (*counter) SendingAgain(Retry)                               {}
func (c *counter) Event(context.Context, []byte, bool) error      { c.events++; return nil }

// readRepeated takes n events of a stream their whole way: from the bytes of the
// body to a Sink, between the headers and the terminal event.
func readRepeated(t testing.TB, block string, n int) {
	sink := &counter{}
	req, failure := NewRequest([]byte(askPlatform), nil)
	require.Nil(t, failure)
	e := newEngine(t, "")
	c := &call{engine: e, req: req, sink: sink, record: newRecord(req, e.cfg.Mask.Mask)}
	a := &answer{call: c, status: 200}
	c.record.answered(200, a.headers)
	c.cancel = func(error) {}
	if b, ok := t.(*testing.B); ok {
		b.ResetTimer()
	}
	if err := a.readStream(t.Context(), &repeated{block: block, n: n, tail: streamOf(completed)}); err != nil {
		t.Fatal(errors.Unwrap(err), err)
	}
	if sink.events != n+1 {
		t.Fatal(sink.events, "events instead of", n+1)
	}
}

// tokenDelta is one token as the real backends send it, about 250 bytes.
const tokenDelta = "event: response.output_text.delta\n" +
	`data: {"type":"response.output_text.delta","sequence_number":117,"item_id":"msg_0cb795418d859a0c0069730cda35788195906a301e3b3cd3f5",` +
	`"output_index":0,"content_index":0,"delta":" token","logprobs":[],"obfuscation":"Zk3PqX9s1Q"}` + "\n\n"

func BenchmarkStream(b *testing.B) {
	for _, shape := range []struct{ name, block string }{
		{"delta", tokenDelta},
		{"2KB", streamOf(`{"type":"response.output_text.done","sequence_number":7,"text":"` + strings.Repeat("word ", 400) + `"}`)},
		{"256KB", streamOf(`{"type":"response.image_generation_call.partial_image","b64":"` + strings.Repeat("QUJD", 64<<10) + `"}`)},
	} {
		b.Run(shape.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(shape.block)))
			readRepeated(b, shape.block, b.N)
		})
	}
}

// A long stream costs no allocation for each of its events.
func TestStreamAllocates(t *testing.T) {
	const events = 20_000
	allocs := testing.AllocsPerRun(1, func() { readRepeated(t, tokenDelta, events) })
	// All that is allocated once, for the exchange and the engine around it.
	if perEvent := allocs / events; perEvent > 0.02 {
		t.Errorf("%.2f allocations for an event", perEvent)
	}
}
