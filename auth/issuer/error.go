package issuer

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// Verdict is what a failure means for the token or the code that was sent.
type Verdict int

const (
	// Unknown is no verdict: another try may succeed.
	Unknown Verdict = iota
	// Expired says that the refresh token has expired.
	Expired
	// Reused says that the refresh token was spent before.
	Reused
	// Revoked says that the refresh token was revoked.
	Revoked
	// InvalidGrant is invalid_grant of RFC 6749, 5.2, which does not say why.
	InvalidGrant
	// Refused is any other refusal that another try does not change.
	Refused
)

// Error is the failure of a request to the issuer: no answer, a status other than
// 2xx, or an answer that makes no sense.
type Error struct {
	Verdict Verdict
	// Reason narrows an unknown verdict: connect, dns, tls, proxy, timeout,
	// redirect, rate_limited, server_error, bad_answer or refused.
	Reason protocol.Reason
	// Why and Action explain the failure to a person; both are empty when only the
	// verdict counts.
	Why, Action string
	// Status is the HTTP status; 0 when no answer came.
	Status int
	// RequestID is that of the answer, as it came; "" where it has none.
	RequestID string
	// Code and Message are the issuer's words, not masked: they may quote what was
	// sent.
	Code, Message string
	// RetryAfter is the pause that the issuer asks for, at most an hour; 0 when it
	// asks for none.
	RetryAfter time.Duration

	unsent, lost bool
	// isPage reports that the body is text that is not JSON: a proxy in front of the
	// issuer may have written it.
	isPage bool
}

// Error implements error; it contains nothing that the issuer said.
func (e *Error) Error() string {
	if e.Status != 0 {
		return "the issuer answered with status " + strconv.Itoa(e.Status)
	}
	return "the issuer could not be reached: " + string(e.Reason)
}

// IsUnsent reports whether the request was provably not processed and may be sent
// again: whatever it carries is still good, and the next try may succeed.
func (e *Error) IsUnsent() bool { return e.unsent && e.Reason != protocol.ReasonTLS }

// IsLost reports whether the request was sent and no answer came: it may have been
// processed.
func (e *Error) IsLost() bool { return e.lost }

// IsFinal reports whether the refresh token that was sent will never be accepted
// again.
func (e *Error) IsFinal() bool { return e.Verdict == Expired || e.Verdict == Revoked }

// IsSpent reports whether somebody else may have spent the refresh token that was
// sent: the tokens of whoever did may be in the store.
func (e *Error) IsSpent() bool { return e.Verdict == Reused || e.Verdict == InvalidGrant }

// fail sets the reason of an unknown verdict.
func (e *Error) fail(reason protocol.Reason, why, action string) *Error {
	e.Reason, e.Why, e.Action = reason, why, action
	return e
}

// BadAnswer returns the error of an answer that is not the issuer's, or makes no
// sense.
func BadAnswer() *Error { return new(Error).badAnswer() }

func (e *Error) badAnswer() *Error {
	return e.fail(protocol.ReasonBadAnswer, "The answer of the issuer could not be understood.",
		"Check the issuer's URL and the proxy in front of it.")
}

// readRefusal classifies an answer that is not 2xx, as Codex does: by the code
// of the body, whatever the status, then by the status.
func (e *Error) readRefusal(text []byte) {
	_, _, err := rawjson.Object(text, maxDepth, nil)
	isWord := err == nil // of the issuer: a gateway in front of it says nothing about a token
	e.isPage = !isWord && len(bytes.TrimSpace(text)) > 0
	e.Code, e.Message = refusalOf(text)
	switch strings.ToLower(e.Code) {
	case "refresh_token_expired":
		e.Verdict = Expired
		return
	case "refresh_token_reused":
		e.Verdict = Reused
		return
	case "refresh_token_invalidated":
		e.Verdict = Revoked
		return
	}
	switch {
	case e.Status/100 == 3:
		_ = e.fail(protocol.ReasonRedirect, "The issuer answered with a redirect, which is never followed.", "Check the issuer's URL.")
	case e.Status == http.StatusTooManyRequests:
		_ = e.fail(protocol.ReasonRateLimited, "The issuer asks to slow down.", "Try again later.")
	case e.Status >= 500, e.Status == http.StatusRequestTimeout:
		_ = e.fail(protocol.ReasonServerError, fmt.Sprintf("The issuer failed with status %d.", e.Status), "Try again later.")
	case strings.EqualFold(e.Code, "invalid_grant"):
		e.Verdict = InvalidGrant
	case e.Status == http.StatusUnauthorized && isWord: // as Codex, whatever the code
		e.Verdict = Revoked
	case e.Status == http.StatusUnauthorized:
		_ = e.fail(protocol.ReasonBadAnswer, "Something in front of the issuer answered with status 401 in its place.",
			"Check the proxy or the network that you are on, and try again.")
	case e.Status/100 == 4:
		if isWord || !e.isPage {
			e.Verdict = Refused
		}
		_ = e.fail(protocol.ReasonRefused, fmt.Sprintf("The issuer refused the request with status %d.", e.Status), "Try another network, or log in again.")
	default:
		_ = e.badAnswer()
	}
}

// refusalOf reads an error body: RFC 6749, 5.2 has error and error_description;
// OpenAI has an object error with code and message, or code beside it.
func refusalOf(text []byte) (code, message string) {
	members, _, err := rawjson.Object(text, maxDepth, nil)
	if err != nil {
		return "", ""
	}
	word := func(in []rawjson.Member, name string) string {
		m, _ := rawjson.Find(in, name)
		s, _ := rawjson.Unquote(m.Value)
		return strings.TrimSpace(s)
	}
	failure, _ := rawjson.Find(members, "error")
	inner, _, _ := rawjson.Object(failure.Value, maxDepth, nil)
	for _, s := range []string{word(members, "error"), word(inner, "code"), word(members, "code"), word(inner, "type")} {
		if code = s; code != "" {
			break
		}
	}
	for _, s := range []string{word(members, "error_description"), word(inner, "message"), word(members, "message"), word(members, "detail")} {
		if message = s; message != "" {
			break
		}
	}
	return code, message
}
