//go:build unix

package e2e

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	transcripts "github.com/signalbox-dev/signalbox/internal/transcript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// conformance is where the transcripts are.
var conformance = filepath.Join("..", "testdata", "conformance")

// play runs a conversation in a process of its own, whole in one write or with
// a byte a write, and returns its messages and its exit code.
func play(t *testing.T, c transcripts.Conversation, byteByByte bool) ([]message, int) {
	t.Helper()
	h := spawn(t, options{lsp: !c.Lines, args: c.Flags})
	written := make(chan struct{})
	go func() {
		defer close(written)
		for rest := c.Input; len(rest) > 0; {
			n := len(rest)
			if byteByByte {
				n = 1
			}
			// It fails when the process ends before its input does, as it may after
			// a frame boundary was lost.
			if _, err := h.in.Write(rest[:n]); err != nil {
				break
			}
			rest = rest[n:]
		}
		_ = h.in.Close()
	}()
	all := h.rest()
	code := h.wait(patience)
	<-written
	return all, code
}

// eachWay runs a test for every conversation of a folder, whole and byte by
// byte. In a binary that is many times slower each is played in one of the two
// ways, in turn.
func eachWay(t *testing.T, dir string, test func(t *testing.T, c transcripts.Conversation, byteByByte bool)) {
	files, err := transcripts.Load(dir)
	require.NoError(t, err)
	turn := false
	for _, file := range files {
		for _, c := range file.Conversations {
			turn = !turn
			for way, byteByByte := range map[string]bool{"whole": false, "byte by byte": true} {
				if less() && byteByByte != turn {
					continue
				}
				t.Run(fmt.Sprint(file.Name(), "/", c.Name, "/", way), func(t *testing.T) {
					t.Parallel()
					test(t, c, byteByByte)
				})
			}
		}
	}
}

// resultID finds the id in the line of a result.
var resultID = regexp.MustCompile(`^\w+ \{"jsonrpc":"2.0","id":(.*?),"result":`)

// TestConformance plays the transcripts that were written for an echo: the
// errors of malformed messages are the same, byte for byte, and every other
// answer has at least the same id.
func TestConformance(t *testing.T) {
	t.Parallel()
	eachWay(t, conformance, func(t *testing.T, c transcripts.Conversation, byteByByte bool) {
		if strings.Contains(string(c.Input), `"hold"`) {
			return // only the echo knows the request hold
		}
		all, code := play(t, c, byteByByte)
		want, got := strings.Split(strings.TrimSuffix(c.Want, "\n"), "\n"), []string{}
		lost := want[len(want)-1] == "lost"
		if lost || c.Want == "" {
			want = want[:len(want)-1]
		}
		require.Len(t, all, len(want))
		for i, m := range all {
			text := strings.TrimSuffix(transcripts.Line(m.Raw), "\n")
			if e := m.failure(); e.Code != -32700 && e.Code != -32600 {
				text = "id " + string(m.ID)
				expected := resultID.FindStringSubmatch(want[i])
				require.NotNil(t, expected, "expected %s, got %s", want[i], m.Raw)
				want[i] = "id " + expected[1]
			}
			got = append(got, text)
		}
		require.Equal(t, want, got)
		switch {
		case c.Lines:
			assert.Equal(t, 0, code, "the end of a script")
		case lost || len(all) > 0:
			assert.Equal(t, 1, code, "the end of an editor, or of what can be read")
		}
	})
}

// TestConformanceOfTheLifecycle plays the transcripts that were written for
// signalbox itself.
func TestConformanceOfTheLifecycle(t *testing.T) {
	t.Parallel()
	eachWay(t, filepath.Join(conformance, "lifecycle"), func(t *testing.T, c transcripts.Conversation, byteByByte bool) {
		all, code := play(t, c, byteByByte)
		text, unordered := strings.CutPrefix(c.Want, "unordered\n")
		want := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		var got []string
		for i, m := range all {
			// The line that the transcript has for it, the exact one at worst.
			text := strings.TrimSuffix(transcripts.Line(m.Raw), "\n")
			loose := "result " + string(m.ID)
			if m.Error != nil {
				loose = fmt.Sprintf("error %s %d", m.ID, m.failure().Code)
			}
			if i < len(want) && want[i] == loose || unordered && slices.Contains(want, loose) {
				text = loose
			}
			got = append(got, text)
		}
		got = append(got, fmt.Sprint("exit ", code))
		if unordered {
			slices.Sort(want)
			slices.Sort(got)
		}
		require.Equal(t, want, got)
	})
}
