package rawjson_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

func TestUnquote(t *testing.T) {
	for _, c := range []struct {
		raw, s string
		ok     bool
	}{
		{`""`, "", true},
		{`"abc"`, "abc", true},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t", true},
		{`"a\u00e9\u00E9b\u20ACc"`, "a\u00e9\u00e9b\u20acc", true},
		{`"\u0000"`, "\x00", true},
		{"\"\u2028\U0001f600\"", "\u2028\U0001f600", true},
		{`"\ud83d\ude00"`, "\U0001f600", true},
		{`"\uD834\uDD1Ex"`, "\U0001d11ex", true},
		{`"\ufffd"`, "\ufffd", true},
		{`"\ud800"`, "\ufffd", false},
		{`"\udc00"`, "\ufffd", false},
		{`"a\ud800b"`, "a\ufffdb", false},
		{`"\ud83dxude00"`, "\ufffdxude00", false},
		{`"\ud83d\\ude00"`, "\ufffd\\ude00", false},
		{`"\ud800\n"`, "\ufffd\n", false},
		{`"\ud800\u0041"`, "\ufffdA", false},
		{`"\ude00\ud83d"`, "\ufffd\ufffd", false},
		{`"\ud83d\ud83d\ude00"`, "\ufffd\U0001f600", false},
		{`"\\ud800"`, `\ud800`, true},
		{``, "", false},
		{`"`, "", false},
		{`7`, "", false},
		{`null`, "", false},
		{`["a"]`, "", false},
		{`"a" `, "", false},
		{` "a"`, "", false},
		{`"a""`, "", false},
		{`"a\"`, "", false},
		{`"\u12"`, "", false},
		{"\"\xff\"", "", false},
	} {
		s, ok := rawjson.Unquote([]byte(c.raw))
		require.Equal(t, c.s, s, c.raw)
		require.Equal(t, c.ok, ok, c.raw)
	}
}

func TestAppendQuote(t *testing.T) {
	for _, c := range []struct{ s, want string }{
		{"", `""`},
		{"abc", `"abc"`},
		{"<a href='x'>&</a>", `"<a href='x'>&</a>"`},
		{"\"\\/", `"\"\\/"`},
		{"\b\f\n\r\t", `"\b\f\n\r\t"`},
		{"\x00\x1f\x7f", "\"\\u0000\\u001f\x7f\""},
		{"a\u0085\u2028b\u2029", `"a\u0085\u2028b\u2029"`},
		{"\u00e9\u20ac\U0001f600\ufffd", "\"\u00e9\u20ac\U0001f600\ufffd\""},
		{"a\xffb\xe2\x80", "\"a\ufffdb\ufffd\ufffd\""},
		{"\xed\xa0\x80", "\"\ufffd\ufffd\ufffd\""},
	} {
		require.Equal(t, "x"+c.want, string(rawjson.AppendQuote([]byte("x"), c.s)))
	}
}

func FuzzQuote(f *testing.F) {
	for _, text := range seeds() {
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, s string) {
		raw := rawjson.AppendQuote(nil, s)
		if breaks, err := rawjson.Check(raw, 0); breaks || err != nil {
			t.Fatalf("%q: %v, %v", raw, breaks, err)
		}
		want := string([]rune(s)) // with U+FFFD for each byte that is not UTF-8
		if got, ok := rawjson.Unquote(raw); !ok || got != want {
			t.Fatalf("%q: %q, %v", raw, got, ok)
		}
		// s as the inside of a string, maybe with escapes.
		raw = []byte(`"` + s + `"`)
		got, ok := rawjson.Unquote(raw)
		if _, err := rawjson.Check(raw, 0); err != nil {
			if got != "" || ok {
				t.Fatalf("%q: %q, %v", raw, got, ok)
			}
			return
		}
		if err := json.Unmarshal(raw, &want); err != nil || got != want {
			t.Fatalf("%q: %q, want %q, %v", raw, got, want, err)
		}
		// Only an unpaired surrogate adds to the U+FFFD that were spelled out.
		spelled := strings.Count(s, "\ufffd") + escapesOf(s, "fffd")
		if paired := strings.Count(want, "\ufffd") == spelled; ok != paired {
			t.Fatalf("%q: ok is %v", raw, ok)
		}
	})
}

// escapesOf counts the escapes of a code unit, given in lower case, in the
// inside of a valid string.
func escapesOf(s, unit string) (n int) {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			if i++; s[i] == 'u' && strings.ToLower(s[i+1:i+5]) == unit {
				n++
			}
		}
	}
	return n
}

func TestAppendLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"a":[1,"b"]}`, `{"a":[1,"b"]}`},
		{"{\r\n\t\"a\" : 1.0\n}\n", "{  \t\"a\" : 1.0 } "},
		{"\"\u2028\"", `"\u2028"`},
		{"{\"\u2029\":\"12345678\u00858\"}", `{"\u2029":"12345678\u00858"}`},
		{"\"\u2027\u202a\u0084\u0086\u00e9\u20ac\u4fe1\u2028\u4fe1\"", "\"\u2027\u202a\u0084\u0086\u00e9\u20ac\u4fe1\\u2028\u4fe1\""},
		{`"\n\r\u2028\ud800"`, `"\n\r\u2028\ud800"`},
		{"\"\\\\\u2028\"", `"\\\u2028"`},
	} {
		require.Equal(t, "x"+c.want, string(rawjson.AppendLine([]byte("x"), []byte(c.text))))
	}
	for _, s := range samples() {
		require.Equal(t, string(s.text), string(rawjson.AppendLine(nil, s.text)))
	}
}

func FuzzAppendLine(f *testing.F) {
	for _, text := range seeds() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		line := rawjson.AppendLine(nil, text)
		breaks, err := rawjson.Check(text, nestingLimit)
		if err != nil {
			return
		}
		if bytes.ContainsAny(line, "\n\r\u0085\u2028\u2029") {
			t.Fatalf("%q", line)
		}
		if breaks == bytes.Equal(line, text) {
			t.Fatalf("breaks is %v: %q", breaks, line)
		}
		if breaks, err := rawjson.Check(line, nestingLimit); breaks || err != nil {
			t.Fatalf("%q: %v, %v", line, breaks, err)
		}
		if want, got := decode(t, text), decode(t, line); !reflect.DeepEqual(want, got) {
			t.Fatalf("%#v, want %#v", got, want)
		}
	})
}

// decode returns the value of a valid text, with numbers as they are spelled.
func decode(t *testing.T, text []byte) (v any) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// What ReplaceLone makes is valid JSON of the same length whose strings Unquote takes,
// and the same value where there was no lone surrogate.
func FuzzReplaceLone(f *testing.F) {
	for _, seed := range []string{`"\ud83d"`, `"\ude00\ud83d\ud83d\ude00"`, `["\\ud83d\"\ud83d"]`, `"\ud83d\n"`, `"\uD83Dx\uDE00"`, `{"\udfff":"é😀"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.Trim(text, " \t\r\n")
		if _, err := rawjson.Check([]byte(text), 100); err != nil {
			t.Skip()
		}
		got := []byte(text)
		rawjson.ReplaceLone(got)
		if len(got) != len(text) {
			t.Fatal("the length has changed")
		}
		if _, err := rawjson.Check(got, 100); err != nil {
			t.Fatalf("%q becomes %q: %v", text, got, err)
		}
		if text[0] == '"' {
			before, paired := rawjson.Unquote([]byte(text))
			after, ok := rawjson.Unquote(got)
			if !ok || before != after || paired && string(got) != text {
				t.Fatalf("%q becomes %q", text, got)
			}
		}
	})
}
