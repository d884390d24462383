package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/internal/httpx"
	"github.com/signalbox-dev/signalbox/protocol"
)

// record collects the evidence of one call. Not safe for concurrent use.
type record struct {
	evidence protocol.Evidence
	start    time.Time
	// mask takes secrets out of what the upstream says.
	mask func(string) string
	// headerModel and bodyModel are what the upstream named last, apart.
	headerModel, bodyModel string
	// strayed: it has named a model that is not the requested one, or two that
	// are not the same.
	strayed bool
}

// Unresolved returns the evidence of a request for which nothing was resolved yet.
func Unresolved(req *Request) protocol.Evidence {
	e := protocol.Evidence{
		RequestedModel:   req.Model,
		ModelSource:      protocol.ModelUnknown,
		API:              protocol.API,
		CredentialSource: protocol.SourceUnknown,
		Attempts:         []protocol.Attempt{},
		Adjustments:      []protocol.Adjustment{},
	}
	e.TraceParent = req.Meta.Headers["traceparent"]
	for _, name := range req.Meta.Unknown {
		e.Adjustments = append(e.Adjustments, protocol.Adjustment{
			Field: "_meta." + short(name), Action: "ignored", Reason: "unknown option",
		})
	}
	return e
}

func newRecord(req *Request, mask func(string) string) *record {
	return &record{evidence: Unresolved(req), start: time.Now(), mask: mask}
}

// sinceStart returns the milliseconds since the request came.
func (r *record) sinceStart() int64 { return time.Since(r.start).Milliseconds() }

// snapshot returns the evidence as of now; later changes do not reach it.
func (r *record) snapshot() protocol.Evidence {
	r.evidence.DurationMs = r.sinceStart()
	e := r.evidence
	e.Attempts = slices.Clone(e.Attempts)
	e.Adjustments = slices.Clone(e.Adjustments)
	return e
}

// routed notes the route; resolved what was resolved on it.
func (r *record) routed(name protocol.RouteName) { r.evidence.Route = &name }

// unresolved takes that back: there is no credential after all.
func (r *record) unresolved() {
	r.evidence.BaseURL, r.evidence.CredentialSource, r.evidence.AccountIDHash = nil, protocol.SourceUnknown, ""
}

func (r *record) resolved(baseURL string, source protocol.CredentialSource, accountID string) {
	r.evidence.BaseURL = &baseURL
	r.evidence.CredentialSource = source
	if accountID != "" {
		sum := sha256.Sum256([]byte(accountID))
		r.evidence.AccountIDHash = hex.EncodeToString(sum[:8])
	}
}

// answered notes the status and the headers of the answer that counts.
func (r *record) answered(status int, h http.Header) {
	r.evidence.Status = &status
	if id := httpx.RequestID(h); id != "" {
		id = bound(r.mask, id, maxID)
		r.evidence.UpstreamRequestID = &id
	}
	ttfb := r.sinceStart()
	r.evidence.TTFBMs = &ttfb
	r.namedByHeader(h.Get("Openai-Model"))
}

// firstEvent notes when the first event came.
func (r *record) firstEvent() {
	if r.evidence.FirstEventMs == nil {
		ms := r.sinceStart()
		r.evidence.FirstEventMs = &ms
	}
}

// namedByHeader notes the model of an openai-model header, "" for none, and
// named the model of a response object.
func (r *record) namedByHeader(model string) {
	if model != "" && model != r.headerModel {
		r.headerModel = model
		r.judge(model)
	}
}

func (r *record) named(model string) {
	if model != "" && model != r.bodyModel {
		r.bodyModel = model
		r.judge(model)
	}
}

// judge decides the effective model after one more was named: the openai-model
// header, else response.model. A match takes that all of them are the requested
// one, and that header and body name the same one (docs/protocol.md: Evidence).
func (r *record) judge(latest string) {
	e := &r.evidence
	r.strayed = r.strayed || !sameModel(e.RequestedModel, latest) ||
		r.headerModel != "" && r.bodyModel != "" && !sameModel(r.headerModel, r.bodyModel) && !sameModel(r.bodyModel, r.headerModel)
	model, source := r.headerModel, protocol.ModelFromHeader
	if model == "" {
		model, source = r.bodyModel, protocol.ModelFromResponse
	}
	model = bound(r.mask, model, maxID)
	match := !r.strayed
	e.EffectiveModel, e.ModelSource, e.ModelMatch = &model, source, &match
}

// mismatch reports whether the upstream has named a model that is not expected.
func (r *record) mismatch(expected string) bool {
	if expected == "" {
		return false
	}
	for _, model := range []string{r.headerModel, r.bodyModel} {
		if model != "" && !sameModel(expected, model) {
			return true
		}
	}
	return false
}

// short bounds a text of the host for a message or the evidence.
func short(text string) string {
	if len(text) > 100 {
		return strings.ToValidUTF8(text[:100], "") + "…"
	}
	return text
}
