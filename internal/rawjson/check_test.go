package rawjson_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

func TestCheckValid(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `-0`, `-0.0`, `1E400`, `1e+5`, `1e-05`, `0.10`, `12.5E0`, `-1`,
		strings.Repeat("9", 5000), `""`, `"a"`, `"1234567"`, `"12345678"`, `"123456789"`,
		`"\"\\\/\b\f\n\r\t\u00e9\uD834\uDD1E"`, `"\ud800"`, `"\udc00\ud800"`, `"\u2028"`, "\"\x7f\"",
		"\"\u00e9\u20ac\U0001d11e\"", "\"\U0010ffff\ud7ff\ue000\ufffd\"", "\"\u00e9\"", "\"1234567\U0001d11e\"",
		`[]`, `{}`, `[ ]`, "{\t}", `[[],{}]`, `{"a":{},"b":[]}`, `{"":""}`, `{"a":1,"a":2}`,
		` [ 1 , 2 ] `, "\t{ \"a\" : 1 ,\t\"b\" : [ true , null ] }\t", `[[[[1],2],3],4]`,
	} {
		breaks, err := rawjson.Check([]byte(text), 512)
		require.NoError(t, err, text)
		require.False(t, breaks, text)
	}
}

func TestCheckBreaks(t *testing.T) {
	for _, text := range []string{
		"\n1", "1\r", "\r\n", "[\n]", "[1\n]", "[\r1]", "[1,\n2]", "[1\n,2]", "{\n}", "{\n\"a\":1}",
		"{\"a\"\n:1}", "{\"a\":\r1}", "{\"a\":1\n}", "{\"a\":1,\n\"b\":2}", "{\"a\":1\r,\"b\":2}",
		"\"\u2028\"", "\"a\u2029b\"", "\"\u0085\"", "\"12345678\u2028\"", "\"\u00e9\u0085\u00e9\u00e9\"",
		"{\"\u2028\":1}", "[[\"\u2029\"]]", "[\"\u0085\",1]",
		strings.Repeat("[", 100) + "\n" + strings.Repeat("]", 100),
		strings.Repeat("[", 100) + "\"\u0085\"" + strings.Repeat("]", 100),
		strings.Repeat("[", 80) + strings.Repeat("]", 40) + "\r" + strings.Repeat("]", 40),
	} {
		if strings.TrimSpace(text) == "" {
			text += "0"
		}
		breaks, err := rawjson.Check([]byte(text), 512)
		require.NoError(t, err, "%q", text)
		require.True(t, breaks, "%q", text)

		object := []byte(`{"m":` + text + `}`)
		_, breaks, err = rawjson.Object(object, 512, nil)
		require.NoError(t, err, "%q", object)
		require.True(t, breaks, "%q", object)
	}
	// One break at each place there is, in objects of their own and within others.
	for _, object := range []string{
		"\n{}", "{\n}", "{}\n", "{\n\"a\":1}", "{\"\u2028\":1}", "{\"a\"\n:1}", "{\"\u0085\" :1}", "{\"a\":\n1}",
		"{\"a\":\"\u2029\"}", "{\"a\":1\n}", "{\"a\":1\n,\"b\":2}", "{\"a\":1,\n\"b\":2}", "{\"a\":1,\"\u2028\":2}",
		"{\"a\":1,\"b\"\n:2}", "{\"a\":1,\"b\": \n2}",
	} {
		for _, text := range []string{object, "[" + object + "]", `{"m":` + object + `}`} {
			breaks, err := rawjson.Check([]byte(text), 512)
			require.NoError(t, err, "%q", text)
			require.True(t, breaks, "%q", text)
			_, breaks, err = rawjson.Object([]byte(text), 512, nil)
			if text[0] != '[' {
				require.NoError(t, err, "%q", text)
			}
			require.True(t, breaks, "%q", text)
		}
	}
	// Neighbours of the three, and line breaks only escaped.
	for _, text := range []string{"\"\u2027\u202a\u0084\u0086\"", `"\n\r\u0085\u2028\u2029"`, "\"\u2427\"", "\"\u00a8\""} {
		breaks, err := rawjson.Check([]byte(text), 512)
		require.NoError(t, err, "%q", text)
		require.False(t, breaks, "%q", text)
	}
}

