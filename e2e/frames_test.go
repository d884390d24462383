//go:build unix

package e2e

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const pingOne = `{"jsonrpc":"2.0","id":1,"method":"ping"}`

// framed is pingOne behind the headers, each ended by CRLF.
func framed(headers ...string) string {
	return strings.Join(headers, "\r\n") + "\r\n\r\n" + pingOne
}

// length is the right Content-Length of pingOne.
var length = fmt.Sprintf("Content-Length: %d", len(pingOne))

// frames in header framing whose end is known: the conversation goes on.
var frames = []struct {
	name, bytes string
	want        reply
}{
	{"plain", framed(length), works},
	{"content type behind", framed(length, "Content-Type: application/vscode-jsonrpc; charset=utf-8"), works},
	{"content type in front", framed("Content-Type: application/vscode-jsonrpc; charset=utf8", length), works},
	{"quoted charset", framed(length, `content-type: application/json; charset="UTF-8"`), works},
	{"content type without a charset", framed(length, "Content-Type: text/plain"), works},
	{"name in lower case", framed(strings.ToLower(length)), works},
	{"name in upper case", framed(strings.ToUpper(length)), works},
	{"no blank", framed(strings.Replace(length, ": ", ":", 1)), works},
	{"tabs and blanks around the value", framed(strings.Replace(length, ": ", ": \t ", 1) + " \t "), works},
	{"leading zeros", framed(strings.Replace(length, ": ", ": 000", 1)), works},
	{"LF alone", strings.ReplaceAll(framed(length, "X-A: b"), "\r\n", "\n"), works},
	{"equal lengths", framed(length, length), works},
	{"unknown header", framed("X-Grease: 1:2", length, "x-grease:"), works},
	{"blank lines between frames", "\r\n\r\n \n" + framed(length), works},
	{"blanks behind the JSON", fmt.Sprintf("Content-Length: %d\r\n\r\n%s  \r\n ", len(pingOne)+5, pingOne), works},
	{"header block of 8 KiB", framed("X: "+strings.Repeat("x", 8<<10-len(length)-9), length), works},

	{"length 0", "Content-Length: 0\r\n\r\n", invalid("null")},
	{"body of blanks", "Content-Length: 3\r\n\r\n \t\n", parseError("null")},
	{"second value", fmt.Sprintf("Content-Length: %d\r\n\r\n%s{}", len(pingOne)+2, pingOne), parseError("1")},
	{"byte order mark in a later frame", fmt.Sprintf("Content-Length: %d\r\n\r\n\ufeff%s", len(pingOne)+3, pingOne), parseError("null")},
	{"another charset", framed(length, "Content-Type: application/json; charset=latin1"), reply{"1", -32600, "invalid_request", "charset"}},
	{"no colon", framed(length, "X-Nonsense"), parseError("1")},
	{"no name", framed(length, ": x"), parseError("1")},
	{"blank in a name", framed(length, "X Y: z"), parseError("1")},
	{"byte of a name above ASCII", framed("X-Grüße: 1", length), parseError("1")},
	{"above the limit", fmt.Sprintf("Content-Length: 1001\r\n\r\n%-1001s", pingOne), reply{"1", -32600, "invalid_request", "too_large"}},
	{"far above the limit", fmt.Sprintf("Content-Length: 3000000\r\n\r\n%-3000000s", pingOne), reply{"1", -32600, "invalid_request", "too_large"}},
	{"at the limit", fmt.Sprintf("Content-Length: 1000\r\n\r\n%-1000s", pingOne), works},
}

func TestFrames(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{lsp: lsp, args: []string{"--max-message-bytes=1000"}})
	h.begin()
	for _, row := range frames {
		if !t.Run(row.name, func(t *testing.T) {
			h.t = t
			h.write(row.bytes)
			h.expect(row.want)
		}) {
			break
		}
	}
	h.t = t
}

// Frames whose end cannot be known: one -32700, and exit 1.
func TestLostBoundary(t *testing.T) {
	t.Parallel()
	for name, bytes := range map[string]string{
		"no length":           framed("Content-Type: application/vscode-jsonrpc; charset=utf-8"),
		"negative":            framed("Content-Length: -1"),
		"with a sign":         framed(strings.Replace(length, ": ", ": +", 1)),
		"a list":              framed(length + ", 5"),
		"hexadecimal":         framed("Content-Length: 0x10"),
		"with a point":        framed(length + ".0"),
		"empty":               framed("Content-Length:"),
		"a word":              framed("Content-Length: many"),
		"20 digits":           framed("Content-Length: 99999999999999999999"),
		"above 1 GiB":         framed("Content-Length: 1073741825"),
		"two that differ":     framed(length, "Content-Length: 5"),
		"block above 8 KiB":   framed("X: "+strings.Repeat("x", 8<<10), length),
		"line without an end": "X: " + strings.Repeat("x", 32<<10), // fits into the pipe
		"a line of NDJSON":    "\n" + pingOne + "\n\n",
		"a first true":        "true\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := spawn(t, options{lsp: lsp})
			if !strings.HasPrefix(name, "a first") {
				h.begin()
			}
			h.write(bytes) // stdin stays open
			m := h.mustNext()
			require.Equal(t, "null", string(m.ID))
			refused(t, m, -32700, "parse_error", "")
			require.Equal(t, 1, h.exit())
		})
	}
}

