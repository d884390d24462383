package auth

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// notEntitled in a description means that the workspace has no Codex.
const notEntitled = "missing_codex_entitlement"

// redeem trades the code for tokens, saves them and, if the options say so,
// trades the id_token for a key. It is called with the turn taken, and finishes
// what it has begun whatever happens to the login meanwhile (docs/protocol.md: Lifecycle): only
// tokens that the user has cancelled are dropped. While Stored is false, an error
// means that nothing has changed.
func (l *Login) redeem(g issuer.Grant) error {
	m := l.manager
	end, ok := m.work.begin()
	if !ok { // the process is about to exit
		return cancelledLogin()
	}
	defer end()
	ctx := context.Background() // each step has a limit of its own
	login, err := m.logins.redeemCode(ctx, g)
	if err != nil {
		return err
	}
	l.mu.Lock()
	unwanted := l.unwanted
	l.stored = !unwanted
	l.mu.Unlock()
	if unwanted {
		return l.Err()
	}
	before := m.view.load(ctx)
	after := ownerOf(&store.Login{IDToken: login.ID, AccessToken: login.Access})
	if err := m.replaceLogin(ctx, login, l.options.Replace); err != nil {
		return err
	}
	l.mu.Lock()
	l.account = cut(m.masked.Mask(cmp.Or(after.email, after.accountID)))
	l.mu.Unlock()
	if owner := ownerOf(&before.Login); before.Err == nil && before.Login.HasTokens() && !sameAccount(owner, after) {
		m.watch.notice("this login has replaced the one of " + nameOf(owner) + "; it is the login of " + nameOf(after))
	}
	close(l.saved)
	return m.logins.exchange(ctx, l.options.Exchange, login)
}

// nameOf names an account for a person.
func nameOf(who identity) string {
	account := "account " + cmp.Or(who.accountID, "unknown")
	if who.email == "" {
		return account
	}
	return cut(who.email) + " (" + account + ")"
}

// exchange gets the key that the policy wants for a login that is saved
// (docs/credentials.md: Exchange). If a required key cannot be
// had, the error is the one of Exchange.
func (s *logins) exchange(ctx context.Context, policy protocol.ExchangePolicy, login newLogin) error {
	wanted := policy == protocol.ExchangeRequire ||
		policy == protocol.ExchangeAuto && planMode(issuer.ParseClaims(login.ID)) == protocol.ModeAPIKey
	if !wanted {
		return nil
	}
	_, err := s.m.Exchange(ctx)
	switch {
	case err == nil:
		return nil
	case policy == protocol.ExchangeRequire:
		return err
	}
	s.m.watch.notice("the login is saved, but no Platform API key was obtained for it: " + err.Error())
	return nil
}

// redeemCode redeems a code (RFC 6749, 4.1.3; RFC 7636, 4.5) and checks the
// answer. The error is 1004 or 1005.
func (s *logins) redeemCode(ctx context.Context, g issuer.Grant) (newLogin, error) {
	defer s.m.masked.While(protocol.NewSecret(g.Code), protocol.NewSecret(g.Verifier))()
	tokens, err := s.m.issuer.RedeemCode(ctx, g)
	if err != nil {
		return newLogin{}, s.refused(err, "the login could not be finished")
	}
	login := newLogin{Tokens: tokens, issuer: s.m.issuer.Endpoint.URL, clientID: s.m.issuer.Endpoint.ClientID}
	s.m.masked.Add(login.ID, login.Access, login.Refresh)
	return login, s.checkTokens(login)
}

// checkTokens refuses tokens that are not for us, or that Codex could not read.
func (s *logins) checkTokens(login newLogin) error {
	const again = "Log in again"
	c, aud := issuer.ParseClaims(login.ID), issuer.Audience(login.ID)
	switch {
	case !issuer.IsReadable(login.ID):
		return loginFailed(protocol.ReasonCodeExchangeFailed, "the issuer gave an id_token that cannot be read", again)
	case len(aud) > 0 && !slices.Contains(aud, s.m.issuer.Endpoint.ClientID): // OpenID Connect Core, 3.1.3.7
		return loginFailed(protocol.ReasonCodeExchangeFailed, "the issuer gave an id_token that is for another client", again)
	}
	if who := ownerOf(&store.Login{IDToken: login.ID, AccessToken: login.Access}); !accountIDShape().MatchString(who.accountID) {
		return mismatch(protocol.CredentialChatGPT, nil, protocol.ReasonMissingAccountID,
			"Log in with an account that has a ChatGPT workspace, or set "+envAPIKey+" to a Platform API key",
			"the tokens that the issuer gave name no account id of ChatGPT, so they cannot be used; nothing was stored")
	}
	if set := s.m.settings(); set.Workspaces != nil && !slices.Contains(set.Workspaces, c.AccountID) {
		return loginFailed(protocol.ReasonWorkspaceNotAllowed, set.WorkspacesRule.String()+" does not allow the account of this login",
			"Log in again and choose an allowed workspace")
	}
	return nil
}

