package output

import (
	"bytes"
	"slices"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// maxDepth of what the upstream sends; the events have been held to it.
const maxDepth = 10_000

// item is one item of the output, as far as it has come.
type item struct {
	// id is the first one that was named, place -1 while none was.
	id    string
	place int
	kind  string
	// callID of a call, "" for none.
	callID string
	// base is the item as an event held it, nil for none.
	base []byte
	// opened: its beginning was there. done: base is the whole item. finished: an
	// event said that it has ended, without the item.
	opened, done, finished bool
	// texts of the item itself, by member, and its parts.
	texts   []*text
	parts   []*part
	byIndex map[partKey]*part
	last    map[string]*part // by list
	// name that the end of a call's arguments repeats.
	name string
	// odd: a piece came that belongs to no part we know.
	odd  bool
	size int
}

// partKey finds a part.
type partKey struct {
	list  string
	index int
}

// text is a text that comes in pieces: the inside of a JSON string, escapes as they
// came. Pieces are joined as they are, so that a surrogate pair may be split.
type text struct {
	member string
	raw    []byte
	// done: raw is the whole text.
	done bool
}

// part is one part of an item, such as a paragraph.
type part struct {
	list, kind  string
	index       int
	base        []byte
	done        bool
	texts       []*text
	annotations [][]byte
	logprobs    []byte
}

// isLike reports whether the item may be the one of an event about an item of a
// type and a call, "" for unknown.
func (it *item) isLike(kind, callID string) bool {
	return (it.kind == "" || kind == "" || it.kind == kind) && (it.callID == "" || callID == "" || it.callID == callID)
}

// take takes a part, or a piece of one, by its rule, and returns how many bytes the
// item has grown by.
func (it *item) take(r rule, members []rawjson.Member) (grown int) {
	if r.list == "" {
		if name := textOf(members, "name"); len(name) > 0 && r.do == closeText {
			it.name = string(name)
		}
		it.texts, grown = takeText(it.texts, r, members)
		return grown
	}
	p, grown := it.partOf(r, indexOf(members, r.index))
	switch r.do {
	case openPart, closePart:
		value := rawjson.Last(members, "part")
		if len(value) == 0 || value[0] != '{' || p.done || p.base != nil && r.do == openPart {
			return grown
		}
		grown += len(value) - len(p.base)
		p.base, p.done = bytes.Clone(value), r.do == closePart
		fields, _, _ := rawjson.Object(value, maxDepth, nil)
		p.kind = string(textOf(fields, "type"))
	case annotate:
		if value := rawjson.Last(members, "annotation"); len(value) > 0 && value[0] == '{' {
			p.annotations = append(p.annotations, bytes.Clone(value))
			grown += len(value) + overhead
		}
	default:
		var more int
		p.texts, more = takeText(p.texts, r, members)
		grown += more
		if list := inside(rawjson.Last(members, "logprobs")); len(list) > 0 && r.do == addText {
			if len(p.logprobs) > 0 {
				p.logprobs = append(p.logprobs, ',')
			}
			p.logprobs = append(p.logprobs, list...)
			grown += len(list) + 1
		}
	}
	return grown
}

// partOf returns the part that an event belongs to, and what a new one counts: by
// its number, else the last one of the list.
func (it *item) partOf(r rule, index int) (p *part, grown int) {
	key := partKey{r.list, index}
	if index < 0 {
		key.index = 0
		if last := it.last[r.list]; last != nil && (r.part == "" || last.kind == "" || last.kind == r.part) {
			key.index = last.index
		} else if last != nil {
			key.index = last.index + 1
		}
	}
	if p = it.byIndex[key]; p == nil {
		if it.byIndex == nil {
			it.byIndex, it.last = map[partKey]*part{}, map[string]*part{}
		}
		p, grown = &part{list: r.list, index: key.index}, overhead
		it.parts = append(it.parts, p)
		it.byIndex[key] = p
	}
	if p.kind == "" {
		p.kind = r.part
	}
	it.last[r.list] = p
	return p, grown
}

// takeText takes a piece of a text, or the whole of it, and returns how many bytes
// that is more.
func takeText(texts []*text, r rule, members []rawjson.Member) (after []*text, grown int) {
	i := slices.IndexFunc(texts, func(t *text) bool { return t.member == r.member })
	if i < 0 {
		i = len(texts)
		texts = append(texts, &text{member: r.member})
	}
	t := texts[i]
	value := rawjson.Last(members, r.value)
	if len(value) > 0 && value[0] == '{' { // some put the text one level down
		fields, _, _ := rawjson.Object(value, maxDepth, nil)
		value = rawjson.Last(fields, "text")
	}
	isText := len(value) >= 2 && value[0] == '"'
	before := len(t.raw)
	switch {
	case t.done:
	case r.do == closeText:
		t.done = true
		// A whole text that is empty takes nothing away from what has come.
		if isText && len(value) > 2 {
			t.raw = append(t.raw[:0], value[1:len(value)-1]...)
		}
	case isText:
		t.raw = append(t.raw, value[1:len(value)-1]...)
	}
	return texts, len(t.raw) - before
}

// inside returns what is between the brackets of a list, without the blanks around
// it.
func inside(list []byte) []byte {
	if len(list) < 2 || list[0] != '[' {
		return nil
	}
	return bytes.TrimSpace(list[1 : len(list)-1])
}

// isConfirmed reports whether the end of the item, or of all that it consists of,
// was there.
func (it *item) isConfirmed() bool {
	if it.done {
		return true
	}
	if it.odd {
		return false
	}
	isWhole := func(t *text) bool { return t.done }
	parts, texts := 0, len(it.texts)
	for _, p := range it.parts {
		parts++
		if !p.done && (len(p.texts) == 0 || !every(p.texts, isWhole)) {
			return false
		}
	}
	return every(it.texts, isWhole) && parts+texts > 0 || parts+texts == 0 && it.finished
}

func every[T any](list []T, is func(T) bool) bool {
	return !slices.ContainsFunc(list, func(v T) bool { return !is(v) })
}

// words names the item in an error.
func (it *item) words() string {
	return strings.ReplaceAll(it.kind, "_", " ")
}
