package memory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

// turn is one request and its response; it returns the input that was sent.
func turn(t *testing.T, s *Session, previous, input, id, output string) string {
	t.Helper()
	c, isList, err := s.Expand(previous, []byte(input))
	require.NoError(t, err)
	require.True(t, isList)
	list := c.Input()
	c.Sent(list)
	if id != "" {
		c.Remember(id, []byte(output))
	}
	return string(list)
}

func message(id, text string) string {
	return `{"type":"message","id":"` + id + `","role":"assistant","content":[{"type":"output_text","text":"` + text + `"}]}`
}

const asked = `{"type":"message","role":"user","content":[{"type":"input_text","text":%q}]}`

// A conversation of three turns, by previous_response_id alone.
func TestContinues(t *testing.T) {
	var m Memory
	s := m.Session("a")
	assert.Equal(t, "["+fmt.Sprintf(asked, "one")+"]", turn(t, s, "", `"one"`, "r1", "["+message("m1", "1")+"]"))
	assert.Equal(t, "["+fmt.Sprintf(asked, "one")+","+message("m1", "1")+","+fmt.Sprintf(asked, "two")+"]",
		turn(t, s, "r1", `"two"`, "r2", "["+message("m2", "2")+"]"))
	three := turn(t, s, "r2", `[{"role":"user","content":"three"}]`, "r3", "[]")
	assert.Equal(t, "["+strings.Join([]string{fmt.Sprintf(asked, "one"), message("m1", "1"), fmt.Sprintf(asked, "two"), message("m2", "2"), `{"role":"user","content":"three"}`}, ",")+"]", three)
	// A branch of the first response.
	assert.Equal(t, "["+fmt.Sprintf(asked, "one")+","+message("m1", "1")+","+fmt.Sprintf(asked, "other")+"]", turn(t, s, "r1", `"other"`, "", ""))
	// Nothing new is a request, too.
	assert.Equal(t, "["+fmt.Sprintf(asked, "one")+","+message("m1", "1")+"]", turn(t, s, "r1", `null`, "", ""))
	assert.Equal(t, "["+fmt.Sprintf(asked, "one")+","+message("m1", "1")+"]", turn(t, s, "r1", `[]`, "", ""))
}

// References are replaced where they stand, with or without their type; what is there
// already is sent once.
func TestReferences(t *testing.T) {
	var m Memory
	s := m.Session("a")
	call, output := `{"type":"function_call","id":"f1","call_id":"c1","name":"n","arguments":"{}"}`, `{"type":"function_call_output","call_id":"c1","output":"7"}`
	sealed, open := `{"type":"reasoning","id":"s1","summary":[],"encrypted_content":"x"}`, `{"type":"reasoning","id":"s2","summary":[]}`
	turn(t, s, "", `"one"`, "r1", "["+strings.Join([]string{sealed, open, call}, ",")+"]")
	user := fmt.Sprintf(asked, "one")
	for _, row := range []struct{ previous, input, want, notes string }{
		{"", "[" + user + `,{"type":"item_reference","id":"s1"},{"type":"item_reference","id":"f1"},` + output + "]", user + "," + sealed + "," + call + "," + output, "input[1] expanded, input[2] expanded"},
		{"", "[" + user + `,{"id":"f1"},{"id":"f1","type":null},` + output + "]", user + "," + call + "," + output, "input[1] expanded, input[2] dropped"},
		{"", `[{"type":"item_reference","id":"s2"},` + user + "]", user, "input[0] dropped"},
		{"r1", "[" + output + "]", user + "," + sealed + "," + call + "," + output, "previous_response_id expanded, previous_response_id dropped"},
		{"r1", `[{"type":"item_reference","id":"f1"},` + output + "," + output + "]", user + "," + sealed + "," + call + "," + output, "previous_response_id expanded, previous_response_id dropped, input[0] dropped, input[2] dropped"},
		{"r1", "[" + call + "," + `{"type":"function_call","call_id":"c1","name":"n","arguments":"{}"}` + "," + output + "]", user + "," + sealed + "," + call + "," + output, "previous_response_id expanded, previous_response_id dropped, input[0] dropped, input[1] dropped"},
		{"", "[" + output + `,{"type":"function_call_output","call_id":"c1","output":"8"},1,null,"x"]`, output + `,{"type":"function_call_output","call_id":"c1","output":"8"},1,null,"x"`, ""},
	} {
		c, isList, err := s.Expand(row.previous, []byte(row.input))
		require.NoError(t, err)
		require.True(t, isList)
		assert.Equal(t, "["+row.want+"]", string(c.Input()), row.input)
		var notes []string
		for _, n := range c.Notes {
			notes = append(notes, n.Field+" "+n.Action)
		}
		assert.Equal(t, row.notes, strings.Join(notes, ", "), row.input)
	}
	for _, row := range []struct{ previous, input, field string }{
		{"", `[{"role":"user","content":"x"},{"type":"item_reference","id":"none"}]`, "input[1]"},
		{"", `[{"type":"item_reference"}]`, "input[0]"}, {"r9", `"x"`, "previous_response_id"}, {"f1", `"x"`, "previous_response_id"},
		{"", `[{"type":"item_reference","id":"r1"}]`, "input[0]"}, {strings.Repeat("x", 1<<20), `"x"`, "previous_response_id"},
	} {
		_, _, err := s.Expand(row.previous, []byte(row.input))
		var unknown *NotRemembered
		require.ErrorAs(t, err, &unknown)
		assert.Equal(t, row.field, unknown.Field)
	}
	_, isList, err := s.Expand("", []byte(`7`))
	require.NoError(t, err)
	assert.False(t, isList)
}

