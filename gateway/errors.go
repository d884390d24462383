package gateway

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/signalbox-dev/signalbox/protocol"
)

// errorObject is the error of the OpenAI API.
type errorObject struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

// statusOf returns the HTTP status of an error (docs/reference.md: Errors).
func statusOf(e *protocol.Error) int {
	switch e.Code {
	case protocol.CodeBusy:
		return http.StatusServiceUnavailable
	case protocol.CodeCancelled:
		return 499 // as nginx has it: nobody reads it
	case protocol.CodeLoginRequired:
		return http.StatusUnauthorized
	case protocol.CodeCredentialMismatch, protocol.CodeLoginFailed, protocol.CodeExchangeFailed:
		return http.StatusForbidden
	case protocol.CodeCredentialStore, protocol.CodeInternalError:
		return http.StatusInternalServerError
	case protocol.CodeAuthUnavailable, protocol.CodeUpstreamUnavailable:
		if e.Data.Reason == protocol.ReasonTimeout {
			return http.StatusGatewayTimeout
		}
		return http.StatusBadGateway
	case protocol.CodeUpstreamRejected:
		if status := e.Data.HTTPStatus; status >= 400 && status <= 599 {
			return status
		}
	case protocol.CodeRateLimited:
		return http.StatusTooManyRequests
	case protocol.CodeStreamBroken, protocol.CodeResponseFailed, protocol.CodeModelMismatch:
		return http.StatusBadGateway
	}
	return http.StatusBadRequest
}

// objectOf returns the error object of an error: code, type and param are the
// upstream's where it gave them, since programs branch on them.
func objectOf(e *protocol.Error) errorObject {
	upstream := e.Data.Upstream
	if upstream == nil {
		upstream = &protocol.UpstreamError{}
	}
	message := e.Message
	if words := upstream.Message; words != "" && !strings.Contains(message, words) {
		message += " (" + words + ")"
	}
	if e.Data.Action != "" {
		message += " " + strings.TrimRight(e.Data.Action, ".") + "."
	}
	code := upstream.Code
	if code == "" && e.Data.Reason == protocol.ReasonContextLength {
		code = "context_length_exceeded"
	}
	return errorObject{
		Message: message,
		Type:    cmp.Or(upstream.Type, string(e.Data.Kind)),
		Param:   orNull(cmp.Or(upstream.Param, e.Data.Field)),
		Code:    orNull(cmp.Or(code, string(e.Data.Reason), string(e.Data.Kind))),
	}
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// mayRetry reports whether a client should send the request again: the engine has
// spent its own retries, so only what waits for a limit of moments.
func mayRetry(e *protocol.Error) bool {
	return e.Data.Retryable && (e.Code == protocol.CodeBusy ||
		e.Code == protocol.CodeRateLimited && (e.Data.Reason == protocol.ReasonRequests || e.Data.Reason == protocol.ReasonTokens))
}

// writeError answers with an error and its status.
func writeError(w http.ResponseWriter, e *protocol.Error) {
	h := w.Header()
	setUpstream(h, e.Data.Headers)
	h.Del("Retry-After")
	h.Set("X-Should-Retry", strconv.FormatBool(mayRetry(e)))
	if ms := e.Data.RetryAfterMs; ms > 0 {
		h.Set("Retry-After-Ms", strconv.FormatInt(ms, 10))
		h.Set("Retry-After", strconv.FormatInt((ms+999)/1000, 10))
	}
	h.Set("X-Signalbox-Kind", string(e.Data.Kind))
	if e.Data.Evidence != nil {
		setEvidence(h, e.Data.Evidence)
	}
	writeObject(w, statusOf(e), objectOf(e))
}

func writeObject(w http.ResponseWriter, status int, object errorObject) {
	text, _ := json.Marshal(map[string]any{"error": object}) // strings only
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// write answers with the refusal.
func (r *refusal) write(w http.ResponseWriter) {
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	w.Header().Set("X-Should-Retry", "false")
	writeObject(w, r.status, errorObject{Message: r.message, Type: cmp.Or(r.kind, "invalid_request_error"), Code: &r.reason})
}
