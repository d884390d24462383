package auth

import (
	"errors"
	"strings"

	"github.com/signalbox-dev/signalbox/auth/issuer"
	"github.com/signalbox-dev/signalbox/internal/lazyregexp"
	"github.com/signalbox-dev/signalbox/internal/mask"
	"github.com/signalbox-dev/signalbox/protocol"
)

// asIssuerError returns the *issuer.Error that every error of a Client is.
func asIssuerError(err error) *issuer.Error {
	if e, ok := errors.AsType[*issuer.Error](err); ok {
		return e
	}
	return issuer.BadAnswer()
}

// unavailable returns the 1004 of a failure that says nothing about the token.
func (m *Manager) unavailable(e *issuer.Error) *protocol.Error {
	return protocol.NewError(protocol.CodeAuthUnavailable, withCode(e.Why, e.Code, e.Message), protocol.ErrorData{
		Reason: e.Reason, Action: e.Action, HTTPStatus: e.Status,
		Retryable:    e.Reason != protocol.ReasonTLS && e.Reason != protocol.ReasonRedirect && e.Reason != protocol.ReasonRefused,
		RetryAfterMs: e.RetryAfter.Milliseconds(),
		Upstream:     m.issuerSaid(e),
	})
}

// issuerSaid returns what the issuer said, masked; nil when it said nothing.
func (m *Manager) issuerSaid(e *issuer.Error) *protocol.UpstreamError {
	if e.Code == "" && e.Message == "" {
		return nil
	}
	return &protocol.UpstreamError{Code: cut(m.masked.Mask(e.Code)), Message: cut(m.masked.Mask(e.Message))}
}

// codeShape is what a code of an error looks like; anything else is not repeated.
var codeShape = lazyregexp.New(`^[A-Za-z0-9_.-]{1,64}$`)

// withCode adds the code of the issuer to a message where the issuer says nothing
// else.
func withCode(message, code, said string) string {
	if said != "" || !codeShape().MatchString(code) || mask.HasToken(code) {
		return message
	}
	return strings.TrimSuffix(message, ".") + " (" + code + ")"
}

// cut bounds a text of the issuer to 512 bytes.
func cut(text string) string {
	if len(text) > 512 {
		text = strings.ToValidUTF8(text[:512], "")
	}
	return text
}
