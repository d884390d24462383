package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// A host that does not read stops events, and nothing else: they wait above
// eventRoom until they are cancelled, replies and notifications are queued, and
// everything arrives in order once the host reads.
func TestEventWaitsForTheHost(t *testing.T) {
	for _, f := range framings {
		synctest.Test(t, func(t *testing.T) {
			out := newGate()
			conn := inFraming(f, out)
			template := conn.NewEventTemplate("event", "s", []byte("1"))
			body := []byte(`"` + strings.Repeat("x", 1000) + `"`)

			conn.Notify("first", []byte("{}")) // its write blocks
			synctest.Wait()
			ctx, cancel := context.WithCancelCause(t.Context())
			queued := int64(0)
			ended := make(chan error)
			go func() {
				for {
					if err := conn.Event(ctx, template, queued, body, false); err != nil {
						ended <- err
						return
					}
					queued++
				}
			}()
			synctest.Wait()
			require.InDelta(t, eventRoom, len(conn.out.buf), 1200)
			stuck := queued
			require.Equal(t, conn.Flush(), nil, "another goroutine is at it")
			conn.Notify("second", []byte("{}"))
			conn.answer([]byte("2"), "result", []byte("null"))
			synctest.Wait()
			require.Equal(t, stuck, queued)

			errGone := errors.New("gone")
			cancel(errGone)
			require.Equal(t, errGone, <-ended)
			require.Equal(t, stuck, queued)

			go func() { ended <- conn.Event(t.Context(), template, stuck, body, false) }()
			synctest.Wait()
			require.Empty(t, out.output())
			out.open()
			require.NoError(t, <-ended)
			require.NoError(t, conn.Written(t.Context()))

			messages := cutFrames(t, f, out.output())
			require.Len(t, messages, int(stuck)+4)
			require.Contains(t, messages[0], `"first"`)
			for seq := range stuck {
				require.Contains(t, messages[1+seq], fmt.Sprintf(`"seq":%d,`, seq))
			}
			require.Contains(t, messages[stuck+1], `"second"`)
			require.Contains(t, messages[stuck+2], `"id":2`)
			require.Contains(t, messages[stuck+3], fmt.Sprintf(`"seq":%d,`, stuck))
		})
	}
}

// Many streams that wait at once all go on, also when only some are cancelled.
func TestManyEventsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		conn := inFraming(FramingNDJSON, out)
		conn.Notify("first", []byte("{}"))
		synctest.Wait()
		conn.Notify("large", []byte(`{"a":"`+strings.Repeat("x", eventRoom)+`"}`))
		synctest.Wait()
		const streams = 50
		cancelled, cancel := context.WithCancel(t.Context())
		ended := make(chan error, streams)
		for i := range streams {
			ctx := t.Context()
			if i%2 == 0 {
				ctx = cancelled
			}
			go func() {
				template := conn.NewEventTemplate("event", fmt.Sprint(i), []byte("1"))
				ended <- conn.Event(ctx, template, 1, []byte(`"`+strings.Repeat("x", eventRoom)+`"`), false)
			}()
		}
		synctest.Wait()
		require.Empty(t, ended)
		cancel()
		synctest.Wait()
		require.Len(t, ended, streams/2)
		out.open()
		synctest.Wait()
		require.Len(t, ended, streams)
		failed := 0
		for range streams {
			if err := <-ended; err != nil {
				require.Equal(t, context.Canceled, err)
				failed++
			}
		}
		require.Equal(t, streams/2, failed)
		require.NoError(t, conn.Written(t.Context()))
		require.Len(t, cutFrames(t, FramingNDJSON, out.output()), 2+streams/2)
	})
}

