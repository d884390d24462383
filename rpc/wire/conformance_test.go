package wire

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the out sections of testdata/conformance")

// TestConformance plays the transcripts of testdata/conformance; its README
// describes their format.
func TestConformance(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "conformance", "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			playTranscript(t, archive)
			if *update {
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
			}
		})
	}
}

// playTranscript plays every conversation of a transcript in every framing that
// it is for, once with one large read and once with a byte a read.
func playTranscript(t *testing.T, archive *txtar.Archive) {
	var opts Options
	for i, section := range archive.Files {
		name, isInput := strings.CutSuffix(section.Name, "/in")
		switch {
		case section.Name == "flags":
			opts.MaxMessageBytes = maxMessageFlag(t, section.Data)
			continue
		case !isInput:
			continue
		}
		require.Less(t, i+1, len(archive.Files), name)
		want := &archive.Files[i+1]
		require.Equal(t, name+"/out", want.Name)
		for _, f := range framingsOf(t, name) {
			input := inputBytes(t, f, section.Data)
			got := play(t, f, bytes.NewReader(input), opts)
			if *update {
				want.Data = []byte(got)
			}
			require.Equal(t, string(want.Data), got, "%s, %s", name, f)
			require.Equal(t, got, play(t, f, iotest.OneByteReader(bytes.NewReader(input)), opts), "%s, %s, one byte a read", name, f)
		}
	}
}

// maxMessageFlag reads the one flag that transcripts use.
func maxMessageFlag(t *testing.T, line []byte) int64 {
	value, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "--max-message-bytes=")
	require.True(t, ok, "unknown flag %q", line)
	n, err := strconv.ParseInt(value, 10, 64)
	require.NoError(t, err)
	return n
}

// framingsOf gives the framings that a section is for: the last part of its
// name.
func framingsOf(t *testing.T, name string) []Framing {
	switch name[strings.LastIndexByte(name, '/')+1:] {
	case "lsp":
		return []Framing{FramingLSP}
	case "ndjson":
		return []Framing{FramingNDJSON}
	case "both":
		return framings
	}
	t.Fatalf("section %q names no framing", name)
	return nil
}

// inputBytes gives the bytes that an in section stands for.
func inputBytes(t *testing.T, f Framing, section []byte) []byte {
	var input []byte
	for line := range strings.Lines(string(section)) {
		line = strings.TrimSuffix(line, "\n")
		verb, text, _ := strings.Cut(line, " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case verb == "message":
			input = append(input, frame(f, text)...)
		case verb == "escaped":
			input = append(input, frame(f, unescape(t, text))...)
		case verb == "bytes":
			input = append(input, unescape(t, text)...)
		default:
			t.Fatalf("no such line: %q", line)
		}
	}
	return input
}

var repetition = regexp.MustCompile(`\\\{(.+?)\*(\d+)\}`)

// unescape decodes \r \n \t \\ \xHH and \{text*count}.
func unescape(t *testing.T, text string) string {
	text = repetition.ReplaceAllStringFunc(text, func(s string) string {
		part := repetition.FindStringSubmatch(s)
		count, _ := strconv.Atoi(part[2])
		return strings.Repeat(part[1], count)
	})
	var out []byte
	for len(text) > 0 {
		if text[0] != '\\' {
			out, text = append(out, text[0]), text[1:]
			continue
		}
		r, multibyte, rest, err := strconv.UnquoteChar(text, 0)
		require.NoError(t, err, "%.40q", text)
		require.False(t, multibyte)
		out, text = append(out, byte(r)), rest
	}
	return string(out)
}

// escape writes a message so that every byte can be seen.
func escape(message []byte) string {
	if utf8.Valid(message) && !bytes.ContainsAny(message, "\r\n\u0085\u2028\u2029") {
		return "message " + string(message)
	}
	text := []byte("escaped ")
	for _, c := range message {
		switch {
		case c == '\\':
			text = append(text, `\\`...)
		case c < ' ' || c > '~':
			text = fmt.Appendf(text, `\x%02x`, c)
		default:
			text = append(text, c)
		}
	}
	return string(text)
}

// play gives an out section: the messages, and how the conversation ended.
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
		fmt.Fprintln(&section, escape(message))
		output = rest
	}
	if conn.Lost() {
		section.WriteString("lost\n")
	}
	return section.String()
}