// Another account never sees it, a switch and back neither, and what was under way is
// not remembered.
func TestAccounts(t *testing.T) {
	var m Memory
	remembers := func(s *Session, id string) bool { _, _, err := s.Expand(id, nil); return err == nil }
	a := m.Session("a")
	turn(t, a, "", `"one"`, "r1", "[]")
	assert.True(t, remembers(m.Session("a"), "r1"))
	underway, _, err := a.Expand("r1", nil)
	require.NoError(t, err)
	assert.False(t, remembers(m.Session("b"), "r1"))
	assert.False(t, remembers(a, "r1"), "a session of before")
	assert.False(t, remembers(m.Session("a"), "r1"), "and back")
	underway.Sent(underway.Input())
	underway.Remember("r2", nil)
	assert.False(t, remembers(m.Session("a"), "r2"))
	turn(t, m.Session("a"), "", `"one"`, "r3", "[]")
	m.Forget()
	assert.False(t, remembers(m.Session("a"), "r3"))
}

// The bounds: ends, bytes that are counted once, and a response that is too large.
func TestBounds(t *testing.T) {
	var m Memory
	s := m.Session("a")
	for i := range MaxEnds + 5 {
		turn(t, s, "", `"x"`, fmt.Sprint("r", i), "[]")
	}
	assert.Equal(t, MaxEnds, m.ends)
	for i := range MaxEnds + 5 {
		_, _, err := s.Expand(fmt.Sprint("r", i), nil)
		assert.Equal(t, i >= 5, err == nil, i)
	}
	// A used one stays; what it continues stays with it, and is no end.
	turn(t, s, "r5", `"x"`, "c5", "[]")
	turn(t, s, "c5", `"x"`, "d5", "[]")
	assert.Equal(t, MaxEnds, m.ends)
	for i := range MaxEnds - 1 {
		turn(t, s, "", `"x"`, fmt.Sprint("s", i), "[]")
	}
	_, _, err := s.Expand("r5", nil)
	require.NoError(t, err)
	turn(t, s, "", `"x"`, "last", "[]")
	_, _, err = s.Expand("d5", nil)
	require.Error(t, err, "an end that was not used")

	m.Forget()
	s = m.Session("a")
	big := `"` + strings.Repeat("x", MaxBytes/4) + `"`
	for i := range 5 {
		turn(t, s, "", big, fmt.Sprint("b", i), "[]")
	}
	assert.LessOrEqual(t, m.bytes, MaxBytes)
	assert.Len(t, m.responses, 3)
	turn(t, s, "b4", `[{"role":"user","content":`+big+`}]`, "b5", "[]")
	assert.LessOrEqual(t, m.bytes, MaxBytes)
	before := len(m.responses)
	turn(t, s, "b5", `[`+big+","+big+`]`, "huge", "[]")
	assert.Len(t, m.responses, before, "above the bound with what it continues")
	// What is named again counts once.
	m.Forget()
	s = m.Session("a")
	turn(t, s, "", `"x"`, "n0", `[{"type":"message","id":"big","x":`+big+`}]`)
	one := m.bytes
	for i := range 20 {
		turn(t, s, "", `[{"type":"item_reference","id":"big"}]`, fmt.Sprint("n", i+1), "[]")
	}
	assert.Equal(t, one, m.bytes)
	m.mu.Lock()
	for len(m.responses) > 0 {
		m.drop(m.oldestEnd())
	}
	m.mu.Unlock()
	assert.Equal(t, []int{0, 0, 0, 0}, []int{m.bytes, m.ends, len(m.owners), len(m.users)})
}

