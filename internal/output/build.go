package output

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// build returns the item: the event that ended it byte for byte, unless that lacks
// a text that came before; else what its beginning and its parts amount to, with
// status in the place of one that is not final.
func (it *item) build(status string) []byte {
	object := it.base
	if object != nil && object[0] != '{' {
		return object
	}
	if object == nil {
		object = it.skeleton()
	}
	for _, list := range []string{"summary", "content"} {
		object = it.withParts(object, list)
	}
	for _, t := range it.texts {
		object = t.into(object, it.done)
	}
	if it.name != "" && it.kind == "function_call" {
		object = setEmpty(object, "name", quote(it.name))
	}
	if !it.done && status != "" {
		object = withStatus(object, it, status)
	}
	return object
}

// skeleton returns an item of which no event held more than a piece.
func (it *item) skeleton() []byte {
	object := []byte(`{}`)
	if it.id != "" {
		object = set(object, "id", quote(it.id))
	}
	object = set(object, "type", quote(it.kind))
	switch it.kind {
	case "message":
		object = set(object, "status", []byte(`"in_progress"`))
		object = set(object, "role", []byte(`"assistant"`))
		object = set(object, "content", []byte(`[]`))
	case "reasoning":
		object = set(object, "summary", []byte(`[]`))
	default:
		object = set(object, "status", []byte(`"in_progress"`))
	}
	return object
}

// withStatus puts a final status in the place of "in_progress" and of the words for
// steps on the way, where the type of the item has such a status.
func withStatus(object []byte, it *item, status string) []byte {
	members, _, _ := rawjson.Object(object, maxDepth, nil)
	value := rawjson.Last(members, "status")
	if len(value) == 0 {
		return object
	}
	switch string(value) {
	case `"completed"`, `"incomplete"`, `"failed"`:
		return object
	}
	if it.finished {
		status = "completed"
	}
	if status != "completed" {
		switch it.kind {
		case "web_search_call", "file_search_call", "image_generation_call":
			return object // these have no other
		}
	}
	return set(object, "status", quote(status))
}

// withParts puts the parts that came into a list of the item, where it lacks them.
func (it *item) withParts(object []byte, list string) []byte {
	var parts []*part
	for _, p := range it.parts {
		if p.list == list && p.hasContent() {
			parts = append(parts, p)
		}
	}
	if parts == nil {
		return object
	}
	slices.SortStableFunc(parts, func(a, b *part) int { return cmp.Compare(a.index, b.index) })
	members, _, _ := rawjson.Object(object, maxDepth, nil)
	old := rawjson.Last(members, list)
	elements := listOf(old)
	changed := false
	for _, p := range parts {
		if p.index < len(elements) && p.fits(elements[p.index]) {
			whole := p.into(elements[p.index], it.done)
			changed = changed || !bytes.Equal(whole, elements[p.index])
			elements[p.index] = whole
			continue
		}
		elements = slices.Insert(elements, min(p.index, len(elements)), p.build())
		changed = true
	}
	if !changed {
		return object
	}
	return set(object, list, join(elements))
}

// hasContent reports whether a part is more than a place.
func (p *part) hasContent() bool {
	return p.base != nil || len(p.annotations) > 0 || !every(p.texts, func(t *text) bool { return len(t.raw) == 0 })
}

// fits reports whether an element of a list may be this part.
func (p *part) fits(element []byte) bool {
	members, _, err := rawjson.Object(element, maxDepth, nil)
	kind := textOf(members, "type")
	return err == nil && (p.kind == "" || len(kind) == 0 || string(kind) == p.kind)
}

// build returns a part that its item does not hold.
func (p *part) build() []byte {
	object := p.base
	if object == nil {
		object = []byte(`{}`)
		object = set(object, "type", quote(p.kind))
		switch p.kind {
		case "output_text":
			object = set(object, "annotations", []byte(`[]`))
			object = set(object, "logprobs", []byte(`[]`))
			object = set(object, "text", []byte(`""`))
		case "output_audio":
			object = set(object, "data", []byte(`""`))
			object = set(object, "transcript", []byte(`""`))
		}
	}
	return p.into(object, p.done)
}

