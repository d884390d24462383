//go:build unix

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reply is what a message is answered with: the raw id, and an error or, with
// code 0, a result. An empty id means no answer at all.
type reply struct {
	id           string
	code         int
	kind, reason string
}

var (
	silence = reply{}
	works   = reply{id: "1"}
)

func parseError(id string) reply { return reply{id, -32700, "parse_error", ""} }
func invalid(id string) reply    { return reply{id, -32600, "invalid_request", ""} }
func unknown(id string) reply    { return reply{id, -32601, "method_not_found", ""} }
func badParams(id string) reply  { return reply{id, -32602, "invalid_params", ""} }

// expect reads the one answer, and asserts that a ping works and comes next.
func (h *host) expect(want reply) {
	h.t.Helper()
	if want != silence {
		m := h.mustNext()
		got := m.failure()
		require.Equal(h.t, want, reply{string(m.ID), got.Code, got.Data.Kind, got.Data.Reason}, "%.500s", m.Raw)
	}
	h.ping()
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// badMessages are answered alike in both framings, and the conversation goes on.
var badMessages = []struct {
	name, message string
	want          reply
}{
	{"truncated", `{"jsonrpc":"2.0","id":1,"method":"ping"`, parseError("1")},
	{"truncated before the id", `{"jsonrpc":"2.0","method":"ping","id`, parseError("null")},
	{"truncated in the id", `{"jsonrpc":"2.0","id":"a`, parseError("null")},
	{"no JSON", `{]`, parseError("null")},
	{"second value", `{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}`, parseError("1")},
	{"trailing comma", `{"jsonrpc":"2.0","id":1,"method":"ping",}`, parseError("1")},
	{"comment", `{"jsonrpc":"2.0","id":1,"method":"ping"}//`, parseError("1")},
	{"single quotes", `{'jsonrpc':'2.0'}`, parseError("null")},
	{"NaN", `{"jsonrpc":"2.0","id":NaN,"method":"ping"}`, parseError("null")},
	{"leading zero", `{"jsonrpc":"2.0","id":01,"method":"ping"}`, parseError("null")},
	{"control character", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\x00ng\"}", parseError("1")},
	{"invalid UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":\"\xff\"}}", parseError("1")},
	{"UTF-8 of a surrogate", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xed\xa0\x80\"}", parseError("1")},
	{"depth 513", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":` + nested(511) + `}}`, parseError("1")},
	{"depth 10,001", `{"jsonrpc":"2.0","id":1,"method":"ping","params":` + nested(10_000) + `}`, parseError("1")},
	{"depth 512", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":` + nested(510) + `}}`, works},

	{"number", `5`, invalid("null")},
	{"string", `"x"`, invalid("null")},
	{"null", `null`, invalid("null")},
	{"true", `true`, invalid("null")},
	{"batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, reply{"null", -32600, "invalid_request", "batch_unsupported"}},
	{"empty batch", `[]`, reply{"null", -32600, "invalid_request", "batch_unsupported"}},
	{"batch of numbers", `[1,2]`, reply{"null", -32600, "invalid_request", "batch_unsupported"}},
	{"batch of notifications", `[{"jsonrpc":"2.0","method":"initialized"}]`, reply{"null", -32600, "invalid_request", "batch_unsupported"}},
	{"large batch", `[` + strings.Repeat(`{"jsonrpc":"2.0","id":1,"method":"ping"},`, 999) + `1]`, reply{"null", -32600, "invalid_request", "batch_unsupported"}},

	{"empty object", `{"jsonrpc":"2.0"}`, invalid("null")},
	{"version 1.0", `{"jsonrpc":"1.0","id":1,"method":"ping"}`, invalid("1")},
	{"version as a number", `{"jsonrpc":2.0,"id":1,"method":"ping"}`, invalid("1")},
	{"version null", `{"jsonrpc":null,"id":1,"method":"ping"}`, invalid("1")},
	{"version in another case", `{"JSONRPC":"2.0","jsonrpc":"2","id":1,"method":"ping"}`, invalid("1")},
	{"no method", `{"jsonrpc":"2.0","id":1}`, invalid("1")},
	{"method a number", `{"jsonrpc":"2.0","id":1,"method":5}`, invalid("1")},
	{"method null", `{"jsonrpc":"2.0","id":1,"method":null}`, invalid("1")},
	{"method an object", `{"jsonrpc":"2.0","id":1,"method":{}}`, invalid("1")},
	{"method in another case", `{"jsonrpc":"2.0","id":1,"Method":"ping"}`, invalid("1")},
	{"method and result", `{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}`, invalid("1")},
	{"method and error", `{"jsonrpc":"2.0","id":1,"method":"ping","error":{}}`, invalid("1")},
	{"params a string", `{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}`, invalid("1")},
	{"params a number", `{"jsonrpc":"2.0","id":1,"method":"ping","params":5}`, invalid("1")},
	{"params true", `{"jsonrpc":"2.0","id":1,"method":"ping","params":true}`, invalid("1")},
	{"method twice", `{"jsonrpc":"2.0","id":1,"method":"ping","method":"ping"}`, invalid("1")},
	{"params twice", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":{}}`, invalid("1")},
	{"method twice, once escaped", `{"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"shutdown"}`, invalid("1")},
	{"unknown member twice", `{"jsonrpc":"2.0","id":1,"method":"ping","x":1,"x":2}`, invalid("1")},
	{"id null", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, invalid("null")},
	{"id true", `{"jsonrpc":"2.0","id":true,"method":"ping"}`, invalid("null")},
	{"id an array", `{"jsonrpc":"2.0","id":[1],"method":"ping"}`, invalid("null")},
	{"id an object", `{"jsonrpc":"2.0","id":{},"method":"ping"}`, invalid("null")},
	{"bad notification", `{"jsonrpc":"2.0","method":5}`, invalid("null")},

	{"method empty", `{"jsonrpc":"2.0","id":1,"method":""}`, unknown("1")},
	{"method of JSON-RPC itself", `{"jsonrpc":"2.0","id":1,"method":"rpc.x"}`, unknown("1")},
	{"unknown method of LSP", `{"jsonrpc":"2.0","id":1,"method":"$/x"}`, unknown("1")},
	{"known method in another case", `{"jsonrpc":"2.0","id":1,"method":"Ping"}`, unknown("1")},
	{"a notification's name as a request", `{"jsonrpc":"2.0","id":1,"method":"exit"}`, unknown("1")},
	{"a long method", `{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("é", 100_000) + `"}`, unknown("1")},

	{"params an array", `{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}`, badParams("1")},
	{"params null", `{"jsonrpc":"2.0","id":1,"method":"ping","params":null}`, works},
	{"params []", `{"jsonrpc":"2.0","id":1,"method":"ping","params":[ ]}`, works},
	{"params twice inside", `{"jsonrpc":"2.0","id":1,"method":"responses/cancel","params":{"streamId":"a","streamId":"b"}}`, badParams("1")},
	{"extra members", `{"grease":[{}],"id":1,"x":{"id":2},"method":"ping","jsonrpc":"2.0"}`, works},
	{"escaped names", `{"\u006asonrpc":"2.0","\u0069d":1,"m\u0065thod":"\u0070ing"}`, works},
	{"blanks", " \t{ \t\"jsonrpc\" : \"2.0\" ,\t\"id\" : 1 , \"method\":\"ping\" } \t", works},

	{"unknown notification", `{"jsonrpc":"2.0","method":"nonsense","params":{"a":1}}`, silence},
	{"unknown notification of LSP", `{"jsonrpc":"2.0","method":"$/nonsense"}`, silence},
	{"notification with params of no use", `{"jsonrpc":"2.0","method":"$/cancelRequest","params":[1]}`, silence},
	{"cancel of nothing", `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":77}}`, silence},
	{"cancel with a strange id", `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":{"a":[]}}}`, silence},
	{"request as a notification", `{"jsonrpc":"2.0","method":"ping"}`, silence},
	{"create as a notification", `{"jsonrpc":"2.0","method":"responses/create","params":{"model":"gpt-5.2-codex"}}`, silence},
	{"id in another case", `{"jsonrpc":"2.0","ID":1,"method":"ping"}`, silence},
	{"initialized", `{"jsonrpc":"2.0","method":"initialized","params":{}}`, silence},
	{"set trace", `{"jsonrpc":"2.0","method":"$/setTrace","params":{"value":"off"}}`, silence},
	{"configuration", `{"jsonrpc":"2.0","method":"workspace/didChangeConfiguration","params":{"settings":null}}`, silence},
}

func TestBadMessages(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		h := spawn(t, options{lsp: framing})
		h.begin()
		h.ping() // in NDJSON a message that begins with a letter must not be the first
		for _, row := range badMessages {
			ok := t.Run(name+"/"+row.name, func(t *testing.T) {
				h.t = t
				h.send(row.message)
				h.expect(row.want)
			})
			h.t = t
			if !ok {
				break // the conversation may be out of step
			}
		}
	}
}

// One process takes all of them in one write, and answers each in its turn.
func TestBadMessagesInOneWrite(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing})
			h.begin()
			messages := []string{request(`"first"`, "ping", "")}
			for _, row := range badMessages {
				messages = append(messages, row.message)
			}
			h.send(messages...)
			require.Equal(t, `"first"`, string(h.mustNext().ID))
			for _, row := range badMessages {
				if row.want == silence {
					continue
				}
				m := h.mustNext()
				got := m.failure()
				require.Equal(t, row.want, reply{string(m.ID), got.Code, got.Data.Kind, got.Data.Reason}, "%s: %.500s", row.name, m.Raw)
			}
			h.ping()
		})
	}
}

