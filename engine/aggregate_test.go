package engine

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

func item(index, text string) string {
	if index != "" {
		index = `"output_index":` + index + ","
	}
	return `{"type":"response.output_item.done",` + index + `"item":` + text + `}`
}

func end(response string) string {
	return `{"type":"response.completed","sequence_number":9,"response":` + response + `}`
}

// The response of a stream whose events the host does not get.
// Faults: G10.
func TestAggregate(t *testing.T) {
	tests := []struct {
		name   string
		events []string
		want   string
	}{
		{"output as it came", []string{item("0", `{"n":1}`), end(`{ "id" : "r","output":[ {"n":2} ],"x":1.50}`)}, `{ "id" : "r","output":[ {"n":2} ],"x":1.50}`},
		{"empty output", []string{item("0", `{ "n":1}`), item("1", `{"n":2 }`), end(`{"a":"\u00e9","output" : [ ] , "b":1e2}`)}, `{"a":"\u00e9","output" : [{ "n":1},{"n":2 }] , "b":1e2}`},
		{"output null", []string{item("0", `{"n":1}`), end(`{"output":null}`)}, `{"output":[{"n":1}]}`},
		{"no output", []string{item("0", `{"n":1}`), end(`{"id":"r"}`)}, `{"id":"r","output":[{"n":1}]}`},
		{"nothing at all", []string{end(`{}`)}, `{"output":[]}`},
		{"no items", []string{end(`{"output":[ ],"id":"r"}`)}, `{"output":[ ],"id":"r"}`},
		{"no items, null", []string{end(`{"output":null,"id":"r"}`)}, `{"output":[],"id":"r"}`},
		{"by place", []string{item("2", `3`), item("0", `1`), item("10", `4`), item("1", `2`), end(`{}`)}, `{"output":[1,2,3,4]}`},
		{"one without a place", []string{item("2", `1`), item("", `2`), item("0", `3`), end(`{}`)}, `{"output":[1,2,3]}`},
		{"the same place", []string{item("0", `1`), item("0", `2`), end(`{}`)}, `{"output":[2]}`},
		{"no item", []string{`{"type":"response.output_item.done"}`, `{"type":"response.output_item.added","item":7}`, end(`{}`)}, `{"output":[]}`},
		{"incomplete", []string{item("0", `1`), `{"type":"response.incomplete","response":{"status":"incomplete"}}`}, `{"status":"incomplete","output":[1]}`},
		{"escaped names", []string{`{"type":"response.output_item.done","\u0069tem":1}`, end(`{"o\u0075tput":[]}`)}, `{"o\u0075tput":[1]}`},
		{"other members of that name", []string{item("0", `1`), end(`{"Output":[],"x":{"output":[]}}`)}, `{"Output":[],"x":{"output":[]},"output":[1]}`},
		{"several lines", []string{"{\"type\":\"response.completed\",\ndata: \"response\":{\"a\":1,\ndata: \"output\":[7]}}"}, "{\"a\":1,\n\"output\":[7]}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, params := range []string{
				`{"model":"gpt-5.2-codex"}`,
				`{"model":"gpt-5.2-codex","stream":false}`,
				`{"model":"gpt-5.2-codex","stream":true,"_meta":{"events":"none"}}`,
				`{"model":"gpt-5.2-pro","stream":true,"_meta":{"events":"none"}}`,
			} {
				e := serve(t, func(w http.ResponseWriter, r *http.Request) { respond(w, streamOf(tt.events...)) })
				host := &host{}
				result, err := host.create(t, t.Context(), e, params)
				require.NoError(t, err)
				assert.Equal(t, tt.want, string(result.Response))
				assert.Empty(t, host.events)
				assert.Len(t, host.started, 1)
			}
			// A host that gets the events gets them as they came, and no response.
			e := serve(t, func(w http.ResponseWriter, r *http.Request) { respond(w, streamOf(tt.events...)) })
			host := &host{}
			result, err := host.create(t, t.Context(), e, askChatGPT)
			require.NoError(t, err)
			assert.Nil(t, result.Response)
			assert.Equal(t, strings.ReplaceAll(strings.Join(tt.events, "|"), "data: ", ""), strings.Join(host.events, "|"))
		})
	}
}

