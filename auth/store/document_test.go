package store

import (
	"encoding/json"
	"testing"
)

func TestDocument(t *testing.T) {
	const pretty = "{\n  \"a\" : 1.50,\n  \"x_unknown\": {\"deep\": [1, {\"k\": 1e3}]},\n  \"tokens\": {\n    \"id\\u005ftoken\": \"i\",\n    \"zz\": null\n  }\n}\n"
	for _, c := range []struct {
		name, text string
		edit       func(*Document)
		want       string
	}{
		{"replace in place, an escaped name", pretty, func(d *Document) { d.SetString("new", "tokens", "id_token") },
			"{\n  \"a\" : 1.50,\n  \"x_unknown\": {\"deep\": [1, {\"k\": 1e3}]},\n  \"tokens\": {\n    \"id\\u005ftoken\": \"new\",\n    \"zz\": null\n  }\n}\n"},
		{"append like its neighbour", pretty, func(d *Document) { d.SetString("r", "tokens", "refresh_token"); d.SetNull("OPENAI_API_KEY") },
			"{\n  \"a\" : 1.50,\n  \"x_unknown\": {\"deep\": [1, {\"k\": 1e3}]},\n  \"tokens\": {\n    \"id\\u005ftoken\": \"i\",\n    \"zz\": null,\n    \"refresh_token\": \"r\"\n  },\n  \"OPENAI_API_KEY\": null\n}\n"},
		{"append to compact", `{"a":1}`, func(d *Document) { d.SetString("v", "b") }, `{"a":1,"b":"v"}`},
		{"append to an empty object", `{ }`, func(d *Document) { d.SetString("v", "b") }, "{\n  \"b\": \"v\"\n}"},
		{"from nothing", "", func(d *Document) { d.SetString("v", "tokens", "id_token"); d.SetString("w", "tokens", "access_token") },
			"{\n  \"tokens\": {\n    \"id_token\": \"v\",\n    \"access_token\": \"w\"\n  }\n}"},
		{"a scalar in the way", `{"tokens":null}`, func(d *Document) { d.SetString("v", "tokens", "t") }, "{\"tokens\":{\n    \"t\": \"v\"\n  }}"},
		{"remove", pretty, func(d *Document) {
			d.Remove("x_unknown")
			d.Remove("tokens", "zz")
			d.Remove("none")
			d.Remove("a", "b")
		},
			"{\n  \"a\" : 1.50,\n  \"tokens\": {\n    \"id\\u005ftoken\": \"i\"\n  }\n}\n"},
		{"remove the first", `{"a":1, "b":2}`, func(d *Document) { d.Remove("a") }, `{"b":2}`},
		{"remove the only one", `{"a":1}`, func(d *Document) { d.Remove("a") }, `{}`},
		{"another case is another name", `{"Tokens":{}}`, func(d *Document) { d.SetString("v", "tokens") }, `{"Tokens":{},"tokens":"v"}`},
		{"text with a bracket before", `{"a":"{,","b":2}`, func(d *Document) { d.SetNull("c") }, `{"a":"{,","b":2,"c":null}`},
	} {
		d := NewDocument([]byte(c.text))
		c.edit(d)
		if string(d.Text) != c.want || !json.Valid(d.Text) {
			t.Errorf("%s: got %q, want %q", c.name, d.Text, c.want)
		}
	}
	d := NewDocument([]byte(`{"a":{"b":"v"},"n":null}`))
	equal(t, "text", string(d.Value("a", "b")), `"v"`)
	equal(t, "null", string(d.Value("n")), "null")
	equal(t, "absent", d.Value("a", "c") == nil, true)
	equal(t, "empty", NewDocument(nil).empty(), true)
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
		s := Parse("auth.json", []byte(text))
		if s.Torn || s.Err != nil {
			return
		}
		d := NewDocument([]byte(text))
		d.SetString(value, "tokens", "refresh_token")
		d.SetNull("last_refresh")
		var after map[string]json.RawMessage
		if err := json.Unmarshal(d.Text, &after); err != nil {
			t.Fatalf("%q: %v", d.Text, err)
		}
		for name, old := range before {
			if name != "tokens" && name != "last_refresh" && string(after[name]) != string(old) {
				t.Errorf("member %q changed", name)
			}
		}
		if string(after["last_refresh"]) != "null" {
			t.Error("last_refresh is not set")
		}
		if again := NewDocument(d.Text); again.Value("tokens", "refresh_token") == nil {
			t.Error("the token is not there")
		}
	})
}

// value returns the member at path as it is in the text; nil without one. null
