package cli

import (
	"encoding/json"
	"fmt"

	"github.com/signalbox-dev/signalbox/protocol"
)

// demoEvent is as much of an event as the demo reads.
type demoEvent struct {
	Type  string `json:"type"`
	Delta string `json:"delta"`
}

// demoMessage is as much of a message as the demo reads.
type demoMessage struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Event json.RawMessage `json:"event"`
	} `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *protocol.Error `json:"error"`
}

// call sends one request and waits for its answer; events go to onEvent.
func (d *demoHost) call(method, params string, onEvent func(demoEvent)) (json.RawMessage, *protocol.Error, error) {
	d.id++
	if _, err := fmt.Fprintf(d.in, `{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`+"\n", d.id, method, params); err != nil {
		return nil, nil, err
	}
	for {
		line, err := d.lines.ReadBytes('\n')
		if err != nil {
			return nil, nil, fmt.Errorf("the server ended early: %w", err)
		}
		var m demoMessage
		if err := json.Unmarshal(line, &m); err != nil {
			return nil, nil, err
		}
		switch {
		case m.Method == protocol.NotificationEvent && onEvent != nil:
			var event demoEvent
			if json.Unmarshal(m.Params.Event, &event) == nil {
				onEvent(event)
			}
		case string(m.ID) == fmt.Sprint(d.id):
			return m.Result, m.Error, nil
		}
	}
}

// create asks a model and keeps the evidence.
func (d *demoHost) create(model, meta string, onEvent func(demoEvent)) (*protocol.CreateResult, *protocol.Error, error) {
	params := fmt.Sprintf(`{"model":%q,"_meta":{%s},"input":%q,"stream":true}`, model, meta, demoQuestion)
	d.say("  %s", d.style.faint(clip(protocol.MethodResponsesCreate+" "+params, d.width-2)))
	result, failure, err := d.call(protocol.MethodResponsesCreate, params, onEvent)
	if err != nil {
		return nil, nil, err
	}
	if failure != nil {
		if failure.Data.Evidence != nil {
			end := "refused"
			if failure.Data.Evidence.Status != nil {
				end = "error"
			}
			d.evidence = append(d.evidence, proof{*failure.Data.Evidence, end})
		}
		return nil, failure, nil
	}
	var r protocol.CreateResult
	if err := json.Unmarshal(result, &r); err != nil {
		return nil, nil, err
	}
	d.evidence = append(d.evidence, proof{r.Evidence, string(r.Status)})
	return &r, nil, nil
}

// clip cuts text at a width.
func clip(text string, width int) string {
	if runes := []rune(text); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return text
}
