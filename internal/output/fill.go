package output

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// Fill returns a response, an object, with the output that it lacks; whether that
// differs from the response as it came; and, as the end of a sentence, what is
// missing in spite of all, "" for nothing. status is the status of the response.
//
// An output of the response's own counts, except that what it lacks of what came
// before is added. Every byte besides the output stays.
func (c *Collector) Fill(response []byte, status string) (filled []byte, changed bool, missing string) {
	if status != "completed" {
		status = "incomplete"
	}
	members, _, err := rawjson.Object(response, maxDepth, nil)
	if err != nil {
		return response, false, ""
	}
	old := rawjson.Last(members, "output")
	var list [][]byte
	if own := listOf(old); len(own) == 0 {
		list, missing = c.output(status)
	} else {
		list, missing = c.completed(own, status)
	}
	kept := listOf(old)
	isSame := len(old) > 0 && old[0] == '[' && len(kept) == count(old) && slices.EqualFunc(kept, list, bytes.Equal)
	if isSame {
		return response, false, missing
	}
	return set(response, "output", join(list)), true, missing
}

// count returns the number of the elements of a list, null ones too.
func count(list []byte) int {
	n := 0
	for range rawjson.Elements(list) {
		n++
	}
	return n
}

// ordered returns the items by their places if all have one, else in the order in
// which they came.
func (c *Collector) ordered() []*item {
	items := slices.Clone(c.items)
	if every(items, func(it *item) bool { return it.place >= 0 }) {
		slices.SortStableFunc(items, func(a, b *item) int { return cmp.Compare(a.place, b.place) })
	}
	return items
}

// output returns the output as the events say it, and what is missing.
func (c *Collector) output(status string) (list [][]byte, missing string) {
	for _, it := range c.ordered() {
		object := it.build(status)
		missing = cmp.Or(missing, c.hole(it, object, status))
		if it.base == nil && substance(object) == 0 {
			continue // empty pieces, and nothing else
		}
		list = append(list, object)
	}
	return list, cmp.Or(missing, c.lost())
}

// completed returns an output with the items that it lacks, each behind the one it
// came after.
func (c *Collector) completed(own [][]byte, status string) (list [][]byte, missing string) {
	items := c.ordered()
	built := make([][]byte, len(items))
	for i, it := range items {
		built[i] = it.build(status)
	}
	matches := match(own, items, built)
	lacking := map[int][][]byte{} // by the element of own they follow
	own = slices.Clone(own)
	after := -1
	for i, it := range items {
		switch at := matches[i]; {
		case at >= 0:
			if after = at; substance(own[at]) == 0 && substance(built[i]) > 0 {
				own[at] = built[i]
			}
		case substance(built[i]) > 0 || it.callID != "":
			missing = cmp.Or(missing, c.hole(it, built[i], status))
			lacking[after] = append(lacking[after], built[i])
		}
	}
	list = lacking[-1]
	for i, element := range own {
		list = append(append(list, element), lacking[i]...)
	}
	return list, missing
}

// match finds the items, as they were built, in a list: for each its index, -1 for
// none. Ids may differ between the events and the end, so they are not all that
// counts.
func match(list [][]byte, items []*item, built [][]byte) []int {
	type traits struct{ id, callID, kind, text string }
	of := func(object []byte) traits {
		members, _, _ := rawjson.Object(object, maxDepth, nil)
		return traits{
			string(textOf(members, "id")), string(textOf(members, "call_id")), string(textOf(members, "type")), words(object),
		}
	}
	theirs, ours := make([]traits, len(list)), make([]traits, len(items))
	for i := range list {
		theirs[i] = of(list[i])
	}
	found := make([]int, len(items))
	for i := range items {
		ours[i], found[i] = of(built[i]), -1
	}
	taken := make([]bool, len(list))
	for _, key := range []func(t traits) traits{
		func(t traits) traits { return traits{id: t.id} },
		func(t traits) traits { return traits{callID: t.callID} },
		func(t traits) traits {
			if t.text == "" {
				return traits{}
			}
			return traits{kind: t.kind, text: t.text}
		},
	} {
		at := map[traits][]int{}
		for i, t := range theirs {
			if k := key(t); k != (traits{}) && !taken[i] {
				at[k] = append(at[k], i)
			}
		}
		for i, t := range ours {
			if places := at[key(t)]; found[i] < 0 && len(places) > 0 {
				found[i], taken[places[0]] = places[0], true
				at[key(t)] = places[1:]
			}
		}
	}
	for i, it := range items {
		at := it.place
		if found[i] >= 0 || at < 0 || at >= len(list) || taken[at] || ours[i].kind != theirs[at].kind {
			continue
		}
		isOther := ours[i].callID != "" && theirs[at].callID != "" ||
			ours[i].id != "" && theirs[at].id != "" && !strings.Contains(ours[i].text, theirs[at].text) && !strings.Contains(theirs[at].text, ours[i].text)
		if !isOther {
			found[i], taken[at] = at, true
		}
	}
	return found
}

