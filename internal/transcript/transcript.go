// Package transcript reads the conversations of testdata/conformance, whose
// README describes their format. Test code only.
package transcript

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
)

// Conversation is what a host writes, from the first byte to the end of its
// input, and what must come out.
type Conversation struct {
	// Name of the section, with its framing; unique in its file.
	Name string
	// Lines: NDJSON instead of headers.
	Lines bool
	// Flags of signalbox serve.
	Flags []string
	Input []byte
	// Want holds the lines of the out section.
	Want string
}

// File is one txtar archive.
type File struct {
	Path          string
	Conversations []Conversation

	archive *txtar.Archive
	outs    []int // the out section of each conversation
}

// Load reads the archives of a folder.
func Load(dir string) ([]*File, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("no transcripts in %s: %w", dir, err)
	}
	var files []*File
	for _, path := range paths {
		f := &File{Path: path}
		if f.archive, err = txtar.ParseFile(path); err != nil {
			return nil, err
		}
		if err := f.read(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		files = append(files, f)
	}
	return files, nil
}

// Name of the file, without its folder and its ending.
func (f *File) Name() string { return strings.TrimSuffix(filepath.Base(f.Path), ".txtar") }

func (f *File) read() error {
	var flags []string
	sections := f.archive.Files
	for i := 0; i < len(sections); i++ {
		if sections[i].Name == "flags" {
			flags = strings.Fields(string(sections[i].Data))
			continue
		}
		name, isInput := strings.CutSuffix(sections[i].Name, "/in")
		if !isInput || i+1 == len(sections) || sections[i+1].Name != name+"/out" {
			return fmt.Errorf("section %q has no %s/out behind it", sections[i].Name, name)
		}
		framings, known := map[string][]bool{"lsp": {false}, "ndjson": {true}, "both": {false, true}}[filepath.Base(name)]
		if !known {
			return fmt.Errorf("section %q names no framing", name)
		}
		for _, lines := range framings {
			input, err := inputBytes(sections[i].Data, lines)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			c := Conversation{Name: name, Lines: lines, Flags: flags, Input: input, Want: string(sections[i+1].Data)}
			if len(framings) > 1 {
				c.Name += map[bool]string{false: "/lsp", true: "/ndjson"}[lines]
			}
			f.Conversations, f.outs = append(f.Conversations, c), append(f.outs, i+1)
		}
		i++
	}
	return nil
}

// Update writes the file with other out sections, one for each conversation.
func (f *File) Update(got []string) error {
	for i, text := range got {
		f.archive.Files[f.outs[i]].Data = []byte(text)
	}
	return os.WriteFile(f.Path, txtar.Format(f.archive), 0o644)
}

// Frame puts one message into a frame, as a host does.
func Frame(message string, lines bool) string {
	if lines {
		return message + "\n"
	}
	return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(message), message)
}

// inputBytes returns the bytes that an in section stands for.
func inputBytes(section []byte, lines bool) ([]byte, error) {
	var input []byte
	for line := range strings.Lines(string(section)) {
		line = strings.TrimSuffix(line, "\n")
		verb, text, _ := strings.Cut(line, " ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var err error
		if verb == "escaped" || verb == "bytes" {
			if text, err = unescape(text); err != nil {
				return nil, fmt.Errorf("%.60q: %w", line, err)
			}
		}
		switch verb {
		case "message", "escaped":
			input = append(input, Frame(text, lines)...)
		case "bytes":
			input = append(input, text...)
		default:
			return nil, fmt.Errorf("no such line: %.60q", line)
		}
	}
	return input, nil
}

var repetition = regexp.MustCompile(`\\\{(.+?)\*(\d+)\}`)

// unescape decodes \r \n \t \\ \xHH and \{text*count}.
func unescape(text string) (string, error) {
	text = repetition.ReplaceAllStringFunc(text, func(s string) string {
		part := repetition.FindStringSubmatch(s)
		count, _ := strconv.Atoi(part[2])
		return strings.Repeat(part[1], count)
	})
	var out []byte
	for len(text) > 0 {
		if text[0] != '\\' {
			out, text = append(out, text[0]), text[1:]
			continue
		}
		r, multibyte, rest, err := strconv.UnquoteChar(text, 0)
		if err != nil || multibyte {
			return "", fmt.Errorf("bad escape in %.40q", text)
		}
		out, text = append(out, byte(r)), rest
	}
	return string(out), nil
}

// Line writes a message of the output as a line of an out section, so that every
// byte can be seen.
func Line(message []byte) string {
	if utf8.Valid(message) && !bytes.ContainsAny(message, "\r\n\u0085\u2028\u2029") {
		return "message " + string(message) + "\n"
	}
	text := []byte("escaped ")
	for _, c := range message {
		switch {
		case c == '\\':
			text = append(text, `\\`...)
		case c < ' ' || c > '~':
			text = fmt.Appendf(text, `\x%02x`, c)
		default:
			text = append(text, c)
		}
	}
	return string(append(text, '\n'))
}