func TestAggregateFails(t *testing.T) {
	tests := []struct {
		name, body string
		code       protocol.Code
		reason     protocol.Reason
	}{
		{"no response", streamOf(`{"type":"response.completed"}`), protocol.CodeStreamBroken, "bad_event"},
		{"the response is no object", streamOf(`{"type":"response.completed","response":7}`), protocol.CodeStreamBroken, "bad_event"},
		{"failed", streamOf(item("0", "1"), failed), protocol.CodeResponseFailed, ""},
		{"cut short", streamOf(created), protocol.CodeStreamBroken, "no_terminal_event"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := serve(t, func(w http.ResponseWriter, r *http.Request) { respond(w, tt.body) })
			_, failure := (&host{}).failure(t, e, `{"model":"gpt-5.2-codex"}`)
			assert.Equal(t, tt.code, failure.Code)
			assert.Equal(t, tt.reason, failure.Data.Reason)
			if tt.code == protocol.CodeStreamBroken {
				// Nothing of it was delivered.
				assert.Zero(t, *failure.Data.EventsDelivered)
				assert.False(t, failure.Data.Retryable, "it would end in the same way again")
			}
		})
	}
}

// The items are not kept without bound.
func TestAggregateIsBounded(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for i := 0; r.Context().Err() == nil; i++ {
			respond(w, streamOf(item(strconv.Itoa(i), `"`+strings.Repeat("x", 1<<20)+`"`)))
		}
	})
	_, failure := (&host{}).failure(t, e, `{"model":"gpt-5.2-codex"}`)
	assert.Equal(t, protocol.ReasonTooLarge, failure.Data.Reason)
	assert.EqualValues(t, MaxEventBytes, failure.Data.Limit)
	assert.False(t, failure.Data.Retryable)
}

// A response that the Platform does not stream is handed on byte for byte.
func TestUnstreamed(t *testing.T) {
	tests := []struct {
		name, body string
		status     protocol.Status // "" with an error
		code       protocol.Code
		reason     protocol.Reason
	}{
		{"completed", "{ \"id\":\"resp_1\",\n \"status\":\"completed\", \"n\":1.50, \"t\":\"\\u00e9\u2028\" }", "completed", 0, ""},
		{"incomplete", `{"status":"incomplete"}`, "incomplete", 0, ""},
		{"without a status", `{"object":"response"}`, "completed", 0, ""},
		{"failed", `{"status":"failed","error":{"code":"server_error","message":"sorry"}}`, "failed", 1106, ""},
		{"an error", `{"error":{"code":"server_error","message":"sorry"}}`, "failed", 1106, ""},
		{"not JSON", `<html>`, "", 1105, "bad_event"},
		{"nothing", ``, "", 1105, "bad_event"},
		{"no object", `[]`, "", 1105, "bad_event"},
		{"half", `{"status":`, "", 1105, "bad_event"},
		{"torn", `{"status":"completed"`, "", 1105, "cut"},
		{"too large", `{"x":"` + strings.Repeat("y", MaxEventBytes) + `"}`, "", 1105, "too_large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, "\n"+tt.body+"\n")
				if tt.name == "torn" {
					_ = http.NewResponseController(w).Flush()
					panic(http.ErrAbortHandler)
				}
			})
			host := &host{}
			if tt.code == 0 {
				result, err := host.create(t, t.Context(), e, `{"model":"gpt-5.2-pro","stream":false}`)
				require.NoError(t, err)
				assert.Equal(t, tt.body, string(result.Response))
				assert.Equal(t, tt.status, result.Status)
			} else {
				result, failure := host.failure(t, e, `{"model":"gpt-5.2-pro"}`)
				assert.Equal(t, tt.code, failure.Code)
				assert.Equal(t, tt.reason, failure.Data.Reason)
				assert.Equal(t, tt.status, result.Status)
			}
			assert.Len(t, host.started, 1)
			assert.Equal(t, 1, host.flushes, "started goes out before the wait for the body")
		})
	}
}

// Real traffic, answered by the simulator byte for byte.
func recorded(t *testing.T, pattern string) []string {
	files, _ := filepath.Glob(filepath.Join("../../shared/recorded", pattern))
	if len(files) == 0 {
		t.Skip("no recorded exchanges here")
	}
	return files
}

func content(t *testing.T, file string) []byte {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return text
}

func TestRecordedUnstreamed(t *testing.T) {
	for _, file := range recorded(t, "platform-*.response.json") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			request := content(t, strings.Replace(file, ".response.json", ".request.json", 1))
			response := content(t, file)
			server, e := simulate(t, simulator.Config{ReplayJSON: response})
			params := bytes.Replace(request, []byte("{"), []byte(`{"_meta":{"route":"platform"},`), 1)
			result, err := (&host{}).create(t, t.Context(), e, string(params))
			require.NoError(t, err)
			assert.Equal(t, string(bytes.TrimSpace(response)), string(result.Response))
			assert.Equal(t, string(request), string(server.Calls()[0].Body))
			assert.Contains(t, string(response), result.ResponseID)
			assert.True(t, *result.Evidence.ModelMatch, "a dated snapshot")
		})
	}
}

