package auth

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/protocol"
)

// post posts the id_token as it is. All its tries together have
// [issuer.Timeout]: other processes wait for the lock, and the exit waits for us.
func (x *exchanger) post(s *store.Snapshot) (key Secret, failure *issuer.Error) {
	ctx, cancel := context.WithTimeout(context.Background(), issuer.Timeout)
	defer cancel()
	for try := 1; ; try++ {
		key, err := x.m.issuer.Exchange(ctx, cmp.Or(s.Login.ClientID, x.m.issuer.Endpoint.ClientID), s.Login.IDToken)
		if err == nil {
			return key, nil
		}
		e := asIssuerError(err)
		if !e.IsUnsent() && !e.IsLost() || try == exchangeTries || ctx.Err() != nil {
			return Secret{}, e
		}
		time.Sleep(x.m.waits.retry << (try - 1))
	}
}

// exchangeReason is the reason of 1006; "" when the failure says nothing about
// the id_token.
func exchangeReason(e *issuer.Error) protocol.Reason {
	code, said := strings.ToLower(e.Code), strings.ToLower(e.Message)
	reason := protocol.ReasonOther
	switch {
	case e.Verdict == issuer.Unknown:
		reason = ""
	case strings.Contains(said, "organization"):
		reason = protocol.ReasonMissingOrganization
	case code == "token_expired" || strings.Contains(said, "expired"):
		reason = protocol.ReasonTokenExpired
	case code == "invalid_id_token", code == "invalid_subject_token", strings.Contains(said, "invalid id token"):
		reason = protocol.ReasonInvalidIDToken
	}
	return reason
}

// refusal is the 1006 of an exchange that was refused, or would be. e is
// what the issuer said, nil when it was not asked.
func (x *exchanger) refusal(s *store.Snapshot, reason protocol.Reason, e *issuer.Error) *protocol.Error {
	const need = protocol.CredentialPlatformKey
	message := "the issuer does not exchange the ChatGPT login for a Platform API key"
	action := "Set " + envAPIKey + " to a Platform API key"
	methods := []string{protocol.LoginAPIKey}
	again := "Log in again, or set " + envAPIKey + " to a Platform API key"
	switch reason {
	case protocol.ReasonMissingOrganization:
		message = "the ChatGPT login belongs to no organization of the Platform, so it cannot be exchanged for a Platform API key"
	case protocol.ReasonInvalidIDToken:
		message = "the id_token of the ChatGPT login cannot be exchanged for a Platform API key: it is not valid"
		action, methods = again, append(methods, protocol.LoginBrowser)
	case protocol.ReasonTokenExpired:
		message = "the id_token of the ChatGPT login has expired, so it cannot be exchanged for a Platform API key"
		action, methods = again, append(methods, protocol.LoginBrowser)
	}
	data := credentialData(need, x.m.find(s), reason, action)
	data.LoginMethods = methods
	if e != nil {
		data.HTTPStatus, data.Upstream = e.Status, x.m.issuerSaid(e)
	}
	return protocol.NewError(protocol.CodeExchangeFailed, message, data)
}
