package wire

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/sourcegraph/jsonrpc2"
)

// typical is a request of 200 bytes.
var typical = request("4711", "responses/cancel", `{"streamId":"`+strings.Repeat("s", 121)+`"}`)

// delta is an event of 200 bytes.
var delta = []byte(`{"type":"response.output_text.delta","sequence_number":42,"item_id":"msg_0123456789abcdef","output_index":0,"content_index":0,"delta":" semaphore","obfuscation":"` + strings.Repeat("x", 36) + `"}`)

// endless is an input that repeats the same text for ever.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m := copy(p[n:], e.text[e.at:])
		n, e.at = n+m, (e.at+m)%len(e.text)
	}
	return n, nil
}

func BenchmarkFrameIn(b *testing.B) {
	for _, f := range framings {
		b.Run(f.String(), func(b *testing.B) {
			r := newFrameReader(&endless{text: frame(f, typical)}, f, DefaultMaxMessageBytes, func(Framing) {})
			b.SetBytes(int64(len(typical)))
			b.ReportAllocs()
			for b.Loop() {
				if message, _, err := r.next(); err != nil || len(message) != len(typical) {
					b.Fatal(len(message), err)
				}
			}
		})
	}
}

func BenchmarkEnvelope(b *testing.B) {
	message := []byte(typical)
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if _, fault := parseEnvelope(message, false); fault != nil {
			b.Fatal(fault.message)
		}
	}
}

// BenchmarkRequest is a whole request: read, handed over, answered, written.
func BenchmarkRequest(b *testing.B) {
	for _, f := range framings {
		b.Run(f.String(), func(b *testing.B) {
			in := &endless{text: frame(f, typical)}
			conn := New(io.LimitReader(in, int64(b.N*len(in.text))), io.Discard, Options{})
			b.SetBytes(int64(len(typical)))
			b.ReportAllocs()
			b.ResetTimer()
			conn.Start(context.Background(), handler{request: func(_ context.Context, req *Request) { req.Reply([]byte(`{}`)) }})
			<-conn.Ended()
			_ = conn.Written(context.Background())
		})
	}
}

func BenchmarkReply(b *testing.B) {
	conn := inFraming(FramingLSP, io.Discard)
	result := []byte(`{"streamId":"s","status":"completed"}`)
	b.ReportAllocs()
	for b.Loop() {
		conn.answer([]byte("4711"), "result", result)
	}
	_ = conn.Written(context.Background())
}

// sinks are io.Discard and a pipe of the system whose other end is read.
func sinks(b *testing.B, run func(b *testing.B, out io.Writer)) {
	b.Run("discard", func(b *testing.B) { run(b, io.Discard) })
	b.Run("pipe", func(b *testing.B) {
		r, w, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			buf := make([]byte, 64<<10)
			for {
				if _, err := r.Read(buf); err != nil {
					return
				}
			}
		}()
		run(b, w)
		_ = w.Close()
		<-drained
		_ = r.Close()
	})
}

// BenchmarkEvent sends events, each with a flush of its own or with one for all.
func BenchmarkEvent(b *testing.B) {
	for name, every := range map[string]int64{"flush-each": 1, "flush-every-16": 16} {
		b.Run(name, func(b *testing.B) {
			sinks(b, func(b *testing.B, out io.Writer) {
				conn := inFraming(FramingLSP, out)
				template := conn.NewEventTemplate("responses/event", "stream-1", []byte("4711"))
				ctx := context.Background()
				b.SetBytes(int64(len(delta)))
				b.ReportAllocs()
				for seq := int64(1); b.Loop(); seq++ {
					if err := conn.Event(ctx, template, seq, delta, false); err != nil {
						b.Fatal(err)
					}
					if seq%every == 0 {
						_ = conn.Flush()
					}
				}
				_ = conn.Written(ctx)
			})
		})
	}
}

// BenchmarkLibraryNotify sends the same with the library's own Notify.
func BenchmarkLibraryNotify(b *testing.B) {
	sinks(b, func(b *testing.B, out io.Writer) {
		stream := jsonrpc2.NewBufferedStream(writeOnly{Writer: out, closed: make(chan struct{})}, jsonrpc2.VSCodeObjectCodec{})
		conn := jsonrpc2.NewConn(context.Background(), stream, noHandler{})
		params := struct {
			StreamID  string     `json:"streamId"`
			RequestID int        `json:"requestId"`
			Seq       int64      `json:"seq"`
			Event     rawMessage `json:"event"`
		}{"stream-1", 4711, 0, delta}
		b.SetBytes(int64(len(delta)))
		b.ReportAllocs()
		for b.Loop() {
			params.Seq++
			if err := conn.Notify(context.Background(), "responses/event", params); err != nil {
				b.Fatal(err)
			}
		}
		_ = conn.Close()
	})
}

type rawMessage []byte

func (m rawMessage) MarshalJSON() ([]byte, error) { return m, nil }

// writeOnly is a stream whose input ends when it is closed.
type writeOnly struct {
	io.Writer
	closed chan struct{}
}

func (w writeOnly) Read([]byte) (int, error) { <-w.closed; return 0, io.EOF }

func (w writeOnly) Close() error { close(w.closed); return nil }