// checkMethod refuses a login before anything is sent: Codex's config may forbid the
// method, and what could not be saved is not asked for.
func (s *logins) checkMethod(ctx context.Context, replace bool) error {
	switch set := s.m.settings(); {
	case s.m.issuer.Endpoint.Bad != "":
		return badOverride(s.m.issuer.Endpoint.Bad)
	case set.LoginMethod == store.ForcedAPI:
		return loginFailed(protocol.ReasonDenied, set.LoginMethodRule.String()+" allows only an API key",
			"Log in with the method \"apiKey\"")
	}
	return s.checkStore(ctx, replace)
}

// checkStore refuses what could not be written: before a person has logged in, and
// before a code is spent.
func (s *logins) checkStore(ctx context.Context, replace bool) error {
	if s.m.store == nil {
		return s.m.noHome()
	}
	if s := s.m.view.load(ctx); s.Err != nil && !replace && protocol.ReasonOf(s.Err) != protocol.ReasonUnsupportedAuthMode {
		return s.Err
	}
	if _, err := os.Stat(s.m.cfg.Home); errors.Is(err, fs.ErrNotExist) {
		return checkHome(s.m.cfg.Home)
	}
	if err := s.m.store.CheckWritable(); err != nil && (!replace || protocol.ReasonOf(err) != protocol.ReasonCorrupt) {
		return err
	}
	return nil
}

// UseAPIKey is the login with a Platform key: for this process only or, with
// persist, written to the store; replace is as in LoginOptions. It supersedes a
// login that waits. The error is -32602 for what is no key, 1003, or 1005 denied
// where Codex's config forbids keys.
func (m *Manager) UseAPIKey(ctx context.Context, key Secret, persist, replace bool) error {
	key = protocol.NewSecret(strings.Trim(key.Reveal(), " \t"))
	if err := checkAPIKey(key); err != nil {
		return err
	}
	if set := m.settings(); set.LoginMethod == store.ForcedChatGPT {
		return loginFailed(protocol.ReasonDenied, set.LoginMethodRule.String()+" allows only a login with ChatGPT",
			"Log in with the method \"browser\" or \"device\"")
	}
	if persist {
		if err := m.logins.checkStore(ctx, replace); err != nil {
			return err
		}
	}
	if l := m.PendingLogin(""); l != nil {
		l.Cancel(superseded())
	}
	if !persist {
		m.SetExplicitKey(key)
		return nil
	}
	return m.work.do(ctx, func(ctx context.Context) error { return m.saveAPIKey(ctx, key, replace) })
}

// loginFailed is a 1005.
func loginFailed(reason protocol.Reason, message, action string) *protocol.Error {
	return protocol.NewError(protocol.CodeLoginFailed, message, protocol.ErrorData{Reason: reason, Action: action})
}

func cancelledLogin() *protocol.Error {
	return loginFailed(protocol.ReasonCancelled, "the login was cancelled", "Log in again")
}

func superseded() *protocol.Error {
	return loginFailed(protocol.ReasonSuperseded, "another login has taken the place of this one", "Finish the other login")
}

func expiredLogin() *protocol.Error {
	return loginFailed(protocol.ReasonExpired, "the login was not finished in time", "Log in again")
}

// denied is what the answer error of the authorization endpoint, or of the device
// login, means.
func (s *logins) denied(code, description string) *protocol.Error {
	reason, message, action := protocol.ReasonDenied, "the login was refused", "Log in again and agree"
	if code != "access_denied" {
		message, action = withCode("the issuer has ended the login with an error", code, description), "Log in again"
	}
	if strings.Contains(strings.ToLower(description), notEntitled) {
		reason, message = protocol.ReasonWorkspaceNotAllowed, "Codex is not enabled for this workspace"
		action = "Ask the administrator of the workspace to enable Codex, or choose another workspace"
	}
	e := loginFailed(reason, message, action)
	e.Data.Upstream = &protocol.UpstreamError{Code: cut(s.m.masked.Mask(code)), Message: cut(s.m.masked.Mask(description))}
	return e
}

// wrongIssuer: RFC 9207, 2.4.
func wrongIssuer() *protocol.Error {
	return loginFailed(protocol.ReasonStateMismatch, "the answer to the login names another issuer", "Log in again")
}

// refused is the error of a request of a login: 1004 where the issuer gave
// no verdict, else 1005 code_exchange_failed.
func (s *logins) refused(err error, what string) *protocol.Error {
	e := asIssuerError(err)
	if e.Verdict == issuer.Unknown {
		return s.m.unavailable(e)
	}
	failure := loginFailed(protocol.ReasonCodeExchangeFailed, withCode(what+": the issuer refused it", e.Code, e.Message), "Log in again")
	failure.Data.HTTPStatus, failure.Data.Upstream = e.Status, s.m.issuerSaid(e)
	return failure
}
