package auth

import (
	"context"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// ChatGPT returns the access token for the chatgpt route: the one of the
// environment, else the one of the store, which is refreshed first where that is due
// (docs/credentials.md: Refresh). When a refresh fails, an access token that has not
// expired is returned all the same.
//
// The error is a *protocol.Error: 1001 no_credentials, token_expired, a reason
// of a refused refresh or account_changed; 1002 wrong_kind, missing_account_id,
// account_mismatch, foreign_issuer or bad_override; 1003 when the store is
// needed and cannot be used; 1004 when the issuer does not answer; -32800 when
// ctx ends.
func (m *Manager) ChatGPT(ctx context.Context) (ChatGPTCredential, error) {
	s := m.view.load(ctx)
	credential, err := m.routeChatGPT(s)
	if err != nil {
		return ChatGPTCredential{}, err
	}
	why := ""
	if credential.isStored() {
		why = m.refresher.whyDue(s)
	}
	switch {
	case why == "":
		return credential, nil
	case !credential.expired && m.refresher.checkRefresh(s) != nil:
		return credential, nil
	case !credential.expired:
		patience, cancel := context.WithTimeout(ctx, m.waits.patience)
		defer cancel()
		if m.refresher.refresh(patience, s, why) != nil {
			return credential, nil
		}
	default:
		if err := m.refresher.refresh(ctx, s, why); err != nil {
			return ChatGPTCredential{}, err
		}
		// What was adopted may have expired itself.
		if s = m.view.load(ctx); m.refresher.whyDue(s) != "" {
			if err := m.refresher.refresh(ctx, s, why); err != nil {
				return ChatGPTCredential{}, err
			}
		}
	}
	return m.afterRefresh(ctx)
}

// PeekChatGPT is ChatGPT without any network call: a token that has expired but
// can be refreshed is returned as it is.
func (m *Manager) PeekChatGPT(ctx context.Context) (ChatGPTCredential, error) {
	credential, err := m.routeChatGPT(m.view.load(ctx))
	if err != nil {
		return ChatGPTCredential{}, err
	}
	return credential, nil
}

// afterRefresh reads the credential that a refresh has left.
func (m *Manager) afterRefresh(ctx context.Context) (ChatGPTCredential, error) {
	credential, err := m.PeekChatGPT(ctx)
	credential.Refreshed = err == nil
	return credential, err
}

// RefreshRejected is for a request whose token the upstream has refused although it has
// not expired: it returns a newer token of the same login, refreshed unless that has
// happened already. The error is 1001 token_rejected when there is no newer
// one: the token is the environment's, or was refused right after it had
// been refreshed; else an error of ChatGPT. Another source never takes its place.
// The status says so until a login or a request brings a token that is accepted.
func (m *Manager) RefreshRejected(ctx context.Context, failed ChatGPTCredential) (ChatGPTCredential, error) {
	newer, err := m.refreshRejected(ctx, failed)
	if err != nil {
		m.refresher.noteRejected(failed.token, err)
	}
	return newer, err
}

func (m *Manager) refreshRejected(ctx context.Context, failed ChatGPTCredential) (ChatGPTCredential, error) {
	s := m.view.load(ctx)
	switch {
	case !failed.isStored() || m.refresher.isFreshAndUntried(failed.token) || s.Login.RefreshToken.IsZero():
		return ChatGPTCredential{}, m.refresher.tokenRejected(s)
	case s.Err != nil:
		return ChatGPTCredential{}, s.Err
	}
	if s.Login.AccessToken.Reveal() != failed.token.Reveal() {
		if !sameAccount(failed.owner, ownerOf(&s.Login)) {
			return ChatGPTCredential{}, m.refresher.accountChanged(s)
		}
	} else if err := m.refresher.refresh(ctx, s, whyRejected); err != nil {
		return ChatGPTCredential{}, err
	}
	return m.afterRefresh(ctx)
}

// tokenRejected is the 1001 of a token that nothing can be done about.
func (r *refresher) tokenRejected(s *store.Snapshot) *protocol.Error {
	const need = protocol.CredentialChatGPT
	return protocol.NewError(protocol.CodeLoginRequired, "the upstream did not accept the access token",
		credentialData(need, r.m.find(s), protocol.ReasonTokenRejected, obtain(need)))
}

// Refresh refreshes the login of the store now, whether that is due or not, and
// reports whether its access token is another one than before. The error is one
// of ChatGPT's; a 1003 also where the new tokens are in memory only.
func (m *Manager) Refresh(ctx context.Context) (refreshed bool, err error) {
	s := m.view.load(ctx)
	if s.Err != nil {
		return false, s.Err
	}
	if !s.Login.HasTokens() {
		const need = protocol.CredentialChatGPT
		return false, protocol.NewError(protocol.CodeLoginRequired, "there is no ChatGPT login to refresh",
			credentialData(need, m.find(s), protocol.ReasonNoCredentials, obtain(need)))
	}
	if err := m.refresher.refresh(ctx, s, whyForced); err != nil {
		return false, err
	}
	return m.view.load(ctx).Login.AccessToken.Reveal() != s.Login.AccessToken.Reveal(), nil
}

// RefreshIfExpiring refreshes the login of the store if that is due. What comes of it
// is to be seen in Status.
func (m *Manager) RefreshIfExpiring(ctx context.Context) { _, _ = m.ChatGPT(ctx) }
