package auth

import (
	"net/http"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Secret is a token or a key; see [protocol.Secret].
type Secret = protocol.Secret

// ChatGPTCredential is an OAuth access token of a ChatGPT login, for the chatgpt
// route. Only [Manager.ChatGPT] makes one. It is a value, safe to copy and to
// use from several goroutines; printing it shows no token.
type ChatGPTCredential struct {
	// AccountID of the token's own claims; letters, digits, "-" and "_", at most
	// 128 of them.
	AccountID string
	// FedRAMP: the account's claims say that it is in that environment.
	FedRAMP bool
	Source  protocol.CredentialSource
	// ExpiresAt is zero when the token does not tell.
	ExpiresAt time.Time
	// Refreshed: it was refreshed for this call.
	Refreshed bool
	// expired: it has to be refreshed before it can be used.
	expired bool
	owner   identity
	token   Secret
}

// exchangedBeside is the key of an exchange where the store holds none.
func exchangedBeside(exchanged Secret, s *store.Snapshot) Secret {
	if !s.Login.APIKey.IsZero() {
		return Secret{}
	}
	return exchanged
}

// isStored reports whether the token is from the store, where it can be refreshed.
func (c ChatGPTCredential) isStored() bool {
	return c.Source == protocol.SourceAuthJSONOAuth || c.Source == protocol.SourceKeyringOAuth
}

// Authorize sets the headers of the credential: Authorization,
// chatgpt-account-id and, for a FedRAMP account, x-openai-fedramp, which is
// removed for any other.
func (c ChatGPTCredential) Authorize(h http.Header) {
	h.Set("Authorization", "Bearer "+c.token.Reveal())
	h.Set("chatgpt-account-id", c.AccountID)
	h.Del("x-openai-fedramp")
	if c.FedRAMP {
		h.Set("x-openai-fedramp", "true")
	}
}

// PlatformCredential is an API key of the OpenAI Platform, for the platform
// route. Only [Manager.Platform] makes one. It is a value, safe to copy and to
// use from several goroutines; printing it shows no key.
type PlatformCredential struct {
	Source protocol.CredentialSource
	key    Secret
}

// Pending reports that there is no key yet: the ChatGPT login would have to be
// exchanged for one.
func (c PlatformCredential) Pending() bool { return c.key.IsZero() }

// Hint is the first 3 and last 4 characters of the key; nil for a short one.
func (c PlatformCredential) Hint() *string { return hint(c.key) }

// Authorize sets the header Authorization and no other; a pending credential
// sets none.
func (c PlatformCredential) Authorize(h http.Header) {
	if c.Pending() {
		h.Del("Authorization")
		return
	}
	h.Set("Authorization", "Bearer "+c.key.Reveal())
}

// found is a value that is not blank, at a place where a credential may be.
type found struct {
	value  Secret
	due    protocol.CredentialKind // the kind that belongs there
	source protocol.CredentialSource
	where  string // for messages
}

// Names of the environment's credentials.
const (
	envAPIKey      = "OPENAI_API_KEY"
	envAccessToken = "OPENAI_OAUTH_ACCESS_TOKEN"
)

// find lists all credentials, those of the environment first: within a kind the
// first one counts, and no other takes its place (docs/credentials.md: Where a credential comes from).
func (m *Manager) find(s *store.Snapshot) []found {
	m.mu.Lock()
	explicit := m.explicit
	m.mu.Unlock()
	exchanged := m.exchanger.heldKey(s)
	access, key := protocol.SourceAuthJSONOAuth, protocol.SourceAuthJSONAPIKey
	place := m.path
	if s.From == store.KindKeyring {
		access, key, place = protocol.SourceKeyringOAuth, protocol.SourceKeyringAPIKey, store.KeyringPlace
	}
	if !exchanged.IsZero() && exchanged.Reveal() == s.Login.APIKey.Reveal() {
		key = protocol.SourceTokenExchangeAPIKey
	}
	var all []found
	for _, f := range []found{
		{m.cfg.AccessToken, protocol.CredentialChatGPT, protocol.SourceEnvAccessToken,
			envAccessToken + " of the environment"},
		{s.Login.AccessToken, protocol.CredentialChatGPT, access, "tokens.access_token in " + place},
		{explicit, protocol.CredentialPlatformKey, protocol.SourceExplicitAPIKey, "the key that this process was given"},
		{m.cfg.APIKey, protocol.CredentialPlatformKey, protocol.SourceEnvAPIKey, envAPIKey + " of the environment"},
		{s.Login.APIKey, protocol.CredentialPlatformKey, key, "OPENAI_API_KEY in " + place},
		{exchangedBeside(exchanged, s), protocol.CredentialPlatformKey, protocol.SourceTokenExchangeAPIKey, "the key that the login was exchanged for"},
	} {
		if !f.value.IsZero() {
			all = append(all, f)
		}
	}
	return all
}

// isStored reports whether the credential is from the store.
func (f found) isStored() bool {
	switch f.source {
	case protocol.SourceAuthJSONOAuth, protocol.SourceAuthJSONAPIKey, protocol.SourceKeyringOAuth, protocol.SourceKeyringAPIKey:
		return true
	}
	return false
}

// first returns the credential of all that counts for the kind.
func first(all []found, due protocol.CredentialKind) (found, bool) {
	for _, f := range all {
		if f.due == due {
			return f, true
		}
	}
	return found{}, false
}

// kinds lists which kinds of credential there are, by their looks and in a fixed
// order. It is not nil.
func kinds(all []found) []protocol.CredentialKind {
	have := []protocol.CredentialKind{}
	for _, kind := range []protocol.CredentialKind{protocol.CredentialChatGPT, protocol.CredentialPlatformKey} {
		for _, f := range all {
			if f.looks() == kind {
				have = append(have, kind)
				break
			}
		}
	}
	return have
}

var (
	// accountIDShape is what we put into a header as an account id.
	accountIDShape = lazyregexp.New(`^[A-Za-z0-9_-]{1,128}$`)
)

// looks is the kind that the value looks like. A value without a sign is of
// the kind that belongs to its place; one that cannot be sent is of no kind.
func (f found) looks() protocol.CredentialKind {
	switch {
	case !issuer.IsSendable(f.value):
		return ""
	case f.due == protocol.CredentialPlatformKey && !issuer.IsJWT(f.value) && keyFault(f.value) != "":
		return ""
	case issuer.IsAPIKey(f.value):
		return protocol.CredentialPlatformKey
	case issuer.IsJWT(f.value):
		return protocol.CredentialChatGPT
	}
	return f.due
}
