package auth

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// settingsName is the name of Codex's configuration in CODEX_HOME.
	settingsName = "config.toml"

	// maxSettingsBytes bounds what is read of it; a real one has a few KiB.
	maxSettingsBytes = 1 << 20
)

// The keys of config.toml that count here (contract 9). They stand at the top
// and are case-sensitive, as for Codex.
const (
	keyStore       = "cli_auth_credentials_store"
	keyWorkspace   = "forced_chatgpt_workspace_id"
	keyLoginMethod = "forced_login_method"
)

// storeKind says where Codex keeps the login (contract 5).
type storeKind string

const (
	storeFile    storeKind = "file"
	storeKeyring storeKind = "keyring"
	// storeAuto: the keyring, and auth.json where that has no entry or is out of
	// reach.
	storeAuto storeKind = "auto"
)

// Values of forced_login_method.
const (
	forcedChatGPT = "chatgpt"
	forcedAPI     = "api"
)

// settings are what we honour of Codex's config.toml, as it was at one moment.
// They do not change. They refuse and never delete a login.
type settings struct {
	store storeKind
	// workspaces are the only ChatGPT accounts that may be used; nil: any.
	workspaces []string
	// loginMethod is "chatgpt", "api" or "" for any.
	loginMethod string
	// err says that the store is none of ours, or not to be known: 1003
	// unsupported_store. Then nothing of a store is read or written.
	err *protocol.Error

	info fs.FileInfo // nil: there was no file, or none to be looked at
	// settled: the same info means the same content.
	settled bool
}

// settings returns Codex's settings as they are now. It costs one stat when the
// file has not changed. The file is read at the first use and not before: many
// users have none.
func (m *Manager) settings() *settings {
	if m.cfg.Home == "" {
		return &settings{store: storeFile}
	}
	path := filepath.Join(m.cfg.Home, settingsName)
	m.mu.Lock()
	known := m.known
	m.mu.Unlock()
	if known != nil && known.settled {
		info, err := os.Stat(path)
		if known.info == nil && errors.Is(err, fs.ErrNotExist) ||
			known.info != nil && err == nil && os.SameFile(known.info, info) &&
				known.info.Size() == info.Size() && known.info.ModTime().Equal(info.ModTime()) {
			return known
		}
	}
	s := readSettings(path)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known = s
	return s
}

// readSettings reads the config.toml at path. None means the defaults. Only a
// regular file is opened, and without blocking.
func readSettings(path string) *settings {
	s := &settings{store: storeFile}
	start := time.Now()
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		s.settled = true
		return s
	}
	if err == nil && !info.Mode().IsRegular() {
		s.err = badSettings(path, "is not a regular file")
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
		s.err = badSettings(path, fmt.Sprintf("cannot be read: %v", err))
		return s
	case len(text) > maxSettingsBytes:
		s.err = badSettings(path, "is larger than 1 MiB")
	default:
		s.parse(path, text)
	}
	s.settled = start.Sub(s.info.ModTime()) > settleTime
	return s
}

// maxSettingsDepth is far above any real file, and far below what the library,
// which goes one call deeper for each bracket, could end the process with.
const maxSettingsDepth = 1000

// nestsTooDeep counts brackets, those in strings and comments too: it need not be
// exact.
func nestsTooDeep(text []byte) bool {
	depth := 0
	for _, c := range text {
		switch c {
		case '[', '{':
			if depth++; depth > maxSettingsDepth {
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
	text, err := io.ReadAll(io.LimitReader(f, maxSettingsBytes+1))
	return text, info, err
}

// parse fills s from the text of the file. A file that Codex would not take is
// not guessed at.
func (s *settings) parse(path string, text []byte) {
	if nestsTooDeep(text) {
		s.err = badSettings(path, "is nested too deeply")
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
		s.err = badSettings(path, fault)
		return
	}
	if value, given := all[keyStore]; given {
		switch name, _ := value.(string); storeKind(name) {
		case storeFile, storeKeyring, storeAuto:
			s.store = storeKind(name)
		case "ephemeral":
			s.err = badSettings(path, fmt.Sprintf(`says %s = "ephemeral", which keeps no login that signalbox could use`, keyStore))
		default:
			s.err = badSettings(path, fmt.Sprintf("has a %s that signalbox does not know", keyStore))
		}
	}
	if value, given := all[keyLoginMethod]; given {
		s.loginMethod, _ = value.(string)
		if s.loginMethod != forcedChatGPT && s.loginMethod != forcedAPI {
			s.err = badSettings(path, fmt.Sprintf("has a %s that signalbox does not know", keyLoginMethod))
		}
	}
	if value, given := all[keyWorkspace]; given {
		var ok bool
		if s.workspaces, ok = workspaceList(value); !ok {
			s.err = badSettings(path, fmt.Sprintf("has a %s that is neither a string nor a list of strings", keyWorkspace))
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

// prohibition is why config.toml does not allow a credential.
type prohibition struct {
	reason      protocol.Reason
	why, action string
}

// forbids tells whether the credential must not be used, nil when it may be. A
// key that stands beside tokens came from them.
func (set *settings) forbids(f found, s *snapshot) *prohibition {
	if set == nil {
		return nil
	}
	const action = "Log in again as it wants, or ask whoever keeps it"
	switch {
	case f.due == protocol.CredentialChatGPT && set.loginMethod == forcedAPI:
		return &prohibition{protocol.ReasonWrongKind, "Codex's config.toml allows no ChatGPT login (" + keyLoginMethod + ")", action}
	case f.due == protocol.CredentialPlatformKey && set.loginMethod == forcedChatGPT && !(f.isStored() && s.file.hasTokens()) && f.source != protocol.SourceTokenExchangeAPIKey:
		return &prohibition{protocol.ReasonWrongKind, "Codex's config.toml allows nothing but a ChatGPT login (" + keyLoginMethod + ")", action}
	case f.due == protocol.CredentialChatGPT && set.workspaces != nil && !slices.Contains(set.workspaces, identify(f, &s.file).accountID):
		return &prohibition{protocol.ReasonAccountMismatch, "Codex's config.toml does not allow the account of " + f.where + " (" + keyWorkspace + ")", action}
	}
	return nil
}

// badSettings is the 1003 about a config.toml.
func badSettings(path, fault string) *protocol.Error {
	return protocol.NewError(protocol.CodeCredentialStore, path+" "+fault, protocol.ErrorData{
		Reason: protocol.ReasonUnsupportedStore,
		Action: fmt.Sprintf(`Correct %s, or set %s = "file" in it`, path, keyStore),
		Path:   path,
	})
}
