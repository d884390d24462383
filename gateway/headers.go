package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// maxUpstreamHeader of one header of the upstream's, in bytes.
	maxUpstreamHeader = 1 << 10
	// maxUpstreamHeaders of all of them: all headers of an answer stay below 12 KiB.
	maxUpstreamHeaders = 5 << 10
	// maxEvidence of x-signalbox-evidence.
	maxEvidence = 4 << 10
)

// passed are the headers of a program that go upstream.
func passed() []string {
	return []string{"traceparent", "tracestate", "x-client-request-id", "idempotency-key"}
}

// setUpstream sets the upstream's headers that a host may see, but for the state of a
// turn, which the memory keeps.
func setUpstream(h http.Header, headers protocol.Headers) {
	size := 0
	for name, value := range headers {
		value = printable(value)
		if len(value) > maxUpstreamHeader {
			value = value[:maxUpstreamHeader]
		}
		if size += len(name) + len(value) + 4; name == "x-codex-turn-state" || size > maxUpstreamHeaders {
			continue
		}
		h.Set(name, value)
	}
}

// setEvidence sets what proves who answered.
func setEvidence(h http.Header, e *protocol.Evidence) {
	set := func(name string, value *string) {
		if value != nil && *value != "" {
			h.Set(name, short(printable(*value)))
		}
	}
	if e.Route != nil {
		route := string(*e.Route)
		set("X-Signalbox-Route", &route)
	}
	set("X-Signalbox-Model", e.EffectiveModel)
	source := string(e.CredentialSource)
	set("X-Signalbox-Credential", &source)
	set("X-Request-Id", e.UpstreamRequestID)
	h.Set("X-Signalbox-Evidence", string(evidenceText(e, maxEvidence)))
}

// short cuts a header's value.
func short(text string) string { return text[:min(len(text), 256)] }

// evidenceText returns the evidence as JSON in printable ASCII of at most limit bytes:
// names and adjustments are cut, and "truncated" says so.
func evidenceText(e *protocol.Evidence, limit int) []byte {
	text := asciiJSON(e)
	if len(text) <= limit {
		return text
	}
	cut := *e
	cut.RequestedModel = short(cut.RequestedModel)
	if cut.EffectiveModel != nil {
		name := short(*cut.EffectiveModel)
		cut.EffectiveModel = &name
	}
	cut.Attempts = nil
	for n := min(len(cut.Adjustments), 16); ; n /= 2 {
		cut.Adjustments = cut.Adjustments[:n]
		text = asciiJSON(struct {
			*protocol.Evidence
			Truncated bool `json:"truncated"`
		}{&cut, true})
		if len(text) <= limit {
			return text
		}
		if n == 0 {
			return []byte(`{"truncated":true}`)
		}
	}
}

// asciiJSON returns value as JSON with every other character escaped.
func asciiJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		return []byte("{}")
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			_, _ = fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			_, _ = fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return []byte(b.String())
}

// printable writes text for a header: ASCII without control characters.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}
