package wire

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ids are echoed byte for byte, whatever their spelling.
func TestIDEchoed(t *testing.T) {
	for _, f := range framings {
		for _, id := range []string{
			"0", "-0", "-7", "7", "1.5", "1.0", "1e0", "1E+2", "1e-400", "1E400", "0.10",
			"9007199254740993", "18446744073709551615", "18446744073709551616", strings.Repeat("9", 40), strings.Repeat("1", 5000),
			`""`, `"1"`, `" "`, `"a\/b"`, `"\u0041"`, `"\""`, `"\\"`, `"\n"`, `"\u0000"`, `"\ud83d\ude00"`, `"😀"`, `"\uD800"`,
			`"\u2028"`, `"\"},\"result\":1"`, `"` + strings.Repeat("x", 100_000) + `"`,
		} {
			require.Equal(t, []string{fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"method":"test"}}`, id)},
				answers(t, f, Options{}, frame(f, request(id, "test", "null"))))
		}
	}
}

// Strings are matched by their value, numbers by their bytes.
func TestIDMatched(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`1`, `1`, true},
		{`1`, `"1"`, false},
		{`1`, `1.0`, false},
		{`1`, `1e0`, false},
		{`0`, `-0`, false},
		{`0`, `""`, false},
		{`""`, `""`, true},
		{`"a"`, `"\u0061"`, true},
		{`"a"`, `"A"`, false},
		{`"s1"`, `1`, false},
		{`"s1"`, `"1"`, false},
		{`"é"`, `"\u00e9"`, true},
		{`"é"`, `"e\u0301"`, false},
		{`"/"`, `"\/"`, true},
		{`"😀"`, `"\ud83D\uDE00"`, true},
		{`"\ud800"`, `"\ud800"`, true},
		{`"\ud800"`, `"\ud801"`, false},
		{`"\ud800"`, `"\ufffd"`, false},
		{strings.Repeat("9", 40), strings.Repeat("9", 39) + "8", false},
	} {
		for _, pair := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
			first, second := pair[0], pair[1]
			got := strings.Join(answers(t, FramingLSP, Options{},
				frame(FramingLSP, request(first, "hold", `["first"]`)),
				frame(FramingLSP, request(second, "test", `["second"]`)),
				frame(FramingLSP, `{"jsonrpc":"2.0","method":"release"}`)), "\n")
			require.Equal(t, c.same, strings.Contains(got, `"duplicate_id"`), "%s %s", first, second)
			require.Equal(t, !c.same, strings.Contains(got, `["second"]`), "%s %s", first, second)
			require.Contains(t, got, `["first"]`)

			got = strings.Join(answers(t, FramingLSP, Options{},
				frame(FramingLSP, request(first, "hold", "null")),
				frame(FramingLSP, `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":`+second+`}}`),
				frame(FramingLSP, `{"jsonrpc":"2.0","method":"release"}`)), "\n")
			require.Equal(t, c.same, strings.Contains(got, "-32800"), "%s cancelled by %s", first, second)
		}
	}
}

// Cancelling what is no id, or nothing in flight, does nothing.
func TestCancelOfNothing(t *testing.T) {
	conn := inFraming(FramingLSP, newGate())
	for _, id := range []string{"", "null", "true", "{}", "[1]", "1", `"1"`, `"`, `"\ud800"`} {
		conn.Cancel([]byte(id))
	}
}
