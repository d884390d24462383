package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tmaxmax/go-sse"
)

// event is any event of the stream, its members in the order of the real ones.
type event struct {
	Type         string          `json:"type"`
	Sequence     int             `json:"sequence_number"`
	ItemID       string          `json:"item_id,omitempty"`
	OutputIndex  *int            `json:"output_index,omitempty"`
	ContentIndex *int            `json:"content_index,omitempty"`
	SummaryIndex *int            `json:"summary_index,omitempty"`
	Response     *response       `json:"response,omitempty"`
	Item         any             `json:"item,omitempty"`
	Part         any             `json:"part,omitempty"`
	Delta        *string         `json:"delta,omitempty"`
	Text         *string         `json:"text,omitempty"`
	Arguments    *string         `json:"arguments,omitempty"`
	Logprobs     json.RawMessage `json:"logprobs,omitempty"`
	Obfuscation  string          `json:"obfuscation,omitempty"`
	Error        json.RawMessage `json:"error,omitempty"`
}

// part is what one flush sends: an event as it goes over the wire, or a body.
type part struct {
	event string // its type
	wire  []byte
}

// answer is the response to one call while it is written. A scenario calls its
// methods in the order of the stream.
type answer struct {
	query     query
	response  response
	parts     []part
	bare      bool // the terminal event lists no output
	tokens    int  // written so far
	thought   int  // of these, tokens of reasoning
	prompt    int  // tokens of the request
	padded    bool // deltas carry obfuscation
	encrypted bool // reasoning carries its encrypted content
}

func compose(x *visit, q query) *answer {
	var options struct {
		IncludeObfuscation *bool `json:"include_obfuscation"`
	}
	_ = json.Unmarshal(q.members["stream_options"], &options)
	return &answer{
		query:     q,
		response:  newResponse(q),
		prompt:    1 + len(x.body)/4,
		padded:    options.IncludeObfuscation == nil || *options.IncludeObfuscation,
		encrypted: q.includes("reasoning.encrypted_content"),
	}
}

// stream answers with the events.
func (x *visit) stream(a *answer) {
	parts := a.parts
	if x.server.config.Replay != nil {
		parts = []part{{wire: x.server.config.Replay}}
	}
	x.w.Header().Set("content-type", "text/event-stream; charset=utf-8")
	x.w.Header().Set("cache-control", "no-cache")
	x.w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(x.w).Flush() // the status comes at once; write notices a client that left
	x.scenario.deliver(x, parts)
}

// whole answers with the response object alone.
func (x *visit) whole(a *answer) {
	a.response.Billing = &billing{Payer: "developer"}
	body := encode(a.response)
	if x.server.config.ReplayJSON != nil {
		body = x.server.config.ReplayJSON
	}
	x.w.Header().Set("content-type", "application/json")
	x.w.WriteHeader(http.StatusOK)
	x.scenario.deliver(x, []part{{wire: body}})
}

func (a *answer) emit(e event) {
	e.Sequence = len(a.parts)
	a.parts = append(a.parts, part{event: e.Type, wire: sseEvent(e.Type, encode(e))})
}

// sseEvent is an event as it goes over the wire.
func sseEvent(kind string, data []byte) []byte {
	message := &sse.Message{Type: sse.Type(kind)}
	message.AppendData(string(data))
	var wire bytes.Buffer
	_, _ = message.WriteTo(&wire) // a buffer takes everything
	return wire.Bytes()
}

// state emits an event that carries the response as it is now.
func (a *answer) state(name string) {
	a.emit(event{Type: name, Response: &a.response})
}

func (a *answer) open() {
	a.state("response.created")
	a.state("response.in_progress")
}

// think writes a reasoning item.
func (a *answer) think() {
	at, index := len(a.response.Output), 0
	r := reasoningItem{ID: "rs_" + randomHex(24), Type: "reasoning", Summary: []summaryText{}}
	if a.encrypted {
		r.EncryptedContent = encryptedContent()
	}
	a.emit(event{Type: "response.output_item.added", OutputIndex: &at, Item: r})

	about := func(name string) event {
		return event{Type: name, ItemID: r.ID, OutputIndex: &at, SummaryIndex: &index}
	}
	text := "**Reading the question**\n\nThe question is short, so a short answer will do."
	e := about("response.reasoning_summary_part.added")
	e.Part = summaryText{Type: "summary_text"}
	a.emit(e)
	for _, word := range words(text) {
		a.delta(about("response.reasoning_summary_text.delta"), word)
	}
	a.thought = a.tokens
	e = about("response.reasoning_summary_text.done")
	e.Text = &text
	a.emit(e)
	e = about("response.reasoning_summary_part.done")
	e.Part = summaryText{Type: "summary_text", Text: text}
	a.emit(e)

	r.Summary = []summaryText{{Type: "summary_text", Text: text}}
	if a.encrypted {
		// The real backend encrypts the finished item again.
		r.EncryptedContent = encryptedContent()
	}
	a.finish(at, r)
}

