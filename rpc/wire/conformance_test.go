package wire

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/signalbox-dev/signalbox/internal/transcript"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the out sections of testdata/conformance")

// TestConformance plays the transcripts of testdata/conformance, each
// conversation once with one large read and once with a byte a read.
func TestConformance(t *testing.T) {
	files, err := transcript.Load(filepath.Join("..", "..", "testdata", "conformance"))
	require.NoError(t, err)
	for _, file := range files {
		t.Run(file.Name(), func(t *testing.T) {
			var all []string
			for _, c := range file.Conversations {
				f, opts := FramingLSP, Options{MaxMessageBytes: maxMessageFlag(t, c.Flags)}
				if c.Lines {
					f = FramingNDJSON
				}
				got := play(t, f, bytes.NewReader(c.Input), opts)
				all = append(all, got)
				if !*update {
					require.Equal(t, c.Want, got, c.Name)
				}
				require.Equal(t, got, play(t, f, iotest.OneByteReader(bytes.NewReader(c.Input)), opts), "%s, one byte a read", c.Name)
			}
			if *update {
				require.NoError(t, file.Update(all))
			}
		})
	}
}

// maxMessageFlag reads the one flag that transcripts use.
func maxMessageFlag(t *testing.T, flags []string) int64 {
	if len(flags) == 0 {
		return 0
	}
	value, ok := strings.CutPrefix(flags[0], "--max-message-bytes=")
	require.True(t, ok && len(flags) == 1, "unknown flags %q", flags)
	n, err := strconv.ParseInt(value, 10, 64)
	require.NoError(t, err)
	return n
}

// play returns an out section: the messages, and how the conversation ended.
func play(t *testing.T, f Framing, in io.Reader, opts Options) string {
	output, conn := converse(t, in, opts)
	if len(output) > 0 {
		require.Equal(t, f, conn.Framing())
	}
	var section strings.Builder
	for len(output) > 0 {
		message, rest, ok := cutFrame(f, output)
		if !ok {
			fmt.Fprintf(&section, "no frame: %q\n", output)
			break
		}
		section.WriteString(transcript.Line(message))
		output = rest
	}
	if conn.Lost() {
		section.WriteString("lost\n")
	}
	return section.String()
}
