package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// lone is an output that fails the test when two writes overlap.
type lone struct {
	t       *testing.T
	writing atomic.Bool
	writes  int
	got     []byte
}

func (l *lone) Write(p []byte) (int, error) {
	if l.writing.Swap(true) {
		l.t.Error("two writes at once")
	}
	half := len(p) / 2
	l.got = append(l.got, p[:half]...)
	runtime.Gosched()
	l.got = append(l.got, p[half:]...)
	l.writes++
	l.writing.Store(false)
	return len(p), nil
}

// Frames of many goroutines, through all doors at once, never interleave, and
// those of one goroutine keep their order.
func TestConcurrentFrames(t *testing.T) {
	const goroutines, frames = 100, 60
	for _, f := range framings {
		out := &lone{t: t}
		conn := inFraming(f, out)
		var writers sync.WaitGroup
		for g := range goroutines {
			template := conn.NewEventTemplate("event", fmt.Sprint(g), []byte("1"))
			writers.Go(func() {
				for i := range frames {
					switch i % 4 {
					case 0:
						conn.Notify("note", fmt.Appendf(nil, `{"streamId":"%d","seq":%d,"pad":%q}`, g, i, strings.Repeat("é", i*10)))
					case 1:
						conn.answer([]byte("1"), "result", fmt.Appendf(nil, `{"streamId":"%d","seq":%d}`, g, i))
					default:
						event := fmt.Appendf(nil, `{"pad":%q}`, strings.Repeat("x", i*20))
						if err := conn.Event(t.Context(), template, int64(i), event, false); err != nil {
							t.Error(err)
						}
						if i%3 == 0 {
							if err := conn.Flush(); err != nil {
								t.Error(err)
							}
						}
					}
				}
			})
		}
		writers.Wait()
		require.NoError(t, conn.Written(t.Context()))
		next := make(map[string]int)
		for _, message := range cutFrames(t, f, out.got) {
			var m struct {
				Params, Result *struct{ StreamID, Seq json.RawMessage }
			}
			require.NoError(t, json.Unmarshal([]byte(message), &m))
			body := m.Params
			if body == nil {
				body = m.Result
			}
			require.Equal(t, fmt.Sprint(next[string(body.StreamID)]), string(body.Seq))
			next[string(body.StreamID)]++
		}
		require.Len(t, next, goroutines)
		for _, n := range next {
			require.Equal(t, frames, n)
		}
		require.Less(t, out.writes, goroutines*frames, "frames that come during a write leave together")
	}
}

// Whatever is flushed or posted during a write leaves without anybody's help.
func TestHandOver(t *testing.T) {
	note := func(conn *Conn) { conn.Notify("note", []byte("{}")) }
	event := func(conn *Conn) {
		template := conn.NewEventTemplate("event", "s", []byte("1"))
		_ = conn.Event(context.Background(), template, 1, []byte("{}"), false)
		_ = conn.Flush()
	}
	doors := map[string]func(*Conn){"note": note, "event": event}
	for first, open := range doors {
		for second, join := range doors {
			t.Run(first+" then "+second, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					out := newGate()
					conn := inFraming(FramingNDJSON, out)
					go open(conn)
					synctest.Wait()
					for range 3 {
						join(conn) // does not block: the other one is at it
					}
					require.Empty(t, out.output())
					out.open()
					synctest.Wait()
					require.Len(t, cutFrames(t, FramingNDJSON, out.output()), 4)
					require.False(t, conn.out.writing)
					require.NoError(t, conn.Written(t.Context()))
				})
			})
		}
	}
}

// An event waits for its flush, for a full buffer, or for the next frame of
// another kind.
func TestEventWaitsForFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &lone{t: t}
		conn := inFraming(FramingNDJSON, out)
		template := conn.NewEventTemplate("event", "s", []byte("1"))
		event := func(seq int64, body string) {
			require.NoError(t, conn.Event(t.Context(), template, seq, []byte(body), false))
			synctest.Wait()
		}
		event(1, "{}")
		require.Zero(t, out.writes)
		require.NoError(t, conn.Flush())
		require.Equal(t, 1, out.writes)
		require.NoError(t, conn.Flush())
		require.Equal(t, 1, out.writes, "nothing is waiting")
		event(2, `"`+strings.Repeat("x", flushAt/2)+`"`)
		require.Equal(t, 1, out.writes)
		event(3, `"`+strings.Repeat("x", flushAt/2)+`"`)
		require.Equal(t, 2, out.writes)
		event(4, "{}")
		conn.Notify("note", []byte("{}"))
		synctest.Wait()
		require.Equal(t, 3, out.writes)
		event(5, "{}")
		require.NoError(t, conn.Written(t.Context()))
		require.Equal(t, 4, out.writes)
		require.Len(t, cutFrames(t, FramingNDJSON, out.got), 6)
	})
}

// What an event holds cannot end its frame or its notification.
func TestEventFrame(t *testing.T) {
	for _, f := range framings {
		out := &lone{t: t}
		conn := inFraming(f, out)
		template := conn.NewEventTemplate("responses/\u2028event", "a\"\u2029\n", []byte("\"\u0085\""))
		for seq, event := range []string{
			`{"type":"x"}`,
			`"1},\"id\":7,\"result\":{"`,
			"{\"a\":\r\n[1,\n2]}",
			"\"\u2028\u2029\u0085é\"",
			`12345678901234567890.0e5`,
		} {
			require.NoError(t, conn.Event(t.Context(), template, int64(seq)<<60, []byte(event), true))
			require.NoError(t, conn.Flush())
			message, rest, ok := cutFrame(f, out.got)
			require.True(t, ok, "%q", out.got)
			require.Empty(t, rest)
			out.got = nil

			var m struct {
				JSONRPC, Method string
				ID, Result      any
				Params          struct {
					StreamID  string
					RequestID string
					Seq       int64
					Event     json.RawMessage
				}
			}
			require.NoError(t, json.Unmarshal(message, &m))
			require.Equal(t, "2.0", m.JSONRPC)
			require.Equal(t, "responses/\u2028event", m.Method)
			require.Nil(t, m.ID)
			require.Nil(t, m.Result)
			require.Equal(t, "a\"\u2029\n", m.Params.StreamID)
			require.Equal(t, "\u0085", m.Params.RequestID)
			require.Equal(t, int64(seq)<<60, m.Params.Seq)
			require.JSONEq(t, event, string(m.Params.Event))
			if f == FramingLSP {
				require.Equal(t, event, string(m.Params.Event), "byte for byte")
			}
		}
	}
}
