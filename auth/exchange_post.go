package auth

import (
	"cmp"
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/auth/store"
	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// The form of an exchange (RFC 8693, 2.1) as Codex sends it: the parameter that
// names the wanted token is requested_token, not requested_token_type.
const (
	grantExchange  = "urn:ietf:params:oauth:grant-type:token-exchange"
	idTokenType    = "urn:ietf:params:oauth:token-type:id_token"
	requestedToken = "openai-api-key"
)

// postExchange posts the id_token as it is. All its tries together have
// issuerTimeout: other processes wait for the lock, and the exit waits for us.
func (m *Manager) postExchange(s *store.Snapshot) (key Secret, failure *issuerError) {
	var form strings.Builder // in Codex's order
	for _, field := range [][2]string{
		{"grant_type", grantExchange},
		{"&client_id", cmp.Or(s.Login.ClientID, m.cfg.Issuer.ClientID)},
		{"&requested_token", requestedToken},
		{"&subject_token", s.Login.IDToken.Reveal()},
		{"&subject_token_type", idTokenType},
	} {
		form.WriteString(field[0] + "=" + url.QueryEscape(field[1]))
	}
	ctx, cancel := context.WithTimeout(context.Background(), issuerTimeout)
	defer cancel()
	for try := 1; ; try++ {
		text, e := m.issuer.post(ctx, m.cfg.Issuer.URL+"/oauth/token", formType, []byte(form.String()), nil)
		if e == nil {
			return readExchanged(text)
		}
		if !e.unsent && !e.lost || e.reason == protocol.ReasonTLS || try == exchangeTries || ctx.Err() != nil {
			return Secret{}, e
		}
		time.Sleep(m.waits.retry << (try - 1))
	}
}

// readExchanged takes the key out of an answer. What is no key is a refusal: a
// token must not stand where a key is due.
func readExchanged(text []byte) (Secret, *issuerError) {
	members, _, _ := rawjson.Object(text, store.MaxFileDepth, nil)
	value, _ := rawjson.Find(members, "access_token")
	word, _ := rawjson.Unquote(value.Value)
	key := protocol.NewSecret(strings.TrimSpace(word))
	f := found{value: key, due: protocol.CredentialChatGPT} // so that only the looks of a key count
	if key.IsZero() || f.looks() != protocol.CredentialPlatformKey {
		return Secret{}, &issuerError{class: issuerRefused, status: 200}
	}
	return key, nil
}

// exchangeReason is the reason of 1006; "" when the failure says nothing about
// the id_token.
func exchangeReason(e *issuerError) protocol.Reason {
	code, said := strings.ToLower(e.code), strings.ToLower(e.message)
	reason := protocol.ReasonOther
	switch {
	case e.class == issuerTransient:
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

// exchangeRefusal is the 1006 of an exchange that was refused, or would be. e is
// what the issuer said, nil when it was not asked.
func (m *Manager) exchangeRefusal(s *store.Snapshot, reason protocol.Reason, e *issuerError) *protocol.Error {
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
	data := credentialData(need, m.find(s), reason, action)
	data.LoginMethods = methods
	if e != nil {
		data.HTTPStatus, data.Upstream = e.status, m.issuerSaid(e)
	}
	return protocol.NewError(protocol.CodeExchangeFailed, message, data)
}
