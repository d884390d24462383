package auth

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// FuzzAuthFile reads any bytes as auth.json. It is read or refused with a 1003
// that names the file; a refused one leads to no credential; and neither an error
// nor the status shows a secret of it.
func FuzzAuthFile(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "auth", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatal(err, len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(fill(text))
	}
	f.Add([]byte(`{"tokens":` + strings.Repeat(`{"tokens":`, fileDepth) + `0` + strings.Repeat(`}`, fileDepth+1)))
	path := filepath.Join(f.TempDir(), store.FileName)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		f.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) == 0 {
			return // which is no text; TestFileShapes reads an empty file
		}
		s := store.Parse(path, bytes.Clone(text))

		if s.Err != nil {
			if s.Login != (store.Login{}) {
				t.Fatal("a refused file gives credentials")
			}
			e := asError(t, s.Err)
			if e.Code != protocol.CodeCredentialStore || e.Data.Path != path || e.Data.Reason == "" || e.Message == "" || e.Data.Action == "" {
				t.Fatalf("refused with %+v", e)
			}
		} else if !json.Valid(text) {
			t.Fatal("what is no JSON is accepted")
		}
		isShallow := bytes.Count(text, []byte("{"))+bytes.Count(text, []byte("[")) <= fileDepth
		if s.Torn && json.Valid(text) && utf8.Valid(text) && isShallow {
			t.Fatal("a whole text counts as torn")
		}

		// What a manager says that has read this.
		s.Info, s.Settled = info, true
		m := NewManager(Config{Home: filepath.Dir(path), Now: now})
		s.Config = m.settings()
		m.view.cached = s
		m.masked.Add(s.Secrets...)
		_, chatGPTErr := m.ChatGPT(t.Context())
		_, platformErr := m.PeekPlatform(t.Context())
		status, err := json.Marshal(m.Status(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		shown := string(status)
		for _, err := range []error{chatGPTErr, platformErr} {
			if outcome(t, err) != "" {
				shown += string(asError(t, err).Encode())
			}
		}
		if s.Err != nil && (outcome(t, chatGPTErr) != string(protocol.ReasonOf(s.Err)) || outcome(t, platformErr) != string(protocol.ReasonOf(s.Err))) {
			t.Fatal("a refused file gives credentials")
		}
		for _, secret := range s.Secrets {
			// Another value is in the status by chance, or in the file twice: it
			// may also be an account id.
			value := secret.Reveal()
			if strings.Contains(value, canary) && bytes.Count(text, []byte(value)) == 1 && strings.Contains(shown, value) {
				t.Fatal("a secret of the file is shown")
			}
		}
	})
}
