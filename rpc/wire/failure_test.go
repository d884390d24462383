package wire

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// failing is an output that blocks until it is told to fail.
type failing struct{ fail chan error }

func (f failing) Write([]byte) (int, error) { return 0, <-f.fail }

// After a failed write everybody who waits is told, events are refused, other
// frames are dropped, and the input is read on.
func TestFailedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errGone := errors.New("gone")
		out := failing{make(chan error)}
		in, host := io.Pipe()
		conn := New(in, out, Options{LookAhead: 1 << 10})
		notes := 0
		conn.Start(t.Context(), handler{notification: func(string, []byte) { notes++ }})
		note := func() { _, _ = io.WriteString(host, frame(FramingNDJSON, `{"method":"note"}`)) }
		note()
		synctest.Wait() // the reader is at its next read, past the pause
		template := conn.NewEventTemplate("event", "s", []byte("1"))
		conn.Notify("large", []byte(`{"a":"`+strings.Repeat("x", eventRoom)+`"}`))
		synctest.Wait()
		conn.Notify("large", []byte(`{"a":"`+strings.Repeat("x", eventRoom)+`"}`))
		results := make(chan error, 3)
		go func() { results <- conn.Event(t.Context(), template, 1, []byte("{}"), false) }()
		go func() { results <- conn.Written(t.Context()) }()
		note()
		go func() { note(); results <- nil }()
		synctest.Wait()
		require.Equal(t, 2, notes, "the reader pauses")
		select {
		case <-conn.WriteFailed():
			t.Fatal("nothing has failed yet")
		default:
		}

		out.fail <- errGone
		<-conn.WriteFailed()
		synctest.Wait()
		require.Equal(t, 3, notes, "the reader goes on")
		got := []error{<-results, <-results, <-results}
		require.ElementsMatch(t, []error{errGone, errGone, nil}, got)
		require.Equal(t, errGone, conn.Event(t.Context(), template, 2, []byte("{}"), false))
		require.Equal(t, errGone, conn.Flush())
		require.Equal(t, errGone, conn.Written(t.Context()))
		conn.Notify("dropped", []byte("{}"))
		require.Empty(t, conn.out.buf)
		require.False(t, conn.out.writing)

		require.NoError(t, host.Close())
		<-conn.Ended()
	})
}

// A failure in the write of an event or of a flush is theirs to report.
func TestFailedWriteOfAnEvent(t *testing.T) {
	errGone := errors.New("gone")
	for name, send := range map[string]func(*Conn, *EventTemplate) error{
		"a full buffer": func(conn *Conn, template *EventTemplate) error {
			return conn.Event(context.Background(), template, 1, []byte(`"`+strings.Repeat("x", flushAt)+`"`), false)
		},
		"a flush": func(conn *Conn, template *EventTemplate) error {
			_ = conn.Event(context.Background(), template, 1, []byte("{}"), false)
			return conn.Flush()
		},
	} {
		out := failing{make(chan error, 1)}
		out.fail <- errGone
		conn := inFraming(FramingLSP, out)
		require.Equal(t, errGone, send(conn, conn.NewEventTemplate("event", "s", []byte("1"))), name)
		<-conn.WriteFailed()
		require.Empty(t, conn.out.buf)
	}
}

// The same with a real pipe whose reader is gone.
func TestBrokenPipe(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, r.Close())
	defer w.Close()
	conn := New(strings.NewReader(frame(FramingLSP, request("1", "test", "null"))), w, Options{})
	conn.Start(t.Context(), &echo{conn: conn})
	<-conn.Ended()
	<-conn.WriteFailed()
	<-conn.Unanswered(0)
	require.ErrorIs(t, conn.Written(t.Context()), syscall.EPIPE)
}

// Written waits for what is queued, events without a flush too, and for
// nothing else.
func TestWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		conn := inFraming(FramingLSP, out)
		ended, cancel := context.WithCancelCause(t.Context())
		errLate := errors.New("late")
		cancel(errLate)
		require.NoError(t, conn.Written(ended), "nothing is queued")

		template := conn.NewEventTemplate("event", "s", []byte("1"))
		require.NoError(t, conn.Event(t.Context(), template, 1, []byte("{}"), false))
		require.Equal(t, errLate, conn.Written(ended))
		synctest.Wait()
		require.True(t, conn.out.writing, "the write is under way")

		written := make(chan error, 1)
		go func() { written <- conn.Written(t.Context()) }()
		synctest.Wait()
		require.Empty(t, written)
		conn.Notify("more", []byte("{}"))
		out.open()
		require.NoError(t, <-written)
		require.Len(t, cutFrames(t, FramingLSP, out.output()), 2)
		require.NoError(t, conn.Written(ended))
	})
}

// Whoever waits is told of a write that was not started for it.
func TestWrittenDuringAFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		conn := inFraming(FramingLSP, out)
		require.NoError(t, conn.Event(t.Context(), conn.NewEventTemplate("event", "s", []byte("1")), 1, []byte("{}"), false))
		results := make(chan error, 2)
		go func() { results <- conn.Flush() }()
		synctest.Wait()
		go func() { results <- conn.Written(t.Context()) }()
		synctest.Wait()
		require.Empty(t, results)
		out.open()
		require.NoError(t, <-results)
		require.NoError(t, <-results)
	})
}

// An input that fails is an input that ends, and the error says so; what had arrived
// of a message is not taken for one.
//
// Faults: G8.
func TestFailedRead(t *testing.T) {
	for _, f := range framings {
		message := frame(f, request("1", "test", "null"))
		for _, rest := range []string{"", message[:len(message)-1], message[:1], "\n"} {
			in := io.MultiReader(strings.NewReader(message+rest), failingReader{})
			out, conn := converse(t, in, Options{})
			require.Len(t, cutFrames(t, f, out), 1, "%q", rest)
			require.False(t, conn.Lost())
			require.EqualError(t, conn.ReadError(), "read error")

			_, conn = converse(t, strings.NewReader(message+rest), Options{})
			require.NoError(t, conn.ReadError(), "the end is no error")
		}
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("read error") }
