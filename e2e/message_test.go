//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// readFrame reads one frame in its exact form; io.EOF between two frames.
func readFrame(r *bufio.Reader, lsp bool) ([]byte, error) {
	line, err := r.ReadBytes('\n')
	switch {
	case err == io.EOF && len(line) > 0:
		return nil, fmt.Errorf("stdout ends inside a frame: %.200q", line)
	case err != nil:
		return nil, err
	}
	if !lsp {
		line = line[:len(line)-1]
		// What some line reader takes for the end of a line (docs/protocol.md: Framing).
		if bytes.ContainsAny(line, "\r\u0085\u2028\u2029") {
			return nil, fmt.Errorf("a line break in %.500q", line)
		}
		return line, nil
	}
	digits, ok := strings.CutPrefix(string(line), "Content-Length: ")
	digits, ended := strings.CutSuffix(digits, "\r\n")
	n, err := strconv.Atoi(digits)
	if !ok || !ended || err != nil || strconv.Itoa(n) != digits {
		return nil, fmt.Errorf("not the exact header: %.200q", line)
	}
	body := make([]byte, 2+n)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, fmt.Errorf("body of a frame: %w", err)
	}
	if string(body[:2]) != "\r\n" {
		return nil, fmt.Errorf("more than one header: %.200q", body)
	}
	return body[2:], nil
}

// message is what the process writes: a notification, an answer, or a request,
// which has a method and an id.
type message struct {
	Raw    []byte          `json:"-"`
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// isAnswer reports whether this is an answer and not a notification. An id null
// is an answer.
func (m message) isAnswer() bool { return m.Method == "" }

// parseMessage takes what JSON-RPC 2.0 allows a server to write and our schemas
// describe, no more.
func parseMessage(raw []byte) (message, error) {
	m, err := parseForm(raw)
	if err == nil {
		err = checkSchema(m)
	}
	return m, err
}

// parseForm takes what JSON-RPC 2.0 allows.
func parseForm(raw []byte) (message, error) {
	m := message{Raw: raw}
	if !utf8.Valid(raw) {
		return m, errors.New("not UTF-8")
	}
	names, err := memberNames(raw)
	if err != nil {
		return m, err
	}
	switch form := strings.Join(names, ","); form {
	case "jsonrpc,method,params", "jsonrpc,id,result", "jsonrpc,id,error", "jsonrpc,id,method,params":
	default:
		return m, fmt.Errorf("members %s", form)
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, err
	}
	if !bytes.HasPrefix(raw, []byte(`{"jsonrpc":"2.0",`)) {
		return m, errors.New("another version")
	}
	if m.Error == nil {
		return m, nil
	}
	names, err = memberNames(m.Error)
	if err != nil || !slices.Equal(names, []string{"code", "message", "data"}) {
		return m, fmt.Errorf("error has members %v", names)
	}
	if e := m.failure(); e.Code == 0 || e.Message == "" || e.Data.Kind == "" {
		return m, errors.New("error without code, message or kind")
	}
	return m, nil
}

// memberNames lists the names of an object's members, which is all of the text.
func memberNames(raw []byte) ([]string, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	var names []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		names = append(names, name.(string))
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return names, nil
}

// failure is an error object, as far as the tests look at it.
type failure struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    struct {
		Kind            string    `json:"kind"`
		Reason          string    `json:"reason"`
		Field           string    `json:"field"`
		Method          string    `json:"method"`
		Similar         []string  `json:"similar"`
		Supported       []int     `json:"supported"`
		IncidentID      string    `json:"incidentId"`
		StreamID        string    `json:"streamId"`
		Need            string    `json:"need"`
		Have            []string  `json:"have"`
		Action          string    `json:"action"`
		HTTPStatus      int       `json:"httpStatus"`
		Retryable       bool      `json:"retryable"`
		EventsDelivered *int      `json:"eventsDelivered"`
		Evidence        *evidence `json:"evidence"`
	} `json:"data"`
}

