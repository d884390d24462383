//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

const docsFile = "../docs/protocol.md"

// TestDocs keeps the conversations in docs/protocol.md in step with the program;
// the tables of the types belong to package protocol, the flags to internal/cli.
func TestDocs(t *testing.T) {
	parts := map[string]string{
		"conversation ndjson": conversation(t, ndjson),
		"conversation lsp":    conversation(t, lsp),
	}
	text, err := os.ReadFile(docsFile)
	require.NoError(t, err)
	got := string(text)
	for name, part := range parts {
		head, rest, found := strings.Cut(got, "<!-- generated: "+name+" -->\n")
		_, tail, ended := strings.Cut(rest, "<!-- end -->")
		require.True(t, found && ended, "the document has no %q", name)
		got = head + "<!-- generated: " + name + " -->\n" + part + "<!-- end -->" + tail
	}
	if *update {
		require.NoError(t, os.WriteFile(docsFile, []byte(got), 0o644))
		return
	}
	require.Equal(t, string(text), got, "run go test ./e2e -run TestDocs -update")
}

// conversation plays an example against the simulator and writes it down: → is
// the host, ← the process.
func conversation(t *testing.T, lsp bool) string {
	h := spawn(t, options{lsp: lsp, args: []string{"--simulate"}})
	requests := []string{
		request("1", "routes/resolve", `{"model":"gpt-5.2-pro"}`),
		request("2", "responses/create", `{"model":"gpt-5.2-codex","input":"What is 2+2?","stream":true}`),
	}
	if lsp {
		requests = []string{
			request("0", "initialize", `{"protocolVersion":1,"processId":null,"clientInfo":{"name":"example"}}`),
			notification("initialized", "{}"),
			request("1", "responses/create", `{"model":"gpt-5.2-pro","input":"What is 2+2?"}`),
			request("2", "shutdown", ""),
			notification("exit", ""),
		}
	}
	var b strings.Builder
	b.WriteString("```text\n")
	for _, r := range requests {
		h.send(r)
		if lsp {
			_, _ = fmt.Fprintf(&b, "→ Content-Length: %d\n→\n", len(r))
		}
		b.WriteString("→ " + r + "\n")
		skipped := false
		// One event of each kind is enough.
		wanted := map[string]bool{"response.created": true, "response.output_text.delta": true, "response.completed": true}
		for strings.Contains(r, `"id":`) {
			m := h.mustNext()
			kind := eventType(m.note().Event)
			isWanted := wanted[kind]
			delete(wanted, kind)
			if m.Method == "responses/event" && !isWanted {
				if !skipped {
					b.WriteString("← …\n")
				}
				skipped = true
				continue
			}
			skipped = false
			if lsp {
				b.WriteString("← Content-Length: …\n←\n")
			}
			b.WriteString("← " + shorten(t, m) + "\n")
			if m.isAnswer() {
				break
			}
		}
	}
	require.NoError(t, h.in.Close())
	require.Equal(t, 0, h.exit())
	return b.String() + "```\n"
}

// shorten elides what is long and masks what differs from run to run.
func shorten(t *testing.T, m message) string {
	text := string(m.Raw)
	// Outer ones first.
	names := []string{"response", "headers", "usage", "adjustments"}
	switch {
	case m.Method != "":
		names = append([]string{"evidence", "logprobs"}, names...)
	case strings.Contains(text, `"response":`): // the evidence of the stream was shown
		names = append([]string{"evidence"}, names...)
	case strings.Contains(text, `"serverInfo"`):
		names = []string{"methods", "notifications", "limits", "auth"}
	}
	for _, name := range names {
		text = elide(t, text, name)
	}
	for pattern, with := range map[string]string{
		`"(streamId|responseId|id|item_id|upstream_request_id|obfuscation|account_id_hash|version)":"[^"]*"`: `"$1":"…"`,
		`"([a-z_]+_ms|sequence_number)":\d+`: `"$1":…`,
		`"rate_limits":\{[^]]*\]\}`:          `"rate_limits":{…}`,
		`127\.0\.0\.1:\d+`:                   `127.0.0.1:…`,
	} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, with)
	}
	return text
}

// elide puts … in place of the object or list of a member.
func elide(t *testing.T, text, name string) string {
	head, rest, found := strings.Cut(text, `"`+name+`":`)
	if !found || rest[0] != '{' && rest[0] != '[' {
		return text
	}
	var value json.RawMessage
	d := json.NewDecoder(strings.NewReader(rest))
	require.NoError(t, d.Decode(&value))
	return head + `"` + name + `":` + rest[:1] + "…" + rest[d.InputOffset()-1:]
}

// TestDocumentedParams: every documented member of params and of _meta is read;
// a wrong type of it is an error that names it.
func TestDocumentedParams(t *testing.T) {
	t.Parallel()
	h := spawn(t, options{args: []string{"--simulate"}})
	try := func(method, field, params string) {
		e := refused(t, h.call("1", method, params), -32602, "invalid_params", "")
		assert.Equal(t, field, e.Data.Field, "%s %s", method, params)
	}
	for _, m := range protocol.Methods {
		if m.Params == nil || m.Name == protocol.MethodInitialize { // ignores what is not for us
			continue
		}
		for _, name := range jsonNames(m.Params) {
			params := fmt.Sprintf(`{%q:[]}`, name)
			if name == "ports" { // a list
				params = `{"ports":{}}`
			}
			if name != "model" && slices.Contains(jsonNames(m.Params), "model") {
				params = fmt.Sprintf(`{"model":"m",%q:[]}`, name)
			}
			try(m.Name, name, params)
		}
	}
	for _, name := range jsonNames(protocol.CreateOptions{}) {
		try(protocol.MethodResponsesCreate, "_meta."+name, fmt.Sprintf(`{"model":"m","_meta":{%q:[]}}`, name))
	}
}

// jsonNames lists the members of a struct.
func jsonNames(of any) []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(of)) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "-" {
			names = append(names, name)
		}
	}
	return names
}
