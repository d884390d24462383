package memory

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
)

// NotRemembered is the error about an id that means nothing here.
type NotRemembered struct {
	// Field is the member of the body that has it: "previous_response_id" or
	// "input[2]".
	Field string
}

// Error implements error.
func (e *NotRemembered) Error() string { return e.Field + " names nothing that is remembered" }

// Note is a change of the body.
type Note struct {
	// Field is the member, Action "expanded" or "dropped".
	Field, Action string
	// Reason is in words.
	Reason string
}

// Conversation is a request with all that it names: the items of the input that is
// sent, and what is remembered of it when the response is there.
type Conversation struct {
	Notes []Note
	// TurnState goes with the request; "" for none.
	TurnState string

	session *Session
	from    *Response
	parts   []part
	// own is the first of parts that the response from does not have.
	own int
}

// part is an item of the input: remembered, or new as the host has spelled it.
type part struct {
	item *Item
	raw  []byte
}

// Expand returns the conversation of a request: input, a JSON string or list, nil for
// none, with what previous, a response id or "", and its references name. The error is
// a *NotRemembered. isList is false for an input that is neither: it is left as it is.
func (s *Session) Expand(previous string, input []byte) (c *Conversation, isList bool, err error) {
	c = &Conversation{session: s}
	seen := sent{}
	if previous != "" {
		if c.from = s.response(previous); c.from == nil {
			return nil, true, &NotRemembered{"previous_response_id"}
		}
		c.TurnState = c.from.TurnState
		c.continueFrom(seen)
	}
	c.own = len(c.parts)
	switch {
	case len(input) == 0 || string(input) == "null":
	case input[0] == '"':
		text := slices.Concat([]byte(`{"type":"message","role":"user","content":[{"type":"input_text","text":`), input, []byte(`}]}`))
		c.parts = append(c.parts, part{raw: text})
	case input[0] == '[':
		if err := c.take(input, seen); err != nil {
			return nil, true, err
		}
	default:
		return nil, false, nil
	}
	return c, true, nil
}

// continueFrom adds the items of the conversation so far, the oldest first.
func (c *Conversation) continueFrom(seen sent) {
	var chain []*Response
	for r := c.from; r != nil; r = r.from {
		chain = append(chain, r)
	}
	unreadable := 0
	for _, r := range slices.Backward(chain) {
		for _, item := range r.own {
			switch {
			case seen.has(item):
				continue
			case item.unreadable:
				unreadable++
				continue
			}
			seen.add(item)
			c.parts = append(c.parts, part{item: item})
		}
	}
	c.note("previous_response_id", "expanded", fmt.Sprintf("%d items of the conversation are remembered", len(c.parts)))
	if unreadable > 0 {
		c.note("previous_response_id", "dropped", fmt.Sprintf("%d reasoning items without encrypted_content could not be read again", unreadable))
	}
}

// take adds the items of the list that the host has sent.
func (c *Conversation) take(list []byte, seen sent) error {
	n := -1
	for start, end := range rawjson.Elements(list) {
		n++
		raw, field := list[start:end], fmt.Sprintf("input[%d]", n)
		id, isRef := isReference(raw)
		if !isRef {
			item := itemOf(raw)
			if seen.has(item) {
				c.note(field, "dropped", "the item is in the conversation already")
				continue
			}
			seen.add(item)
			c.parts = append(c.parts, part{raw: raw})
			continue
		}
		item, owner := c.session.item(id)
		if item == nil {
			return &NotRemembered{field}
		}
		if c.from == nil && owner.TurnState != "" {
			c.TurnState = owner.TurnState
		}
		switch {
		case seen.has(item):
			c.note(field, "dropped", "the item is in the conversation already")
			continue
		case item.unreadable:
			c.note(field, "dropped", "a reasoning item without encrypted_content could not be read again")
			continue
		}
		seen.add(item)
		c.parts = append(c.parts, part{item: item})
		c.note(field, "expanded", "the item is remembered")
	}
	return nil
}

func (c *Conversation) note(field, action, reason string) {
	c.Notes = append(c.Notes, Note{field, action, reason})
}

// Input returns the list that is sent in place of input.
func (c *Conversation) Input() []byte {
	size := 2
	for _, p := range c.parts {
		size += len(p.bytes()) + 1
	}
	list := append(make([]byte, 0, size), '[')
	for i, p := range c.parts {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, p.bytes()...)
	}
	return append(list, ']')
}

func (p part) bytes() []byte {
	if p.item != nil {
		return p.item.raw
	}
	return p.raw
}

// Sent takes the list as it was sent in the end, and keeps a copy of what is new in it.
// It has an element for each of Input's.
func (c *Conversation) Sent(list []byte) {
	n := -1
	for start, end := range rawjson.Elements(list) {
		if n++; n < len(c.parts) && c.parts[n].item == nil {
			c.parts[n] = part{item: itemOf(bytes.Clone(list[start:end]))}
		}
	}
}

// Remember remembers the response of that id with its output, a JSON list. It is
// called once, after Sent, before the host can know the id.
func (c *Conversation) Remember(id string, output []byte) {
	r := &Response{id: id, from: c.from, TurnState: c.TurnState}
	for _, p := range c.parts[c.own:] {
		if p.item == nil {
			return // it was never sent
		}
		r.own = append(r.own, p.item)
	}
	if len(output) > 0 && output[0] == '[' {
		for start, end := range rawjson.Elements(output) {
			r.own = append(r.own, itemOf(bytes.Clone(output[start:end])))
		}
	}
	c.session.add(r)
}
