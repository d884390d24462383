package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// FileName is the name of Codex's credential file in CODEX_HOME.
	FileName = "auth.json"

	// maxFileBytes and maxFileDepth bound what is read of it; a real one has a
	// few KiB and three levels.
	maxFileBytes = 1 << 20
	maxFileDepth = 64

	// Older Codexes write auth.json in place, so that a reader may see a part of
	// it: a text that does not parse is read again rereads times.
	rereads     = 5
	rereadPause = 20 * time.Millisecond

	// settleTime is the age of a file from which on an equal modification time
	// means equal content. Before that a second write may have left the time as
	// it was: file systems count it in steps of up to two seconds.
	settleTime = 2 * time.Second
)

// Login is the credentials in an auth.json (docs/credentials.md: The store). null and
// a blank string count as absent; unknown members are ignored. Names are
// case-sensitive, as for Codex.
type Login struct {
	// AuthMode is the member auth_mode: "", "chatgpt" or "apikey".
	AuthMode     string
	APIKey       protocol.Secret
	IDToken      protocol.Secret
	AccessToken  protocol.Secret
	RefreshToken protocol.Secret
	AccountID    string
	// Issuer and ClientID are from tokens.oauth_provenance; Issuer has no slash at
	// its end.
	Issuer, ClientID string
	// LastRefresh is the zero time when it is missing or not an RFC 3339 time.
	LastRefresh time.Time
}

// HasTokens reports whether there is a ChatGPT login, or a part of one.
func (f *Login) HasTokens() bool {
	return !f.IDToken.IsZero() || !f.AccessToken.IsZero() || !f.RefreshToken.IsZero()
}

// Snapshot is the store as it was at one moment. It does not change, so any number of
// goroutines may read it.
type Snapshot struct {
	// Info describes the open file; nil when there is not one, or when it could not
	// be looked at.
	Info fs.FileInfo
	// Login is empty when Err says that its credentials cannot be used.
	Login Login
	// Beside is Login, and is also set when Err is about a credential beside it that
	// only Codex serves.
	Beside Login
	// Err is why the credentials cannot be used, a *protocol.Error: 1003, or -32800
	// when the context ended.
	Err error
	// Raw is the whole text, empty when there is none or it could not be read.
	Raw protocol.Secret
	// Secrets are the secrets in the text, also when Err is set: they are masked.
	Secrets []protocol.Secret
	// Torn reports that the text does not parse, perhaps because it is being written,
	// or that another program keeps it from being read.
	Torn bool
	// Pending reports that the login is in memory only, and still to be saved.
	Pending bool
	// Orphan is the path of the temporary file, for what Orphans returns; else "".
	Orphan string
	// Settled reports that an equal Info means equal content: the file was old enough
	// when it was read.
	Settled bool

	// From is KindKeyring, or "" for auth.json.
	From Kind
	// at is when the keyring was asked, and freshUntil when it has to be asked
	// again; zero when it was not.
	at, freshUntil time.Time
	// Config is what config.toml said when the store was read.
	Config *Config
	// Warnings are about the store, one sentence each.
	Warnings []string
}

// current reports whether info describes the content that s was made from.
func (s *Snapshot) current(info fs.FileInfo) bool {
	return s.Settled && s.Info != nil && os.SameFile(s.Info, info) &&
		s.Info.Size() == info.Size() && s.Info.ModTime().Equal(info.ModTime())
}

// readFile reads the auth.json at path, following symbolic links. It waits at
// most rereads * rereadPause for a file that is being written; when ctx ends
// before that, the snapshot's error is -32800.
func readFile(ctx context.Context, path string) *Snapshot {
	for attempt := 0; ; attempt++ {
		s := readOnce(path)
		if !s.Torn || attempt == rereads {
			return s
		}
		select {
		case <-time.After(rereadPause):
		case <-ctx.Done():
			s.Settled = false
			s.Err = protocol.NewError(protocol.CodeCancelled,
				fmt.Sprintf("the request ended while %s was being read", FileName), protocol.ErrorData{})
			return s
		}
	}
}

