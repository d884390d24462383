//go:build unix

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Responses of the host that answer nothing, in every shape that could close
// the conversation or be taken for something else. A response is never answered,
// or two peers might never stop; anything else gets the error of the second
// column.
var hostileResponses = []struct {
	message string
	code    int
}{
	{`{"jsonrpc":"2.0","id":0,"result":null}`, 0},
	{`{"jsonrpc":"2.0","id":0,"result":{"success":true}}`, 0},
	{`{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}`, 0},
	{`{"jsonrpc":"2.0","id":0,"error":"x"}`, 0},
	{`{"jsonrpc":"2.0","id":0,"error":null}`, 0},
	{`{"jsonrpc":"2.0","id":0,"error":5}`, 0},
	{`{"jsonrpc":"2.0","id":0,"error":[]}`, 0},
	{`{"jsonrpc":"2.0","id":0,"error":{}}`, 0},
	{`{"jsonrpc":"2.0","id":0,"error":{"code":"x","message":5,"data":[]}}`, 0},
	{`{"jsonrpc":"2.0","id":0,"error":{"code":1e400,"message":"\ud800"}}`, 0},
	{`{"jsonrpc":"2.0","id":0,"result":1,"error":{"code":1,"message":"both"}}`, 0},
	{`{"jsonrpc":"2.0","id":0,"result":null,"error":null}`, 0},
	{`{"jsonrpc":"2.0","id":0,"result":1e999}`, 0},
	{`{"jsonrpc":"2.0","id":0,"result":-0.0E-99999}`, 0},
	{`{"jsonrpc":"2.0","id":0,"result":` + strings.Repeat("9", 5000) + `}`, 0},
	{`{"jsonrpc":"2.0","id":0,"result":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`, 0},
	{`{"jsonrpc":"2.0","id":0,"result":"` + strings.Repeat("x", 1<<20) + `"}`, 0},
	{`{"jsonrpc":"2.0","id":99999999999999999999999999,"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":18446744073709551615,"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":18446744073709551616,"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":-1,"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":1.5,"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":1e3,"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":"x","result":1}`, 0},
	{`{"jsonrpc":"2.0","id":"","result":1}`, 0},
	{`{"jsonrpc":"2.0","id":"0","result":1}`, 0},
	{`{"jsonrpc":"2.0","id":"\ud800","result":1}`, 0},
	{`{"jsonrpc":"2.0","result":1}`, 0},
	{`{"jsonrpc":"2.0","error":{"code":1,"message":"x"}}`, 0},
	{`{"jsonrpc":"2.0","id":0,"params":{},"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":0,"Method":"ping","result":1}`, 0},
	{`{"id":0,"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":null,"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":true,"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":[0],"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":{"a":0},"result":1}`, 0},
	{`{"jsonrpc":"1.0","id":0,"result":1}`, 0},
	{`{"jsonrpc":2.0,"id":0,"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":0,"id":1,"result":1}`, 0},
	{`{"jsonrpc":"2.0","id":0,"result":1,"result":2}`, 0},
	{`{"jsonrpc":"2.0","id":0,"method":"ping","result":1}`, -32600},
	{`{"jsonrpc":"2.0","id":0,"method":"ping","error":null}`, -32600},
	{`[{"jsonrpc":"2.0","id":0,"result":1}]`, -32600},
	{`{"jsonrpc":"2.0","id":0,"result":1`, -32700},
}

func TestHostileResponses(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing, args: []string{"--simulate=idle"}})
			h.begin()
			// A stream in flight, without an end, must not be touched by any of them.
			h.send(request("0", "responses/create", `{"model":"gpt-5.2-pro","input":"Hello.","stream":true,"_meta":{"events":"none"}}`))
			require.Equal(t, "responses/started", h.mustNext().Method)
			for _, row := range hostileResponses {
				h.send(row.message)
				if row.code != 0 {
					m := h.mustNext()
					require.Equal(t, row.code, m.failure().Code, "%.200s\n%.500s", row.message, m.Raw)
				}
				h.ping()
			}
			h.send(notification("$/cancelRequest", `{"id":0}`))
			refused(t, h.outcome("0").answer, -32800, "cancelled", "")
		})
	}
}

