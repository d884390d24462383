package rawjson_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// sample is a text of a kind that is common in streams.
type sample struct {
	name string
	text []byte
}

func samples() []sample {
	delta := `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"sess_0123456789abcdef","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"The quick brown fox"}}}}`
	prose := strings.Repeat(`The scanner reads eight bytes at a time.\n\tIt stops at \"quotes\" and at the end of each string, `, 17)
	two := fmt.Sprintf(`{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"sess_0123456789abcdef","seq":184467,"final":false,"update":{"kind":"text","ranges":[0,12,44.5],"text":"%s"}}}`, prose)
	cjk := fmt.Sprintf(`{"type":"delta","text":"%s"}`, strings.Repeat("信号所は列車の進路を定める。", 48))
	var rows bytes.Buffer
	rows.WriteByte('[')
	for i := 0; rows.Len() < 1<<20; i++ {
		if i > 0 {
			rows.WriteByte(',')
		}
		fmt.Fprintf(&rows, `{"id":%d,"path":"internal/rawjson/file%d.go","size":%d.5,"tags":["a","bb",null,true],"note":"%s"}`, i, i, i*7, strings.Repeat("plain words ", i%9))
	}
	rows.WriteByte(']')
	return []sample{
		{"delta200B", []byte(delta)},
		{"2KB", []byte(two)},
		{"2KB-cjk", []byte(cjk)},
		{"1MB", rows.Bytes()},
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, s := range samples() {
		b.Run(s.name+"/rawjson", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s.text)))
			for b.Loop() {
				if _, err := rawjson.Check(s.text, 512); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(s.name+"/encoding", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s.text)))
			for b.Loop() {
				if !json.Valid(s.text) {
					b.Fatal("invalid")
				}
			}
		})
	}
}

func BenchmarkObject(b *testing.B) {
	for _, s := range samples()[:2] {
		b.Run("envelope-"+s.name, func(b *testing.B) {
			members := make([]rawjson.Member, 0, 8)
			b.ReportAllocs()
			b.SetBytes(int64(len(s.text)))
			for b.Loop() {
				var err error
				if members, _, err = rawjson.Object(s.text, 512, members); err != nil {
					b.Fatal(err)
				}
				if _, found := rawjson.Duplicate(members); found {
					b.Fatal("duplicate")
				}
				if m, found := rawjson.Find(members, "method"); !found || m.Start == 0 {
					b.Fatal("no method")
				}
			}
		})
	}
}

func BenchmarkDuplicate(b *testing.B) {
	for _, n := range []int{4, 16, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			members, _, err := rawjson.Object(wide(n), 512, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, found := rawjson.Duplicate(members); found {
					b.Fatal("duplicate")
				}
			}
		})
	}
}

func BenchmarkAppendLine(b *testing.B) {
	for _, s := range samples() {
		b.Run(s.name, func(b *testing.B) {
			dst := make([]byte, 0, 2*len(s.text))
			b.ReportAllocs()
			b.SetBytes(int64(len(s.text)))
			for b.Loop() {
				dst = rawjson.AppendLine(dst[:0], s.text)
			}
		})
	}
}

// wide returns an object with n members of different names.
func wide(n int) []byte {
	out := []byte{'{'}
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, `"name%d":%d`, i, i)
	}
	return append(out, '}')
}
