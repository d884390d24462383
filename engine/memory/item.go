package memory

import (
	"bytes"
	"math"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// Item is an item of a conversation, as it was sent or came.
type Item struct {
	raw []byte
	// id is the item's own, or "".
	id string
	// keys are what an item that is sent twice has in common: its id, or the call that
	// it is or answers. None: nobody can tell.
	keys []string
	// unreadable: a reasoning item that the backend could not read again.
	unreadable bool
}

// itemOf reads an item. It keeps raw.
func itemOf(raw []byte) *Item {
	item := &Item{raw: raw}
	members, _, err := rawjson.Object(raw, math.MaxInt, nil)
	if err != nil {
		return item
	}
	kind, id := textOf(members, "type"), textOf(members, "id")
	item.id = id
	if id != "" {
		item.keys = append(item.keys, "id "+id)
	}
	if call := textOf(members, "call_id"); call != "" && kind != "" {
		item.keys = append(item.keys, kind+" "+call)
	}
	if kind == "reasoning" {
		sealed := textOf(members, "encrypted_content")
		item.unreadable = sealed == ""
	}
	return item
}

// sent are the items of a conversation, by their keys.
type sent map[string]*Item

// has reports whether item is there already. Two outputs of one call are the same only
// if they say the same.
func (s sent) has(item *Item) bool {
	for _, key := range item.keys {
		known := s[key]
		if known != nil && (!strings.Contains(key, "_output ") || bytes.Equal(known.raw, item.raw)) {
			return true
		}
	}
	return false
}

func (s sent) add(item *Item) {
	for _, key := range item.keys {
		s[key] = item
	}
}

// isReference reports whether raw is an item_reference, whose type may be left out, and
// returns the id of what it refers to.
func isReference(raw []byte) (id string, ok bool) {
	members, _, err := rawjson.Object(raw, math.MaxInt, nil)
	if err != nil {
		return "", false
	}
	switch kind := rawjson.Last(members, "type"); {
	case textOf(members, "type") == "item_reference":
	case (kind == nil || string(kind) == "null") && len(members) <= 2 && rawjson.Last(members, "role") == nil && rawjson.Last(members, "id") != nil:
	default:
		return "", false
	}
	return textOf(members, "id"), true
}

// textOf returns the string that a member is, or "".
func textOf(members []rawjson.Member, name string) string {
	text, _ := rawjson.Unquote(rawjson.Last(members, name))
	return text
}
