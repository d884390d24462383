package output

import (
	"bytes"
	"cmp"
	"slices"

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
	odd bool
	// mention is what the first event that named the item is about, "" if that event
	// held something of it.
	mention string
	size    int
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
	// done: raw is the whole text. odd: a piece came that is not a text.
	done, odd bool
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
		if list := inside(rawjson.Last(members, "logprobs")); len(list) > 0 {
			before := len(p.logprobs)
			if r.do == closeText { // these are all of them
				p.logprobs = p.logprobs[:0]
			} else if before > 0 {
				p.logprobs = append(p.logprobs, ',')
			}
			p.logprobs = append(p.logprobs, list...)
			grown += len(p.logprobs) - before
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
	isThere := len(value) > 0 && string(value) != "null"
	if len(value) > 0 && value[0] == '{' { // some put the text one level down
		fields, _, _ := rawjson.Object(value, maxDepth, nil)
		value = rawjson.Last(fields, "text")
	}
	isText := len(value) >= 2 && value[0] == '"'
	before := len(t.raw)
	switch {
	case t.done:
	case r.do == closeText:
		t.done, t.odd = true, false
		// A whole text that is empty takes nothing away from what has come.
		if isText && len(value) > 2 {
			t.raw = append(t.raw[:0], value[1:len(value)-1]...)
		}
	case isText:
		t.raw = append(t.raw, value[1:len(value)-1]...)
	default:
		t.odd = t.odd || isThere
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

// isConfirmed reports whether the end of the item, or of all its texts, was there.
func (it *item) isConfirmed() bool {
	if it.done {
		return true
	}
	if it.odd || it.isGarbled() {
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

// isGarbled reports whether a piece of a text came that is not a text, and the end
// of that text did not come.
func (it *item) isGarbled() bool {
	isSound := func(t *text) bool { return !t.odd }
	return !every(it.texts, isSound) ||
		!every(it.parts, func(p *part) bool { return p.done || every(p.texts, isSound) })
}

// lacksPart reports whether a part came and one before it did not.
func (it *item) lacksPart() bool {
	return !every(it.parts, func(p *part) bool {
		return p.index == 0 || it.byIndex[partKey{p.list, p.index - 1}] != nil
	})
}

// isMentioned reports whether events named the item and nothing of it came.
func (it *item) isMentioned() bool {
	return it.mention != "" && it.base == nil && len(it.texts)+len(it.parts) == 0
}

func every[T any](list []T, is func(T) bool) bool {
	return !slices.ContainsFunc(list, func(v T) bool { return !is(v) })
}

// consistsOfTexts reports whether the end of the item holds nothing that its texts
// do not. The end of a reasoning item has the encrypted content, the end of a search
// its query, the end of a tool that the upstream runs its result.
func (it *item) consistsOfTexts() bool {
	switch it.kind {
	case "message", "function_call", "custom_tool_call":
		return true
	}
	return false
}

// names are what the kinds of item are called in an error, which repeats no word of
// the upstream's.
var names = map[string]string{
	"message": "a message", "reasoning": "a reasoning item", "function_call": "a function call",
	"custom_tool_call": "a custom tool call", "mcp_call": "an MCP call", "mcp_list_tools": "a list of MCP tools",
	"code_interpreter_call": "a code interpreter call", "apply_patch_call": "a patch", "image_generation_call": "a picture",
	"web_search_call": "a web search", "file_search_call": "a file search",
}

// words names the item in an error.
func (it *item) words() string {
	return cmp.Or(names[cmp.Or(it.kind, it.mention)], "an item of the output")
}
