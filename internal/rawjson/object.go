package rawjson

import (
	"bytes"
	"iter"
	"math"
)

// Member is one member of an object (RFC 8259, section 4) within a text. Key and
// Value are slices of that text; Start, ValueStart and End are offsets into it.
type Member struct {
	// Key is the name as in the text: with its quotes, escapes not decoded.
	Key []byte
	// Value is the value as in the text, without the blanks around it.
	Value []byte
	// Escaped: Key holds an escape, so that its bytes are not its name.
	Escaped bool
	// Start is the offset of the opening quote of the key, ValueStart the offset of
	// the first byte of the value, End that just past the value.
	Start, ValueStart, End int
}

// Is reports whether name is the name of the member: exactly, after decoding the
// escapes in the key. A key "\u0069d" is id, a key "Id" is not. It is the same as
// m.Name() == name, but does not allocate for names up to 21 bytes.
func (m Member) Is(name string) bool {
	if plain(m.Key) {
		return string(inner(m.Key)) == name
	}
	// Six bytes of a text decode to one byte or more.
	if len(inner(m.Key)) > 6*len(name) {
		return false
	}
	var buf [128]byte
	decoded, _ := appendDecoded(buf[:0], inner(m.Key))
	return string(decoded) == name
}

// Name returns the decoded name of the member. Each unpaired surrogate in it is
// U+FFFD, as in [Unquote].
func (m Member) Name() string {
	if plain(m.Key) {
		return string(inner(m.Key))
	}
	decoded, _ := appendDecoded(nil, inner(m.Key))
	return string(decoded)
}

// plain reports whether key holds no escape, so that its bytes are its name.
func plain(key []byte) bool { return bytes.IndexByte(key, '\\') < 0 }

// inner returns key without its quotes; nothing for the key of a zero Member.
func inner(key []byte) []byte {
	if len(key) < 2 {
		return nil
	}
	return key[1 : len(key)-1]
}

// MaxMembers is how many members an object may have for [Object].
const MaxMembers = 1 << 17

// Object checks the whole text like [Check], with the same meaning of maxDepth
// (the object itself is one level) and of breaks, and appends the members of the
// object that is the text to into[:0], in the order of the text. Members with
// the same name are all there; see [Duplicate].
//
// err is nil, a *[SyntaxError], or [ErrNotObject] if text is one valid value of
// another kind; breaks is false only with a *SyntaxError. With a *SyntaxError
// the members completed before its offset are still returned, so that the id of
// a malformed message can be echoed. A member is complete when its value is: a
// number or literal that ends where the text does, or goes on with a byte that
// cannot follow a value, is not.
//
// Object allocates nothing for a valid text when into has room for the members.
// A Member takes 80 bytes on a 64-bit system and as few as 5 bytes of text, so
// an object with more than [MaxMembers] is refused with a *SyntaxError.
func Object(text []byte, maxDepth int, into []Member) (members []Member, breaks bool, err error) {
	members = into[:0]
	i, breaks := blanks(text, 0)
	if i >= len(text) || text[i] != '{' {
		if breaks, err = Check(text, maxDepth); err == nil {
			err = ErrNotObject
		}
		return members, breaks, err
	}
	members, i, b, f := scanMembers(text, i, maxDepth, members)
	if f != noFault {
		return members, false, syntaxError(i, f, maxDepth)
	}
	end, b2 := blanks(text, i)
	if end != len(text) {
		return members, false, syntaxError(end, faultSecond, maxDepth)
	}
	return members, breaks || b || b2, nil
}