// evidence, as far as the tests look at it.
type evidence struct {
	RequestedModel   string  `json:"requested_model"`
	EffectiveModel   *string `json:"effective_model"`
	Route            *string `json:"route"`
	BaseURL          *string `json:"base_url"`
	CredentialSource string  `json:"credential_source"`
	Attempts         []any   `json:"attempts"`
	Refreshed        bool    `json:"refreshed"`
}

func (m message) failure() failure {
	var e failure
	_ = json.Unmarshal(m.Error, &e)
	return e
}

// note is the params of responses/* notifications, and the result of
// responses/create.
type note struct {
	StreamID  string          `json:"streamId"`
	RequestID json.RawMessage `json:"requestId"`
	Seq       *int            `json:"seq"`
	Event     json.RawMessage `json:"event"`
	Status    json.RawMessage `json:"status"`
	Evidence  evidence        `json:"evidence"`
	Error     json.RawMessage `json:"error"`
	Response  json.RawMessage `json:"response"`
}

func (m message) note() note {
	var n note
	_ = json.Unmarshal(m.Params, &n)
	if m.isAnswer() {
		_ = json.Unmarshal(m.Result, &n)
	}
	return n
}

// transcript checks the order of messages as they come in
// (docs/protocol.md: Order on the pipe).
type transcript struct {
	lsp     bool
	streams map[string]*streamState
}

type streamState struct {
	seq                 int
	completed, answered bool
	request             string
	failure             string
}

func (s *transcript) add(m message) error {
	if s.streams == nil {
		s.streams = map[string]*streamState{}
	}
	n := m.note()
	id := n.StreamID
	if m.Error != nil {
		id = m.failure().Data.StreamID
	}
	if id == "" {
		return nil
	}
	st := s.streams[id]
	if m.isAnswer() {
		switch {
		case st == nil || !st.completed:
			return errors.New("an answer before its completed")
		case st.answered:
			return errors.New("a second answer")
		case string(m.ID) != st.request || string(m.Error) != st.failure:
			return errors.New("an answer that differs from its completed")
		}
		st.answered = true
		return nil
	}
	if st == nil {
		st = &streamState{request: string(n.RequestID)}
		s.streams[id] = st
	}
	switch {
	case st.completed:
		return errors.New("a notification after completed")
	case n.Seq == nil || *n.Seq != st.seq:
		return fmt.Errorf("seq is not %d", st.seq)
	case string(n.RequestID) != st.request:
		return errors.New("another requestId")
	case (m.Method == "responses/started") != (st.seq == 0) && m.Method != "responses/completed":
		return errors.New("started is not the first")
	}
	st.seq++
	if m.Method == "responses/completed" {
		st.completed, st.failure = true, string(n.Error)
	}
	return nil
}

// outcome is what came of one responses/create.
type outcome struct {
	started   *note
	events    [][]byte
	completed *note
	answer    message
}

// status is the status of completed.
func (o outcome) status() string {
	if o.completed == nil {
		return ""
	}
	return strings.Trim(string(o.completed.Status), `"`)
}

// create sends a responses/create and reads until its answer; no other stream
// may run.
func (h *host) create(id, params string) outcome {
	h.t.Helper()
	h.send(request(id, "responses/create", params))
	return h.outcome(id)
}

// outcome reads until the answer to the responses/create with the raw id.
func (h *host) outcome(id string) outcome {
	h.t.Helper()
	var o outcome
	for {
		m := h.mustNext()
		n := m.note()
		switch {
		case m.isAnswer() && string(m.ID) == id:
			o.answer = m
			return o
		case string(n.RequestID) != id:
		case m.Method == "responses/started":
			o.started = &n
		case m.Method == "responses/event":
			o.events = append(o.events, n.Event)
		case m.Method == "responses/completed":
			o.completed = &n
		}
	}
}

// refused asserts that an answer is an error.
func refused(t *testing.T, m message, code int, kind, reason string) failure {
	t.Helper()
	e := m.failure()
	require.Equal(t, fmt.Sprint(code, " ", kind, " ", reason), fmt.Sprint(e.Code, " ", e.Data.Kind, " ", e.Data.Reason), "%.1000s", m.Raw)
	return e
}
