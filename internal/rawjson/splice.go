package rawjson

import "fmt"

// Edit replaces the bytes of a text from offset Start to just before offset End
// by Text. An edit with Start == End only inserts, one without Text only
// removes.
type Edit struct {
	Start, End int
	Text       []byte
}

// Splice returns a new slice with text after edits; text itself stays as it is.
// The offsets of all edits are those of text before any edit. Edits must be in
// ascending order, within text, and must not overlap; one may start where the
// previous one ends. Splice panics otherwise: offsets come from the program, not
// from the text.
func Splice(text []byte, edits ...Edit) []byte {
	size, at := len(text), 0
	for _, e := range edits {
		if e.Start < at || e.End < e.Start || e.End > len(text) {
			panic(fmt.Sprintf("rawjson: edit of %d to %d, with %d to %d left", e.Start, e.End, at, len(text)))
		}
		size += len(e.Text) - (e.End - e.Start)
		at = e.End
	}
	out := make([]byte, 0, size)
	at = 0
	for _, e := range edits {
		out = append(out, text[at:e.Start]...)
		out = append(out, e.Text...)
		at = e.End
	}
	return append(out, text[at:]...)
}

// Cut returns the edit that removes member i of members, which must be all the
// members [Object] found in text, and with it exactly one comma. The edit spans
// from the start of the member to that of the next for the first of several,
// from the end of the previous member to its own end for a later one, and the
// member alone if it is the only one. So every other byte stays, except blanks
// between the member and the neighbour named.
//
// The cuts of several members may stand in one [Splice], except those of members
// 0 and 1 together, which overlap: cut these one after the other, with [Object]
// on the result in between. Cut panics if i is out of range.
func Cut(text []byte, members []Member, i int) Edit {
	m := members[i]
	_ = text[m.Start:m.End] // panics if the members are those of a longer text
	switch {
	case i > 0:
		return Edit{Start: members[i-1].End, End: m.End}
	case len(members) > 1:
		return Edit{Start: m.Start, End: members[1].Start}
	}
	return Edit{Start: m.Start, End: m.End}
}

// Append returns the edit that adds a member after the last of members, which
// must be all the members [Object] found in text, or right after the opening
// brace if there are none. value must be valid JSON; it is not checked. Whether
// the object already has a member of that name is not looked at.
//
// The edit may stand in one [Splice] after any edit of the members themselves,
// such as a new value for the last one, and after the [Cut] of one of several
// members. To replace the only member, edit its Start to End instead. Append
// panics if there are no members and text is not an object.
func Append(text []byte, members []Member, name string, value []byte) Edit {
	added := make([]byte, 0, len(`,"":`)+len(name)+len(value))
	var at int
	if n := len(members); n > 0 {
		at = members[n-1].End
		added = append(added, ',')
	} else {
		brace, _ := blanks(text, 0)
		if brace >= len(text) || text[brace] != '{' {
			panic("rawjson: append to a text that is not an object")
		}
		at = brace + 1
	}
	added = AppendQuote(added, name)
	added = append(added, ':')
	return Edit{Start: at, End: at, Text: append(added, value...)}
}
