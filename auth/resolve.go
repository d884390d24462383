package auth

import (
	"cmp"
	"fmt"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// identity is who a ChatGPT credential belongs to, by its own claims alone.
type identity struct {
	email, plan, userID string
	accountID           string // not checked
	subject             string
	fedRAMP             bool
	expiresAt           time.Time // of the access token
}

// identify reads the claims of the environment's token, or those of the file's
// id_token and then its access token (docs/credentials.md: Where a credential comes from).
func identify(f found, stored *store.Login) identity {
	access := issuer.ParseClaims(f.value)
	id := access
	if f.isStored() {
		id = issuer.ParseClaims(stored.IDToken)
	}
	who := identity{
		email:     cmp.Or(id.Email, access.Email),
		plan:      cmp.Or(id.Plan, access.Plan),
		userID:    cmp.Or(id.UserID, access.UserID),
		accountID: id.AccountID,
		subject:   cmp.Or(id.Subject, access.Subject),
		fedRAMP:   id.FedRAMP,
		expiresAt: access.ExpiresAt,
	}
	if who.accountID == "" {
		who.accountID, who.fedRAMP = access.AccountID, access.FedRAMP
	}
	return who
}

// chatGPT resolves the OAuth access token, whatever its route would say.
func (m *Manager) chatGPT(s *store.Snapshot) (ChatGPTCredential, error) {
	const need = protocol.CredentialChatGPT
	all := m.find(s)
	token, ok := first(all, need)
	if !ok {
		return ChatGPTCredential{}, missing(need, all, s.Err)
	}
	if token.looks() != need {
		return ChatGPTCredential{}, misplaced(need, token, all)
	}
	if err := forbids(s.Config, token, s); err != nil {
		return ChatGPTCredential{}, mismatch(need, all, err.reason, err.action, err.why)
	}
	who := identify(token, &s.Login)
	fromFile := token.isStored()
	place, action := m.placeOf(s), obtain(need)
	if !fromFile {
		place = envAccessToken
		action = "Put a new token into " + envAccessToken + ", or unset it and run `signalbox login`"
	}
	switch {
	case who.accountID == "":
		return ChatGPTCredential{}, mismatch(need, all, protocol.ReasonMissingAccountID, action,
			fmt.Sprintf("the claims of the ChatGPT login in %s name no account id", place))
	case !accountIDShape().MatchString(who.accountID):
		return ChatGPTCredential{}, mismatch(need, all, protocol.ReasonMissingAccountID, action,
			fmt.Sprintf("the claims of the ChatGPT login in %s name a malformed account id", place))
	case fromFile && s.Login.AccountID != "" && s.Login.AccountID != who.accountID:
		return ChatGPTCredential{}, mismatch(need, all, protocol.ReasonAccountMismatch, action,
			fmt.Sprintf("tokens.account_id in %s names another account than the tokens beside it", place))
	}
	// RFC 7519, 4.1.4: "on or after". Whether it can be refreshed is looked at here,
	// so that a status and a resolution say what a request would get.
	expired := !who.expiresAt.IsZero() && !m.cfg.Now().Before(who.expiresAt) && !m.refresher.isFresh(token.value)
	switch {
	case expired && fromFile && !s.Login.RefreshToken.IsZero():
		if failure := m.refresher.checkRefresh(s); failure != nil {
			return ChatGPTCredential{}, failure
		}
	case expired:
		return ChatGPTCredential{}, protocol.NewError(protocol.CodeLoginRequired,
			fmt.Sprintf("%s expired at %s", token.where, rfc3339(who.expiresAt)),
			credentialData(need, all, protocol.ReasonTokenExpired, action))
	}
	return ChatGPTCredential{
		AccountID: who.accountID,
		FedRAMP:   who.fedRAMP,
		Source:    token.source,
		ExpiresAt: who.expiresAt,
		expired:   expired,
		owner:     who,
		token:     token.value,
	}, nil
}

// platform resolves the Platform key, whatever its route would say.
func (m *Manager) platform(s *store.Snapshot) (PlatformCredential, error) {
	const need = protocol.CredentialPlatformKey
	all := m.find(s)
	key, ok := first(all, need)
	if !ok {
		token := found{value: s.Login.IDToken, due: protocol.CredentialChatGPT}
		if s.Err != nil || token.value.IsZero() || s.Login.AccessToken.IsZero() || token.looks() != token.due || forbids(s.Config, token, s) != nil {
			return PlatformCredential{}, missing(need, all, s.Err)
		}
		if err := m.exchanger.checkExchange(s); err != nil {
			return PlatformCredential{}, err
		}
		return PlatformCredential{Source: protocol.SourceTokenExchangeAPIKey}, nil
	}
	if key.looks() != need {
		return PlatformCredential{}, misplaced(need, key, all)
	}
	if err := forbids(s.Config, key, s); err != nil {
		return PlatformCredential{}, mismatch(need, all, err.reason, err.action, err.why)
	}
	return PlatformCredential{Source: key.source, key: key.value}, nil
}

// routeChatGPT is chatGPT for its route, which may have been refused.
func (m *Manager) routeChatGPT(s *store.Snapshot) (ChatGPTCredential, error) {
	if bad := m.cfg.ChatGPT.Bad; bad != "" {
		return ChatGPTCredential{}, badOverride(bad)
	}
	return m.chatGPT(s)
}

// routePlatform is platform for its route: a base URL outside openai.com and
// loopback gets no key of the store (docs/credentials.md: Where a credential comes from).
func (m *Manager) routePlatform(s *store.Snapshot) (PlatformCredential, error) {
	if bad := m.cfg.Platform.Bad; bad != "" {
		return PlatformCredential{}, badOverride(bad)
	}
	key, err := m.platform(s)
	if err == nil && m.cfg.Platform.Foreign && key.Source != protocol.SourceEnvAPIKey && key.Source != protocol.SourceExplicitAPIKey {
		all := m.find(s)
		data := credentialData(protocol.CredentialPlatformKey, all, protocol.ReasonForeignBaseURL,
			"Set "+envAPIKey+" to the key that is meant for that base URL")
		data.LoginMethods = []string{protocol.LoginAPIKey} // a stored key would not go there either
		return PlatformCredential{}, protocol.NewError(protocol.CodeCredentialMismatch,
			fmt.Sprintf("the Platform API key in %s is not sent to a base URL outside openai.com", m.placeOf(s)), data)
	}
	return key, err
}

// placeOf is how messages call the place that s was read from.
func (m *Manager) placeOf(s *store.Snapshot) string {
	if s.From == store.KindKeyring {
		return store.KeyringPlace
	}
	return m.path
}

// kindName is how messages call a kind.
func kindName(kind protocol.CredentialKind) string {
	if kind == protocol.CredentialChatGPT {
		return "a ChatGPT access token"
	}
	return "a Platform API key"
}

// obtain returns how a person gets a credential of the kind.
func obtain(kind protocol.CredentialKind) string {
	if kind == protocol.CredentialChatGPT {
		return "Run `signalbox login`"
	}
	return "Set " + envAPIKey + " to a Platform API key"
}

// missing is the refusal where no place for the kind holds anything: the store
// could not be read, only the other kind is there, or nothing is.
func missing(need protocol.CredentialKind, all []found, unreadable error) error {
	if unreadable != nil {
		return unreadable
	}
	for _, f := range all {
		if f.looks() == need {
			return misplaced(need, f, all)
		}
	}
	if have := kinds(all); len(have) > 0 {
		return mismatch(need, all, protocol.ReasonWrongKind, obtain(need),
			fmt.Sprintf("%s is needed, and there is only %s", kindName(need), kindName(have[0])))
	}
	return protocol.NewError(protocol.CodeLoginRequired,
		fmt.Sprintf("%s is needed, and there is no credential", kindName(need)),
		credentialData(need, all, protocol.ReasonNoCredentials, obtain(need)))
}

// misplaced is the refusal of a value at a place where the other kind belongs,
// or that cannot be sent at all.
func misplaced(need protocol.CredentialKind, f found, all []found) *protocol.Error {
	holds := kindName(f.looks())
	if f.looks() == "" {
		holds = "whitespace or control characters, so it cannot be a token or a key"
		if fault := keyFault(f.value); f.due == protocol.CredentialPlatformKey && issuer.IsSendable(f.value) {
			holds = "a value that " + fault
		}
	}
	return mismatch(need, all, protocol.ReasonWrongKind, "Correct or remove "+f.where,
		fmt.Sprintf("%s must hold %s, but it holds %s", f.where, kindName(f.due), holds))
}

// mismatch is a 1002 about a credential.
func mismatch(need protocol.CredentialKind, all []found, reason protocol.Reason, action, message string) *protocol.Error {
	return protocol.NewError(protocol.CodeCredentialMismatch, message, credentialData(need, all, reason, action))
}

func badOverride(bad string) *protocol.Error {
	return protocol.NewError(protocol.CodeCredentialMismatch, bad, protocol.ErrorData{
		Reason: protocol.ReasonBadOverride,
		Action: "Correct or unset the variable and start signalbox again",
	})
}

// credentialData is the data of 1001 and 1002 about a credential: what is
// needed, what there is, and how to log in. A browser login can get a Platform
// key by exchange.
func credentialData(need protocol.CredentialKind, all []found, reason protocol.Reason, action string) protocol.ErrorData {
	methods := []string{protocol.LoginBrowser, protocol.LoginDevice}
	if need == protocol.CredentialPlatformKey {
		methods = []string{protocol.LoginAPIKey, protocol.LoginBrowser}
	}
	return protocol.ErrorData{Reason: reason, Action: action, Need: need, Have: kinds(all), LoginMethods: methods}
}

// rfc3339 writes t in UTC with Z, to the second.
func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
