package engine

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/signalbox-dev/signalbox/engine/memory"
	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// turnStateHeader carries what the ChatGPT backend gives for the next request of a
// turn.
const turnStateHeader = "X-Codex-Turn-State"

// encryptedReasoning is what include must name, so that reasoning can be sent again.
const encryptedReasoning = "reasoning.encrypted_content"

// Forget forgets the conversations that are remembered: after a logout.
func (e *Engine) Forget() { e.memory.Forget() }

// recall puts what the request names of the conversations that are remembered into its
// params (docs/protocol.md: Memory of a conversation). It does nothing on other routes
// and without _meta.memory.
func (c *call) recall() error {
	if !c.req.Meta.Memory || c.target.route != protocol.RouteChatGPT {
		return nil
	}
	previous, isText := rawjson.Unquote(rawjson.Last(c.req.members, "previous_response_id"))
	if given := rawjson.Last(c.req.members, "previous_response_id"); given != nil && !isText && string(given) != "null" {
		return protocol.InvalidParams("previous_response_id", "The member \"previous_response_id\" must be a string.")
	}
	conversation, isList, err := c.engine.memory.Session(c.target.accountID).Expand(previous, rawjson.Last(c.req.members, "input"))
	if unknown, ok := errors.AsType[*memory.NotRemembered](err); ok {
		return protocol.NewError(protocol.CodeUnsupportedParameter,
			fmt.Sprintf("The member %q names nothing that this process remembers.", unknown.Field),
			protocol.ErrorData{Reason: protocol.ReasonNotRemembered, Field: unknown.Field, Route: protocol.RouteChatGPT, Action: "Send the whole conversation in \"input\"."})
	}
	if !isList {
		return protocol.InvalidParams("input", "The member \"input\" must be a string or a list.")
	}
	for _, n := range conversation.Notes {
		c.adjusted(n.Field, n.Action, n.Reason)
	}
	c.conversation = conversation
	return c.rewrite(func(params []byte, members []rawjson.Member) []rawjson.Edit {
		var edits []rawjson.Edit
		for i, m := range members {
			if m.Is("previous_response_id") && string(m.Value) != "null" {
				edits = append(edits, rawjson.Cut(params, members, i))
			}
		}
		return edits
	}, func(params []byte, members []rawjson.Member) []rawjson.Edit {
		if m, found := rawjson.Find(members, "input"); found {
			return []rawjson.Edit{{Start: m.ValueStart, End: m.End, Text: conversation.Input()}}
		}
		return []rawjson.Edit{rawjson.Append(params, members, "input", conversation.Input())}
	}, c.includeReasoning)
}

// rewrite edits the params, one step after the other.
func (c *call) rewrite(steps ...func(params []byte, members []rawjson.Member) []rawjson.Edit) error {
	for _, step := range steps {
		edits := step(c.req.params, c.req.members)
		if len(edits) == 0 {
			continue
		}
		c.req.params = rawjson.Splice(c.req.params, edits...)
		members, _, err := rawjson.Object(c.req.params, math.MaxInt, nil)
		if err != nil {
			return err
		}
		c.req.members = members
	}
	return nil
}

// includeReasoning returns the edit that has include name encryptedReasoning.
func (c *call) includeReasoning(params []byte, members []rawjson.Member) []rawjson.Edit {
	const reason = "the reasoning can be sent again only so"
	m, found := rawjson.Find(members, "include")
	if !found || string(m.Value) == "null" {
		c.adjusted("include", "added", reason)
		list := []byte(`["` + encryptedReasoning + `"]`)
		if found {
			return []rawjson.Edit{{Start: m.ValueStart, End: m.End, Text: list}}
		}
		return []rawjson.Edit{rawjson.Append(params, members, "include", list)}
	}
	if m.Value[0] != '[' {
		return nil // the backend judges
	}
	isEmpty := true
	for start, end := range rawjson.Elements(m.Value) {
		isEmpty = false
		if isString(m.Value[start:end], encryptedReasoning) {
			return nil
		}
	}
	c.adjusted("include", "added", reason)
	text := `,"` + encryptedReasoning + `"`
	if isEmpty {
		text = text[1:]
	}
	return []rawjson.Edit{{Start: m.End - 1, End: m.End - 1, Text: []byte(text)}}
}

func (c *call) adjusted(field, action, reason string) {
	c.record.evidence.Adjustments = append(c.record.evidence.Adjustments, protocol.Adjustment{Field: field, Action: action, Reason: reason})
}

// sentConversation keeps what is new in the input of the body, as it is sent.
func (c *call) sentConversation() {
	if c.conversation == nil {
		return
	}
	members, _, err := rawjson.Object(c.upload.body, math.MaxInt, nil)
	if err == nil {
		c.conversation.Sent(rawjson.Last(members, "input"))
	}
}

// isRemembered reports whether the response will be remembered.
func (c *call) isRemembered() bool {
	return c.conversation != nil && !(c.req.ForgetUnstored && c.req.isUnstored)
}

// noteTurnState keeps what continues the turn; the first value counts.
func (c *call) noteTurnState(value string) {
	if c.conversation != nil && value != "" && len(value) <= maxHeader && !c.hasTurnState {
		c.conversation.TurnState, c.hasTurnState = value, true
	}
}

// remember remembers the response of the call, an object with its whole output, before
// the host can know its id. Completed and incomplete ones are.
func (a *answer) remember(response []byte, status protocol.Status) {
	if !a.isRemembered() || status != protocol.StatusCompleted && status != protocol.StatusIncomplete {
		return
	}
	members, _, err := rawjson.Object(response, math.MaxInt, nil)
	if err != nil {
		return
	}
	a.conversation.Remember(a.result.ResponseID, rawjson.Last(members, "output"))
}

// rememberStream is remember for a stream, whose last event may lack the output.
func (s *stream) rememberStream(e *event, status protocol.Status) {
	if s.collected == nil || !s.isRemembered() {
		return
	}
	response := e.response
	if !isObject(response) {
		response = s.collected.response
	}
	if !isObject(response) {
		return
	}
	if filled, _, missing := s.collected.output.Fill(response, string(status)); missing == "" {
		s.remember(bytes.Clone(filled), status)
	}
}

// noteMetadata reads the turn state of a response.metadata event, where it may stand
// in place of a header.
func (s *stream) noteMetadata() {
	headers, _, err := rawjson.Object(rawjson.Last(s.members, "headers"), math.MaxInt, nil)
	if err != nil {
		return
	}
	for _, m := range headers {
		if strings.EqualFold(m.Name(), turnStateHeader) {
			value, _ := rawjson.Unquote(m.Value)
			if isFieldValue(value) {
				s.noteTurnState(value)
			}
		}
	}
}
