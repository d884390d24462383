package wire

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// pieces is an input that returns one piece for each read.
type pieces struct{ left []string }

func (p *pieces) Read(b []byte) (int, error) {
	for len(p.left) > 0 {
		n := copy(b, p.left[0])
		if p.left[0] = p.left[0][n:]; p.left[0] == "" {
			p.left = p.left[1:]
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, io.EOF
}

// A frame of 120 bytes is the same message wherever the reads cut it.
func TestFrameSplitAtEveryBoundary(t *testing.T) {
	for _, f := range framings {
		empty := frame(f, request("1", "test", `{"a":""}`))
		message := request("1", "test", fmt.Sprintf(`{"a":%q}`, strings.Repeat("x", 119-len(empty))))
		for _, c := range []struct{ name, before, after string }{
			{"alone", "", ""},
			{"byte order mark", "\xef\xbb\xbf \r\n", ""},
			{"second", frame(f, request("0", "test", "null")), ""},
			{"before a second", "", "\r\n" + frame(f, request("2", "test", "null"))},
		} {
			input := c.before + frame(f, message) + c.after
			want := answers(t, f, Options{}, input)
			require.NotEmpty(t, want)
			require.Contains(t, strings.Join(want, ""), "xxx")
			for cut := range len(input) + 1 {
				out, _ := converse(t, &pieces{[]string{input[:cut], input[cut:]}}, Options{})
				require.Equal(t, want, cutFrames(t, f, out), "%s, %s, cut at %d", f, c.name, cut)
			}
		}
	}
}

// Bodies and lines around the sizes of the buffers arrive whole.
func TestFrameSizes(t *testing.T) {
	for _, f := range framings {
		for _, size := range []int{1 << 10, 4095, 4096, 4097, eagerBytes - 1, eagerBytes, eagerBytes + 1, 128<<10 - 1, 128 << 10, 1 << 20} {
			// The sizes are met by the message, and then by the whole frame.
			for _, around := range []int{0, len(frame(f, strings.Repeat(" ", size))) - size} {
				params := fmt.Sprintf(`{"a":%q}`, strings.Repeat("x", size-around-len(request("1", "t", `{"a":""}`))))
				out, _ := converse(t, strings.NewReader(frame(f, request("1", "t", params))), Options{})
				require.Equal(t, []string{`{"jsonrpc":"2.0","id":1,"result":{"method":"t","params":` + params + `}}`}, cutFrames(t, f, out), size)
			}
		}
	}
}

func TestThousandFramesInOneWrite(t *testing.T) {
	for _, f := range framings {
		var input strings.Builder
		var want []string
		for i := range 1000 {
			input.WriteString(frame(f, request(fmt.Sprint(i), "test", "null")))
			want = append(want, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":{"method":"test"}}`, i))
		}
		require.Equal(t, want, answers(t, f, Options{}, input.String()))
	}
}

// A message is answered when its last byte is there, however short it is:
// nothing waits for more input to look at.
func TestAnswerNeedsNoMoreInput(t *testing.T) {
	for name, c := range map[string]struct {
		f     Framing
		input string
		want  string
	}{
		"the shortest line":       {FramingNDJSON, "5\n", "not a JSON object"},
		"the shortest object":     {FramingNDJSON, "{}\n", `\"method\" is missing`},
		"half a byte order mark":  {FramingNDJSON, "\xef\xbb\n", "expected a value"},
		"a frame":                 {FramingLSP, "Content-Length: 2\n\n{}", "must be"},
		"an empty frame":          {FramingLSP, "Content-Length: 0\r\n\r\n", "is empty"},
		"a header without an end": {FramingLSP, strings.Repeat("x", maxHeaderBytes+1), "boundary is lost"},
		"a wrong length":          {FramingLSP, "Content-Length: -2\r\n", "boundary is lost"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in, host := io.Pipe()
				out := newGate()
				out.open()
				conn := New(in, out, Options{})
				conn.Start(t.Context(), &echo{conn: conn})
				go func() { _, _ = io.WriteString(host, c.input) }()
				synctest.Wait()
				messages := cutFrames(t, c.f, out.output())
				require.Len(t, messages, 1)
				require.Contains(t, messages[0], c.want)
				require.NoError(t, in.Close())
				<-conn.Ended()
			})
		})
	}
}
