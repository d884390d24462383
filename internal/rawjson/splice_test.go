package rawjson_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

func TestSplice(t *testing.T) {
	text := []byte("0123456789")
	edit := func(start, end int, with string) rawjson.Edit {
		return rawjson.Edit{Start: start, End: end, Text: []byte(with)}
	}
	for _, c := range []struct {
		edits []rawjson.Edit
		want  string
	}{
		{nil, "0123456789"},
		{[]rawjson.Edit{edit(0, 0, "x")}, "x0123456789"},
		{[]rawjson.Edit{edit(10, 10, "x")}, "0123456789x"},
		{[]rawjson.Edit{edit(0, 10, "")}, ""},
		{[]rawjson.Edit{edit(1, 3, "abc"), edit(3, 3, "d"), edit(3, 3, "e"), edit(8, 9, "")}, "0abcde345679"},
	} {
		require.Equal(t, c.want, string(rawjson.Splice(text, c.edits...)))
		require.Equal(t, "0123456789", string(text))
	}
	copied := rawjson.Splice(text)
	copied[0] = 'x'
	require.Equal(t, "0123456789", string(text))

	for _, wrong := range [][]rawjson.Edit{
		{edit(4, 6, ""), edit(1, 2, "")},
		{edit(4, 6, ""), edit(5, 7, "")},
		{edit(4, 3, "")},
		{edit(-1, 3, "")},
		{edit(4, 11, "")},
		{edit(11, 11, "")},
	} {
		last := wrong[len(wrong)-1]
		left := 0
		if len(wrong) > 1 {
			left = wrong[0].End
		}
		require.PanicsWithValue(t, fmt.Sprintf("rawjson: edit of %d to %d, with %d to 10 left", last.Start, last.End, left),
			func() { rawjson.Splice(text, wrong...) })
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		i    int
		want string
	}{
		{`{"a":1}`, 0, `{}`},
		{` { "a" : 1 } `, 0, ` {  } `},
		{`{"a":1,"b":2}`, 0, `{"b":2}`},
		{`{"a":1,"b":2}`, 1, `{"a":1}`},
		{"{ \"a\":1 ,\n \"b\":2 }", 0, "{ \"b\":2 }"},
		{"{ \"a\":1 ,\n \"b\":2 }", 1, "{ \"a\":1 }"},
		{`{"a":1, "b":[2,3], "c" : 1.0}`, 1, `{"a":1, "c" : 1.0}`},
		{`{"a":1, "b":[2,3], "c" : 1.0}`, 2, `{"a":1, "b":[2,3]}`},
	} {
		got := rawjson.Splice([]byte(c.text), rawjson.Cut([]byte(c.text), members(t, c.text), c.i))
		require.Equal(t, c.want, string(got), c.text)
	}
	text := `{"a":1, "b":2, "c":3, "d":4}`
	out := members(t, text)
	for _, c := range []struct {
		i, j int
		want string
	}{
		{0, 2, `{"b":2, "d":4}`},
		{1, 2, `{"a":1, "d":4}`},
		{2, 3, `{"a":1, "b":2}`},
		{0, 3, `{"b":2, "c":3}`},
	} {
		got := rawjson.Splice([]byte(text), rawjson.Cut([]byte(text), out, c.i), rawjson.Cut([]byte(text), out, c.j))
		require.Equal(t, c.want, string(got))
	}
	require.Panics(t, func() {
		rawjson.Splice([]byte(text), rawjson.Cut([]byte(text), out, 0), rawjson.Cut([]byte(text), out, 1))
	})
	require.Panics(t, func() { rawjson.Cut([]byte(text), out, 4) })
	require.Panics(t, func() { rawjson.Cut([]byte(`{}`), out, 0) })
}

func TestAppend(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{}`, `{"n\"":[1]}`},
		{` { } `, ` {"n\"":[1] } `},
		{`{"a":1}`, `{"a":1,"n\"":[1]}`},
		{"{\n\t\"a\": 1,\n\t\"b\": {}\n}", "{\n\t\"a\": 1,\n\t\"b\": {},\"n\\\"\":[1]\n}"},
	} {
		got := rawjson.Splice([]byte(c.text), rawjson.Append([]byte(c.text), members(t, c.text), `n"`, []byte(`[1]`)))
		require.Equal(t, c.want, string(got), c.text)
		require.Len(t, members(t, string(got)), len(members(t, c.text))+1)
	}
	for _, text := range []string{``, `[]`, `  `} {
		require.Panics(t, func() { rawjson.Append([]byte(text), nil, "n", []byte("1")) }, text)
	}

	text := []byte(`{"a":1, "b":2}`)
	out := members(t, string(text))
	added := rawjson.Append(text, out, "c", []byte("3"))
	require.Equal(t, `{"a":1,"c":3}`, string(rawjson.Splice(text, rawjson.Cut(text, out, 1), added)))
	require.Equal(t, `{"b":2,"c":3}`, string(rawjson.Splice(text, rawjson.Cut(text, out, 0), added)))
	changed := rawjson.Edit{Start: out[1].ValueStart, End: out[1].End, Text: []byte("null")}
	require.Equal(t, `{"a":1, "b":null,"c":3}`, string(rawjson.Splice(text, changed, added)))
}

func FuzzSplice(f *testing.F) {
	for _, text := range seeds() {
		f.Add(text, 0)
		f.Add(text, 1)
	}
	f.Fuzz(func(t *testing.T, text []byte, i int) {
		out, _, err := rawjson.Object(text, nestingLimit, nil)
		if err != nil {
			return
		}
		before := bytes.Clone(text)
		got := rawjson.Splice(text, rawjson.Append(text, out, "new", []byte("[0]")))
		same(t, got, texts(out, -1), `"new":[0]`)
		if i >= 0 && i < len(out) {
			cut := rawjson.Cut(text, out, i)
			same(t, rawjson.Splice(text, cut), texts(out, i))
			// All that is gone are the member, one comma and blanks.
			gone := bytes.Replace(text[cut.Start:cut.End], text[out[i].Start:out[i].End], nil, 1)
			if left := string(bytes.Trim(gone, " \t\n\r")); left != "," && (left != "" || len(out) > 1) {
				t.Fatalf("cut %q", gone)
			}
		}
		if !bytes.Equal(text, before) {
			t.Fatal("the text changed")
		}
	})
}

// texts returns the members but the one with the index cut, each as key:value.
func texts(members []rawjson.Member, cut int) [][]byte {
	var out [][]byte
	for i, m := range members {
		if i != cut {
			out = append(out, []byte(pairs([]rawjson.Member{m})))
		}
	}
	return out
}

// same checks that text is an object with just the members given.
func same(t *testing.T, text []byte, want [][]byte, more ...string) {
	out, _, err := rawjson.Object(text, nestingLimit, nil)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	for _, m := range more {
		want = append(want, []byte(m))
	}
	if got := bytes.Join(texts(out, -1), []byte(" ")); !bytes.Equal(got, bytes.Join(want, []byte(" "))) {
		t.Fatalf("%s", got)
	}
}
