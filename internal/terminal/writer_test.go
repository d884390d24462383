package terminal

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

func shown(t *testing.T, parts ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	for _, part := range parts {
		n, err := w.Write([]byte(part))
		require.NoError(t, err)
		require.Equal(t, len(part), n)
	}
	return out.String()
}

// Faults: U1.
func TestOthersControlNothing(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext\nné 日本 👩\u200d🔬 שלום": "plain\ttext\nné 日本 👩\u200d🔬 שלום",
		"a\r\nb":                       "a\nb",
		"a\rb":                         `a\u000db`,
		"\x1b]52;c;ZXZpbA==\a":         `\u001b]52;c;ZXZpbA==\u0007`,
		"\x1b[2J\x1b[H\x1bc":           `\u001b[2J\u001b[H\u001bc`,
		"\x1b]8;;http://x\x1b\\y":      `\u001b]8;;http://x\u001b\y`,
		"\u009b2J\u0085\x7f\b\v\f\x00": `\u009b2J\u0085\u007f\u0008\u000b\u000c\u0000`,
		"\x9b2J":                       "\ufffd2J",
		"a\u202eb\u202c\u2066c\u2069":  `a\u202eb\u202c\u2066c\u2069`,
		"{\"a\":\"\u009b\u202e\"}":     `{"a":"\u009b\u202e"}`,
	} {
		require.Equal(t, want, shown(t, in), "%q", in)
		// A sequence or a character that is split anywhere is the same.
		for i := range len(in) {
			require.Equal(t, want, shown(t, in[:i], in[i:]), "%q at %d", in, i)
		}
		require.Equal(t, want, shown(t, strings.Split(in, "")...), "%q", in)
	}
}

func TestOwnSequencesPass(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	own := w.Own("\x1b[31m") + "red" + w.Own("\x1b[0m")
	_, _ = w.Write([]byte(own + " \x1b[31m"))
	require.Equal(t, "\x1b[31mred\x1b[0m \\u001b[31m", out.String())
	// Those of another Writer are somebody else's.
	require.NotContains(t, shown(t, own), "\x1b")
}

// Faults: U2.
func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"as it was":                  "as it was",
		"one\n  to do: two\r\nthree": "one   to do: two three",
		"a\tb\u2028c\u0085d":         "a b c d",
		"gpt\u200b-5\u00ad\ufeff":    `gpt\u200b-5\u00ad\ufeff`,
		"x\U000e0041y":               `x\u{e0041}y`,
		"a\u202eb\x1b[2Jc\rd":        `a\u202eb\u001b[2Jc\u000dd`,
		"\xff":                       "\ufffd",
	} {
		got := Line(in)
		require.Equal(t, want, got, "%q", in)
		require.Equal(t, got, Line(got))
		require.Equal(t, got, shown(t, got), "a line passes the writer as it is")
	}
}

// Faults: U1.
func FuzzWriter(f *testing.F) {
	f.Add("a\x1b[31m\u202e\r\n\xf0\x9f", 3)
	f.Fuzz(func(t *testing.T, text string, at int) {
		if at < 0 || at > len(text) {
			return
		}
		got := shown(t, text[:at], text[at:], "\n")
		require.True(t, utf8.ValidString(got))
		require.Equal(t, -1, strings.IndexFunc(got, controls), "%q", got)
		require.Equal(t, shown(t, text, "\n"), got)
	})
}