// readOnce reads and parses path once. Only a regular file is opened, and
// without blocking: it may be replaced by a pipe after it was looked at.
func readOnce(path string) *Snapshot {
	info, err := os.Stat(path)
	if err != nil {
		return unopened(path, err)
	}
	if !info.Mode().IsRegular() {
		return &Snapshot{Info: info, Err: corrupt(path, "", "is not a regular file")}
	}
	f, err := openShared(path)
	if err != nil {
		return unopened(path, err)
	}
	defer func() { _ = f.Close() }()

	start := time.Now()
	s := &Snapshot{}
	if s.Info, err = f.Stat(); err != nil {
		return unopened(path, err)
	}
	s.Settled = start.Sub(s.Info.ModTime()) > settleTime
	if !s.Info.Mode().IsRegular() {
		s.Err = corrupt(path, "", "is not a regular file")
		return s
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	switch {
	case err != nil:
		return unopened(path, err)
	case len(text) > maxFileBytes:
		s.Err = corrupt(path, "", "is larger than 1 MiB")
	default:
		s.parse(path, text)
	}
	return s
}

// unopened is the snapshot of a file that does not exist or cannot be read.
func unopened(path string, err error) *Snapshot {
	if errors.Is(err, fs.ErrNotExist) {
		return &Snapshot{}
	}
	if mayBeHeld(err) && isHeld(path) {
		return &Snapshot{Torn: true, Err: inUse(path, "read")}
	}
	if cause := errors.Unwrap(err); cause != nil {
		err = cause // without the path, which the message names already
	}
	return &Snapshot{Err: protocol.NewError(protocol.CodeCredentialStore,
		fmt.Sprintf("%s cannot be read: %v", path, err),
		protocol.ErrorData{
			Reason: protocol.ReasonUnreadable,
			Action: "Make the file readable for the user that runs signalbox",
			Path:   path,
		})}
}

// corrupt is the 1003 of a file that is no auth.json. field names the member at
// fault, "" the file as a whole.
func corrupt(path, field, fault string) *protocol.Error {
	what := path
	if field != "" {
		what = field + " in " + path
	}
	return protocol.NewError(protocol.CodeCredentialStore, what+" "+fault, protocol.ErrorData{
		Reason: protocol.ReasonCorrupt,
		Action: "Repair or remove " + path + " and run `signalbox login`",
		Field:  field,
		Path:   path,
	})
}

// Parse returns the snapshot of a text that is not, or not yet, in a file; path is
// for its errors. An empty text is an empty store.
func Parse(path string, text []byte) *Snapshot {
	s := &Snapshot{}
	if len(text) > 0 {
		s.parse(path, text)
	}
	return s
}

// parse fills s from the text of the file.
func (s *Snapshot) parse(path string, text []byte) {
	s.Raw = protocol.NewSecret(string(text))
	top := object{path: path}
	members, _, err := rawjson.Object(text, maxFileDepth, nil)
	var syntax *rawjson.SyntaxError
	switch {
	case errors.As(err, &syntax):
		s.Torn = true
		s.Err = corrupt(path, "", fmt.Sprintf("is not valid JSON at offset %d: %s", syntax.Offset, syntax.Reason))
		return
	case err != nil:
		s.Err = corrupt(path, "", "does not hold a JSON object")
		return
	}
	top.open(members)
	tokens := top.object("tokens")

	var f Login
	f.AuthMode = top.text("auth_mode")
	f.APIKey = top.secret("OPENAI_API_KEY")
	if !tokens.isObject("id_token") {
		f.IDToken = tokens.secret("id_token")
	}
	f.AccessToken = tokens.secret("access_token")
	f.RefreshToken = tokens.secret("refresh_token")
	f.AccountID = tokens.text("account_id")
	f.Issuer, f.ClientID = tokens.provenance()
	f.LastRefresh = top.time("last_refresh")

	s.Secrets = []protocol.Secret{f.APIKey, f.IDToken, f.AccessToken, f.RefreshToken}
	switch {
	case top.err != nil:
		s.Err = top.err
	case tokens.err != nil:
		s.Err = tokens.err
	default:
		if s.Err = unsupportedMode(&top); s.Err == nil {
			s.Login = f
		}
		s.Beside = f
	}
}

// object reads the members of one JSON object of the file. The first member of
// a wrong type stays in err.
type object struct {
	path, prefix string
	members      []rawjson.Member
	err          *protocol.Error
}

// open takes the members, and refuses names that occur twice: another reader
// of the file may see another value. The name may be anything and is not shown.
func (o *object) open(members []rawjson.Member) {
	if _, found := rawjson.Duplicate(members); found {
		o.err = corrupt(o.path, strings.TrimSuffix(o.prefix, "."), "holds a member twice")
		return
	}
	o.members = members
}

// value returns the member as it is in the text; nil without one and for null.
func (o *object) value(name string) []byte {
	m, ok := rawjson.Find(o.members, name)
	if !ok || string(m.Value) == "null" {
		return nil
	}
	return m.Value
}

// text returns a string without the blanks around it.
func (o *object) text(name string) string {
	raw := o.value(name)
	if raw == nil {
		return ""
	}
	s, ok := rawjson.Unquote(raw)
	if !ok {
		o.fail(name, "is not a string")
		return ""
	}
	return strings.TrimSpace(s)
}

func (o *object) secret(name string) protocol.Secret { return protocol.NewSecret(o.text(name)) }

// time returns a time, or the zero time for anything that is not one: nothing
// depends on it so far that a file would have to be refused.
func (o *object) time(name string) time.Time {
	s, _ := rawjson.Unquote(o.value(name))
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
	if err != nil {
		return time.Time{}
	}
	return t
}

// provenance reads oauth_provenance. Like Codex we do not read the file when it
// is of another type.
func (o *object) provenance() (issuer, clientID string) {
	inner := o.object("oauth_provenance")
	issuer, clientID = inner.text("issuer"), inner.text("client_id")
	if inner.err != nil && o.err == nil {
		o.err = inner.err
	}
	return strings.TrimRight(issuer, "/"), clientID
}

func (o *object) isObject(name string) bool {
	raw := o.value(name)
	return len(raw) > 0 && raw[0] == '{'
}

// object opens a member that is an object.
func (o *object) object(name string) *object {
	inner := &object{path: o.path, prefix: o.prefix + name + "."}
	if raw := o.value(name); raw != nil {
		members, _, err := rawjson.Object(raw, maxFileDepth, nil)
		if err != nil {
			o.fail(name, "is not an object")
			return inner
		}
		inner.open(members)
	}
	return inner
}

func (o *object) fail(name, fault string) {
	if o.err == nil {
		o.err = corrupt(o.path, o.prefix+name, fault)
	}
}
