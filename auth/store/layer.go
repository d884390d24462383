package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/BurntSushi/toml"
)

const (
	// maxConfigBytes bounds what is read of a file; a real one has a few KiB.
	maxConfigBytes = 1 << 20

	// maxConfigDepth is far above any real file, and far below what the library,
	// which goes one call deeper for each bracket, could end the process with.
	maxConfigDepth = 1000
)

// layer is one file of Codex's configuration. It is safe for concurrent use.
type layer struct {
	path  string
	mu    sync.Mutex
	known *layerText // nil: not read yet
}

// layerText is what a layer held at one moment. It does not change.
type layerText struct {
	// values are the members of the file; nil without one.
	values map[string]any
	// err is why the file is there and cannot be used.
	err error

	info fs.FileInfo // nil: there was no file, or none to be looked at
	// settled: the same info means the same content.
	settled bool
}

// load returns what the file holds now, the same pointer while it has not changed.
// It costs one stat then. The file is read at the first use and not before: many
// users have none.
func (l *layer) load() *layerText {
	l.mu.Lock()
	known := l.known
	l.mu.Unlock()
	if known != nil && known.settled {
		info, err := os.Stat(l.path)
		if known.info == nil && isAbsent(err) ||
			known.info != nil && err == nil && os.SameFile(known.info, info) &&
				known.info.Size() == info.Size() && known.info.ModTime().Equal(info.ModTime()) {
			return known
		}
	}
	t := readLayer(l.path)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known = t
	return t
}

// isAbsent reports whether err says that there is no such file.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// readLayer reads the file at path. Only a regular file is opened, and without
// blocking.
func readLayer(path string) *layerText {
	t := &layerText{}
	start := time.Now()
	info, err := os.Stat(path)
	if isAbsent(err) {
		t.settled = true
		return t
	}
	if err == nil && !info.Mode().IsRegular() {
		t.err = badConfig(path, "is not a regular file")
		return t
	}
	var text []byte
	if err == nil {
		text, t.info, err = readRegular(path)
	}
	if err != nil {
		if cause := errors.Unwrap(err); cause != nil {
			err = cause // without the path, which the message names already
		}
		t.err = badConfig(path, fmt.Sprintf("cannot be read: %v", err))
		return t
	}
	t.values, t.err = decodeLayer(path, text)
	t.settled = start.Sub(t.info.ModTime()) > settleTime
	return t
}

func readRegular(path string) ([]byte, fs.FileInfo, error) {
	f, err := openShared(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errors.New("not a regular file")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	return text, info, err
}

// decodeLayer returns the members of text, the file at path. A file that Codex
// would not take is not guessed at.
func decodeLayer(path string, text []byte) (map[string]any, error) {
	switch {
	case len(text) > maxConfigBytes:
		return nil, badConfig(path, "is larger than 1 MiB")
	case nestsTooDeep(text):
		return nil, badConfig(path, "is nested too deeply")
	}
	// A map, since the library matches the members of a struct in any case.
	var values map[string]any
	if _, err := toml.Decode(string(text), &values); err != nil {
		fault := "is not valid TOML"
		var at toml.ParseError
		if errors.As(err, &at) { // whose text may quote the file
			fault = fmt.Sprintf("is not valid TOML at line %d", at.Position.Line)
		}
		return nil, badConfig(path, fault)
	}
	return values, nil
}

// nestsTooDeep counts brackets, those in strings and comments too: it need not be
// exact.
func nestsTooDeep(text []byte) bool {
	depth := 0
	for _, c := range text {
		switch c {
		case '[', '{':
			if depth++; depth > maxConfigDepth {
				return true
			}
		case ']', '}':
			depth = max(0, depth-1)
		}
	}
	return false
}
