package wire

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// allocated returns the bytes that f has allocated.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// x is an endless input.
type x struct{}

func (x) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// What a header announces is not allocated, only what arrives.
func TestAnnouncedIsNotAllocated(t *testing.T) {
	for _, limit := range []int64{0, 1 << 30} {
		used := allocated(func() {
			out, conn := converse(t, strings.NewReader("Content-Length: 1073741824\r\n\r\n"+strings.Repeat("x", 100_000)), Options{MaxMessageBytes: limit})
			require.Empty(t, out)
			require.False(t, conn.Lost())
		})
		require.Less(t, used, uint64(2<<20), limit)
	}
}

// A message that is too large passes by without being kept.
func TestTooLargeIsNotKept(t *testing.T) {
	const size = 100 << 20
	head := `{"jsonrpc":"2.0","id":"x","method":"test","params":"`
	for f, in := range map[Framing]io.Reader{
		FramingLSP: io.MultiReader(strings.NewReader(fmt.Sprintf("Content-Length: %d\r\n\r\n%s", size+len(head), head)),
			io.LimitReader(x{}, size), strings.NewReader(frame(FramingLSP, request("2", "test", "null")))),
		FramingNDJSON: io.MultiReader(strings.NewReader(head),
			io.LimitReader(x{}, size), strings.NewReader("\n"+frame(FramingNDJSON, request("2", "test", "null")))),
	} {
		used := allocated(func() {
			out, _ := converse(t, in, Options{MaxMessageBytes: 1 << 20})
			messages := cutFrames(t, f, out)
			require.Len(t, messages, 2)
			require.Contains(t, messages[0], `"id":"x","error":{"code":-32600,`)
			require.Contains(t, messages[0], `"reason":"too_large"`)
			require.Contains(t, messages[1], `"id":2,"result"`)
		})
		require.Less(t, used, uint64(12<<20), f)
	}
}

// A line of blanks is no message, but may be too large.
func TestEndlessLine(t *testing.T) {
	got := answers(t, FramingNDJSON, Options{MaxMessageBytes: 100}, "{", strings.Repeat(" ", 200_000))
	require.Len(t, got, 1)
	require.Contains(t, got[0], "too_large")
}

// The limit is exact, and counts no line end.
func TestMaxMessageBytes(t *testing.T) {
	for _, limit := range []int{50, peekBytes, 64<<10 - 2, 64<<10 - 1, 64 << 10, 64<<10 + 1, 200_000} {
		for _, f := range framings {
			empty := len(request("1", "test", `[""]`))
			message := request("1", "test", `["`+strings.Repeat("x", max(limit-empty, 0))+`"]`)
			opts := Options{MaxMessageBytes: int64(len(message))}
			larger := message[:len(message)-1] + " }"
			ends := []string{""}
			if f == FramingNDJSON {
				ends = []string{"\n", "\r\n", ""}
			}
			for _, end := range ends {
				got := answers(t, f, opts, strings.TrimSuffix(frame(f, message), "\n"), end)
				require.Len(t, got, 1)
				require.Contains(t, got[0], `"id":1,"result"`, "%s %d %q", f, limit, end)
				got = answers(t, f, opts, strings.TrimSuffix(frame(f, larger), "\n"), end)
				require.Len(t, got, 1)
				require.Contains(t, got[0], `"too_large"`, "%s %d %q", f, limit, end)
			}
		}
	}
	got := answers(t, FramingNDJSON, Options{MaxMessageBytes: 1<<63 - 1}, request("1", "test", `["`+strings.Repeat("x", 100_000)+`"]`))
	require.Contains(t, got[0], `"result"`)
}

// The id of a message that is too large is echoed when it is complete within
// the first 4 KiB.
func TestTooLargeEchoesTheID(t *testing.T) {
	for _, f := range framings {
		for _, c := range []struct{ head, want string }{
			{`{"id":1,"a":"`, "1"},
			{`{"id":"é","a":"`, `"é"`},
			{`{"id":1`, "null"},
			{`{"id":null,"a":"`, "null"},
			{`{"ID":1,"a":"`, "null"},
			{`{"params":{"id":1},"a":"`, "null"},
			{`[{"id":1},"`, "null"},
			{`"`, "null"},
			{`{"a":"` + strings.Repeat("x", 4078) + `","id":1234,"b":"`, "1234"},
			{`{"a":"` + strings.Repeat("x", 4079) + `","id":1234,"b":"`, "null"},
			{`{"a":"` + strings.Repeat("x", 4081) + `","id":1234`, "null"},
		} {
			got := answers(t, f, Options{MaxMessageBytes: 10}, frame(f, c.head+strings.Repeat("x", 100_000)))
			require.Len(t, got, 1)
			require.Contains(t, got[0], `{"jsonrpc":"2.0","id":`+c.want+`,"error":{"code":-32600,`, "%s", c.head[:min(20, len(c.head))])
		}
	}
}

// A large message costs a small multiple of itself.
func TestLargeMessage(t *testing.T) {
	const size = 16 << 20
	for _, f := range framings {
		input := frame(f, `{"jsonrpc":"2.0","method":"test","params":["`+strings.Repeat("x", size)+`"]}`)
		used := allocated(func() {
			out, _ := converse(t, strings.NewReader(input), Options{})
			require.Empty(t, out)
		})
		require.Less(t, used, uint64(6*size), f)
	}
}
