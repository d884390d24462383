package output

import (
	"testing"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// BenchmarkDelta is what one token of a text costs a host that asks for the response
// as a whole.
func BenchmarkDelta(b *testing.B) {
	text := []byte(`{"type":"response.output_text.delta","sequence_number":117,"item_id":"msg_0cb795418d859a0c0069730cda35788195906a301e3b3cd3f5",` +
		`"output_index":0,"content_index":0,"delta":" token","logprobs":[],"obfuscation":"Zk3PqX9s1Q"}`)
	members, _, err := rawjson.Object(text, maxDepth, nil)
	if err != nil {
		b.Fatal(err)
	}
	c, kind := New(1<<40), []byte("response.output_text.delta")
	b.ReportAllocs()
	for b.Loop() {
		c.numbers = numbering{} // or the event would count as repeated
		c.Add(kind, text, members)
	}
}