func TestCheckErrors(t *testing.T) {
	const end = "unexpected end of text"
	for _, c := range []struct {
		text   string
		offset int
		reason string
	}{
		{"", 0, end},
		{" \n", 2, end},
		{"[", 1, end},
		{"[1", 2, end},
		{"[1,", 3, end},
		{"{", 1, end},
		{`{"a`, 3, end},
		{`{"a"`, 4, end},
		{`{"a":`, 5, end},
		{`{"a":1`, 6, end},
		{`{"a":1,`, 7, end},
		{`"`, 1, end},
		{`"abcdefgh`, 9, end},
		{`"\`, 2, end},
		{`"\u12`, 5, end},
		{"tru", 3, end},
		{"-", 1, end},
		{"1.", 2, end},
		{"1e", 2, end},
		{"1e+", 3, end},
		{"x", 0, "expected a value"},
		{"+1", 0, "expected a value"},
		{".5", 0, "expected a value"},
		{"NaN", 0, "expected a value"},
		{"'a'", 0, "expected a value"},
		{"[1,]", 3, "expected a value"},
		{"[,1]", 1, "expected a value"},
		{"]", 0, "expected a value"},
		{"\xef\xbb\xbf1", 0, "expected a value"},
		{"\v1", 0, "expected a value"},
		{"\u00a01", 0, "expected a value"},
		{"[}", 1, "expected a value"},
		{`{"a":}`, 5, "expected a value"},
		{"{1:2}", 1, "expected a member name"},
		{`{"a":1,}`, 7, "expected a member name"},
		{"{]", 1, "expected a member name"},
		{`{"a" 1}`, 5, "expected a colon"},
		{`{"a"}`, 4, "expected a colon"},
		{"[1 2]", 3, "expected a comma or a closing bracket"},
		{"[1}", 2, "expected a comma or a closing bracket"},
		{`{"a":1]`, 6, "expected a comma or a closing brace"},
		{`{"a":1:2}`, 6, "expected a comma or a closing brace"},
		{`{"a":[{}}`, 8, "expected a comma or a closing bracket"},
		{"nulL", 3, "invalid literal"},
		{"fals ", 4, "invalid literal"},
		{"tr", 2, end},
		{"tx", 1, "invalid literal"},
		{"01", 1, "invalid number"},
		{"-x", 1, "invalid number"},
		{"1.x", 2, "invalid number"},
		{"1e-x", 3, "invalid number"},
		{"\"a\nb\"", 2, "control character in a string"},
		{"\"\x00\"", 1, "control character in a string"},
		{"\"12345678\x1f\"", 9, "control character in a string"},
		{`"\x41"`, 1, "invalid escape in a string"},
		{`"\u12g4"`, 1, "invalid escape in a string"},
		{`"\u12"`, 1, "invalid escape in a string"},
		{`"\U0041"`, 1, "invalid escape in a string"},
		{"\"\xff\"", 1, "invalid UTF-8"},
		{"\"\x80abcdefgh\"", 1, "invalid UTF-8"},
		{"\"\xc1\xbfabcd\"", 1, "invalid UTF-8"},
		{"\"\xe0\x9f\xbfabcd\"", 1, "invalid UTF-8"},
		{"\"\xed\xa0\x80abcd\"", 1, "invalid UTF-8"},
		{"\"\xf4\x90\x80\x80\"", 1, "invalid UTF-8"},
		{"\"a\xe2\x80\"", 2, "invalid UTF-8"},
		{"\"\u00e9\xe2\x80", 3, "invalid UTF-8"},
		{"1 2", 2, "unexpected text after the value"},
		{"{} {}", 3, "unexpected text after the value"},
		{"truex", 4, "unexpected text after the value"},
		{"\"\u2028\" \n x", 8, "unexpected text after the value"},
		{"1\x00", 1, "unexpected text after the value"},
	} {
		breaks, err := rawjson.Check([]byte(c.text), 512)
		var syntax *rawjson.SyntaxError
		require.ErrorAs(t, err, &syntax, "%q", c.text)
		require.Equal(t, rawjson.SyntaxError{Offset: c.offset, Reason: c.reason}, *syntax, "%q", c.text)
		require.False(t, breaks, "%q", c.text)

		// The same as the value of a member, where the text goes on. The
		// errors at the end of the value are then others.
		if c.reason != end && c.reason != "unexpected text after the value" {
			object := `{"m":` + c.text + `}`
			_, breaks, err = rawjson.Object([]byte(object), 512, nil)
			require.ErrorAs(t, err, &syntax, "%q", object)
			require.Equal(t, rawjson.SyntaxError{Offset: c.offset + 5, Reason: c.reason}, *syntax, "%q", object)
			require.False(t, breaks, "%q", object)
		}
	}
}

func TestSyntaxErrorMessage(t *testing.T) {
	_, err := rawjson.Check([]byte(`{"secret":"value"`), 512)
	require.EqualError(t, err, "invalid JSON at offset 17: unexpected end of text")
	_, err = rawjson.Check([]byte(`[[1]]`), 1)
	require.EqualError(t, err, "invalid JSON at offset 1: nested deeper than 1")
	_, err = rawjson.Check([]byte(`[]`), -3)
	require.EqualError(t, err, "invalid JSON at offset 0: nested deeper than 0")
}

// nested returns arrays and objects in turn, depth of them around a number.
func nested(depth int) []byte {
	var open, shut []byte
	for i := range depth {
		if i%3 == 1 {
			open, shut = append(open, `{"k":`...), append(shut, '}')
		} else {
			open, shut = append(open, '['), append(shut, ']')
		}
	}
	open = append(open, '7')
	for i := range shut {
		open = append(open, shut[len(shut)-1-i])
	}
	return open
}

func TestCheckDepth(t *testing.T) {
	for _, depth := range []int{1, 2, 63, 64, 65, 66, 127, 128, 129, 130, 191, 192, 193, 512, 10_000} {
		text := nested(depth)
		_, err := rawjson.Check(text, depth)
		require.NoError(t, err, depth)
		_, err = rawjson.Check(text, math.MaxInt)
		require.NoError(t, err, depth)

		var syntax *rawjson.SyntaxError
		_, err = rawjson.Check(text, depth-1)
		require.ErrorAs(t, err, &syntax)
		require.Contains(t, syntax.Reason, "nested deeper than ")
		// The innermost bracket is the one too many.
		require.Equal(t, strings.LastIndexAny(string(text), "[{"), syntax.Offset, depth)

		// Each closing bracket must be of the kind of its opening one.
		for _, at := range []int{len(text) - 1, len(text) - depth, len(text) - 1 - depth/2} {
			wrong := []byte(string(text))
			wrong[at] ^= '}' ^ ']'
			_, err = rawjson.Check(wrong, depth)
			require.ErrorAs(t, err, &syntax)
			require.Equal(t, at, syntax.Offset, depth)
		}

		object := append(append([]byte(`{"a":`), text...), '}')
		_, _, err = rawjson.Object(object, depth+1, nil)
		require.NoError(t, err, depth)
		_, _, err = rawjson.Object(object, depth, nil)
		require.ErrorAs(t, err, &syntax)
		require.Contains(t, syntax.Reason, "nested deeper than ")
	}
	// A limit as high as the text is long, and a text that only opens.
	_, err := rawjson.Check([]byte(strings.Repeat("[", 4<<20)), math.MaxInt)
	require.EqualError(t, err, "invalid JSON at offset 4194304: unexpected end of text")
	_, err = rawjson.Check([]byte(strings.Repeat("[", 4<<20)), 10_000)
	require.EqualError(t, err, "invalid JSON at offset 10000: nested deeper than 10000")
}

// Every byte value at every distance from a word boundary of the string scan.
func TestCheckEveryByteInString(t *testing.T) {
	for before := range 20 {
		for after := range 10 {
			for c := range 256 {
				text := []byte(`"` + strings.Repeat("a", before) + string([]byte{byte(c)}) + strings.Repeat("b", after) + `"`)
				_, err := rawjson.Check(text, 0)
				require.Equal(t, json.Valid(text) && utf8.Valid(text), err == nil, "%q", text)
			}
		}
	}
}

// Every pair of bytes, so that a special byte just before an other one cannot
// hide it.
func TestCheckEveryPairInString(t *testing.T) {
	text := []byte(`"abc__defghijkl"`)
	for c := range 256 {
		for d := range 256 {
			text[4], text[5] = byte(c), byte(d)
			_, err := rawjson.Check(text, 0)
			if want := json.Valid(text) && utf8.Valid(text); want != (err == nil) {
				t.Fatalf("%q: valid is %v, error is %v", text, want, err)
			}
		}
	}
}

// Every code point, and every three bytes of which the first begins a sequence.
func TestCheckEveryRune(t *testing.T) {
	for r := rune(0x80); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		for _, tail := range []string{"", "abcd"} {
			text := []byte(`"` + string(r) + tail + `"`)
			breaks, err := rawjson.Check(text, 0)
			if want := r == 0x85 || r == 0x2028 || r == 0x2029; err != nil || breaks != want {
				t.Fatalf("%U: %v, %v", r, breaks, err)
			}
		}
	}
	text := []byte("\"___tail\"")
	for x := range 1 << 22 {
		text[1], text[2], text[3] = byte(0xc0|x>>16), byte(x>>8), byte(x)
		_, err := rawjson.Check(text, 0)
		if want := utf8.Valid(text); want != (err == nil) && (!want || json.Valid(text)) {
			t.Fatalf("%q: %v", text, err)
		}
	}
}

