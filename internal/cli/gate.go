package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/signalbox-dev/signalbox/engine"
	"github.com/signalbox-dev/signalbox/protocol"
)

// gateTimeoutMs bounds one gate, in milliseconds.
const gateTimeoutMs = 120_000

// gate asks one model and returns its row and the text of its answer. The error is
// errServerEnded.
func (s *session) gate(model string) (row protocol.Gate, answer string, err error) {
	row = protocol.Gate{
		Gate: "sdk.responses." + model, Model: model, Status: protocol.GatePass, Required: true,
		RequestedModel: &model, API: protocol.API, CredentialSource: protocol.SourceUnknown,
	}
	body := map[string]any{
		"model": model, "input": demoQuestion, "stream": true,
		"_meta": map[string]any{"timeoutMs": gateTimeoutMs},
	}
	var text strings.Builder
	result, failure, err := s.call("1", protocol.MethodResponsesCreate, protocol.Encode(body), func(m message) {
		text.WriteString(textDelta(m))
	})
	switch {
	case err != nil:
		return row, "", err
	case failure != nil:
		var e protocol.Error
		if err := json.Unmarshal(failure, &e); err != nil {
			return row, "", err
		}
		if e.Code == protocol.CodeCancelled || e.Code == protocol.CodeInvalidRequest {
			return row, "", errServerEnded // a signal, in the middle of this gate or before it
		}
		if e.Data.Evidence != nil {
			prove(&row, e.Data.Evidence)
		}
		fail(&row, &e)
		return row, "", nil
	}
	var r protocol.CreateResult
	if err := json.Unmarshal(result, &r); err != nil {
		return row, "", err
	}
	prove(&row, &r.Evidence)
	judge(&row, &r)
	return row, text.String(), nil
}

// prove copies the evidence into the row.
func prove(row *protocol.Gate, e *protocol.Evidence) {
	row.RequestedModel, row.EffectiveModel = &e.RequestedModel, e.EffectiveModel
	row.API, row.BaseURL, row.CredentialSource, row.HTTPStatus = e.API, e.BaseURL, e.CredentialSource, e.Status
}

// judge fails a row whose call succeeded but whose answer does not prove that the
// requested model answered in full.
func judge(row *protocol.Gate, r *protocol.CreateResult) {
	match := r.Evidence.ModelMatch
	switch {
	case match == nil:
		row.Status, row.Category = protocol.GateFail, protocol.KindModelMismatch
		row.Message = "The upstream did not say which model answered."
		row.Action = "Check what stands between signalbox and the upstream."
	case !*match:
		row.Status, row.Category = protocol.GateFail, protocol.KindModelMismatch
		row.Message = fmt.Sprintf("A different model answered: %s.", deref(r.Evidence.EffectiveModel))
		row.Action = "Ask for a model that this account is served, or accept that a different model answers."
	case r.Status != protocol.StatusCompleted:
		row.Status, row.Category, row.Reason = protocol.GateFail, protocol.KindResponseFailed, string(r.Status)
		row.Message = fmt.Sprintf("The answer is %s.", r.Status)
		row.Action = "Try again."
	}
}

// fail records the error that ended a gate.
func fail(row *protocol.Gate, e *protocol.Error) {
	row.Status = protocol.GateFail
	row.Category, row.Reason, row.Message, row.Action = e.Data.Kind, string(e.Data.Reason), e.Message, e.Data.Action
	// The issuer's status is not the route's.
	if status := e.Data.HTTPStatus; status != 0 && row.BaseURL != nil {
		row.HTTPStatus = &status
	}
}

// probe sends one probe and returns its row.
func (s *session) probe(p engine.Probe) protocol.Gate {
	result, err := s.prober.Probe(s.ctx, p)
	row := protocol.Gate{Gate: p.Name, Status: protocol.GatePass, API: p.API, CredentialSource: result.Source}
	if result.BaseURL != "" {
		row.BaseURL = &result.BaseURL
	}
	if result.Status != 0 {
		row.HTTPStatus = &result.Status
	}
	if err == nil {
		return row
	}
	if known, ok := errors.AsType[*protocol.Error](err); ok {
		fail(&row, known)
	} else {
		row.Status, row.Category, row.Message = protocol.GateFail, protocol.KindInternalError, "The probe could not be sent."
	}
	return row
}

// textDelta returns the text that a notification adds to the answer.
func textDelta(m message) string {
	var note struct {
		Event struct {
			Type  string `json:"type"`
			Delta string `json:"delta"`
		} `json:"event"`
	}
	// An event whose delta is not a string has no text.
	if m.method != protocol.NotificationEvent || json.Unmarshal(m.params, &note) != nil || note.Event.Type != "response.output_text.delta" {
		return ""
	}
	return note.Event.Delta
}
