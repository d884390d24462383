package rawjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// members returns the members of an object that must be valid.
func members(t *testing.T, text string) []rawjson.Member {
	t.Helper()
	out, _, err := rawjson.Object([]byte(text), 512, nil)
	require.NoError(t, err)
	return out
}

// pairs shows members as key:value, joined by blanks.
func pairs(members []rawjson.Member) string {
	var out []string
	for _, m := range members {
		out = append(out, string(m.Key)+":"+string(m.Value))
	}
	return strings.Join(out, " ")
}

func TestObject(t *testing.T) {
	text := []byte(" { \"id\" :\t7 , \"a\\u0062\":[1, 2],\"n\":{ \"id\":8 } ,\"s\":\"}\"} ")
	out, breaks, err := rawjson.Object(text, 2, nil)
	require.NoError(t, err)
	require.False(t, breaks)
	require.Equal(t, `"id":7 "a\u0062":[1, 2] "n":{ "id":8 } "s":"}"`, pairs(out))
	for _, m := range out {
		require.Equal(t, string(m.Key), string(text[m.Start:m.Start+len(m.Key)]))
		require.Equal(t, string(m.Value), string(text[m.ValueStart:m.End]))
	}
	require.Equal(t, 3, out[0].Start)
	require.Equal(t, 10, out[0].ValueStart)
	require.Equal(t, 11, out[0].End)

	for _, empty := range []string{`{}`, ` { } `} {
		out, _, err = rawjson.Object([]byte(empty), 1, out)
		require.NoError(t, err)
		require.Empty(t, out)
	}
}

func TestObjectReusesInto(t *testing.T) {
	into := make([]rawjson.Member, 3, 8)
	out, _, err := rawjson.Object([]byte(`{"a":1,"b":2}`), 512, into)
	require.NoError(t, err)
	require.Equal(t, `"a":1 "b":2`, pairs(out))
	require.Same(t, &into[0], &out[0])
}

func TestObjectIsOneLevel(t *testing.T) {
	for _, limit := range []int{0, -1} {
		out, _, err := rawjson.Object([]byte(` {"id":1}`), limit, nil)
		require.EqualError(t, err, "invalid JSON at offset 1: nested deeper than 0")
		require.Empty(t, out)
	}
	_, _, err := rawjson.Object([]byte(` {"id":1}`), 1, nil)
	require.NoError(t, err)
}

// Appending to a span must not write to the text behind it.
func TestObjectSpansEndWithTheirCapacity(t *testing.T) {
	text := []byte(`{"a":1,"b":2}`)
	out, _, err := rawjson.Object(text, 512, nil)
	require.NoError(t, err)
	_ = append(out[0].Key, 'x')
	_ = append(out[0].Value, 'x')
	require.Equal(t, `{"a":1,"b":2}`, string(text))
}

func TestObjectOfAnotherKind(t *testing.T) {
	for _, text := range []string{`[]`, ` "a"`, `null`, `7 `, `[{"a":1}]`} {
		out, breaks, err := rawjson.Object([]byte(text), 512, nil)
		require.Equal(t, rawjson.ErrNotObject, err, text)
		require.Empty(t, out)
		require.False(t, breaks)
	}
	_, breaks, err := rawjson.Object([]byte("[\n]"), 512, nil)
	require.Equal(t, rawjson.ErrNotObject, err)
	require.True(t, breaks)

	for _, text := range []string{``, `[1`, `[] {"a":1}`, `nul`, `"`} {
		_, _, err := rawjson.Object([]byte(text), 512, nil)
		var syntax *rawjson.SyntaxError
		require.ErrorAs(t, err, &syntax, text)
	}
}

func TestObjectKeepsCompletedMembersOnError(t *testing.T) {
	for _, c := range []struct {
		text   string
		want   string
		offset int
	}{
		{`{"id":12,`, `"id":12`, 9},
		{`{"id":12 `, `"id":12`, 9},
		{`{"id":12`, ``, 8},
		{`{"id":12x}`, ``, 8},
		{`{"id":12 x}`, `"id":12`, 9},
		{`{"id":12"method":"m"}`, ``, 8},
		{`{"id":"12"`, `"id":"12"`, 10},
		{`{"id":"12"x`, `"id":"12"`, 10},
		{`{"id":"12`, ``, 9},
		{`{"id":null`, ``, 10},
		{`{"id":[]`, `"id":[]`, 8},
		{`{"id":12}x`, `"id":12`, 9},
		{`{"id":12} {"id":13}`, `"id":12`, 10},
		{`{"a":1,"id":12,"params":{"x":nope}}`, `"a":1 "id":12`, 30},
		{`{"id":12,"params":[[[]]]}`, `"id":12`, 19},
		{"{\"id\":12,\"params\":\"\xff\"}", `"id":12`, 19},
		{"{\"id\":12,\"p\xff\":1}", `"id":12`, 11},
		{`{"id":12,"params"`, `"id":12`, 17},
		{`{"id":12,params`, `"id":12`, 9},
		{`{"id":12,}`, `"id":12`, 9},
		{`{"id":12]`, ``, 8},
		{`{`, ``, 1},
	} {
		out, breaks, err := rawjson.Object([]byte(c.text), 2, nil)
		var syntax *rawjson.SyntaxError
		require.ErrorAs(t, err, &syntax, c.text)
		require.Equal(t, c.offset, syntax.Offset, c.text)
		require.Equal(t, c.want, pairs(out), c.text)
		require.False(t, breaks, c.text)
	}
}

