package output

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// FuzzCollector takes any lines as events: what comes out is JSON, is not larger than
// what may be kept, and is the same however often it is asked for.
func FuzzCollector(f *testing.F) {
	f.Add(on("output_text.delta", `"content_index":0,"delta":"a"`)+"\n"+closed(0, `{"id":"m","type":"message","content":[]}`), `{"output":[]}`)
	f.Add(opened(`{"type":"function_call","call_id":"c"}`)+"\n"+on("function_call_arguments.delta", `"delta":"{}"`), `{"output":[{"call_id":"c"}]}`)
	f.Add(on("content_part.added", `"part":{"type":"reasoning_text"}`)+"\n"+on("output_text.annotation.added", `"annotation":{}`), `{}`)
	f.Add(on("apply_patch_call_operation_diff.delta", `"delta":"\\u0041"`)+"\n"+closed(3, `7`), `{"output":null,"output":[null]}`)
	f.Fuzz(func(t *testing.T, events, response string) {
		c := New(1 << 16)
		for line := range strings.Lines(events) {
			text := []byte(strings.TrimSpace(line))
			members, _, err := rawjson.Object(text, maxDepth, nil)
			if err != nil {
				continue
			}
			if !c.Add(textOf(members, "type"), text, members) {
				return
			}
		}
		if _, _, err := rawjson.Object([]byte(response), maxDepth, nil); err != nil {
			return
		}
		for _, status := range []string{"completed", "incomplete"} {
			filled, changed, missing := c.Fill([]byte(response), status)
			require.True(t, json.Valid(filled), "%s", filled)
			again, _, stillMissing := c.Fill([]byte(response), status)
			require.Equal(t, string(filled), string(again))
			require.Equal(t, missing, stillMissing)
			require.Equal(t, !changed, response == string(filled))
		}
	})
}