func TestRecordedStream(t *testing.T) {
	for _, file := range recorded(t, "platform-*.response.sse") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			request := content(t, strings.Replace(file, ".response.sse", ".request.json", 1))
			stream := string(content(t, file))
			var events []string
			for line := range strings.Lines(stream) {
				if data, ok := strings.CutPrefix(line, "data: "); ok {
					events = append(events, strings.TrimRight(data, "\r\n"))
				}
			}
			// The response is the last event without what is around it.
			_, response, _ := strings.Cut(events[len(events)-1], `"response":`)
			response = response[:strings.LastIndex(response, `,"sequence_number"`)]
			for _, size := range []int{0, 1, 7} {
				_, e := simulate(t, simulator.Config{Replay: []byte(stream), WriteSize: size})
				for _, meta := range []string{`"route":"platform"`, `"route":"chatgpt"`, `"route":"platform","events":"none"`} {
					host := &host{}
					params := bytes.Replace(request, []byte("{"), []byte(`{"_meta":{`+meta+`},`), 1)
					result, err := host.create(t, t.Context(), e, string(params))
					require.NoError(t, err)
					if strings.Contains(meta, "none") {
						assert.Equal(t, response, string(result.Response))
						assert.Empty(t, host.events)
					} else {
						assert.Equal(t, events, host.events)
					}
				}
			}
		})
	}
}

var encrypted = regexp.MustCompile(`"encrypted_content":"[^"]*"`)

func TestRecordedEvents(t *testing.T) {
	for _, file := range recorded(t, "*.events.jsonl") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			// A file may hold several streams.
			var streams [][]string
			for line := range strings.Lines(string(content(t, file))) {
				line = strings.TrimRight(line, "\r\n")
				if line == "" {
					continue
				}
				if strings.Contains(line, `"type":"response.created"`) || streams == nil {
					streams = append(streams, nil)
				}
				streams[len(streams)-1] = append(streams[len(streams)-1], line)
			}
			for i, events := range streams {
				last := events[len(events)-1]
				_, e := simulate(t, simulator.Config{Replay: []byte(streamOf(events...))})
				reader := &host{}
				result, err := reader.create(t, t.Context(), e, `{"model":"gpt-5.2-pro","stream":true}`)
				assert.Equal(t, events, reader.events, "stream %d", i)
				if strings.Contains(last, `"type":"response.failed"`) {
					var known *protocol.Error
					require.ErrorAs(t, err, &known)
					assert.Equal(t, protocol.CodeResponseFailed, known.Code)
					assert.NotEmpty(t, known.Data.Upstream.Code)
					continue
				}
				require.NoError(t, err, "stream %d", i)
				assert.Equal(t, protocol.StatusCompleted, result.Status)

				// Without its output in the last event it is rebuilt to the same.
				var terminal struct {
					Response struct{ Output json.RawMessage }
				}
				require.NoError(t, json.Unmarshal([]byte(last), &terminal))
				output := `"output":` + string(terminal.Response.Output)
				require.Equal(t, 1, strings.Count(last, output))
				bare := append(slices.Clone(events[:len(events)-1]), strings.Replace(last, output, `"output":[]`, 1))
				_, e = simulate(t, simulator.Config{Replay: []byte(streamOf(bare...))})
				result, err = (&host{}).create(t, t.Context(), e, `{"model":"gpt-5.2-codex","input":"hi"}`)
				require.NoError(t, err)
				// The backend encrypts a finished item again for its last event.
				assert.Contains(t, encrypted.ReplaceAllString(string(result.Response), "x"), encrypted.ReplaceAllString(output, "x"), "stream %d", i)
			}
		})
	}
}

// A gateway that streams though nobody asked it to is read as what it says it is.
func TestStreamThatWasNotAskedFor(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		respond(w, streamOf(created, `{"type":"response.output_item.done","output_index":0,"item":{"id":"i"}}`, completed))
	})
	host := &host{}
	result, err := host.create(t, t.Context(), e, `{"model":"gpt-5.2-pro"}`)
	require.NoError(t, err)
	assert.Empty(t, host.events)
	assert.Contains(t, string(result.Response), `"output":[{"id":"i"}]`)
}