// "jsonrpc" may be absent in NDJSON only (docs/protocol.md: Framing).
func TestAbsentVersion(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing})
			h.begin()
			h.send(`{"id":1,"method":"ping"}`)
			if framing == lsp {
				h.expect(invalid("1"))
			} else {
				h.expect(works)
			}
		})
	}
}

// An unknown method names the nearest ones.
func TestUnknownMethodNamesTheNearest(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{})
	e := refused(t, h.call("1", "response/create", ""), -32601, "method_not_found", "")
	assert.Equal(t, "response/create", e.Data.Method)
	require.NotEmpty(t, e.Data.Similar)
	assert.Equal(t, "responses/create", e.Data.Similar[0])
	assert.LessOrEqual(t, len(e.Data.Similar), 3)
	h.ping()
}

// Ids are echoed byte for byte (docs/protocol.md: Framing).
func TestIDsAreEchoed(t *testing.T) {
	t.Parallel()
	ids := []string{
		`0`, `1`, `-1`, `-7`, `-0`, `1.5`, `1.0`, `1e0`, `1E+2`, `9007199254740993`, `18446744073709551616`,
		`1234567890123456789012345678901234567890`, `1e400`, `""`, `"1"`, `"a\"b\\"`, `"\u0041"`, `"\/"`, `"é😀"`, `"<>&"`,
		`"\ud800"`, `"\u0000"`, `"\u2028"`, `"` + strings.Repeat("x", 100_000) + `"`,
	}
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing})
			h.begin()
			for _, id := range ids {
				h.send(request(id, "ping", ""), request(id, "nonsense", ""))
				require.Equal(t, id, string(h.mustNext().ID))
				m := h.mustNext() // the id is free again
				require.Equal(t, id, string(m.ID))
				refused(t, m, -32601, "method_not_found", "")
			}
			h.send(request("\"\u2028\"", "ping", ""))
			require.Equal(t, inLine([]byte("\"\u2028\""), framing), string(h.mustNext().ID))
		})
	}
}

