package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// visit is one request and its answer.
type visit struct {
	server   *Server
	w        http.ResponseWriter
	r        *http.Request
	body     []byte
	scenario scenario
	gone     bool // the client was not there for the whole answer
}

// endpoint is what one path serves, and by which method alone.
type endpoint struct {
	method string
	serve  func(*visit)
}

const (
	pathToken       = "/oauth/token"
	pathRevoke      = "/oauth/revoke"
	pathUserCode    = "/api/accounts/deviceauth/usercode"
	pathDeviceToken = "/api/accounts/deviceauth/token"

	pathChatGPTModels  = "/backend-api/codex/models"
	pathAccountsCheck  = "/backend-api/wham/accounts/check"
	pathUsage          = "/backend-api/wham/usage"
	pathPlatformModels = "/v1/models"
)

func endpoints() map[string]endpoint {
	return map[string]endpoint{
		"/backend-api/codex/responses": {http.MethodPost, (*visit).chatgptResponses},
		"/backend-api/me":              {http.MethodGet, (*visit).me},
		"/backend-api/conversations":   {http.MethodGet, (*visit).conversations},
		pathChatGPTModels:              {http.MethodGet, (*visit).chatgptModels},
		pathAccountsCheck:              {http.MethodGet, (*visit).accountsCheck},
		pathUsage:                      {http.MethodGet, (*visit).usage},
		"/v1/responses":                {http.MethodPost, (*visit).platformResponses},
		pathPlatformModels:             {http.MethodGet, (*visit).platformModels},
		"/oauth/authorize":             {http.MethodGet, (*visit).authorize},
		pathToken:                      {http.MethodPost, (*visit).token},
		pathRevoke:                     {http.MethodPost, (*visit).revoke},
		pathUserCode:                   {http.MethodPost, (*visit).deviceUserCode},
		pathDeviceToken:                {http.MethodPost, (*visit).deviceToken},
	}
}

// serve records a request and hands it to its endpoint.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		panic(http.ErrAbortHandler)
	}
	defer s.handlers.Done()

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	if err != nil {
		body = nil
	}
	record := s.log.add(r, body)
	x := &visit{server: s, w: w, r: r, body: body, scenario: s.scenario}
	defer func() {
		if x.gone && !s.closing() {
			s.log.abort(record)
		}
	}()
	if err != nil {
		var large *http.MaxBytesError
		if !errors.As(err, &large) {
			x.gone = true
			panic(http.ErrAbortHandler)
		}
		x.refuse(http.StatusRequestEntityTooLarge, "request_too_large", "Request body too large")
		return
	}
	if name := r.Header.Get("x-signalbox-simulate"); name != "" {
		if x.scenario, err = find(name); err != nil {
			x.refuse(http.StatusBadRequest, "unknown_scenario", err.Error())
			return
		}
	}
	target, known := endpoints()[r.URL.Path]
	switch {
	case !known:
		x.refuse(http.StatusNotFound, "not_found", "Not Found")
	case r.Method == target.method:
		if act := s.scenario.issuer[r.URL.Path]; act == nil || act(x) {
			x.held(record, target.serve)
		}
		if x.gone {
			// Or a body that was given up would end as if it were complete.
			panic(http.ErrAbortHandler)
		}
	case r.Header.Get("Upgrade") != "":
		// What the real backends answer where there is no WebSocket: the
		// client falls back to POST.
		x.refuse(http.StatusUpgradeRequired, "upgrade_required", "Upgrade Required")
	default:
		w.Header().Set("allow", target.method)
		x.refuse(http.StatusMethodNotAllowed, "method_not_allowed", "Method Not Allowed")
	}
}

// held serves a request, and lets Config.Hold in between for the token endpoint.
func (x *visit) held(record *Request, serve func(*visit)) {
	hold := x.server.config.Hold
	if hold == nil || x.r.URL.Path != pathToken {
		serve(x)
		return
	}
	if !hold(*record, false) {
		panic(http.ErrAbortHandler)
	}
	// Carried out with nobody listening: what a cut answer would have said has happened.
	answer := &unsent{header: http.Header{}}
	w := x.w
	x.w = answer
	serve(x)
	x.w = w
	if !hold(*record, true) {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), answer.header)
	w.WriteHeader(answer.code)
	x.write(answer.body.Bytes())
}

// unsent is an answer that is kept for a while.
type unsent struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (u *unsent) Header() http.Header         { return u.header }
func (u *unsent) WriteHeader(code int)        { u.code = code }
func (u *unsent) Write(p []byte) (int, error) { return u.body.Write(p) }
func (u *unsent) Flush()                      {}

// fault is an error object as the Platform and the issuer send it.
type fault struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

func invalidRequest(code, message string) fault {
	return fault{Message: message, Type: "invalid_request_error", Code: &code}
}

// refuse answers with an error in the shape of the API that was asked.
func (x *visit) refuse(status int, code, message string) {
	if x.onChatGPT() {
		x.detail(status, message)
	} else {
		x.fault(status, invalidRequest(code, message))
	}
}

// detail is an error of the ChatGPT backend.
func (x *visit) detail(status int, message string) {
	x.json(status, struct {
		Detail string `json:"detail"`
	}{message})
}

func (x *visit) fault(status int, f fault) {
	x.json(status, struct {
		Error fault `json:"error"`
	}{f})
}

func (x *visit) json(status int, v any) {
	x.send(status, "application/json", encode(v))
}

func (x *visit) send(status int, contentType string, body []byte) {
	x.w.Header().Set("content-type", contentType)
	x.w.Header().Set("content-length", strconv.Itoa(len(body)))
	x.w.WriteHeader(status)
	x.write(body)
}

// write sends bytes that must be on their way before it returns. It reports
// whether the client is still there.
func (x *visit) write(body []byte) bool {
	size := x.server.config.WriteSize
	if size <= 0 {
		size = max(1, len(body))
	}
	control := http.NewResponseController(x.w)
	for piece := range slices.Chunk(body, size) {
		if x.r.Context().Err() != nil {
			x.gone = true
			return false
		}
		_, err := x.w.Write(piece)
		if err == nil {
			err = control.Flush()
		}
		if err != nil {
			x.gone = true
			return false
		}
	}
	return true
}

// pause waits. It reports whether the client is still there.
func (x *visit) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-x.r.Context().Done():
		x.gone = true
		return false
	case <-timer.C:
		return true
	}
}

// bearer is the one credential of the request; "" when there is none or more.
func (x *visit) bearer() string {
	values := x.r.Header.Values("Authorization")
	if len(values) != 1 {
		return ""
	}
	token, ok := strings.CutPrefix(values[0], "Bearer ")
	if !ok {
		return ""
	}
	return token
}

// mediaType is the content type of the request without its parameters.
func (x *visit) mediaType() string {
	kind, _, err := mime.ParseMediaType(x.r.Header.Get("content-type"))
	if err != nil {
		return ""
	}
	return kind
}

// plainJSON reports whether the body is announced as JSON without a content
// encoding; the simulator undoes none.
func (x *visit) plainJSON() bool {
	encoding := x.r.Header.Get("content-encoding")
	return x.mediaType() == "application/json" && (encoding == "" || encoding == "identity")
}

// encode returns compact JSON in which <, > and & are not escaped, as the real
// backends send it.
func encode(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		// Every value is ours or was parsed before.
		panic(err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
