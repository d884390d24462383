package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// ConfigName is the name of Codex's configuration in CODEX_HOME.
	ConfigName = "config.toml"

	// maxConfigBytes bounds what is read of it; a real one has a few KiB.
	maxConfigBytes = 1 << 20
)

// The keys of config.toml that count here (docs/credentials.md: The store). They are
// at the top level and case-sensitive, as for Codex.
const (
	keyStore       = "cli_auth_credentials_store"
	KeyWorkspace   = "forced_chatgpt_workspace_id"
	KeyLoginMethod = "forced_login_method"
)

// Kind says where Codex keeps the login (docs/credentials.md: The store).
type Kind string

const (
	// KindFile is auth.json.
	KindFile Kind = "file"
	// KindKeyring is the keyring, without a fallback.
	KindKeyring Kind = "keyring"
	// KindAuto is the keyring, and auth.json when the keyring has no entry or is
	// out of reach.
	KindAuto Kind = "auto"
)

// Values of forced_login_method.
const (
	ForcedChatGPT = "chatgpt"
	ForcedAPI     = "api"
)

// Config is what counts of Codex's config.toml (docs/credentials.md: The store), as it
// was at one moment. It does not change. It may refuse a login and never deletes
// one.
type Config struct {
	// Store is where Codex keeps the login.
	Store Kind
	// Workspaces are the only ChatGPT accounts that may be used; nil for any.
	Workspaces []string
	// LoginMethod is "chatgpt", "api" or "" for any.
	LoginMethod string
	// Err is 1003 unsupported_store when the store is not one that we serve, or
	// config.toml cannot be read. Then no store is read or written.
	Err error

	info fs.FileInfo // nil: there was no file, or none to be looked at
	// settled: the same info means the same content.
	settled bool
}

// configFile is the config.toml in CODEX_HOME. It is safe for concurrent use.
type configFile struct {
	path  string
	mu    sync.Mutex
	known *Config // nil: not read yet
}

// load returns Codex's settings as they are now. It costs one stat when the file
// has not changed. The file is read at the first use and not before: many users
// have none.
func (c *configFile) load() *Config {
	path := c.path
	c.mu.Lock()
	known := c.known
	c.mu.Unlock()
	if known != nil && known.settled {
		info, err := os.Stat(path)
		if known.info == nil && errors.Is(err, fs.ErrNotExist) ||
			known.info != nil && err == nil && os.SameFile(known.info, info) &&
				known.info.Size() == info.Size() && known.info.ModTime().Equal(info.ModTime()) {
			return known
		}
	}
	s := readConfig(path)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = s
	return s
}

// readConfig reads the config.toml at path. None means the defaults. Only a
// regular file is opened, and without blocking.
func readConfig(path string) *Config {
	s := &Config{Store: KindFile}
	start := time.Now()
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		s.settled = true
		return s
	}
	if err == nil && !info.Mode().IsRegular() {
		s.Err = badConfig(path, "is not a regular file")
		return s
	}
	var text []byte
	if err == nil {
		text, s.info, err = readRegular(path)
	}
	switch {
	case err != nil:
		if cause := errors.Unwrap(err); cause != nil {
			err = cause // without the path, which the message names already
		}
		s.Err = badConfig(path, fmt.Sprintf("cannot be read: %v", err))
		return s
	case len(text) > maxConfigBytes:
		s.Err = badConfig(path, "is larger than 1 MiB")
	default:
		s.parse(path, text)
	}
	s.settled = start.Sub(s.info.ModTime()) > settleTime
	return s
}

// maxConfigDepth is far above any real file, and far below what the library,
// which goes one call deeper for each bracket, could end the process with.
const maxConfigDepth = 1000

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

func readRegular(path string) ([]byte, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
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

// parse fills s from the text of the file. A file that Codex would not take is
// not guessed at.
func (s *Config) parse(path string, text []byte) {
	if nestsTooDeep(text) {
		s.Err = badConfig(path, "is nested too deeply")
		return
	}
	// A map, since the library matches the members of a struct in any case.
	var all map[string]any
	if _, err := toml.Decode(string(text), &all); err != nil {
		fault := "is not valid TOML"
		var at toml.ParseError
		if errors.As(err, &at) { // whose text may quote the file
			fault = fmt.Sprintf("is not valid TOML at line %d", at.Position.Line)
		}
		s.Err = badConfig(path, fault)
		return
	}
	if value, given := all[keyStore]; given {
		switch name, _ := value.(string); Kind(name) {
		case KindFile, KindKeyring, KindAuto:
			s.Store = Kind(name)
		case "ephemeral":
			s.Err = badConfig(path, fmt.Sprintf(`says %s = "ephemeral", which keeps no login that signalbox could use`, keyStore))
		default:
			s.Err = badConfig(path, fmt.Sprintf("has a %s that signalbox does not know", keyStore))
		}
	}
	if value, given := all[KeyLoginMethod]; given {
		s.LoginMethod, _ = value.(string)
		if s.LoginMethod != ForcedChatGPT && s.LoginMethod != ForcedAPI {
			s.Err = badConfig(path, fmt.Sprintf("has a %s that signalbox does not know", KeyLoginMethod))
		}
	}
	if value, given := all[KeyWorkspace]; given {
		var ok bool
		if s.Workspaces, ok = workspaceList(value); !ok {
			s.Err = badConfig(path, fmt.Sprintf("has a %s that is neither a string nor a list of strings", KeyWorkspace))
		}
	}
}

// workspaceList reads one id or a list of them. Blank ids count as none, and
// without any the key restricts nothing.
func workspaceList(value any) (ids []string, ok bool) {
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	for _, v := range list {
		id, isText := v.(string)
		if !isText {
			return nil, false
		}
		if id = strings.TrimSpace(id); id != "" {
			ids = append(ids, id)
		}
	}
	return ids, true
}

// badConfig is the 1003 about a config.toml.
func badConfig(path, fault string) *protocol.Error {
	return protocol.NewError(protocol.CodeCredentialStore, path+" "+fault, protocol.ErrorData{
		Reason: protocol.ReasonUnsupportedStore,
		Action: fmt.Sprintf(`Correct %s, or set %s = "file" in it`, path, keyStore),
		Path:   path,
	})
}
