package cli

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/signalbox-dev/signalbox/protocol"
)

// demoEvent is as much of an event as the demo reads.
type demoEvent struct {
	Type  string `json:"type"`
	Delta string `json:"delta"`
}

// ask sends one request and waits for its answer; events go to onEvent.
func (d *demoHost) ask(method, params string, onEvent func(demoEvent)) (json.RawMessage, *protocol.Error, error) {
	d.id++
	result, failure, err := d.call(strconv.Itoa(d.id), method, json.RawMessage(params), func(m message) {
		var note struct{ Event demoEvent }
		if m.method == protocol.NotificationEvent && onEvent != nil && json.Unmarshal(m.params, &note) == nil {
			onEvent(note.Event)
		}
	})
	if err != nil || failure == nil {
		return result, nil, err
	}
	e := &protocol.Error{}
	return nil, e, json.Unmarshal(failure, e)
}

// create asks a model and keeps the evidence.
func (d *demoHost) create(model, meta string, onEvent func(demoEvent)) (*protocol.CreateResult, *protocol.Error, error) {
	params := fmt.Sprintf(`{"model":%q,"_meta":{%s},"input":%q,"stream":true}`, model, meta, demoQuestion)
	d.say("  %s", d.style.faint(clip(protocol.MethodResponsesCreate+" "+params, d.width-2)))
	result, failure, err := d.ask(protocol.MethodResponsesCreate, params, onEvent)
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