// A host that writes and does not read: within the look-ahead its messages are
// read, above it they wait, and none is lost.
func TestReaderPausesAboveTheLookAhead(t *testing.T) {
	for _, c := range []struct {
		name       string
		pad        int // bytes of each answer, about
		read, span int // messages read before the pause, and tolerance
	}{
		{"small messages count 1 KiB", 10, 65, 1},
		{"large messages count themselves", 10_000, 7, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const messages = 300
				var input strings.Builder
				for i := range messages {
					input.WriteString(frame(FramingLSP, request(fmt.Sprint(i), "test", `["`+strings.Repeat("x", c.pad)+`"]`)))
				}
				out := newGate()
				conn := New(strings.NewReader(input.String()), out, Options{LookAhead: 64 << 10})
				read := 0
				conn.Start(t.Context(), handler{request: func(_ context.Context, req *Request) {
					read++
					req.Reply(echoed(req))
				}})
				synctest.Wait()
				require.InDelta(t, c.read, read, float64(c.span))
				out.open()
				<-conn.Ended()
				require.NoError(t, conn.Written(t.Context()))
				require.Equal(t, messages, read)
				for i, message := range cutFrames(t, FramingLSP, out.output()) {
					require.Contains(t, message, fmt.Sprintf(`"id":%d,`, i))
				}
			})
		})
	}
}

// The end of Start's context ends a pause, and with it the reading.
func TestPauseEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		conn := New(strings.NewReader(strings.Repeat(frame(FramingLSP, request("1", "test", "null")), 3)), out, Options{LookAhead: 1})
		ctx, cancel := context.WithCancel(t.Context())
		conn.Start(ctx, &echo{conn: conn})
		synctest.Wait()
		select {
		case <-conn.Ended():
			t.Fatal("the reader did not pause")
		default:
		}
		cancel()
		<-conn.Ended()
		require.False(t, conn.Lost())
		require.Error(t, conn.Call(t.Context(), "test", nil, nil))
		out.open()
		require.NoError(t, conn.Written(t.Context()))
	})
}

// meter is a slow host: it looks at what the writer holds at every write.
type meter struct {
	conn *Conn
	max  int
	got  int
}

func (m *meter) Write(p []byte) (int, error) {
	m.conn.out.mu.Lock()
	defer m.conn.out.mu.Unlock()
	m.max = max(m.max, cap(p)+cap(m.conn.out.buf)+cap(m.conn.out.spare))
	m.got += len(p)
	return len(p), nil
}

// Memory does not grow with the length of a stream, and a large frame leaves
// nothing behind.
func TestMemoryIsFlat(t *testing.T) {
	out := &meter{}
	conn := inFraming(FramingNDJSON, out)
	out.conn = conn
	template := conn.NewEventTemplate("event", "s", []byte("1"))
	done := make(chan struct{})
	body := []byte(`"` + strings.Repeat("x", 2000) + `"`)
	const streams, events = 4, 10_000
	for range streams {
		go func() {
			for seq := range int64(events) {
				_ = conn.Event(t.Context(), template, seq, body, false)
				if seq%3 == 0 {
					_ = conn.Flush()
				}
			}
			done <- struct{}{}
		}()
	}
	for range streams {
		<-done
	}
	require.NoError(t, conn.Written(t.Context()))
	require.Greater(t, out.got, streams*events*len(body))
	require.Less(t, out.max, 3*eventRoom)

	_ = conn.Event(t.Context(), template, 1, []byte(`"`+strings.Repeat("x", 20<<20)+`"`), false)
	conn.Notify("large", []byte(`{"a":"`+strings.Repeat("x", 20<<20)+`"}`))
	require.NoError(t, conn.Written(t.Context()))
	require.LessOrEqual(t, cap(conn.out.buf)+cap(conn.out.spare), 2*keepBuffer)
}

// Two buffers change places: events and flushes do not allocate.
func TestEventDoesNotAllocate(t *testing.T) {
	for _, f := range framings {
		for name, body := range map[string]string{"plain": `{"delta":"x"}`, "with line breaks": "{\"delta\":\n\"\u2028\"}"} {
			conn := inFraming(f, io.Discard)
			template := conn.NewEventTemplate("event", "s", []byte("1"))
			event := []byte(body)
			ctx := t.Context()
			seq := int64(0)
			require.Zero(t, testing.AllocsPerRun(1000, func() {
				seq++
				_ = conn.Event(ctx, template, seq, event, true)
				_ = conn.Flush()
			}), "%s, %s", f, name)
		}
	}
}
