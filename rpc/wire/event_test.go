package wire

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// The number of an event is what strconv makes of it, whether it is the next one
// or any other.
func TestEventNumber(t *testing.T) {
	template := &EventTemplate{}
	for seq := range int64(120_000) {
		if got := string(template.number(seq)); got != strconv.FormatInt(seq, 10) {
			t.Fatalf("%d becomes %s", seq, got)
		}
	}
	for _, seq := range []int64{5, 6, 6, 999_999_999, 1_000_000_000, 0, 1, 9, 10, 7} {
		require.Equal(t, strconv.FormatInt(seq, 10), string(template.number(seq)))
	}
}

// A host that asks for it gets well-formed strings in all that is sent: the text keeps
// its length, and pairs, escaped backslashes and raw text stay as they are.
//
// Faults: G9.
func TestWellFormedStrings(t *testing.T) {
	for _, f := range framings {
		for given, want := range map[string]string{
			`{"delta":"a\ud83d"}`:               `{"delta":"a\ufffd"}`,
			`{"delta":"\ude00b"}`:               `{"delta":"\ufffdb"}`,
			`["\uD83D\uDE00\uD83D","😀\\ud83d"]`: `["\uD83D\uDE00\ufffd","😀\\ud83d"]`,
			`{"\udc00\ud800":"\u0000\ud83dx"}`:  `{"\ufffd\ufffd":"\u0000\ufffdx"}`,
		} {
			for _, on := range []bool{false, true} {
				expected := given
				if on {
					expected = want
				}
				out := &lone{t: t}
				conn := inFraming(f, out)
				conn.SetWellFormed(on)
				require.NoError(t, conn.Event(t.Context(), conn.NewEventTemplate("e", "s", []byte("1")), 1, []byte(given), false))
				conn.Notify("n", []byte(given))
				require.NoError(t, conn.Written(t.Context()))
				messages := cutFrames(t, f, out.got)
				require.Equal(t, []string{
					`{"jsonrpc":"2.0","method":"e","params":{"streamId":"s","requestId":1,"seq":1,"event":` + expected + `}}`,
					`{"jsonrpc":"2.0","method":"n","params":` + expected + `}`,
				}, messages)
			}
		}
	}
}
