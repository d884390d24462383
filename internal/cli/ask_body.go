package cli

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// maxAttached bounds a file that is added to a prompt, in bytes; base64 makes it a
// third longer, and a message has 64 MiB.
const maxAttached = 32 << 20

// askBody returns the params of responses/create, without the model. Its error is a
// usage error.
func (p *program) askBody(o *askOptions, args []string) (map[string]any, error) {
	prompt, err := p.prompt(args, len(o.images)+len(o.files) > 0)
	if err != nil {
		return nil, err
	}
	body := map[string]any{"input": prompt, "stream": !o.asJSON}
	var parts []any
	for _, name := range o.images {
		part, err := imagePart(name)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	for _, name := range o.files {
		part, err := filePart(name)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	if parts != nil {
		if prompt != "" {
			parts = append(parts, map[string]any{"type": "input_text", "text": prompt})
		}
		body["input"] = []any{map[string]any{"type": "message", "role": "user", "content": parts}}
	}
	if o.system != "" {
		body["instructions"] = o.system
	}
	reasoning := map[string]any{}
	if o.effort != "" {
		reasoning["effort"] = o.effort
	}
	if o.reasoning {
		reasoning["summary"] = "auto"
	}
	if len(reasoning) > 0 {
		body["reasoning"] = reasoning
	}
	if o.schema != "" {
		if body["text"], err = schemaFormat(o.schema); err != nil {
			return nil, err
		}
	}
	if o.expectModel != "" {
		body["_meta"] = map[string]any{"expect": map[string]any{"model": o.expectModel}}
	}
	return body, nil
}

// prompt returns the prompt: the arguments, and behind them what stdin holds where it
// is no terminal. "-" stands for stdin alone. optional: there may be none.
func (p *program) prompt(args []string, optional bool) (string, error) {
	text := strings.Join(args, " ")
	isDash := text == "-"
	if isDash {
		text = ""
	}
	if isDash || !term.IsTerminal(int(p.stdin.Fd())) {
		piped, err := p.read(func() ([]byte, error) { return io.ReadAll(p.stdin) })
		if err != nil {
			return "", err
		}
		if !utf8.Valid(piped) {
			return "", errors.New("what stdin holds is not text in UTF-8; add a file with --file or --image")
		}
		switch {
		case text == "":
			text = string(piped)
		case strings.TrimSpace(string(piped)) != "":
			text += "\n\n" + string(piped)
		}
	}
	if strings.TrimSpace(text) == "" && !optional {
		return "", errors.New("ask needs a prompt: an argument, or text on stdin")
	}
	return text, nil
}

// attached reads a file and says what it is.
func attached(name string) (text []byte, kind string, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err != nil || info.IsDir() {
		return nil, "", fmt.Errorf("%s is a folder", name)
	}
	text, err = io.ReadAll(io.LimitReader(file, maxAttached+1))
	switch {
	case err != nil:
		return nil, "", err
	case len(text) > maxAttached:
		return nil, "", fmt.Errorf("%s is larger than 32 MiB", name)
	case len(text) == 0:
		return nil, "", fmt.Errorf("%s is empty", name)
	}
	kind, _, _ = strings.Cut(http.DetectContentType(text), ";")
	return text, kind, nil
}

func dataURL(kind string, text []byte) string {
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(text)
}

// imagePart returns the input_image of a file.
func imagePart(name string) (map[string]any, error) {
	text, kind, err := attached(name)
	if err != nil {
		return nil, fmt.Errorf("--image: %w", err)
	}
	switch kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return map[string]any{"type": "input_image", "detail": "auto", "image_url": dataURL(kind, text)}, nil
	}
	return nil, fmt.Errorf("--image: %s is not a PNG, JPEG, GIF or WebP", name)
}

// filePart returns a file: text as it is, under its name, and a PDF as input_file.
func filePart(name string) (map[string]any, error) {
	text, kind, err := attached(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--file: %w", err)
	case kind == "application/pdf":
		return map[string]any{"type": "input_file", "filename": filepath.Base(name), "file_data": dataURL(kind, text)}, nil
	case utf8.Valid(text):
		return map[string]any{"type": "input_text", "text": filepath.Base(name) + ":\n\n" + string(text)}, nil
	}
	return nil, fmt.Errorf("--file: %s is neither text in UTF-8 nor a PDF", name)
}

// schemaFormat returns the text member that asks for JSON by the schema in a file.
func schemaFormat(name string) (map[string]any, error) {
	text, _, err := attached(name)
	if err != nil {
		return nil, fmt.Errorf("--schema: %w", err)
	}
	var schema map[string]any
	if json.Unmarshal(text, &schema) != nil {
		return nil, fmt.Errorf("--schema: %s is not a JSON object", name)
	}
	return map[string]any{"format": map[string]any{
		"type": "json_schema", "name": "answer", "strict": true, "schema": json.RawMessage(text),
	}}, nil
}