// A body that is cut off by the end of input is not answered.
//
// Faults: D1.
func TestEndInsideAFrame(t *testing.T) {
	t.Parallel()
	whole := framed(length)
	for _, cut := range []int{1, 5, len(whole) - len(pingOne) - 3, len(whole) - len(pingOne), len(whole) - 1} {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			t.Parallel()
			h := spawn(t, options{lsp: lsp})
			h.begin()
			h.write(whole[:cut])
			require.NoError(t, h.in.Close())
			require.Empty(t, h.rest())
			require.Equal(t, 1, h.exit())
		})
	}
}

// Input may be cut anywhere.
func TestInputInPieces(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		t.Run(name, func(t *testing.T) {
			h := spawn(t, options{lsp: framing})
			h.begin()
			whole := h.frame(pingOne)
			for cut := range len(whole) {
				h.write(whole[:cut])
				h.write(whole[cut:])
				h.expect(works)
			}
			for i := range len(whole) {
				h.write(whole[i : i+1])
			}
			h.expect(works)
		})
	}
}

// What comes before the first byte that decides the framing is skipped.
func TestDetection(t *testing.T) {
	t.Parallel()
	for name, framing := range framings {
		for what, prefix := range map[string]string{
			"nothing": "", "a byte order mark": "\ufeff", "blanks": " \t\r\n\n", "both": "\ufeff\r\n ",
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				h := spawn(t, options{lsp: framing})
				h.write(prefix + h.frame(request(`"i"`, "initialize", "")))
				m := h.mustNext()
				require.Contains(t, string(m.Result), fmt.Sprintf(`"framing":%q`, name))
				h.ping()
			})
		}
	}
}

// --framing holds whatever the first byte is.
func TestFramingFlag(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{lsp: ndjson, args: []string{"--framing=ndjson"}})
	h.send("Content-Length: 2", "{}")
	h.expect2(parseError("null"), invalid("null"))
	h = spawn(t, options{lsp: lsp, args: []string{"--framing=lsp"}})
	h.write(pingOne + "\n\n")
	refused(t, h.mustNext(), -32700, "parse_error", "")
	require.Equal(t, 1, h.exit())
}

// expect2 reads two answers.
func (h *host) expect2(first, second reply) {
	h.t.Helper()
	m := h.mustNext()
	require.Equal(h.t, first.code, m.failure().Code, "%s", m.Raw)
	h.expect(second)
}

// Lines of NDJSON beyond a message each.
func TestLines(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, bytes string
		want        reply
	}{
		{"CRLF", pingOne + "\r\n", works},
		{"blank lines", "\n \t\n\r\n" + pingOne + "\n\n", works},
		{"at the limit", fmt.Sprintf("%-1000s\n", pingOne), works},
		{"above the limit", fmt.Sprintf("%-1001s\n", pingOne), reply{"1", -32600, "invalid_request", "too_large"}},
		{"far above the limit", fmt.Sprintf("%-3000000s\n", pingOne), reply{"1", -32600, "invalid_request", "too_large"}},
		{"CR is no end", strings.Replace(pingOne, ",", ",\r", 1) + "\n", works},
		{"U+2028 is no end", "{\"id\":1,\"method\":\"ping\",\"params\":{\"a\":\"\u2028\u2029\u0085\"}}\n", works},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := spawn(t, options{args: []string{"--max-message-bytes=1000"}})
			h.write(row.bytes)
			h.expect(row.want)
		})
	}
	t.Run("a message on two lines is two bad ones", func(t *testing.T) {
		h := spawn(t, options{})
		h.write(strings.Replace(pingOne, ",", ",\n", 1) + "\n")
		h.expect2(parseError("null"), parseError("null"))
	})
	t.Run("last line without its end", func(t *testing.T) {
		h := spawn(t, options{})
		_, err := io.WriteString(h.in, pingOne)
		require.NoError(t, err)
		require.NoError(t, h.in.Close())
		all := h.rest()
		require.Len(t, all, 1)
		require.Equal(t, "{}", string(all[0].Result))
		require.Equal(t, 0, h.exit())
	})
	t.Run("last line cut off", func(t *testing.T) {
		h := spawn(t, options{})
		h.write(pingOne + "\n" + strings.Replace(pingOne, "1", "2", 1)[:30])
		require.NoError(t, h.in.Close())
		all := h.rest()
		require.Len(t, all, 2)
		refused(t, all[1], -32700, "parse_error", "")
		require.Equal(t, 0, h.exit())
	})
}