// into puts what has come of a part into an object that lacks it. whole says that
// the object is the part's end, whose texts count where it has any.
func (p *part) into(object []byte, whole bool) []byte {
	if p.base != nil && p.done && !whole {
		object, whole = p.base, true
	}
	for _, t := range p.texts {
		object = t.into(object, whole)
	}
	if len(p.annotations) > 0 {
		object = setEmpty(object, "annotations", join(p.annotations))
	}
	if len(p.logprobs) > 0 && !whole {
		object = setEmpty(object, "logprobs", slices.Concat([]byte(`[`), p.logprobs, []byte(`]`)))
	}
	return object
}

// into puts the text into its member of an object. keep says that a text which is
// there counts.
func (t *text) into(object []byte, keep bool) []byte {
	if len(t.raw) == 0 {
		return object
	}
	outer, inner, nested := strings.Cut(t.member, ".")
	if !nested {
		return t.intoMember(object, t.member, keep)
	}
	members, _, _ := rawjson.Object(object, maxDepth, nil)
	child := rawjson.Last(members, outer)
	if len(child) == 0 || child[0] != '{' {
		child = []byte(`{}`)
	}
	return set(object, outer, t.intoMember(child, inner, keep))
}

func (t *text) intoMember(object []byte, name string, keep bool) []byte {
	value := slices.Concat([]byte(`"`), t.raw, []byte(`"`))
	if keep {
		return setEmpty(object, name, value)
	}
	members, _, _ := rawjson.Object(object, maxDepth, nil)
	if first := rawjson.Last(members, name); !t.done && len(first) > 2 && first[0] == '"' && t.goesOn(first) {
		value = slices.Concat(first[:len(first)-1], t.raw, []byte(`"`))
	}
	return set(object, name, value)
}

// goesOn reports whether the pieces go on where the text of a beginning, a JSON
// string, ends. Some upstreams send the first piece with the beginning; others repeat
// it in the pieces, or begin with a placeholder for arguments, such as {}.
func (t *text) goesOn(first []byte) bool {
	if bytes.HasPrefix(t.raw, first[1:len(first)-1]) {
		return false
	}
	if t.member != "arguments" {
		return true
	}
	arguments, _ := rawjson.Unquote(first)
	_, err := rawjson.Check([]byte(arguments), maxDepth)
	return err != nil
}

// setEmpty sets a member that is absent, null, "" or an empty list.
func setEmpty(object []byte, name string, value []byte) []byte {
	members, _, err := rawjson.Object(object, maxDepth, nil)
	if err != nil {
		return object
	}
	old := rawjson.Last(members, name)
	if len(old) == 0 || string(old) == "null" || string(old) == `""` || old[0] == '[' && len(inside(old)) == 0 {
		return set(object, name, value)
	}
	return object
}

// set sets a member of an object; every other byte stays.
func set(object []byte, name string, value []byte) []byte {
	members, _, err := rawjson.Object(object, maxDepth, nil)
	if err != nil {
		return object
	}
	for _, m := range slices.Backward(members) {
		if m.Is(name) {
			return rawjson.Splice(object, rawjson.Edit{Start: m.ValueStart, End: m.End, Text: value})
		}
	}
	return rawjson.Splice(object, rawjson.Append(object, members, name, value))
}

func quote(text string) []byte { return rawjson.AppendQuote(nil, text) }

// listOf returns the elements of a list that are not null, none for anything else.
func listOf(value []byte) [][]byte {
	if len(value) == 0 || value[0] != '[' {
		return nil
	}
	var elements [][]byte
	for start, end := range rawjson.Elements(value) {
		if element := value[start:end]; string(element) != "null" {
			elements = append(elements, element)
		}
	}
	return elements
}

// join returns a list of elements.
func join(elements [][]byte) []byte {
	return slices.Concat([]byte(`[`), bytes.Join(elements, []byte(`,`)), []byte(`]`))
}