func TestMemberNames(t *testing.T) {
	for _, c := range []struct{ key, name string }{
		{`"id"`, "id"},
		{`"\u0069d"`, "id"},
		{`"\u0069\u0064"`, "id"},
		{`"Id"`, "Id"},
		{`""`, ""},
		{`"\\n"`, `\n`},
		{`"\n"`, "\n"},
		{`"\ud83d\ude00"`, "\U0001f600"},
		{`"\ud800"`, "\ufffd"},
		{`"a\/b"`, "a/b"},
	} {
		m := members(t, `{`+c.key+`:1}`)[0]
		require.Equal(t, c.name, m.Name(), c.key)
		require.True(t, m.Is(c.name), c.key)
		for _, other := range []string{"ID", "iD", "i", "idd", "id\x00", `\u0069d`, "n", strings.Repeat("x", 300)} {
			require.False(t, m.Is(other), "%s is %s", c.key, other)
		}
	}
	long := strings.Repeat("long", 100)
	require.True(t, members(t, `{"\u006c`+long[1:]+`":1}`)[0].Is(long))
	require.Empty(t, rawjson.Member{}.Name())
}

func TestFind(t *testing.T) {
	out := members(t, `{"ID":1,"\u0069d":2,"id":3}`)
	m, found := rawjson.Find(out, "id")
	require.True(t, found)
	require.Equal(t, "2", string(m.Value))
	m, found = rawjson.Find(out, "Id")
	require.False(t, found)
	require.Equal(t, rawjson.Member{}, m)
}

func TestLast(t *testing.T) {
	out := members(t, `{"id":1,"ID":2,"\u0069d":3,"x":4}`)
	require.Equal(t, "3", string(rawjson.Last(out, "id")))
	require.Nil(t, rawjson.Last(out, "Id"))
	require.Nil(t, rawjson.Last(nil, "id"))
}

func TestDuplicate(t *testing.T) {
	for _, c := range []struct {
		text, name string
		found      bool
	}{
		{`{}`, "", false},
		{`{"a":1}`, "", false},
		{`{"a":1,"A":1,"b":1}`, "", false},
		{`{"a":1,"b":1,"b":1,"a":1}`, "b", true},
		{`{"a":1,"\u0061":1}`, "a", true},
		{`{"\u0061":1,"b":2}`, "", false},
		{`{"":1,"":1}`, "", true},
		{`{"a":{"b":1},"b":{"a":1}}`, "", false},
	} {
		name, found := rawjson.Duplicate(members(t, c.text))
		require.Equal(t, c.found, found, c.text)
		require.Equal(t, c.name, name, c.text)
	}
	for _, n := range []int{15, 16, 17, 100} {
		text := string(wide(n))
		_, found := rawjson.Duplicate(members(t, text))
		require.False(t, found, n)
		last := fmt.Sprintf("name%d", n-1)
		name, found := rawjson.Duplicate(members(t, strings.TrimSuffix(text, "}")+`,"`+last+`":0}`))
		require.True(t, found, n)
		require.Equal(t, last, name)
	}
}

// Comparing all pairs of so many members would keep the tests from ending.
func TestDuplicateOfMany(t *testing.T) {
	out := members(t, string(wide(rawjson.MaxMembers)))
	require.Len(t, out, rawjson.MaxMembers)
	_, found := rawjson.Duplicate(out)
	require.False(t, found)
}

func TestElements(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{`[]`, nil},
		{`[ ]`, nil},
		{` [ 1 ,"a,]", [2,[3]] , {"b":[4]},null]`, []string{`1`, `"a,]"`, `[2,[3]]`, `{"b":[4]}`, `null`}},
		{`[0]`, []string{`0`}},
		{`{"a":[1]}`, nil},
		{`"[1]"`, nil},
		{`7`, nil},
		{``, nil},
	} {
		var got []string
		for start, end := range rawjson.Elements([]byte(c.text)) {
			got = append(got, c.text[start:end])
		}
		require.Equal(t, c.want, got, c.text)
	}
	n := 0
	for range rawjson.Elements([]byte(`[1,2,3]`)) {
		if n++; n == 2 {
			break
		}
	}
	require.Equal(t, 2, n)
	deep := `[` + string(nested(10_000)) + `,1]`
	var ends []int
	for _, end := range rawjson.Elements([]byte(deep)) {
		ends = append(ends, end)
	}
	require.Equal(t, []int{len(deep) - 3, len(deep) - 1}, ends)
}