// act calls a function where the request has one to call, and speaks otherwise.
func (a *answer) act() {
	if t, ok := a.query.calledTool(); ok {
		a.call(t)
	} else {
		a.say(a.text(), "completed")
	}
}

// text is what there is to say.
func (a *answer) text() string {
	if schema, ok := a.query.outputSchema(); ok {
		return string(example(schema))
	}
	asked := a.query.lastUserText()
	if strings.Join(strings.Fields(asked), "") == "Whatis2+2?" {
		return "2 + 2 = 4."
	}
	short := []rune(asked)
	if len(short) > 80 {
		short = append(short[:80], '…')
	}
	return `You asked: "` + string(short) + `"`
}

// say writes a message item, and how it ends.
func (a *answer) say(text, status string) {
	at, index := len(a.response.Output), 0
	m := messageItem{ID: "msg_" + randomHex(24), Type: "message", Status: "in_progress", Content: []outputText{}, Role: "assistant"}
	a.emit(event{Type: "response.output_item.added", OutputIndex: &at, Item: m})

	about := func(name string) event {
		return event{Type: name, ItemID: m.ID, OutputIndex: &at, ContentIndex: &index}
	}
	content := outputText{Type: "output_text", Annotations: []struct{}{}, Logprobs: []struct{}{}}
	e := about("response.content_part.added")
	e.Part = content
	a.emit(e)
	for _, word := range words(text) {
		e = about("response.output_text.delta")
		e.Logprobs = json.RawMessage("[]")
		a.delta(e, word)
	}
	content.Text = text
	e = about("response.output_text.done")
	e.Text, e.Logprobs = &text, json.RawMessage("[]")
	a.emit(e)
	e = about("response.content_part.done")
	e.Part = content
	a.emit(e)

	m.Status, m.Content = status, []outputText{content}
	a.finish(at, m)
}

// call writes a function call.
func (a *answer) call(t tool) {
	at := len(a.response.Output)
	f := functionCallItem{ID: "fc_" + randomHex(24), Type: "function_call", Status: "in_progress", CallID: "call_" + randomHex(12), Name: t.Name}
	a.emit(event{Type: "response.output_item.added", OutputIndex: &at, Item: f})

	arguments := string(example(t.Parameters))
	for _, piece := range pieces(arguments, 4) {
		a.delta(event{Type: "response.function_call_arguments.delta", ItemID: f.ID, OutputIndex: &at}, piece)
	}
	a.emit(event{Type: "response.function_call_arguments.done", ItemID: f.ID, OutputIndex: &at, Arguments: &arguments})

	f.Status, f.Arguments = "completed", arguments
	a.finish(at, f)
}

func (a *answer) delta(e event, text string) {
	e.Delta = &text
	if a.padded {
		// Hides the length of a token from an observer of encrypted traffic.
		e.Obfuscation = randomHex(8)[:16-len(text)%16]
	}
	a.tokens++
	a.emit(e)
}

func (a *answer) finish(at int, item any) {
	a.emit(event{Type: "response.output_item.done", OutputIndex: &at, Item: item})
	a.response.Output = append(a.response.Output, item)
}

func (a *answer) complete() {
	now := time.Now().Unix()
	a.response.CompletedAt = &now
	a.response.Status = "completed"
	if string(a.response.ServiceTier) == `"auto"` {
		a.response.ServiceTier = json.RawMessage(`"default"`)
	}
	a.spend()
	a.end("response.completed")
}

// fail makes the response a failed one. The event that says so is the caller's.
func (a *answer) fail() {
	a.response.Status = "failed"
	a.response.Error = &responseError{Code: "server_error", Message: textServerError}
}

// end emits the terminal event.
func (a *answer) end(name string) {
	last := a.response
	if a.bare {
		last.Output = []any{}
	}
	a.emit(event{Type: name, Response: &last})
}

func (a *answer) spend() {
	u := &usage{InputTokens: a.prompt, OutputTokens: a.tokens, TotalTokens: a.prompt + a.tokens}
	u.OutputTokensDetails.ReasoningTokens = a.thought
	a.response.Usage = u
}

// words cuts a text before its spaces, as tokens are.
func words(text string) []string {
	var all []string
	for text != "" {
		end := strings.IndexByte(text[1:], ' ') + 1
		if end == 0 {
			end = len(text)
		}
		all, text = append(all, text[:end]), text[end:]
	}
	return all
}

// pieces cuts a text after every n runes.
func pieces(text string, n int) []string {
	var all []string
	for text != "" {
		end := 0
		for i := 0; i < n && end < len(text); i++ {
			_, size := utf8.DecodeRuneInString(text[end:])
			end += size
		}
		all, text = append(all, text[:end]), text[end:]
	}
	return all
}
