package engine

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	fillChatGPT  = `{"model":"gpt-5.2-codex","input":"hi","stream":true,"_meta":{"fillOutput":true}}`
	fillPlatform = `{"model":"gpt-5.2-pro","input":"hi","stream":true,"_meta":{"fillOutput":true}}`
)

// docs/protocol.md: Filling the output.
//
// Faults: G1.
func TestFillOutputOfTheLastEvent(t *testing.T) {
	one := item("0", `{ "type":"message" ,"id":"m\u0031"}`)
	tests := []struct {
		name, last, want string
		filled           bool
	}{
		{"empty", end(`{"id":"r","output":[ ],"x":1.50}`), end(`{"id":"r","output":[{ "type":"message" ,"id":"m\u0031"}],"x":1.50}`), true},
		{"null", end(`{"output":null}`), end(`{"output":[{ "type":"message" ,"id":"m\u0031"}]}`), true},
		{"absent", end(`{"id":"r"}`), end(`{"id":"r","output":[{ "type":"message" ,"id":"m\u0031"}]}`), true},
		{"there", end(`{"output":[ {"n":2} ]}`), end(`{"output":[ {"n":2} ]}`), false},
		{"incomplete", `{"type":"response.incomplete","response":{"output":[]}}`, `{"type":"response.incomplete","response":{"output":[{ "type":"message" ,"id":"m\u0031"}]}}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := serve(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, streamOf(created, one, tt.last)) })
			for _, params := range []string{fillChatGPT, fillPlatform} {
				h := &host{}
				result, err := h.create(t, t.Context(), e, params)
				require.NoError(t, err)
				assert.Equal(t, []string{created, one, tt.want}, h.events)
				filled := protocol.Adjustment{Field: "response.output", Action: "filled", Reason: "the upstream's last event lacks it"}
				if tt.filled {
					assert.Contains(t, result.Evidence.Adjustments, filled)
				} else {
					assert.NotContains(t, result.Evidence.Adjustments, filled)
				}
				assert.Nil(t, result.Response)
			}
			for _, params := range []string{askChatGPT, askPlatform} {
				h := &host{}
				_, err := h.create(t, t.Context(), e, params)
				require.NoError(t, err)
				assert.Equal(t, []string{created, one, tt.last}, h.events, "not asked for")
			}
		})
	}
}

// A line separator in an item is one in the last event too.
//
// Faults: G1.
func TestFilledEventIsMeasuredForLines(t *testing.T) {
	one := item("0", "{\"t\":\"\u2028\"}")
	e := serve(t, func(w http.ResponseWriter, _ *http.Request) { respond(w, streamOf(one, completed)) })
	h := &breakHost{}
	_, err := e.Create(t.Context(), h.request(t, fillPlatform), h)
	require.NoError(t, err)
	assert.Equal(t, []bool{true, true}, h.breaks)
}

type breakHost struct {
	host
	breaks []bool
}

func (h *breakHost) Event(ctx context.Context, event []byte, breaks bool) error {
	h.breaks = append(h.breaks, breaks)
	return h.host.Event(ctx, event, breaks)
}
