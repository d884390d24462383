package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A cancel that was read after its request always finds it, and each request is
// answered once.
func TestCancelRightBehindItsRequest(t *testing.T) {
	const pairs = 5000
	for _, f := range framings {
		var input strings.Builder
		for i := range pairs {
			input.WriteString(frame(f, request(fmt.Sprint(i), "wait", "null")))
			input.WriteString(frame(f, fmt.Sprintf(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":%d}}`, i)))
		}
		out := newGate()
		out.open()
		conn := New(strings.NewReader(input.String()), out, Options{})
		conn.Start(t.Context(), handler{
			request: func(ctx context.Context, req *Request) {
				go func() {
					<-ctx.Done()
					req.Reply(fmt.Append(nil, context.Cause(ctx) == ErrCancelled))
				}()
			},
			notification: func(_ string, params []byte) {
				var p struct {
					ID json.RawMessage `json:"id"`
				}
				_ = json.Unmarshal(params, &p)
				conn.Cancel(p.ID)
			},
		})
		<-conn.Ended()
		<-conn.Unanswered(0)
		require.NoError(t, conn.Written(t.Context()))
		seen := make(map[string]bool)
		for _, message := range cutFrames(t, f, out.output()) {
			require.Contains(t, message, `"result":true`)
			require.False(t, seen[message], message)
			seen[message] = true
		}
		require.Len(t, seen, pairs)
	}
}

// What a request does begins when all that arrived with it has been looked at, so
// a cancel right behind it comes first, however fast the request is; and it begins
// although nothing more comes, the output is stalled or the boundary is lost.
func TestGoBeginsBehindWhatArrivedWithIt(t *testing.T) {
	cancel := `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}`
	for name, row := range map[string]struct {
		framing Framing
		input   string
		cause   error
		options Options
	}{
		"cancelled":     {FramingNDJSON, frame(FramingNDJSON, request("1", "go", "null")) + frame(FramingNDJSON, cancel), ErrCancelled, Options{}},
		"cancelled lsp": {FramingLSP, frame(FramingLSP, request("1", "go", "null")) + frame(FramingLSP, cancel), ErrCancelled, Options{}},
		"alone":         {FramingNDJSON, frame(FramingNDJSON, request("1", "go", "null")), nil, Options{}},
		"lost boundary": {FramingLSP, frame(FramingLSP, request("1", "go", "null")) + "Content-Length: x\r\n\r\n", nil, Options{}},
		"stalled": {FramingNDJSON, frame(FramingNDJSON, request("1", "go", "null")) +
			strings.Repeat(frame(FramingNDJSON, "null"), 5), nil, Options{LookAhead: 2 << 10}},
	} {
		t.Run(name, func(t *testing.T) {
			out := newGate() // nothing is read before open
			conn := New(strings.NewReader(row.input), out, row.options)
			begun := make(chan error, 1)
			conn.Start(t.Context(), handler{
				request: func(ctx context.Context, req *Request) {
					req.Go(func() {
						begun <- context.Cause(ctx)
						req.Reply([]byte("1"))
					})
				},
				notification: func(string, []byte) { conn.Cancel([]byte("1")) },
			})
			require.Equal(t, row.cause, <-begun)
			out.open()
			<-conn.Ended()
			<-conn.Unanswered(0)
			require.NoError(t, conn.Written(t.Context()))
		})
	}
}

// Cancels that race with answers, and answers that race with each other.
func TestRequestIsAnsweredOnce(t *testing.T) {
	requests := 10_000
	if testing.Short() {
		requests = 1000
	}
	var input strings.Builder
	for i := range requests {
		input.WriteString(frame(FramingNDJSON, request(fmt.Sprint(i), "race", "null")))
	}
	out := newGate()
	out.open()
	conn := New(strings.NewReader(input.String()), out, Options{})
	var racing sync.WaitGroup
	conn.Start(t.Context(), handler{request: func(_ context.Context, req *Request) {
		racing.Go(func() { conn.Cancel(req.ID) })
		racing.Go(func() { req.Reply([]byte("1")) })
		racing.Go(func() { req.ReplyError([]byte("{}")) })
	}})
	<-conn.Ended()
	racing.Wait()
	<-conn.Unanswered(0)
	require.NoError(t, conn.Written(t.Context()))
	ids := make(map[string]int)
	for _, message := range cutFrames(t, FramingNDJSON, out.output()) {
		var answer struct{ ID json.RawMessage }
		require.NoError(t, json.Unmarshal([]byte(message), &answer))
		ids[string(answer.ID)]++
	}
	require.Len(t, ids, requests)
	for id, n := range ids {
		require.Equal(t, 1, n, id)
	}
}

// The contexts of requests: they carry the values of Start's, outlive the input,
// and end with the answer or with the cause of a cancel.
func TestRequestContext(t *testing.T) {
	type key struct{}
	errLeaving := errors.New("leaving")
	contexts := make(map[string]context.Context)
	requests := make(map[string]*Request)
	var input string
	for _, id := range []string{"1", "2", `"s"`, `""`} {
		input += frame(FramingLSP, request(id, "hold", "null"))
	}
	conn := New(strings.NewReader(input), io.Discard, Options{})
	conn.Start(context.WithValue(t.Context(), key{}, "value"), handler{request: func(ctx context.Context, req *Request) {
		contexts[string(req.ID)], requests[string(req.ID)] = ctx, req
	}})
	<-conn.Ended()
	for _, ctx := range contexts {
		require.NoError(t, ctx.Err())
		require.Equal(t, "value", ctx.Value(key{}))
	}
	requests["1"].Reply([]byte("null"))
	require.Equal(t, context.Canceled, context.Cause(contexts["1"]))
	require.NoError(t, contexts["2"].Err())
	conn.Cancel([]byte(`"\u0073"`))
	require.Equal(t, ErrCancelled, context.Cause(contexts[`"s"`]))
	conn.CancelAll(errLeaving, requests["2"])
	require.NoError(t, contexts["2"].Err())
	require.Equal(t, ErrCancelled, context.Cause(contexts[`"s"`]))
	require.Equal(t, errLeaving, context.Cause(contexts[`""`]))
	conn.CancelAll(errLeaving, nil)
	require.Equal(t, errLeaving, context.Cause(contexts["2"]))

	one, none := conn.Unanswered(1), conn.Unanswered(0)
	requests["2"].Reply([]byte("null"))
	requires := func(c <-chan struct{}, closed bool) {
		t.Helper()
		select {
		case <-c:
			require.True(t, closed)
		default:
			require.False(t, closed)
		}
	}
	requires(conn.Unanswered(2), true)
	requires(one, false)
	requests[`""`].Reply([]byte("null"))
	requests[`""`].Reply([]byte("null"))
	requires(one, true)
	requires(none, false)
	requests[`"s"`].Reply([]byte("null"))
	requires(none, true)
	require.NoError(t, conn.Written(t.Context()))
}

// The id of a request is free before its answer is queued, and the request is
// unanswered until then.
func TestOrderOfAnAnswer(t *testing.T) {
	var req *Request
	conn := New(strings.NewReader(frame(FramingLSP, request("1", "test", "null"))), io.Discard, Options{})
	conn.Start(t.Context(), handler{request: func(_ context.Context, r *Request) { req = r }})
	<-conn.Ended()
	taken := func() bool {
		conn.inflight.mu.Lock()
		defer conn.inflight.mu.Unlock()
		return conn.inflight.calls["1"] != nil
	}
	require.True(t, taken())
	none := conn.Unanswered(0)
	conn.out.mu.Lock() // nothing can be queued
	go req.Reply([]byte("1"))
	for taken() {
		runtime.Gosched()
	}
	select {
	case <-none:
		t.Error("the request counts as answered before its answer is queued")
	default:
	}
	conn.out.mu.Unlock()
	<-none
	require.NoError(t, conn.Written(t.Context()))
}

// A host may use an id again as soon as it has read the answer.
func TestIDUsedAgain(t *testing.T) {
	const rounds = 2000
	in, host := io.Pipe()
	answered, out := io.Pipe()
	conn := New(in, out, Options{})
	conn.Start(t.Context(), handler{request: func(_ context.Context, req *Request) {
		go req.Reply([]byte("1"))
	}})
	want := frame(FramingNDJSON, `{"jsonrpc":"2.0","id":1,"result":1}`)
	got := make([]byte, len(want))
	for range rounds {
		_, err := io.WriteString(host, frame(FramingNDJSON, request("1", "test", "null")))
		require.NoError(t, err)
		_, err = io.ReadFull(answered, got)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	require.NoError(t, host.Close())
	<-conn.Ended()
	<-conn.Unanswered(0)
	require.NoError(t, conn.Written(t.Context()))
}
