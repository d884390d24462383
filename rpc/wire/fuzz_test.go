package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
)

// plain is what a plain reading of a message through encoding/json says of it.
type plain struct {
	id         string // raw; null when there is none
	code       int    // of the error to answer; 0: none
	method     string
	params     string // raw; "" when absent
	isRequest  bool
	isResponse bool
	unsure     bool // encoding/json loses what is needed to tell
}

// readPlainly reads a message as docs/protocol.md: Framing says, token by token: so
// names are compared in exact case.
func readPlainly(message []byte, versionOptional bool) plain {
	p := plain{id: "null"}
	if !json.Valid(message) || !utf8.Valid(message) || depth(message) > maxDepth {
		p.code = codeParseError
		return p
	}
	members := make(map[string]json.RawMessage)
	twice := make(map[string]bool)
	decoder := json.NewDecoder(bytes.NewReader(message))
	if start, _ := decoder.Token(); start != json.Delim('{') {
		p.code = codeInvalidRequest
		return p
	}
	for decoder.More() {
		name, _ := decoder.Token()
		var value json.RawMessage
		_ = decoder.Decode(&value)
		_, found := members[name.(string)]
		twice[name.(string)] = found || twice[name.(string)]
		members[name.(string)] = value
	}
	text := func(name string) (string, bool) {
		var s string
		value := members[name]
		ok := len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &s) == nil
		p.unsure = p.unsure || strings.Contains(s, "\ufffd") // perhaps a lone surrogate
		return s, ok
	}
	has := func(name string) bool { return members[name] != nil }
	if id := members["id"]; has("id") && !twice["id"] && strings.ContainsAny(string(id[:1]), `"-0123456789`) {
		p.id = string(id)
	}
	anyTwice := false
	for _, t := range twice {
		anyTwice = anyTwice || t
	}
	version, isText := text("jsonrpc")
	method, isMethod := text("method")
	params := strings.TrimSpace(string(members["params"]))
	switch {
	case !has("method") && (has("result") || has("error")):
		p.isResponse = true
		return p
	case anyTwice,
		has("jsonrpc") && (!isText || version != "2.0"),
		!has("jsonrpc") && !versionOptional,
		has("id") && p.id == "null",
		has("result"), has("error"),
		!isMethod,
		params != "" && !strings.ContainsAny(params[:1], "{[n"):
		p.code = codeInvalidRequest
		return p
	}
	p.method, p.isRequest = method, has("id")
	var list []json.RawMessage
	if params != "null" && (json.Unmarshal([]byte(params), &list) != nil || len(list) > 0) {
		p.params = params
	}
	return p
}

// depth is the nesting of a valid JSON text.
func depth(message []byte) int {
	deepest, open, inString := 0, 0, false
	for i := 0; i < len(message); i++ {
		switch c := message[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			open++
			deepest = max(deepest, open)
		case c == '}' || c == ']':
			open--
		}
	}
	return deepest
}

// transcripts calls add with the lines of every transcript.
func transcripts(f *testing.F, add func(line []byte)) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "conformance", "*.txtar"))
	if err != nil || len(files) == 0 {
		f.Fatal(err, len(files))
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, section := range txtar.Parse(data).Files {
			for line := range bytes.Lines(section.Data) {
				_, text, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
				if len(text) < 1000 {
					add(text)
				}
			}
		}
	}
}