// hole returns what an item lacks, "" for nothing.
func (c *Collector) hole(it *item, object []byte, status string) string {
	if it.done || len(object) == 0 || object[0] != '{' {
		return ""
	}
	members, _, _ := rawjson.Object(object, maxDepth, nil)
	what := it.words()
	switch {
	case c.numbers.isBroken() && !(it.isConfirmed() && it.consistsOfTexts() && !it.lacksPart()):
		return fmt.Sprintf("the end of %s (%s)", what, c.numbers.words())
	case status != "completed":
		return ""
	case it.isMentioned():
		return what
	case it.odd || it.isGarbled():
		return "the end of " + what
	}
	switch it.kind {
	case "function_call", "custom_tool_call", "mcp_call":
		if len(textOf(members, "name")) == 0 {
			return "the name of " + what
		}
		if it.kind != "mcp_call" && len(textOf(members, "call_id")) == 0 {
			return "the call_id of " + what
		}
		if it.isConfirmed() {
			return ""
		}
		if it.kind == "custom_tool_call" {
			if len(textOf(members, "input")) == 0 {
				return "the input of a custom tool call"
			}
			return ""
		}
		arguments := textOf(members, "arguments")
		if len(arguments) == 0 {
			return "the arguments of " + what
		}
		if _, err := rawjson.Check(arguments, maxDepth); err != nil {
			return "the end of the arguments of " + what
		}
	case "image_generation_call":
		if len(textOf(members, "result")) == 0 {
			return what
		}
	}
	return ""
}

// lost returns which items are missing as a whole, "" for none.
func (c *Collector) lost() string {
	if !c.numbers.isBroken() || c.numbers.missing == 0 {
		return ""
	}
	places := map[int]bool{}
	highest, opened, isPlaced, isOpen := -1, false, true, false
	for _, it := range c.items {
		places[it.place] = true
		highest = max(highest, it.place)
		isPlaced = isPlaced && it.place >= 0
		opened = opened || it.opened
		isOpen = isOpen || !it.done
	}
	for i := range highest {
		if isPlaced && !places[i] {
			return fmt.Sprintf("item %d of the output (%s)", i, c.numbers.words())
		}
	}
	tail := c.numbers.tail
	if !isPlaced {
		tail = c.numbers.missing
	}
	// A single event is no item where items have a beginning and an end.
	if tail > 1 || tail == 1 && !opened && !isOpen {
		return "perhaps an item of the output (" + c.numbers.words() + ")"
	}
	return ""
}

// words returns the events that are missing, in words.
func (n *numbering) words() string {
	switch n.missing {
	case 0:
		return "the events are out of order"
	case 1:
		return "1 event is missing"
	}
	return fmt.Sprintf("%d events are missing", n.missing)
}

// isWord lists the members that hold what a model has written or done.
var isWord = map[string]bool{
	"text": true, "refusal": true, "arguments": true, "input": true, "code": true, "result": true,
	"diff": true, "data": true, "transcript": true, "encrypted_content": true,
}

// words returns the texts of an item, one after the other.
func words(value []byte) string {
	var b strings.Builder
	walk(value, func(raw []byte) { b.Write(raw) })
	return b.String()
}

// substance returns how much an item holds of what a model has written or done.
func substance(value []byte) int {
	n := 0
	walk(value, func(raw []byte) { n += len(raw) })
	return n
}

// walk visits the insides of the texts of an item.
func walk(value []byte, visit func(raw []byte)) {
	members, _, err := rawjson.Object(value, maxDepth, nil)
	if err != nil {
		return
	}
	for _, m := range members {
		switch m.Value[0] {
		case '"':
			if isWord[m.Name()] {
				visit(m.Value[1 : len(m.Value)-1])
			}
		case '{':
			if m.Is("operation") || m.Is("action") {
				walk(m.Value, visit)
			}
		case '[':
			if m.Is("content") || m.Is("summary") || m.Is("tools") || m.Is("results") {
				for _, element := range listOf(m.Value) {
					walk(element, visit)
				}
			}
		}
	}
}