// The same id twice in flight: the second is refused, the first goes on. Strings
// are matched by value; "1" and 1 are different ids.
func TestDuplicateID(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing, args: []string{"--simulate=idle"}})
			h.begin()
			const params = `{"model":"gpt-5.2-codex","input":"Hello.","stream":true,"_meta":{"events":"none"}}`
			for _, id := range []string{"1", `"1"`, `"a"`} {
				h.send(request(id, "responses/create", params))
				require.Equal(t, "responses/started", h.mustNext().Method)
			}
			for _, id := range []string{"1", `"1"`, `"\u0031"`, `"a"`, `"\u0061"`} {
				for _, method := range []string{"ping", "responses/create", "shutdown"} {
					h.send(request(id, method, ""))
					h.expect(reply{id, -32600, "invalid_request", "duplicate_id"})
				}
			}
			for _, id := range []string{`"\u0061"`, "1", `"1"`} { // also by value
				h.send(notification("$/cancelRequest", fmt.Sprintf(`{"id":%s}`, id)))
				want := strings.ReplaceAll(id, `\u0061`, "a")
				m := h.mustNext()
				require.Equal(t, "responses/completed", m.Method)
				require.Equal(t, want, string(m.note().RequestID))
				h.expect(reply{want, -32800, "cancelled", ""})
				h.send(request(want, "ping", "")) // the id is free again
				h.expect(reply{id: want})
			}
		})
	}
}