// FuzzEnvelope compares parseEnvelope with readPlainly.
func FuzzEnvelope(f *testing.F) {
	transcripts(f, func(line []byte) {
		f.Add(line, true)
		f.Add(line, false)
	})
	f.Fuzz(func(t *testing.T, message []byte, versionOptional bool) {
		want := readPlainly(message, versionOptional)
		env, fault := parseEnvelope(bytes.Clone(message), versionOptional)
		if want.unsure {
			return
		}
		if fault != nil {
			if fault.code != want.code {
				t.Fatalf("%q is answered with %d %s, not %d", message, fault.code, fault.message, want.code)
			}
			// What is no JSON may still have had an id.
			if id := string(fault.id); fault.code != codeParseError && id != want.id && (id != "" || want.id != "null") {
				t.Fatalf("%q is answered with the id %s, not %s", message, id, want.id)
			}
			if fault.id != nil && !json.Valid(fault.id) || !json.Valid(fault.error()) || fault.fatal {
				t.Fatalf("%q is answered with %q %q", message, fault.id, fault.error())
			}
			return
		}
		if want.code != 0 || env.isResponse != want.isResponse {
			t.Fatalf("%q is accepted, not answered with %d", message, want.code)
		}
		if env.isResponse {
			if b := minimalResponse(env); b != nil && !json.Valid(b) {
				t.Fatalf("%q is handed over as %q", message, b)
			}
			return
		}
		if env.method != want.method || string(env.params) != want.params || (env.id != nil) != want.isRequest || env.id != nil && string(env.id) != want.id {
			t.Fatalf("%q is %s %q %q, not %+v", message, env.id, env.method, env.params, want)
		}
	})
}

// reply runs a conversation in which every request is answered at once.
func reply(t testing.TB, in io.Reader, opts Options) ([]byte, *Conn) {
	answer := handler{request: func(_ context.Context, req *Request) { req.Reply(echoed(req)) }}
	return converseAs(t, in, opts, answer, func(*Conn) {})
}

// FuzzFrameReader runs conversations. Bytes of any kind never make it panic or
// write anything but frames; and of the lines of the input, put into frames as
// they are, each is answered exactly as readPlainly says.
func FuzzFrameReader(f *testing.F) {
	transcripts(f, func(line []byte) { f.Add(line) })
	f.Add([]byte("Content-Length: 40\r\n\r\n" + `{"jsonrpc":"2.0","id":1,"method":"test"}` + "Content-Length: 2\n\n{}"))
	f.Add([]byte(`{"id":1,"method":"a"}` + "\r\n\n\xef\xbb\xbf{}\n" + `{"id":"b","method":"b"}`))
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, framing := range []Framing{FramingAuto, FramingLSP, FramingNDJSON} {
			for _, limit := range []int64{0, 30} {
				opts := Options{Framing: framing, MaxMessageBytes: limit}
				out, conn := reply(t, bytes.NewReader(input), opts)
				cutFrames(t, conn.Framing(), out)
				again, other := reply(t, iotest.OneByteReader(bytes.NewReader(input)), opts)
				if !bytes.Equal(out, again) || conn.Lost() != other.Lost() {
					t.Fatalf("%s, %d: %q in one read, %q in many", framing, limit, out, again)
				}
			}
		}
		for _, framing := range framings {
			var stream []byte
			var want []string
			unsure := false
			for line := range bytes.SplitSeq(input, []byte("\n")) {
				message := bytes.Trim(line, " \t\r")
				if len(message) == 0 || len(stream) == 0 && bytes.HasPrefix(message, []byte(byteOrderMark)) {
					continue
				}
				p := readPlainly(message, framing == FramingNDJSON)
				unsure = unsure || p.unsure
				if p.code != 0 {
					want = append(want, fmt.Sprint(p.code))
				} else if p.isRequest {
					want = append(want, p.id)
				}
				stream = append(stream, frame(framing, string(message))...)
			}
			out, _ := reply(t, bytes.NewReader(stream), Options{Framing: framing})
			var got []string
			for _, message := range cutFrames(t, framing, out) {
				var m struct {
					ID    json.RawMessage
					Error *struct{ Code int }
				}
				_ = json.Unmarshal([]byte(message), &m)
				if m.Error != nil {
					got = append(got, fmt.Sprint(m.Error.Code))
				} else {
					got = append(got, string(m.ID))
				}
			}
			if !unsure && strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Fatalf("%s: %q is answered with\n%q, not\n%q", framing, stream, got, want)
			}
		}
	})
}