// scanMembers scans the object whose opening brace is at i and appends its
// members. The other results are those of value.
func scanMembers(text []byte, i, left int, into []Member) (members []Member, end int, breaks bool, f fault) {
	if left < 1 {
		return into, i, false, faultDepth
	}
	var b bool
	if i++; i < len(text) && text[i] <= ' ' {
		i, breaks = blanks(text, i)
	}
	if i < len(text) && text[i] == '}' {
		return into, i + 1, breaks, noFault
	}
	for {
		if i >= len(text) {
			return into, len(text), false, faultEnd
		}
		if text[i] != '"' {
			return into, i, false, faultName
		}
		start := i
		key, escaped := shortString(text, i), false
		if key == 0 {
			key, b, f = str(text, i)
			breaks = breaks || b
			if f != noFault {
				return into, key, false, f
			}
			escaped = !plain(text[i:key])
		}
		i = key
		if i+1 < len(text) && text[i] == ':' && text[i+1] > ' ' {
			i++
		} else {
			i, b, f = colon(text, i)
			breaks = breaks || b
			if f != noFault {
				return into, i, false, f
			}
		}
		at := i
		switch { // most values are strings and numbers
		case i < len(text) && text[i] == '"':
			i, b, f = str(text, i)
			breaks = breaks || b
		case i < len(text) && isDigit(text[i]):
			i, f = number(text, i)
		default:
			i, b, f = value(text, i, left-1)
			breaks = breaks || b
		}
		if f != noFault {
			return into, i, false, f
		}
		end := i
		if i < len(text) && text[i] <= ' ' {
			i, b = blanks(text, i)
			breaks = breaks || b
		}
		more := i < len(text) && text[i] == ','
		last := i < len(text) && text[i] == '}'
		if more || last || i > end || delimited(text[at]) {
			if len(into) == MaxMembers {
				return into, start, false, faultMany
			}
			// Member by member in place: a whole Member made beside it and copied
			// costs a third of the time of all.
			if len(into) < cap(into) {
				into = into[:len(into)+1]
			} else {
				into = append(into, Member{})
			}
			m := &into[len(into)-1]
			m.Key, m.Value, m.Escaped = text[start:key:key], text[at:end:end], escaped
			m.Start, m.ValueStart, m.End = start, at, end
		}
		switch {
		case last:
			return into, i + 1, breaks, noFault
		case i >= len(text):
			return into, len(text), false, faultEnd
		case !more:
			return into, i, false, faultInObject
		}
		if i++; i < len(text) && text[i] <= ' ' {
			i, b = blanks(text, i)
			breaks = breaks || b
		}
	}
}

// delimited reports whether a value that begins with first shows its end: a
// number or literal does not, 12 may be the beginning of 123.
func delimited(first byte) bool {
	return first == '"' || first == '{' || first == '['
}

// Find returns the first of members whose name is name, as [Member.Is] compares.
func Find(members []Member, name string) (Member, bool) {
	for i := range members {
		if members[i].Is(name) {
			return members[i], true
		}
	}
	return Member{}, false
}

// Last returns the value of the last member of that name, nil if no member has it:
// of duplicates the last one counts in most readers of JSON.
func Last(members []Member, name string) []byte {
	for i := len(members) - 1; i >= 0; i-- {
		if members[i].Is(name) {
			return members[i].Value
		}
	}
	return nil
}

// fewMembers is the number of members up to which comparing all pairs is cheaper
// than a map.
const fewMembers = 16

// Duplicate reports whether two of members have the same decoded name, and
// returns the name that is the first to come a second time. RFC 8259, section 4,
// leaves open what a reader makes of such an object, so two readers may see
// different ones. It takes time in proportion to the members, and allocates
// nothing for up to 16 of them without escapes in their keys, unless it finds
// something.
func Duplicate(members []Member) (name string, found bool) {
	if len(members) > fewMembers || !allPlain(members) {
		return duplicateOfMany(members)
	}
	for i := range members {
		for j := range i {
			if bytes.Equal(members[i].Key, members[j].Key) {
				return members[i].Name(), true
			}
		}
	}
	return "", false
}

func allPlain(members []Member) bool {
	for i := range members {
		if !plain(members[i].Key) {
			return false
		}
	}
	return true
}

func duplicateOfMany(members []Member) (name string, found bool) {
	seen := make(map[string]struct{}, len(members))
	for i := range members {
		name := members[i].Name()
		if _, found := seen[name]; found {
			return name, true
		}
		seen[name] = struct{}{}
	}
	return "", false
}

// Elements returns an iterator over the elements of array (RFC 8259, section 5),
// a text known to be valid, such as the Value of a [Member]: the offsets of the
// first byte and just past the last byte of each, blanks around it not included.
// It yields nothing for a value of another kind. It allocates nothing.
func Elements(array []byte) iter.Seq2[int, int] {
	return func(yield func(start, end int) bool) {
		i, _ := blanks(array, 0)
		if i >= len(array) || array[i] != '[' {
			return
		}
		for i < len(array) && array[i] != ']' {
			start, _ := blanks(array, i+1)
			end, _, f := value(array, start, math.MaxInt)
			if f != noFault { // in a valid text: the array is empty
				return
			}
			if !yield(start, end) {
				return
			}
			i, _ = blanks(array, end)
		}
	}
}
