// Package output rebuilds the output of a response from the events of its stream,
// for hosts that do not get the events, or that look for the output in the last
// one.
//
// Nothing that arrived is lost: an item that was opened and never closed is put
// together from its parts, and where events are missing that no later event makes
// up for, that is said instead (docs/protocol.md: Filling the output).
package output

import (
	"bytes"
	"hash/maphash"
	"strconv"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// overhead is what an item and a part count besides their bytes.
const overhead = 200

// Collector keeps what the events of one stream say about its output. It looks at
// each event once and keeps the items, not the events. Not safe for concurrent
// use.
type Collector struct {
	max, size int
	items     []*item
	byPlace   map[int]*item
	byID      map[string]*item
	// current is the item of the last event that belonged to one.
	current *item
	numbers numbering
	seed    maphash.Seed
	lastSum uint64
}

// New returns a Collector that keeps at most max bytes.
func New(max int) *Collector {
	return &Collector{max: max, byPlace: map[int]*item{}, byID: map[string]*item{}, seed: maphash.MakeSeed()}
}

// event is what counts of an event besides the value.
type event struct {
	members []rawjson.Member
	do      action
	// place is output_index, -1 if it is absent; id is item_id.
	place int
	id    []byte
}

// Add takes one event: its type, its bytes and its members. It reports false when
// more would be kept than max; the collector cannot be used any more.
func (c *Collector) Add(kind, data []byte, members []rawjson.Member) bool {
	repeated := c.numbers.observe(members)
	sum := maphash.Bytes(c.seed, data)
	if repeated && sum == c.lastSum {
		return true
	}
	c.lastSum = sum
	r, known := rules[string(kind)]
	e := event{members: members, do: r.do, place: indexOf(members, "output_index"), id: textOf(members, "item_id")}
	if !known && !bytes.HasSuffix(kind, []byte(".delta")) {
		c.mention(kind, e)
		return c.size <= c.max
	}
	switch r.do {
	case openItem, closeItem:
		c.item(r, e)
	case finishItem:
		c.mention(kind, e)
		if it := c.find(e, r.item, ""); it != nil && it.kind == r.item {
			it.finished = true
		}
	case 0:
		// A piece of a kind that we do not know: lost, unless the end of its item comes.
		c.mention(kind, e)
		if it := c.find(e, "", ""); it != nil && !it.done && (len(e.id) > 0 || e.place >= 0) {
			it.odd = true
		}
	default:
		c.part(r, e)
	}
	c.numbers.tail = 0
	return c.size <= c.max
}

// mention notes an item that an event names, by id and place, before anything of it
// has come: it is lost unless it still comes.
func (c *Collector) mention(kind []byte, e event) {
	name, isOurs := bytes.CutPrefix(kind, []byte("response."))
	if !isOurs || len(e.id) == 0 || e.place < 0 || c.byID[string(e.id)] != nil || c.byPlace[e.place] != nil {
		return
	}
	name, _, _ = bytes.Cut(name, []byte("."))
	current := c.current
	it := c.add(e)
	it.mention = string(name[:min(len(name), 64)])
	c.current = current
}

// item takes an item that begins or is whole.
func (c *Collector) item(r rule, e event) {
	value := rawjson.Last(e.members, "item")
	if len(value) == 0 || string(value) == "null" || value[0] != '{' && r.do == openItem {
		return
	}
	members, _, _ := rawjson.Object(value, maxDepth, nil)
	if id := textOf(members, "id"); len(id) > 0 {
		e.id = id
	}
	kind, callID := string(textOf(members, "type")), string(textOf(members, "call_id"))
	it := c.find(e, kind, callID)
	if it == nil {
		it = c.add(e)
	}
	if r.do == openItem {
		it.opened = true
		if it.done { // its end came first
			return
		}
	}
	c.name(it, e)
	it.kind, it.callID = kind, callID
	c.count(it, len(value)-len(it.base))
	it.base = bytes.Clone(value)
	if r.do == closeItem {
		it.done = true
		it.base = it.build("")
		it.texts, it.parts, it.byIndex, it.last = nil, nil, nil, nil // all that counts of them is in it
		c.count(it, overhead+len(it.base)-it.size)
	}
}

// part takes a part of an item, or a piece of it.
func (c *Collector) part(r rule, e event) {
	kind := r.item
	if part := rawjson.Last(e.members, "part"); len(part) > 0 {
		fields, _, _ := rawjson.Object(part, maxDepth, nil)
		if string(textOf(fields, "type")) == "reasoning_text" {
			kind = "reasoning"
		}
	}
	it := c.find(e, kind, "")
	if it == nil {
		it = c.add(e)
	}
	c.name(it, e)
	c.current = it
	if it.done { // it is whole
		return
	}
	if it.kind == "" {
		it.kind = kind
	}
	c.count(it, it.take(r, e.members))
}

// count notes that an item holds n bytes more.
func (c *Collector) count(it *item, n int) {
	it.size += n
	c.size += n
}

// find returns the item that an event belongs to, nil for a new one. One place
// holds one item, of which the last counts; but two of different types, two calls
// with different ids, and one that begins after another has ended are two items,
// whatever place they name.
func (c *Collector) find(e event, kind, callID string) *item {
	if len(e.id) == 0 && e.place < 0 {
		if it := c.current; it != nil && !it.done && it.isLike(kind, callID) {
			return it
		}
		return nil
	}
	named, placed := c.byID[string(e.id)], c.byPlace[e.place]
	switch {
	case named != nil && (e.place < 0 || named.place < 0 || named.place == e.place):
		return named
	case placed != nil && placed.isLike(kind, callID) &&
		(!placed.done || e.do == closeItem || len(e.id) == 0 || placed.id == ""):
		return placed
	case named != nil && !named.done:
		return named
	}
	return nil
}

// add adds a new item.
func (c *Collector) add(e event) *item {
	it := &item{place: -1}
	c.items = append(c.items, it)
	c.count(it, overhead)
	c.name(it, e)
	return it
}

// name notes the id and the place of an item.
func (c *Collector) name(it *item, e event) {
	if e.place >= 0 {
		if c.byPlace[e.place] != it {
			c.byPlace[e.place] = it
			c.size += overhead
		}
		it.place = e.place
	}
	if len(e.id) > 0 {
		if it.id == "" {
			it.id = string(e.id)
		}
		if c.byID[string(e.id)] != it {
			c.byID[string(e.id)] = it
			c.size += overhead + len(e.id)
		}
	}
	c.current = it
}

// textOf returns the text of a member, nil for anything else. It allocates for a
// text with escapes only.
func textOf(members []rawjson.Member, name string) []byte {
	value := rawjson.Last(members, name)
	if len(value) < 2 || value[0] != '"' {
		return nil
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1]
	}
	text, _ := rawjson.Unquote(value)
	return []byte(text)
}

// indexOf returns the number of a member that counts, -1 for anything else.
func indexOf(members []rawjson.Member, name string) int {
	n, err := strconv.Atoi(string(rawjson.Last(members, name)))
	if err != nil || n < 0 {
		return -1
	}
	return n
}