func TestCheckAllocatesNothing(t *testing.T) {
	texts := [][]byte{nested(512), nested(10_000), []byte("[\"\u2028\",\n1]")}
	for _, s := range samples() {
		texts = append(texts, s.text)
	}
	for _, text := range texts {
		require.Zero(t, testing.AllocsPerRun(20, func() {
			if _, err := rawjson.Check(text, 10_000); err != nil {
				t.Fatal(err)
			}
		}))
	}
}

// nestingLimit is the limit that encoding/json has.
const nestingLimit = 10_000

func FuzzCheck(f *testing.F) {
	for _, text := range seeds() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		breaks, err := rawjson.Check(text, nestingLimit)
		if want := json.Valid(text) && utf8.Valid(text); want != (err == nil) {
			t.Fatalf("valid is %v, error is %v", want, err)
		}
		if err == nil {
			if want := strings.ContainsAny(string(text), "\n\r\u0085\u2028\u2029"); want != breaks {
				t.Fatalf("breaks is %v", breaks)
			}
			return
		}
		var syntax *rawjson.SyntaxError
		if !errors.As(err, &syntax) || breaks || syntax.Reason == "" || syntax.Offset < 0 || syntax.Offset > len(text) {
			t.Fatalf("%v, %#v", breaks, err)
		}
		// What precedes the offset can be the beginning of a valid text.
		_, err = rawjson.Check(text[:syntax.Offset], nestingLimit)
		var before *rawjson.SyntaxError
		if errors.As(err, &before) && (before.Offset != syntax.Offset || before.Reason != "unexpected end of text") {
			t.Fatalf("%v, but before it %v", syntax, before)
		}
	})
}

// seeds returns texts of all kinds for the fuzz tests.
func seeds() [][]byte {
	out := [][]byte{
		[]byte(``), []byte(`1`), []byte(`-0.5e+10`), []byte(`[true,false,null]`), []byte(" [ 1 ,\r\n\"a\" ] "),
		[]byte(`{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[{}]}}`), []byte(`{"a":1,"\u0061":2, "b" : "\ud83d\ude00" }`),
		[]byte("{\"\u2028\":\"\u00e9\u2029\u0085\U0001d11e\"}"), []byte("\"\\ud800\xff\""), []byte(`{"id":12`), []byte(`{"id":1x}`),
		[]byte(`{"a":"\"\\\/\b\f\n\r\t\u00E9"} x`), []byte("{\n\t\"a\": [\n\t\t1,\n\t\t2\n\t]\n}\n"), []byte(`{ }`), nested(70),
		[]byte("\"\xe2\x80"), []byte("\"12345678\u20289\xc2\x85\""),
	}
	for _, s := range samples()[:3] {
		out = append(out, s.text)
	}
	return out
}
