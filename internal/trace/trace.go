// Package trace writes what passes between signalbox, its host and OpenAI into a
// file, one JSON object a line, for whoever looks for a fault (docs/trace.md).
//
// A trace never holds a secret: every text goes through the mask of its File,
// headers that carry credentials are left out, and of the traffic with the issuer
// and of the params of auth/… only what an allow-list names is written. It never
// gets in the way either: a record is handed over without waiting, and when the
// disk is full the trace ends and the process goes on.
package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxText is as much of one body, line of a stream or message as is written,
	// in bytes.
	maxText = 1 << 20
	// maxQueued bytes of records may wait for the disk; more are left out.
	maxQueued = 32 << 20
	// maxClose bounds how long the end of the process waits for the disk.
	maxClose = 2 * time.Second

	redacted = "[redacted]"
)

// File is a trace that is being written. Its methods are safe for concurrent use
// and never wait for the disk, except Close.
type File struct {
	file *os.File
	mask func(string) string
	warn func(error)

	exchanges atomic.Int64
	queued    atomic.Int64 // bytes
	lost      atomic.Int64 // records
	records   chan record
	quit      chan struct{}
	done      chan struct{}
	close     sync.Once

	mu       sync.Mutex
	accounts []string // ids that headers have named
}

// record is one line; kind determines which fields are set.
type record struct {
	At      string            `json:"at"`
	Kind    string            `json:"kind"`
	N       int64             `json:"n,omitempty"` // of the exchange
	Traffic string            `json:"traffic,omitempty"`
	Method  string            `json:"method,omitempty"`
	URL     string            `json:"url,omitempty"`
	Proto   string            `json:"proto,omitempty"`
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	ID      json.RawMessage   `json:"id,omitempty"`
	Text    string            `json:"text,omitempty"`
	Omitted int64             `json:"omitted,omitempty"` // bytes
	Bytes   *int64            `json:"bytes,omitempty"`
	Error   string            `json:"error,omitempty"`
	Records int64             `json:"records,omitempty"`
}

// Create makes the file, which must not exist: a trace overwrites nothing. mask
// takes the secrets out of a text; warn is called once if the trace ends early. The
// error is a sentence for the person who named the file.
func Create(path string, mask func(string) string, warn func(error)) (*File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("%s exists, and a trace never overwrites a file; choose a new name", path)
	case err != nil:
		return nil, err
	}
	f := &File{
		file: file, mask: mask, warn: warn,
		records: make(chan record, 4096), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go f.run()
	return f, nil
}

// add hands a record over; one that finds no room is counted and left out.
func (f *File) add(r record) {
	r.At = time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	size := int64(len(r.Text) + 512)
	if f.queued.Add(size) > maxQueued {
		f.queued.Add(-size)
		f.lost.Add(1)
		return
	}
	select {
	case f.records <- r:
	default:
		f.queued.Add(-size)
		f.lost.Add(1)
	}
}

// Close writes what is left, within its bound.
func (f *File) Close() {
	f.close.Do(func() { close(f.quit) })
	select {
	case <-f.done:
	case <-time.After(maxClose):
	}
}

// run writes the records. After an error it discards them.
func (f *File) run() {
	defer close(f.done)
	defer func() { _ = f.file.Close() }()
	failed := false
	write := func(r record) {
		f.queued.Add(-int64(len(r.Text) + 512))
		if failed {
			return
		}
		if lost := f.lost.Swap(0); lost > 0 {
			_ = f.write(record{At: r.At, Kind: "lost", Records: lost})
		}
		if err := f.write(r); err != nil {
			failed = true
			f.warn(err)
		}
	}
	for {
		select {
		case r := <-f.records:
			write(r)
		case <-f.quit:
			for {
				select {
				case r := <-f.records:
					write(r)
				default:
					return
				}
			}
		}
	}
}

// write masks late, so that secrets learned in the meantime count.
func (f *File) write(r record) error {
	r.Text, r.URL, r.Error, r.Method = f.clean(r.Text), f.clean(r.URL), f.clean(r.Error), f.clean(r.Method)
	if len(r.ID) > 0 { // raw JSON
		if id := f.clean(string(r.ID)); json.Valid([]byte(id)) {
			r.ID = json.RawMessage(id)
		}
	}
	for name, value := range r.Headers {
		r.Headers[name] = f.clean(value)
	}
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return err
	}
	_, err := f.file.Write(line.Bytes())
	return err
}

// maxAccounts of one trace are left out of bodies.
const maxAccounts = 16

// account has the id of an account, which a header has named, left out from now on.
func (f *File) account(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(id) >= 8 && len(f.accounts) < maxAccounts && !slices.Contains(f.accounts, id) {
		f.accounts = append(f.accounts, id)
	}
}

// clean returns a text without secrets and ids of accounts.
func (f *File) clean(text string) string {
	text = f.mask(text)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range f.accounts {
		text = strings.ReplaceAll(text, id, redacted)
	}
	return text
}

// bounded returns the first part of a text that is longer than maxText, and how
// many bytes are left out. It ends at a blank or a quote, so that no secret is
// cut into a piece that no mask knows.
func bounded(text []byte) (string, int64) {
	if len(text) <= maxText {
		return string(text), 0
	}
	cut := bytes.LastIndexAny(text[:maxText], " \t\r\n\"") + 1
	return string(text[:cut]), int64(len(text) - cut)
}