// What a response under way continues is whole, even if it was dropped meanwhile.
func TestDroppedMeanwhile(t *testing.T) {
	var m Memory
	s := m.Session("a")
	turn(t, s, "", `"one"`, "r1", "["+message("m1", "1")+"]")
	turn(t, s, "r1", `"two"`, "r2", "[]")
	c, _, err := s.Expand("r2", []byte(`"three"`))
	require.NoError(t, err)
	m.mu.Lock()
	m.drop(m.oldestEnd())
	m.drop(m.oldestEnd())
	m.mu.Unlock()
	c.Sent(c.Input())
	c.Remember("r3", nil)
	again, _, err := s.Expand("r3", nil)
	require.NoError(t, err)
	assert.Equal(t, string(c.Input()), string(again.Input()))
	assert.Len(t, m.responses, 3)
	assert.Equal(t, 1, m.ends)
}

// Generated conversations against a plain model of them: each continuation sends all
// items of its branch, in order, each once; the counts agree in the end.
func TestLikeAPlainModel(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		var m Memory
		s := m.Session("a")
		items := map[string][]string{"": nil}
		ids := []string{""}
		for n := range 60 {
			from := ids[random.IntN(len(ids))]
			want := append([]string{}, items[from]...)
			var input []string
			for range random.IntN(3) {
				text := fmt.Sprintf(`{"role":"user","content":"%d"}`, random.IntN(5))
				input, want = append(input, text), append(want, text)
			}
			id, out := fmt.Sprint("r", n), message(fmt.Sprint("m", n), "x")
			sent := turn(t, s, from, "["+strings.Join(input, ",")+"]", id, "["+out+"]")
			require.Equal(t, "["+strings.Join(want, ",")+"]", sent)
			items[id] = append(want, out)
			ids = append(ids, id)
		}
		total, ends := 0, 0
		for _, r := range m.responses {
			for _, item := range r.own {
				total += len(item.raw)
			}
			if r.children == 0 {
				ends++
			}
		}
		require.Equal(t, []int{total, ends}, []int{m.bytes, m.ends})
	}
}

// What was sent is kept as it was changed for the backend, and not the bytes of the
// host, whose buffer is used again.
func TestSentIsCopied(t *testing.T) {
	var m Memory
	s := m.Session("a")
	buffer := []byte(`[{"role":"system","content":"x"}]`)
	c, _, err := s.Expand("", buffer)
	require.NoError(t, err)
	sent := bytes.ReplaceAll(c.Input(), []byte("system"), []byte("developer"))
	c.Sent(sent)
	c.Remember("r1", nil)
	clear(buffer)
	clear(sent)
	c, _, err = s.Expand("r1", nil)
	require.NoError(t, err)
	assert.Equal(t, `[{"role":"developer","content":"x"}]`, string(c.Input()))
}

func FuzzExpand(f *testing.F) {
	f.Add(`[{"type":"item_reference","id":"m1"},{"id":"m1"},{"type":"reasoning"}]`)
	f.Fuzz(func(t *testing.T, input string) {
		var m Memory
		s := m.Session("a")
		turn(t, s, "", `"one"`, "r1", "["+message("m1", "1")+"]")
		if !validJSON(input) {
			return
		}
		if c, isList, err := s.Expand("r1", []byte(input)); err == nil && isList {
			require.True(t, validJSON(string(c.Input())))
			c.Sent(c.Input())
			c.Remember("r2", nil)
			require.NotNil(t, m.responses["r2"])
		}
	})
}

func validJSON(text string) bool { return json.Valid([]byte(text)) && strings.TrimSpace(text) == text }
