package wire

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// dialogue is a conversation whose host is the test.
type dialogue struct {
	t    *testing.T
	f    Framing
	conn *Conn
	in   *io.PipeWriter
	out  *bufio.Reader
}

// converseWith begins one; it ends with the test.
func converseWith(t *testing.T, f Framing) *dialogue {
	in, hostOut := io.Pipe()
	hostIn, out := io.Pipe()
	d := &dialogue{t: t, f: f, conn: New(in, out, Options{}), in: hostOut, out: bufio.NewReader(hostIn)}
	d.conn.Start(t.Context(), &echo{conn: d.conn})
	d.ping()
	t.Cleanup(func() {
		require.NoError(t, hostOut.Close())
		<-d.conn.Ended()
		require.NoError(t, d.conn.Written(context.Background()))
	})
	return d
}

func (d *dialogue) send(message string) {
	d.t.Helper()
	_, err := io.WriteString(d.in, frame(d.f, message))
	require.NoError(d.t, err)
}

func (d *dialogue) receive() string {
	d.t.Helper()
	if d.f == FramingNDJSON {
		line, err := d.out.ReadString('\n')
		require.NoError(d.t, err)
		return strings.TrimSuffix(line, "\n")
	}
	var n int
	_, err := fmt.Fscanf(d.out, "Content-Length: %d\r\n\r\n", &n)
	require.NoError(d.t, err)
	body := make([]byte, n)
	_, err = io.ReadFull(d.out, body)
	require.NoError(d.t, err)
	return string(body)
}

// ping shows that the conversation goes on and that nothing else was said.
func (d *dialogue) ping() {
	d.t.Helper()
	d.send(request(`"ping"`, "ping", "null"))
	require.Equal(d.t, `{"jsonrpc":"2.0","id":"ping","result":{"method":"ping"}}`, d.receive())
}

// call calls the host in the background.
func (d *dialogue) call(ctx context.Context, result any) <-chan error {
	d.t.Helper()
	done := make(chan error, 1)
	go func() { done <- d.conn.Call(ctx, "ask", map[string]string{"uri": "a&b\u2028"}, result) }()
	return done
}

