package store

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/signalbox-dev/signalbox/protocol"
)

// ConfigName is the name of Codex's configuration in CODEX_HOME and in the system's
// folder.
const ConfigName = "config.toml"

// The keys of config.toml that count here (docs/credentials.md: Configuration). They
// are at the top level and case-sensitive, as for Codex.
const (
	keyStore       = "cli_auth_credentials_store"
	keyWorkspace   = "forced_chatgpt_workspace_id"
	keyLoginMethod = "forced_login_method"
	keyModel       = "model"
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

// Values of forced_login_method and of allowed_login_methods.
const (
	ForcedChatGPT = "chatgpt"
	ForcedAPI     = "api"
)

// Rule names a key of a file that restricts: "forced_login_method in Codex's
// config.toml". The zero value is no rule.
type Rule struct {
	// Key is the key, and File the file as a message names it.
	Key, File string
}

// String returns the rule as a message names it.
func (r Rule) String() string { return r.Key + " in " + r.File }

// Config is what counts of Codex's configuration (docs/credentials.md:
// Configuration), as it was at one moment. It does not change. It may refuse a login
// and never deletes one.
type Config struct {
	// Store is where Codex keeps the login.
	Store Kind
	// Workspaces are the only ChatGPT accounts that may be used; nil for any.
	Workspaces []string
	// LoginMethod is "chatgpt", "api" or "" for any.
	LoginMethod string
	// WorkspacesRule and LoginMethodRule say what Workspaces and LoginMethod come
	// from, when they restrict.
	WorkspacesRule, LoginMethodRule Rule
	// Model is the model that the user has set for Codex, or "".
	Model string
	// Err is 1003 unsupported_store when the store is not one that we serve, or a
	// file cannot be read. Then no store is read or written.
	Err error

	from [4]*layerText // what it was made of
}

// configFiles are the files of Codex's configuration. It is safe for concurrent use.
type configFiles struct {
	// layers are the system's, the user's and the managed config.toml, the later
	// one leading; requirements stands above them.
	layers       [3]*layer
	requirements *layer

	mu    sync.Mutex
	known *Config // nil: not read yet
}

// configFilesOf returns the files for home, a CODEX_HOME, and system, the folder of
// the administrator; "" where there is none.
func configFilesOf(home, system string) *configFiles {
	user := &layer{path: filepath.Join(home, ConfigName)}
	if system == "" {
		return &configFiles{layers: [3]*layer{nil, user, nil}}
	}
	return &configFiles{
		layers: [3]*layer{
			{path: filepath.Join(system, ConfigName)},
			user,
			{path: filepath.Join(system, "managed_config.toml")},
		},
		requirements: &layer{path: filepath.Join(system, requirementsName)},
	}
}

// load returns Codex's settings as they are now, the same pointer while no file has
// changed. It costs one stat a file then.
func (c *configFiles) load() *Config {
	var from [4]*layerText
	for i, l := range [...]*layer{c.layers[0], c.layers[1], c.layers[2], c.requirements} {
		if l != nil {
			from[i] = l.load()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || c.known.from != from {
		c.known = c.merge(from)
	}
	return c.known
}

// merge makes the settings of the texts of the layers and of the requirements.
func (c *configFiles) merge(from [4]*layerText) *Config {
	s := &Config{Store: KindFile, from: from}
	values, paths := map[string]any{}, map[string]string{}
	for i, l := range c.layers {
		if l == nil {
			continue
		}
		if s.Err = from[i].err; s.Err != nil {
			return s
		}
		for key := range from[i].values {
			paths[key] = l.path
		}
		mergeTable(values, from[i].values)
	}
	var required requirements
	if c.requirements != nil {
		if s.Err = from[3].err; s.Err != nil {
			return s
		}
		if required, s.Err = readRequirements(c.requirements.path, from[3].values); s.Err != nil {
			return s
		}
		if value, given := from[3].values[keyStore]; given {
			values[keyStore], paths[keyStore] = value, c.requirements.path
		}
	}
	s.apply(values, func(key string) string { return paths[key] }, func(key string) Rule {
		return Rule{key, c.fileName(paths[key])}
	})
	if s.Err == nil {
		s.restrict(required)
	}
	return s
}

// fileName is how a message names the file at path.
func (c *configFiles) fileName(path string) string {
	if path == c.layers[1].path {
		return "Codex's " + ConfigName
	}
	return path
}

// mergeTable writes the members of from into to, key by key; tables too are merged.
// It changes no table of from.
func mergeTable(to, from map[string]any) {
	for key, value := range from {
		table, isTable := value.(map[string]any)
		below, hasTable := to[key].(map[string]any)
		if isTable && hasTable {
			below = maps.Clone(below)
			mergeTable(below, table)
			to[key] = below
			continue
		}
		to[key] = value
	}
}

// apply fills s from the merged values. pathOf returns the path of the file that has
// a key, ruleOf how a message names both.
func (s *Config) apply(values map[string]any, pathOf func(string) string, ruleOf func(string) Rule) {
	if value, given := values[keyStore]; given {
		s.Store, s.Err = storeKind(pathOf(keyStore), value)
	}
	if value, given := values[keyLoginMethod]; given {
		s.LoginMethod, _ = value.(string)
		s.LoginMethodRule = ruleOf(keyLoginMethod)
		if s.LoginMethod != ForcedChatGPT && s.LoginMethod != ForcedAPI {
			s.Err = badConfig(pathOf(keyLoginMethod), fmt.Sprintf("has a %s that signalbox does not know", keyLoginMethod))
		}
	}
	if value, given := values[keyWorkspace]; given {
		var ok bool
		if s.Workspaces, ok = workspaceList(value); !ok {
			s.Err = badConfig(pathOf(keyWorkspace), fmt.Sprintf("has a %s that is neither a string nor a list of strings", keyWorkspace))
		}
		s.WorkspacesRule = ruleOf(keyWorkspace)
	}
	s.Model, _ = values[keyModel].(string)
}

// storeKind reads a value of cli_auth_credentials_store in the file at path.
func storeKind(path string, value any) (Kind, error) {
	switch name, _ := value.(string); Kind(name) {
	case KindFile, KindKeyring, KindAuto:
		return Kind(name), nil
	case "ephemeral":
		return KindFile, badConfig(path, fmt.Sprintf(`says %s = "ephemeral", which keeps no login that signalbox could use`, keyStore))
	default:
		return KindFile, badConfig(path, fmt.Sprintf("has a %s that signalbox does not know", keyStore))
	}
}

// workspaceList reads one id or a list of them. Blank ids count as none, and
// without any the key restricts nothing.
func workspaceList(value any) (ids []string, ok bool) {
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	return trimmedIDs(list)
}

// trimmedIDs returns the strings of list without blanks around them and without
// empty ones, or false if one is no string.
func trimmedIDs(list []any) (ids []string, ok bool) {
	for _, v := range list {
		id, isText := v.(string)
		if !isText {
			return nil, false
		}
		if id = strings.TrimSpace(id); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, true
}

// badConfig is the 1003 about a file of the configuration.
func badConfig(path, fault string) *protocol.Error {
	return protocol.NewError(protocol.CodeCredentialStore, path+" "+fault, protocol.ErrorData{
		Reason: protocol.ReasonUnsupportedStore,
		Action: fmt.Sprintf(`Correct %s, or set %s = "file" in it`, path, keyStore),
		Path:   path,
	})
}