func TestObjectAllocatesNothing(t *testing.T) {
	text := []byte(`{"jsonrpc":"2.0","id":1,"\u006dethod":"m","params":{"a":[1,2,{"b":null}]},"x":1}`)
	sixteen := wide(16)
	into := make([]rawjson.Member, 0, 16)
	array := []byte(`[1,[2],{"a":3}]`)
	n := 0
	require.Zero(t, testing.AllocsPerRun(100, func() {
		out, _, err := rawjson.Object(text, 512, into)
		if err != nil {
			t.Fatal(err)
		}
		if m, found := rawjson.Find(out, "method"); !found || m.End == 0 {
			t.Fatal("no method")
		}
		out, _, err = rawjson.Object(sixteen, 512, into)
		if err != nil {
			t.Fatal(err)
		}
		if _, found := rawjson.Duplicate(out); found {
			t.Fatal("duplicate")
		}
		for _, end := range rawjson.Elements(array) {
			n += end
		}
	}))
	require.NotZero(t, n)
	name := strings.Repeat("x", 20) // and 21 bytes, the most promised
	m := members(t, `{"`+strings.Repeat(`\u0078`, 20)+`y":1}`)[0]
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if m.Is(name) || !m.Is(name+"y") {
			t.Fatal("wrong name")
		}
	}))
}

func FuzzObject(f *testing.F) {
	for _, text := range seeds() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		out, breaks, err := rawjson.Object(text, nestingLimit, nil)
		wantBreaks, wantErr := rawjson.Check(text, nestingLimit)
		if breaks != wantBreaks {
			t.Fatalf("breaks is %v", breaks)
		}
		for _, m := range out {
			if !bytes.Equal(m.Key, text[m.Start:m.Start+len(m.Key)]) || !bytes.Equal(m.Value, text[m.ValueStart:m.End]) {
				t.Fatalf("spans do not match: %+v", m)
			}
		}
		if wantErr != nil {
			if err == nil || err.Error() != wantErr.Error() {
				t.Fatalf("%v, want %v", err, wantErr)
			}
			sameBeforeError(t, text, out)
			return
		}
		want, isObject := walk(t, text)
		if isObject != (err == nil) || !isObject && !errors.Is(err, rawjson.ErrNotObject) {
			t.Fatalf("object is %v, error is %v", isObject, err)
		}
		if len(out) != len(want) {
			t.Fatalf("%d members, want %d", len(out), len(want))
		}
		seen, twice := map[string]bool{}, ""
		again := false
		for i, m := range out {
			if m.Name() != want[i].name || !m.Is(want[i].name) || !bytes.Equal(m.Value, want[i].value) {
				t.Fatalf("%s:%s, want %q:%s", m.Key, m.Value, want[i].name, want[i].value)
			}
			if seen[want[i].name] && !again {
				twice, again = want[i].name, true
			}
			seen[want[i].name] = true
		}
		if name, found := rawjson.Duplicate(out); name != twice || found != again {
			t.Fatalf("duplicate %q %v, want %q %v", name, found, twice, again)
		}
	})
}

// sameBeforeError checks the members that came with an error: with the object
// ended after the last of them, it must be valid and have just these members.
func sameBeforeError(t *testing.T, text []byte, got []rawjson.Member) {
	if len(got) == 0 {
		return
	}
	ended := append(bytes.Clone(text[:got[len(got)-1].End]), '}')
	want, _, err := rawjson.Object(ended, nestingLimit, nil)
	if err != nil || pairs(want) != pairs(got) {
		t.Fatalf("%s, but of the ended object %s, %v", pairs(got), pairs(want), err)
	}
}

// pair is a member as encoding/json sees it.
type pair struct {
	name  string
	value json.RawMessage
}

// walk reads the members of a valid text by json.Decoder.
func walk(t *testing.T, text []byte) (out []pair, isObject bool) {
	dec := json.NewDecoder(bytes.NewReader(text))
	token, err := dec.Token()
	if err != nil {
		// A number that does not fit a float64 is no token.
		if trimmed := bytes.TrimSpace(text); trimmed[0] == '{' {
			t.Fatal(err)
		}
		return nil, false
	}
	if token != json.Delim('{') {
		return nil, false
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		p := pair{name: key.(string)}
		if err := dec.Decode(&p.value); err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out, true
}

func TestObjectWithTooManyMembers(t *testing.T) {
	member := `"":0,`
	text := "{" + strings.Repeat(member, rawjson.MaxMembers-1) + `"":0}`
	members, _, err := rawjson.Object([]byte(text), nestingLimit, nil)
	require.NoError(t, err)
	require.Len(t, members, rawjson.MaxMembers)

	text = "{" + strings.Repeat(member, rawjson.MaxMembers) + `"":0}`
	members, _, err = rawjson.Object([]byte(text), nestingLimit, nil)
	var syntax *rawjson.SyntaxError
	require.ErrorAs(t, err, &syntax)
	require.Equal(t, 1+len(member)*rawjson.MaxMembers, syntax.Offset)
	require.Len(t, members, rawjson.MaxMembers)
	_, err = rawjson.Check([]byte(text), nestingLimit)
	require.NoError(t, err, "only Object keeps the members")
}
