package engine

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

// UserAgent of the ChatGPT route and of the issuer, honest about who we are.
func UserAgent(originator, version string) string {
	return originator + "/" + version + " (" + runtime.GOOS + "; " + runtime.GOARCH + ")"
}

// chatgptHeaders sets the headers of the chatgpt route, except the credential's
// (docs/protocol.md: Routing).
func (e *Engine) chatgptHeaders(h http.Header) {
	h.Set("Content-Type", "application/json")
	h.Set("Accept", "text/event-stream")
	h.Set("Originator", e.cfg.Originator)
	h.Set("User-Agent", UserAgent(e.cfg.Originator, e.cfg.Version))
	h.Set("Version", e.cfg.ClientVersion)
	h.Set("Session-Id", e.session())
}

// platformHeaders sets the headers of the platform route, except the
// credential's, and no other of ours (docs/protocol.md: Routing): the empty
// User-Agent keeps net/http from adding its own.
func (e *Engine) platformHeaders(h http.Header) {
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "")
	h.Set("Version", e.cfg.Version)
	if e.cfg.Organization != "" {
		h.Set("Openai-Organization", e.cfg.Organization)
	}
	if e.cfg.Project != "" {
		h.Set("Openai-Project", e.cfg.Project)
	}
}

// setHeaders sets all headers of a request: the route's, the host's and last the
// credential's.
func (c *call) setHeaders(h http.Header) {
	if c.target.route == protocol.RouteChatGPT {
		c.engine.chatgptHeaders(h)
		if c.constraint.override != "" {
			h.Set(overrideHeader, c.constraint.override)
		}
		if c.conversation != nil && c.conversation.TurnState != "" {
			h.Set(turnStateHeader, c.conversation.TurnState)
		}
	} else {
		c.engine.platformHeaders(h)
	}
	for name, value := range c.req.Meta.Headers {
		// In lower case on purpose: under its canonical name Idempotency-Key
		// makes net/http send a request again that may have been served, and
		// send.go is the one place that retries.
		h[name] = []string{value}
	}
	if c.req.Meta.Simulate != "" {
		h.Set(simulateHeader, c.req.Meta.Simulate)
	}
	c.target.authorize(h)
}

// simulateHeader chooses a scenario of the simulator for one request.
const simulateHeader = "X-Signalbox-Simulate"

// visible returns the upstream's headers that a host may see (docs/protocol.md:
// Creating a response).
func (c *call) visible(h http.Header) protocol.Headers {
	visible := protocol.Headers{}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		lower := strings.ToLower(name)
		if isVisible(lower) && len(visible) < maxHeaders && len(lower) <= maxID {
			visible[lower] = bound(c.mask, strings.Join(h[name], ", "), maxHeader)
		}
	}
	return visible
}

func isVisible(name string) bool {
	for _, prefix := range []string{"openai-", "x-ratelimit-", "x-codex-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == "x-request-id" || name == "retry-after"
}

// newSessionID returns a UUID version 7 (RFC 9562 section 5.7).
func newSessionID(now time.Time) string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16|uint64(binary.BigEndian.Uint16(id[6:8])))
	id[6] = 0x70 | id[6]&0x0f
	id[8] = 0x80 | id[8]&0x3f
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
