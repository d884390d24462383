package auth

import (
	"slices"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// prohibition is why Codex's configuration does not allow a credential.
type prohibition struct {
	reason      protocol.Reason
	why, action string
}

// forbids returns why Codex's configuration does not allow the credential f of s, or
// nil. A key beside tokens came from them.
func forbids(set *store.Config, f found, s *store.Snapshot) *prohibition {
	if set == nil {
		return nil
	}
	const action = "Log in with a method that Codex's configuration allows, or ask your administrator"
	switch {
	case f.due == protocol.CredentialChatGPT && set.LoginMethod == store.ForcedAPI:
		return &prohibition{protocol.ReasonWrongKind, set.LoginMethodRule.String() + " allows no ChatGPT login", action}
	case f.due == protocol.CredentialPlatformKey && set.LoginMethod == store.ForcedChatGPT && !(f.isStored() && s.Login.HasTokens()) && f.source != protocol.SourceTokenExchangeAPIKey:
		return &prohibition{protocol.ReasonWrongKind, set.LoginMethodRule.String() + " allows nothing but a ChatGPT login", action}
	case f.due == protocol.CredentialChatGPT && set.Workspaces != nil && !slices.Contains(set.Workspaces, identify(f, &s.Login).accountID):
		return &prohibition{protocol.ReasonAccountMismatch, set.WorkspacesRule.String() + " does not allow the account of " + f.where, action}
	}
	return nil
}
