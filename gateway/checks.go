package gateway

import (
	"crypto/subtle"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// The paths that there are. They are compared as they are: nothing is cleaned, and
// nothing redirected.
const (
	pathResponses = "/v1/responses"
	pathModels    = "/v1/models"
	pathHealth    = "/healthz"
)

// checks are what a request must pass before it costs anything (docs/gateway.md:
// Security).
type checks struct {
	token []byte
	// hosts are what the Host header may be, against DNS rebinding; nil on a Unix
	// socket, which no browser reaches.
	hosts []string
}

// refusal is the answer to a request that does not pass.
type refusal struct {
	status                int
	message, kind, reason string
	header                map[string]string
}

// hostsOf returns the Host headers by which a listener may be called.
func hostsOf(addr net.Addr) []string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return nil
	}
	port := strconv.Itoa(tcp.Port)
	return []string{"127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port, net.JoinHostPort(tcp.IP.String(), port)}
}

// check returns why a request is refused; nil if it is not. The order is that of the
// contract with programs: who may ask at all comes before what is asked.
func (c checks) check(r *http.Request) *refusal {
	switch {
	case c.hosts != nil && !c.isOurs(r.Host):
		return &refusal{status: 403, message: "The Host header does not name this machine.", reason: "forbidden_host"}
	case r.Header["Origin"] != nil:
		return &refusal{status: 403, message: "Pages in a browser may not ask.", reason: "forbidden_origin"}
	case r.Method == http.MethodOptions:
		return &refusal{status: 403, message: "There is no CORS here.", reason: "forbidden_origin"}
	case r.URL.Path == pathHealth && isPlain(r) && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return nil
	case !c.isAllowed(r):
		return &refusal{status: 401, message: "The token of the gateway is missing or wrong. Send the content of its token file as a bearer token; \"signalbox gateway --print HOST\" prints the settings.", reason: "invalid_api_key",
			header: map[string]string{"WWW-Authenticate": "Bearer"}}
	}
	if refusal := unknownPath(r); refusal != nil {
		return refusal
	}
	if r.URL.Path != pathResponses {
		return nil
	}
	switch kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json"):
		return &refusal{status: 415, message: "The content type must be application/json.", reason: "unsupported_media_type"}
	case r.Header.Get("Content-Encoding") != "" && r.Header.Get("Content-Encoding") != "identity":
		return &refusal{status: 415, message: "The body must not be compressed.", reason: "unsupported_media_type"}
	case r.ContentLength > MaxBodyBytes:
		return tooLarge()
	}
	return nil
}

func tooLarge() *refusal {
	return &refusal{status: 413, message: "The body is larger than 64 MiB.", reason: "request_too_large", header: map[string]string{"Connection": "close"}}
}

// isOurs reports whether a Host header names this listener, in any case, or without a
// port by its address alone where that is what HTTP's port would be.
func (c checks) isOurs(host string) bool {
	host = strings.ToLower(host)
	for _, ours := range c.hosts {
		if host == ours {
			return true
		}
	}
	return false
}

// isAllowed compares the token in constant time.
func (c checks) isAllowed(r *http.Request) bool {
	given := r.Header.Get("Api-Key")
	if text := r.Header.Get("Authorization"); text != "" {
		scheme, token, _ := strings.Cut(text, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return false
		}
		given = strings.TrimSpace(token)
	}
	return subtle.ConstantTimeCompare([]byte(given), c.token) == 1
}

// isPlain reports whether the path is spelled as it means.
func isPlain(r *http.Request) bool { return r.URL.RawPath == "" && r.URL.Opaque == "" }

// methodsOf returns what may be done with a path; nil for one that does not exist.
func methodsOf(r *http.Request) []string {
	if !isPlain(r) {
		return nil
	}
	switch r.URL.Path {
	case pathResponses:
		return []string{http.MethodPost}
	case pathModels, pathHealth:
		return []string{http.MethodGet, http.MethodHead}
	}
	return nil
}

// unknownPath refuses a path that does not exist, and a method that it does not have.
func unknownPath(r *http.Request) *refusal {
	allowed := methodsOf(r)
	switch path := strings.TrimRight(r.URL.Path, "/"); {
	case allowed == nil && (strings.HasSuffix(path, "/chat/completions") || strings.HasSuffix(path, "/completions")):
		return &refusal{status: 404, reason: "unknown_url",
			message: "The gateway speaks the Responses API only, at /v1/responses. Switch the program to it: \"signalbox gateway --print HOST\" names the setting of each, such as use_responses_api, wire_api = \"responses\" or apiType: \"responses\"."}
	case allowed == nil:
		return &refusal{status: 404, reason: "unknown_url", message: "There is nothing at this path; the gateway has POST /v1/responses, GET /v1/models and GET /healthz."}
	}
	for _, method := range allowed {
		if r.Method == method {
			return nil
		}
	}
	return &refusal{status: 405, reason: "method_not_allowed", message: fmt.Sprintf("This path takes %s.", strings.Join(allowed, " and ")),
		header: map[string]string{"Allow": strings.Join(allowed, ", ")}}
}

// IsLoopback reports whether host is one that the gateway may listen on: 127.0.0.1,
// [::1] or localhost.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && (addr == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || addr == netip.IPv6Loopback())
}
