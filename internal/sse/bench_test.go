package sse

import (
	"strings"
	"testing"

	"github.com/tmaxmax/go-sse"
)

// The shapes of a stream: the delta of a token, a larger event, and one with a
// picture, as HTTP hands them over.
var eventShapes = []struct {
	name  string
	data  int // bytes
	reads int // bytes
}{
	{"200B", 200, minBuffer},
	{"2KB", 2 << 10, minBuffer},
	{"2MB-in-1400B-reads", 2 << 20, 1400},
}

func eventOf(size int) string {
	return "event: response.output_text.delta\ndata: " + strings.Repeat("x", size) + "\n\n"
}

func BenchmarkReader(b *testing.B) {
	for _, shape := range eventShapes {
		b.Run(shape.name, func(b *testing.B) {
			block := eventOf(shape.data)
			r := NewReader(&endless{block: block, n: shape.reads}, 32<<20, func() {})
			b.SetBytes(int64(len(block)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGoSSE reads the same with go-sse, for comparison.
func BenchmarkGoSSE(b *testing.B) {
	for _, shape := range eventShapes {
		b.Run(shape.name, func(b *testing.B) {
			block := eventOf(shape.data)
			b.SetBytes(int64(len(block)))
			b.ReportAllocs()
			for _, err := range sse.Read(&endless{block: block, n: shape.reads}, &sse.ReadConfig{MaxEventSize: 1 << 30}) {
				if err != nil {
					b.Fatal(err)
				}
				if !b.Loop() {
					break
				}
			}
		})
	}
}
