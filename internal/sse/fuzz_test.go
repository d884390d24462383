package sse

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tmaxmax/go-sse"
)

// plainEvents reads a whole stream as WHATWG HTML 9.2.6 describes it, line by line,
// with the deviations that Reader documents.
func plainEvents(stream string) events {
	got := events{Err: io.EOF}
	stream = strings.TrimPrefix(stream, "\ufeff")
	stream = strings.ReplaceAll(stream, "\r\n", "\n")
	stream = strings.ReplaceAll(stream, "\r", "\n")
	data := ""
	lines := strings.Split(stream, "\n")
	for i, line := range lines {
		last := i == len(lines)-1 // what follows the last line end
		if line == "" && !last {
			if data = strings.TrimSuffix(data, "\n"); data != "" {
				got.Data = append(got.Data, data)
			}
			data = ""
		}
		name, value, _ := strings.Cut(line, ":")
		if name == "data" {
			data += strings.TrimPrefix(value, " ") + "\n"
		}
	}
	got.Tail = strings.TrimSuffix(data, "\n")
	return got
}

func FuzzReader(f *testing.F) {
	for _, file := range sseFiles(f) {
		c := readCase(f, file)
		f.Add(c.stream, uint8(7), true)
		f.Add(c.stream, uint8(1), false)
	}
	f.Add("data: "+strings.Repeat("x", 3*minBuffer)+"\ndata:y\n\n", uint8(255), false)
	f.Fuzz(func(t *testing.T, stream string, n uint8, withErr bool) {
		body := &chunks{body: stream, n: int(n) + 1, err: io.EOF, withErr: withErr}
		got := readEvents(t, body, 1<<20)
		require.Equal(t, plainEvents(stream), got)
		require.Equal(t, got, readEvents(t, strings.NewReader(stream), 1<<20))

		// A small limit leads to the same verdict whatever the reads are, and only
		// takes away.
		limited := readEvents(t, &chunks{body: stream, n: int(n) + 1, err: io.EOF}, 5)
		require.Equal(t, limited, readEvents(t, strings.NewReader(stream), 5))
		require.LessOrEqual(t, len(limited.Data), len(got.Data))
		require.Equal(t, got.Data[:len(limited.Data)], append(got.Data[:0:0], limited.Data...))

		// go-sse differs in three ways. It also hands out an event without data
		// when the block has another field. Of a block cut off by the end of the
		// body it drops or hands out what it has without telling, so both read a
		// stream whose last block is complete. And it skips a BOM in front of the
		// first line that is not blank, so the blank ones are cut off.
		stream = strings.TrimLeft(stream, "\r\n") + "\n\n"
		var theirs []string
		for event, err := range sse.Read(strings.NewReader(stream), &sse.ReadConfig{MaxEventSize: 1 << 30}) {
			require.NoError(t, err)
			if event.Data != "" {
				theirs = append(theirs, event.Data)
			}
		}
		require.Equal(t, theirs, readEvents(t, bytes.NewReader([]byte(stream)), 1<<20).Data)
	})
}
