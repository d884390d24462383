//go:build unix

package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A text of which only one piece came, over the whole way: in the last event, which
// the host asks to have filled, and in the response of a host without events.
//
// Faults: G10.
func TestTextWithoutAnEndReachesTheHost(t *testing.T) {
	t.Parallel()
	const (
		piece = `{"type":"response.output_text.delta","item_id":"m","output_index":0,"content_index":0,"delta":"Hello"}`
		item  = `{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}]}`
		last  = `{"type":"response.done","response":{"id":"resp_1","output":[]}}`
	)
	h := spawn(t, serving(t, false, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(sse(piece, last)) }))
	got := h.create("1", strings.Replace(createPro, `"stream"`, `"_meta":{"fillOutput":true},"stream"`, 1))
	require.Len(t, got.events, 2)
	assert.Equal(t, piece, string(got.events[0]))
	assert.Equal(t, strings.Replace(last, "[]", "["+item+"]", 1), string(got.events[1]))
	assert.Equal(t, "completed", got.status())
	assert.Contains(t, string(got.answer.Result), `{"field":"response.output","action":"filled"`)

	got = h.create("2", strings.Replace(createPro, `"stream"`, `"_meta":{"events":"none"},"stream"`, 1))
	assert.Contains(t, string(got.answer.Result), `"response":{"id":"resp_1","output":[`+item+`]}`)
}

// A call of which the beginning never came is no answer: its last event is withheld
// from a host that wants it filled.
//
// Faults: G11.
func TestHoleIsNoCompletedAnswer(t *testing.T) {
	t.Parallel()
	const (
		piece = `{"type":"response.function_call_arguments.delta","item_id":"f","output_index":0,"delta":"{}"}`
		last  = `{"type":"response.completed","response":{"id":"resp_1","output":[]}}`
	)
	h := spawn(t, serving(t, false, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(sse(piece, last)) }))
	for id, meta := range map[string]string{"1": `{"fillOutput":true}`, "2": `{"events":"none"}`} {
		got := h.create(id, strings.Replace(createPro, `"stream"`, `"_meta":`+meta+`,"stream"`, 1))
		refused(t, got.answer, 1105, "stream_broken", "missing_events")
		assert.Equal(t, "failed", got.status())
		assert.Equal(t, id == "2", errorData(t, got.answer)["retryable"])
		for _, event := range got.events {
			assert.Equal(t, piece, string(event))
		}
	}
	got := h.create("3", createPro)
	assert.Equal(t, "completed", got.status(), "events pass as they come")
	assert.Len(t, got.events, 2)
}
