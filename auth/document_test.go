package auth

import (
	"encoding/json"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

func TestDocument(t *testing.T) {
	const pretty = "{\n  \"a\" : 1.50,\n  \"x_unknown\": {\"deep\": [1, {\"k\": 1e3}]},\n  \"tokens\": {\n    \"id\\u005ftoken\": \"i\",\n    \"zz\": null\n  }\n}\n"
	for _, c := range []struct {
		name, text string
		edit       func(*document)
		want       string
	}{
		{"replace in place, an escaped name", pretty, func(d *document) { d.setString("new", "tokens", "id_token") },
			"{\n  \"a\" : 1.50,\n  \"x_unknown\": {\"deep\": [1, {\"k\": 1e3}]},\n  \"tokens\": {\n    \"id\\u005ftoken\": \"new\",\n    \"zz\": null\n  }\n}\n"},
		{"append like its neighbour", pretty, func(d *document) { d.setString("r", "tokens", "refresh_token"); d.setNull("OPENAI_API_KEY") },
			"{\n  \"a\" : 1.50,\n  \"x_unknown\": {\"deep\": [1, {\"k\": 1e3}]},\n  \"tokens\": {\n    \"id\\u005ftoken\": \"i\",\n    \"zz\": null,\n    \"refresh_token\": \"r\"\n  },\n  \"OPENAI_API_KEY\": null\n}\n"},
		{"append to compact", `{"a":1}`, func(d *document) { d.setString("v", "b") }, `{"a":1,"b":"v"}`},
		{"append to an empty object", `{ }`, func(d *document) { d.setString("v", "b") }, "{\n  \"b\": \"v\"\n}"},
		{"from nothing", "", func(d *document) { d.setString("v", "tokens", "id_token"); d.setString("w", "tokens", "access_token") },
			"{\n  \"tokens\": {\n    \"id_token\": \"v\",\n    \"access_token\": \"w\"\n  }\n}"},
		{"a scalar in the way", `{"tokens":null}`, func(d *document) { d.setString("v", "tokens", "t") }, "{\"tokens\":{\n    \"t\": \"v\"\n  }}"},
		{"remove", pretty, func(d *document) {
			d.remove("x_unknown")
			d.remove("tokens", "zz")
			d.remove("none")
			d.remove("a", "b")
		},
			"{\n  \"a\" : 1.50,\n  \"tokens\": {\n    \"id\\u005ftoken\": \"i\"\n  }\n}\n"},
		{"remove the first", `{"a":1, "b":2}`, func(d *document) { d.remove("a") }, `{"b":2}`},
		{"remove the only one", `{"a":1}`, func(d *document) { d.remove("a") }, `{}`},
		{"another case is another name", `{"Tokens":{}}`, func(d *document) { d.setString("v", "tokens") }, `{"Tokens":{},"tokens":"v"}`},
		{"text with a bracket before", `{"a":"{,","b":2}`, func(d *document) { d.setNull("c") }, `{"a":"{,","b":2,"c":null}`},
	} {
		d := newDocument([]byte(c.text))
		c.edit(d)
		if string(d.text) != c.want || !json.Valid(d.text) {
			t.Errorf("%s: got %q, want %q", c.name, d.text, c.want)
		}
	}
	d := newDocument([]byte(`{"a":{"b":"v"},"n":null}`))
	equal(t, "str", d.str("a", "b"), "v")
	equal(t, "no string", d.str("a"), "")
	equal(t, "null", string(d.value("n")), "null")
	equal(t, "absent", d.value("a", "c") == nil, true)
	equal(t, "empty", newDocument(nil).empty(), true)
	equal(t, "not empty", d.empty(), false)
}

// FuzzDocument: after any edit a document is valid JSON and holds what was set;
// every other member is as it was.
func FuzzDocument(f *testing.F) {
	f.Add(`{"a":1,"tokens":{"b":[1,2]}}`, "v")
	f.Add("{ \"tokens\" : null }", "\u2028")
	f.Fuzz(func(t *testing.T, text, value string) {
		var before map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &before) != nil || before == nil {
			return
		}
		s := readText("auth.json", []byte(text))
		if s.torn || s.err != nil {
			return
		}
		d := newDocument([]byte(text))
		d.setString(value, "tokens", "refresh_token")
		d.setNull("last_refresh")
		var after map[string]json.RawMessage
		if err := json.Unmarshal(d.text, &after); err != nil {
			t.Fatalf("%q: %v", d.text, err)
		}
		for name, old := range before {
			if name != "tokens" && name != "last_refresh" && string(after[name]) != string(old) {
				t.Errorf("member %q changed", name)
			}
		}
		if string(after["last_refresh"]) != "null" {
			t.Error("last_refresh is not set")
		}
		if again := newDocument(d.text); again.value("tokens", "refresh_token") == nil {
			t.Error("the token is not there")
		}
	})
}

// value returns the member at path as it stands in the text; nil for none. null
// is a value.
func (d *document) value(path ...string) []byte {
	start, end, ok := d.locate(path)
	if !ok {
		return nil
	}
	return d.text[start:end]
}

// str returns the member at path that is a string, else "".
func (d *document) str(path ...string) string {
	s, _ := rawjson.Unquote(d.value(path...))
	return s
}