// Events that are valid JSON but look like the end of their notification, or
// of a line or a frame, to a careless reader.
var nestedEvents = []string{
	`{"type":"x","text":"1},\"id\":7,\"result\":{"}`,
	`{"type":"x","text":"}}\n{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}\n"}`,
	`{"type":"x","text":"Content-Length: 2\r\n\r\n{}"}`,
	"{\"type\":\"x\",\"text\":\"a\u2028{\\\"id\\\":7}\u2029b\u0085c\"}",
	"{\"type\":\"x\",\"\u2028\":\"\u0085\"}",
	"{\"type\":\"x\",\n\"id\":7,\n\"result\":{}}", // several data lines
	"{\n\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\n{}\n}",
	`{"jsonrpc":"2.0","id":7,"result":{}}`,
	`{"type":"x","seq":99,"seq":98,"streamId":"other"}`,
	`{"type":"x","text":"\ud800\u0000\u2028é😀<>&"}`,
	`{"type":"x","n":[1E400,-0,1.10,12345678901234567890.123]}`,
	`{"type":"responses\/completed"}`,
	`7`, `"},\"id\":7,\"result\":{\""`, `[1,{"id":7}]`, `null`, `true`,
}

// sse makes a body of events, one data line for each line of an event.
func sse(events ...string) []byte {
	var body []byte
	for _, e := range events {
		for _, line := range strings.Split(e, "\n") {
			body = fmt.Appendf(body, "data: %s\n", line)
		}
		body = append(body, '\n')
	}
	return body
}

const completedEvent = `{"type":"response.completed","response":{"id":"resp_1"}}`

func TestEventsForgeNoFrame(t *testing.T) {
	t.Parallel()
	body := sse(append(nestedEvents, completedEvent)...)
	for name, framing := range framings {
		for _, size := range []int{0, 1} {
			t.Run(fmt.Sprint(name, "/", size), func(t *testing.T) {
				t.Parallel()
				h, o := replay(t, framing, "gpt-5.2-codex", body, size)
				sameEvents(t, framing, body, o.events)
				assert.Equal(t, "completed", o.status())
				h.ping()
			})
		}
	}
}

// Events that are not one JSON value. None of it may reach the pipe.
var forgedEvents = []string{
	`1},"id":7,"result":{`,
	`{}},"id":7,"result":{"a":{}`,
	"null}}\n{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}\n{\"a\":{\"b\":1",
	`{"a":1}{"b":2}`,
	`{"a":1} x`,
	`{"a":1`,
	`{"a":1,}`,
	`{"a":01}`,
	`{'a':1}`,
	`{"a":NaN}`,
	"{\"a\":\"\x01\"}",
	"{\"a\":\"b\n\"}", // a line break inside a string
	"{\"a\":\"\xff\"}",
	"{\"a\":\"\xed\xa0\x80\"}",
	"\ufeff{}",
	`{"a":"\x"}`,
	strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
	`x`,
}

func TestForgedEventsNeverReachThePipe(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		for i, event := range forgedEvents {
			t.Run(fmt.Sprint(name, "/", i), func(t *testing.T) {
				t.Parallel()
				h, o := replay(t, framing, "gpt-5.2-pro", sse(`{"type":"first"}`, event, completedEvent), 0)
				require.Len(t, o.events, 1)
				assert.Equal(t, "failed", o.status())
				e := refused(t, o.answer, 1105, "stream_broken", "bad_event")
				require.NotNil(t, e.Data.EventsDelivered)
				assert.Equal(t, 1, *e.Data.EventsDelivered)
				assert.False(t, e.Data.Retryable, "an event was delivered")
				h.ping()
			})
		}
	}
}
