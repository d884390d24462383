package store

import (
	"bytes"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Document is the text of an auth.json. What is not edited stays byte for
// byte: unknown members at every depth, the order of members, blanks, number
// spellings. A new member comes last, laid out like the one before it. The zero
// Document is an empty store. Not safe for concurrent use.
type Document struct {
	// Text is the whole document; empty for an empty store.
	Text []byte
}

// NewDocument returns a document with a copy of text, which must be a JSON object without
// duplicate names, or empty for a store that holds nothing.
func NewDocument(text []byte) *Document { return &Document{bytes.Clone(text)} }

// empty reports whether no member is left.
func (d *Document) empty() bool {
	members, _, _ := rawjson.Object(d.Text, maxFileDepth, nil)
	return len(members) == 0
}

// SetString sets the member at path to a string, see Set.
func (d *Document) SetString(value string, path ...string) {
	d.Set(rawjson.AppendQuote(nil, value), path...)
}

// SetSecret sets the member at path to a secret, see Set.
func (d *Document) SetSecret(value protocol.Secret, path ...string) {
	d.SetString(value.Reveal(), path...)
}

// SetNull sets the member at path to null, see Set.
func (d *Document) SetNull(path ...string) { d.Set([]byte("null"), path...) }

// Set puts value, one valid JSON text, at path: in the place of the old value,
// or as the last member of its object. Objects that path needs and the text lacks are
// made; a value on the way that is not an object is replaced by one.
func (d *Document) Set(value []byte, path ...string) {
	if len(bytes.TrimSpace(d.Text)) == 0 {
		d.Text = []byte("{}")
	}
	if start, end, ok := d.locate(path); ok {
		d.Text = rawjson.Splice(d.Text, rawjson.Edit{Start: start, End: end, Text: value})
		return
	}
	parent := path[:len(path)-1]
	if len(parent) > 0 {
		if start, _, ok := d.locate(parent); !ok || d.Text[start] != '{' {
			d.Set([]byte("{}"), parent...)
		}
	}
	start, end, _ := d.locate(parent)
	object := appendMember(d.Text[start:end], path[len(path)-1], value, len(parent))
	d.Text = rawjson.Splice(d.Text, rawjson.Edit{Start: start, End: end, Text: object})
}

// Remove removes the member at path, if there is one.
func (d *Document) Remove(path ...string) {
	start, end, ok := d.locate(path[:len(path)-1])
	if !ok {
		return
	}
	object := d.Text[start:end]
	members, _, err := rawjson.Object(object, maxFileDepth, nil)
	if err != nil {
		return
	}
	for i := range members {
		if members[i].Is(path[len(path)-1]) {
			cut := rawjson.Cut(object, members, i)
			d.Text = rawjson.Splice(d.Text, rawjson.Edit{Start: start + cut.Start, End: start + cut.End, Text: nil})
			return
		}
	}
}

// Value returns the value at path as it is in the text; nil when there is none.
func (d *Document) Value(path ...string) []byte {
	start, end, ok := d.locate(path)
	if !ok {
		return nil
	}
	return d.Text[start:end]
}

// locate finds the value at path; the empty path is the whole object.
func (d *Document) locate(path []string) (start, end int, ok bool) {
	end = len(d.Text)
	for _, name := range path {
		members, _, err := rawjson.Object(d.Text[start:end], maxFileDepth, nil)
		if err != nil {
			return 0, 0, false
		}
		m, found := rawjson.Find(members, name)
		if !found {
			return 0, 0, false
		}
		start, end = start+m.ValueStart, start+m.End
	}
	return start, end, true
}

// appendMember returns object with a member more, laid out as its last member is;
// in an object without members as Codex writes it, with two blanks a level.
func appendMember(object []byte, name string, value []byte, depth int) []byte {
	members, _, err := rawjson.Object(object, maxFileDepth, nil)
	if err != nil {
		return object
	}
	key := rawjson.AppendQuote(nil, name)
	if n := len(members); n > 0 {
		last := members[n-1]
		before, between := last.Start, object[last.Start+len(last.Key):last.ValueStart]
		for before > 0 && object[before-1] != ',' && object[before-1] != '{' {
			before--
		}
		added := append([]byte{','}, object[before:last.Start]...)
		added = append(append(append(added, key...), between...), value...)
		return rawjson.Splice(object, rawjson.Edit{Start: last.End, End: last.End, Text: added})
	}
	indent := bytes.Repeat([]byte("  "), depth)
	out := append([]byte("{\n  "), indent...)
	out = append(append(append(out, key...), ": "...), value...)
	return append(append(append(out, '\n'), indent...), '}')
}

// RemoveLogin removes what a logout removes from a store (docs/credentials.md: Logout);
// foreign members stay.
func (d *Document) RemoveLogin() {
	for _, name := range []string{"auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh"} {
		d.Remove(name)
	}
}
