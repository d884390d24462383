//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recordings is the folder of real streams. It is no part of the repository.
const recordings = "../../shared/recorded"

// recording is one real stream, as a text/event-stream body.
type recording struct {
	name string
	body []byte
}

// readRecordings returns every recorded stream, or skips the test.
func readRecordings(t *testing.T) []recording {
	t.Helper()
	names, err := filepath.Glob(recordings + "/*")
	require.NoError(t, err)
	var all []recording
	for _, path := range names {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		name := filepath.Base(path)
		switch {
		case strings.HasSuffix(name, ".sse"):
			all = append(all, recording{name, text})
		case strings.HasSuffix(name, ".events.jsonl"):
			for i, body := range splitStreams(text) {
				all = append(all, recording{fmt.Sprintf("%s#%d", name, i), body})
			}
		}
	}
	if len(all) == 0 {
		t.Skipf("there are no recorded streams in %s", recordings)
	}
	return all
}

// splitStreams makes bodies of lines of events; a response.created begins one.
func splitStreams(text []byte) [][]byte {
	var bodies [][]byte
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if len(bodies) == 0 || eventType(line) == "response.created" {
			bodies = append(bodies, nil)
		}
		last := &bodies[len(bodies)-1]
		*last = fmt.Appendf(*last, "data: %s\n\n", line)
	}
	return bodies
}

func eventType(event []byte) string {
	var e struct{ Type string }
	_ = json.Unmarshal(event, &e)
	return e.Type
}

// dataOf is an independent reading of a body whose lines end with LF: the data
// of each event, also of a last one without its blank line.
func dataOf(body []byte) [][]byte {
	var all [][]byte
	for _, block := range strings.Split(string(body), "\n\n") {
		var data []string
		for _, line := range strings.Split(block, "\n") {
			if value, ok := strings.CutPrefix(line, "data:"); ok {
				data = append(data, strings.TrimPrefix(value, " "))
			}
		}
		if len(data) > 0 && data[0] != "[DONE]" {
			all = append(all, []byte(strings.Join(data, "\n")))
		}
	}
	return all
}

// inLine is what NDJSON framing makes of an event (docs/protocol.md: Framing), and header
// framing does not.
func inLine(event []byte, lsp bool) string {
	if lsp {
		return string(event)
	}
	return strings.NewReplacer("\n", " ", "\r", " ", "\u0085", `\u0085`, "\u2028", `\u2028`, "\u2029", `\u2029`).Replace(string(event))
}

// replay streams body from the simulator through the real binary, over the
// route of the model.
func replay(t *testing.T, framing bool, model string, body []byte, writeSize int) (*host, outcome) {
	t.Helper()
	sim := simulated(t, simulator.Config{Replay: body, WriteSize: writeSize})
	h := spawn(t, options{lsp: framing, upstream: sim})
	h.begin()
	return h, h.create("1", fmt.Sprintf(`{"model":%q,"input":"Hello.","stream":true}`, model))
}

// sameEvents asserts that the events are the data of the body, byte for byte.
func sameEvents(t *testing.T, framing bool, body []byte, events [][]byte) {
	t.Helper()
	want := dataOf(body)
	require.NotEmpty(t, want)
	require.Len(t, events, len(want))
	for i := range want {
		require.Equal(t, inLine(want[i], framing), string(events[i]), "event %d", i)
	}
}

// How a stream ends follows from its last event (docs/protocol.md:
// Ends of a stream).
func assertEnd(t *testing.T, last []byte, o outcome) {
	t.Helper()
	switch eventType(last) {
	case "response.completed":
		assert.Equal(t, "completed", o.status())
		require.NotNil(t, o.answer.Result, "%s", o.answer.Raw)
	case "response.incomplete":
		assert.Equal(t, "incomplete", o.status())
		require.NotNil(t, o.answer.Result, "%s", o.answer.Raw)
	case "response.failed", "error":
		assert.Equal(t, "failed", o.status())
		refused(t, o.answer, 1106, "response_failed", "quota") // insufficient_quota in the one recording of an error
	default:
		assert.Equal(t, "failed", o.status())
		e := refused(t, o.answer, 1105, "stream_broken", "no_terminal_event")
		require.NotNil(t, e.Data.EventsDelivered)
		assert.Equal(t, len(o.events), *e.Data.EventsDelivered)
	}
}

func TestRecordedStreamsArriveByteForByte(t *testing.T) {
	t.Parallel()
	for i, r := range readRecordings(t) {
		for name, framing := range framings {
			for _, size := range []int{0, 1} {
				t.Run(fmt.Sprintf("%s/%s/%d", r.name, name, size), func(t *testing.T) {
					t.Parallel()
					model := []string{"gpt-5.2-codex", "gpt-5.2-pro"}[i%2] // both routes have their turn
					h, o := replay(t, framing, model, r.body, size)
					require.NotNil(t, o.started)
					sameEvents(t, framing, r.body, o.events)
					assertEnd(t, o.events[len(o.events)-1], o)
					h.ping()
				})
			}
		}
	}
}

// A recording that stops early is delivered as far as it goes, and its end is
// named: 1106 where an error event is last, 1105 no_terminal_event for all
// others.
func TestRecordedStreamWithoutItsTerminalEvent(t *testing.T) {
	t.Parallel()
	for _, r := range readRecordings(t) {
		for name, framing := range framings {
			t.Run(r.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				data := dataOf(r.body)
				var body []byte
				for _, event := range data[:len(data)-1] {
					body = fmt.Appendf(body, "data: %s\n\n", event)
				}
				h, o := replay(t, framing, "gpt-5.2-pro", body, 0)
				sameEvents(t, framing, body, o.events)
				assertEnd(t, o.events[len(o.events)-1], o)
				h.ping()
			})
		}
	}
}