func TestCall(t *testing.T) {
	for _, f := range framings {
		d := converseWith(t, f)
		for id, c := range []struct{ response, result, failure string }{
			{`"result":{"success":true,"n":[1.0,1E400,12345678901234567890]}`, `{"success":true,"n":[1.0,1E400,12345678901234567890]}`, ""},
			{`"result":"<&> \" \u2028 \ud800"`, `"<&> \" \u2028 \ud800"`, ""},
			{`"result":null`, `null`, ""},
			{`"result":1E400,"error":null`, `1E400`, ""},
			{`"result":[[[[[[[[[]]]]]]]]]`, `[[[[[[[[[]]]]]]]]]`, ""},
			{`"error":{"code":-32601,"message":"no \"such\" method","data":[1]}`, "", `no "such" method`},
			{`"error":{"code":"x","message":5}`, "", "jsonrpc2"},
			{`"error":"plain"`, "", "jsonrpc2"},
			{`"error":null`, "", "jsonrpc2"},
			{`"result":1,"error":{"message":"both"}`, "", "both"},
			{`"error":false`, "", "jsonrpc2"},
		} {
			var result json.RawMessage
			done := d.call(t.Context(), &result)
			var sent struct {
				JSONRPC, Method string
				ID              int
				Params          map[string]string
			}
			require.NoError(t, json.Unmarshal([]byte(d.receive()), &sent))
			require.Equal(t, "2.0", sent.JSONRPC)
			require.Equal(t, "ask", sent.Method)
			require.Equal(t, id, sent.ID)
			require.Equal(t, "a&b\u2028", sent.Params["uri"])
			d.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,%s}`, id, c.response))
			if c.failure == "" {
				require.NoError(t, <-done, c.response)
				require.Equal(t, c.result, string(result))
			} else {
				require.ErrorContains(t, <-done, c.failure, c.response)
			}
		}
	}
}

func TestCallWithoutUseForTheResult(t *testing.T) {
	d := converseWith(t, FramingLSP)
	done := d.call(t.Context(), nil)
	d.receive()
	d.send(`{"jsonrpc":"2.0","id":0,"result":{"a":1}}`)
	require.NoError(t, <-done)
	var number int
	done = d.call(t.Context(), &number)
	d.receive()
	d.send(`{"jsonrpc":"2.0","id":1,"result":{"a":1}}`)
	require.Error(t, <-done)
}

func TestCallEndsWithItsContext(t *testing.T) {
	d := converseWith(t, FramingLSP)
	ctx, cancel := context.WithCancel(t.Context())
	done := d.call(ctx, nil)
	d.receive()
	cancel()
	require.Equal(t, context.Canceled, <-done)
	d.send(`{"jsonrpc":"2.0","id":0,"result":1}`)
	d.ping()
}

// Whatever a host sends in the place of an answer, the conversation goes on,
// nothing is said to it, and the call still gets its answer.
func TestHostileResponses(t *testing.T) {
	huge := strings.Repeat("x", 1<<20)
	for _, f := range framings {
		d := converseWith(t, f)
		var result json.RawMessage
		done := d.call(t.Context(), &result)
		d.receive()
		for _, response := range []string{
			`{"jsonrpc":"2.0","id":1,"result":1}`,
			`{"jsonrpc":"2.0","id":18446744073709551615,"result":1}`,
			`{"jsonrpc":"2.0","id":18446744073709551616,"result":1}`,
			`{"jsonrpc":"2.0","id":-0,"result":1}`,
			`{"jsonrpc":"2.0","id":-1,"result":1}`,
			`{"jsonrpc":"2.0","id":0.0,"result":1}`,
			`{"jsonrpc":"2.0","id":0e0,"result":1}`,
			`{"jsonrpc":"2.0","id":1E400,"result":1}`,
			`{"jsonrpc":"2.0","id":"0","result":1}`,
			`{"jsonrpc":"2.0","id":"","result":1}`,
			`{"jsonrpc":"2.0","id":"\ud800","result":1}`,
			`{"jsonrpc":"2.0","id":null,"result":1}`,
			`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}`,
			`{"jsonrpc":"2.0","id":true,"result":1}`,
			`{"jsonrpc":"2.0","id":[0],"result":1}`,
			`{"jsonrpc":"2.0","id":{"Num":0},"result":1}`,
			`{"jsonrpc":"2.0","result":1}`,
			`{"jsonrpc":"2.0","error":{}}`,
			`{"jsonrpc":"2.0","result":null,"error":null}`,
			`{"jsonrpc":"2.0","id":0,"id":0,"result":1}`,
			`{"jsonrpc":"2.0","id":0,"result":1,"result":2}`,
			`{"jsonrpc":"2.0","id":0,"result":1,"x":1,"x":2}`,
			`{"jsonrpc":"1.0","id":0,"result":1}`,
			`{"jsonrpc":2.0,"id":0,"result":1}`,
			`{"jsonrpc":null,"id":0,"error":{"code":1,"message":"x"}}`,
			`{"jsonrpc":"2.0","id":7,"result":1E400}`,
			`{"jsonrpc":"2.0","id":7,"result":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`,
			`{"jsonrpc":"2.0","id":7,"result":"` + huge + `"}`,
			`{"jsonrpc":"2.0","id":7,"error":{"code":1E400,"message":{"a":1}}}`,
			`{"jsonrpc":"2.0","id":7,"error":[[[]]]}`,
			`{"jsonrpc":"2.0","id":7,"error":{"code":1,"code":2,"message":"` + huge + `"}}`,
			`{"jsonrpc":"2.0","id":7,"result":1,"Error":1,"ID":0,"Method":"x","METHOD":5}`,
		} {
			d.send(response)
			d.ping()
		}
		require.Empty(t, done)
		d.send(`{"jsonrpc":"2.0","id":0,"result":{"ok":true}}`)
		require.NoError(t, <-done)
		require.JSONEq(t, `{"ok":true}`, string(result))
		d.send(`{"jsonrpc":"2.0","id":0,"result":"again"}`)
		d.ping()
	}
}

// After the end of the input no answer can come: a call that waits fails, and a
// new one fails at once, while what is in flight can still be answered.
func TestCallAfterTheEndOfInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, host := io.Pipe()
		out := newGate()
		out.open()
		conn := New(in, out, Options{})
		var held *Request
		conn.Start(t.Context(), handler{request: func(_ context.Context, req *Request) { held = req }})
		_, err := io.WriteString(host, frame(FramingLSP, request("1", "hold", "null")))
		require.NoError(t, err)
		waiting := make(chan error)
		go func() { waiting <- conn.Call(t.Context(), "ask", nil, nil) }()
		synctest.Wait()
		require.NoError(t, host.Close())
		require.Error(t, <-waiting)
		<-conn.Ended()
		require.Error(t, conn.Call(t.Context(), "ask", nil, nil))
		held.Reply([]byte(`"late"`))
		require.NoError(t, conn.Written(t.Context()))
		messages := cutFrames(t, FramingLSP, out.output())
		require.Len(t, messages, 2)
		require.Contains(t, messages[1], `"late"`)
	})
}

// The handler of the first message may call and close: the reader is there
// before Start has returned.
func TestCallFromTheFirstHandler(t *testing.T) {
	for range 100 {
		conn := New(strings.NewReader(frame(FramingLSP, request("1", "test", "null"))), io.Discard, Options{})
		called := make(chan error, 1)
		conn.Start(t.Context(), handler{request: func(_ context.Context, req *Request) {
			go func() { called <- conn.Call(t.Context(), "ask", nil, nil) }()
			req.Reply([]byte("1"))
		}})
		require.Error(t, <-called)
		<-conn.Ended()
	}
}

// A conversation over real pipes.
func TestRealPipes(t *testing.T) {
	in, hostOut, err := os.Pipe()
	require.NoError(t, err)
	hostIn, out, err := os.Pipe()
	require.NoError(t, err)
	conn := New(in, out, Options{})
	conn.Start(t.Context(), &echo{conn: conn})
	go func() {
		for i := range 2000 {
			_, _ = io.WriteString(hostOut, frame(FramingLSP, request(fmt.Sprint(i), "test", `["`+strings.Repeat("x", i)+`"]`)))
		}
		_ = hostOut.Close()
		<-conn.Ended()
		_ = conn.Written(context.Background())
		_ = out.Close()
	}()
	output, err := io.ReadAll(hostIn)
	require.NoError(t, err)
	messages := cutFrames(t, FramingLSP, output)
	require.Len(t, messages, 2000)
	for i, message := range messages {
		require.Contains(t, message, fmt.Sprintf(`"id":%d,"result"`, i))
	}
	conn.Close()
	require.NoError(t, in.Close())
	require.NoError(t, hostIn.Close())
}
