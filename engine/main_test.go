package engine

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/internal/mask"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

// scenarios that a request of these tests may name.
var scenarios = func() (names []string) {
	for _, s := range simulator.Scenarios() {
		names = append(names, s.Name)
	}
	return names
}()

func TestMain(m *testing.M) { testcheck.Main(m) }

const (
	fakeKey     = "sk-proj-" + testcheck.Canary + "-0123456789abcdef"
	fakeAccount = "0f0f0f0f-1111-4222-8333-444444444444"
)

// fakeToken is an access token of fakeAccount; more claims follow a comma.
func fakeToken(more string) string {
	part := base64.RawURLEncoding.EncodeToString
	payload := `{"exp":4102444800,"https://api.openai.com/auth":{"chatgpt_account_id":"` + fakeAccount + `"` + more + `}}`
	return part([]byte(`{"alg":"HS256"}`)) + "." + part([]byte(payload)) + "." + testcheck.Canary + "0123456789abcdef"
}

// setting is what newEngine makes an engine of.
type setting struct {
	Config
	auth auth.Config
}

// newEngine makes an engine with a credential for each route in the environment,
// and both backends under base. Its waits for a retry are as good as none.
func newEngine(t testing.TB, base string, edit ...func(*setting)) *Engine {
	direct := transport.New(transport.Options{Direct: true})
	t.Cleanup(direct.CloseIdleConnections)
	s := setting{
		Config: Config{ChatGPTBaseURL: base + "/backend-api/codex", PlatformBaseURL: base + "/v1", Version: "0.1.0", Transport: direct},
		auth:   auth.Config{APIKey: protocol.NewSecret(fakeKey), AccessToken: protocol.NewSecret(fakeToken(""))},
	}
	for _, f := range edit {
		f(&s)
	}
	s.Mask = new(mask.Masker)
	s.auth.Mask = s.Mask
	s.Credentials = auth.NewManager(s.auth)
	e := New(s.Config)
	e.waits.firstBackoff = 1
	return e
}

// serve answers with handler over real HTTP and returns an engine that asks it.
func serve(t testing.TB, handler http.HandlerFunc, edit ...func(*setting)) *Engine {
	server := httptest.NewServer(callsOnly(handler))
	t.Cleanup(server.Close)
	return newEngine(t, server.URL, edit...)
}

// callsOnly lets handler see the model calls alone: the lookups beside them, which
// tests of their own have, are not there.
func callsOnly(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/wham/") {
			http.NotFound(w, r)
			return
		}
		handler(w, r)
	}
}

// simulate starts a simulator and returns an engine with its login.
func simulate(t testing.TB, cfg simulator.Config, edit ...func(*setting)) (*simulator.Server, *Engine) {
	server, err := simulator.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	home := t.TempDir()
	require.NoError(t, server.WriteHome(home))
	e := newEngine(t, "", append([]func(*setting){func(s *setting) {
		s.auth = auth.Config{Home: home}
		s.ChatGPTBaseURL, s.PlatformBaseURL = server.ChatGPTURL(), server.PlatformURL()
	}}, edit...)...)
	return server, e
}

// host is the Sink of a host that reads everything.
type host struct {
	started  []protocol.Evidence
	headers  protocol.Headers
	status   int
	events   []string
	flushes  int
	flushed  int // events that had come at the last of them
	released int
	retries  []Retry

	// onStarted and onEvent, if set, are called before the return.
	onStarted func()
	onEvent   func(ctx context.Context, n int) error
}

func (h *host) Started(status int, headers protocol.Headers, evidence protocol.Evidence) {
	h.started = append(h.started, evidence)
	h.status, h.headers = status, headers
	if h.onStarted != nil {
		h.onStarted()
	}
}

func (h *host) Event(ctx context.Context, event []byte, _ bool) error {
	if h.onEvent != nil {
		if err := h.onEvent(ctx, len(h.events)+1); err != nil {
			return err
		}
	}
	h.events = append(h.events, string(event))
	return nil
}

func (h *host) SendingAgain(r Retry) { h.retries = append(h.retries, r) }

func (h *host) Flush() { h.flushes, h.flushed = h.flushes+1, len(h.events) }

// request makes a Request of params whose release h counts.
func (h *host) request(t testing.TB, params string) *Request {
	req, err := NewRequest([]byte(params), scenarios)
	require.Nil(t, err, "%v", err)
	req.Release = func() { h.released++ }
	return req
}

// create runs one responses/create and checks what holds for each.
func (h *host) create(t testing.TB, ctx context.Context, e *Engine, params string) (Result, error) {
	result, err := e.Create(ctx, h.request(t, params), h)
	assert.Equal(t, 1, h.released, "the body is given back once")
	assert.LessOrEqual(t, len(h.started), 1)
	assert.NotContains(t, string(protocol.Encode(result)), testcheck.Canary)
	if err != nil {
		assert.NotContains(t, err.Error(), testcheck.Canary)
		assert.Nil(t, result.Response)
	}
	return result, err
}

// failure is create for a request that must end with a *protocol.Error.
func (h *host) failure(t testing.TB, e *Engine, params string) (Result, *protocol.Error) {
	result, err := h.create(t, t.Context(), e, params)
	var known *protocol.Error
	require.ErrorAs(t, err, &known)
	assert.NotContains(t, string(known.Encode()), testcheck.Canary)
	assert.Regexp(t, `^[A-Z].*\.$`, known.Message)
	assert.Regexp(t, `^[A-Z].*\.$`, known.Data.Action)
	return result, known
}

// streamOf writes events as a text/event-stream.
func streamOf(events ...string) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "data: %s\n\n", e)
	}
	return b.String()
}

// respond writes a 200 that streams body.
func respond(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, body)
	_ = http.NewResponseController(w).Flush()
}

const (
	// A request for each route, streamed.
	askChatGPT  = `{"model":"gpt-5.2-codex","input":"hi","stream":true}`
	askPlatform = `{"model":"gpt-5.2-pro","input":"hi","stream":true}`

	created   = `{"type":"response.created","response":{"id":"resp_1","model":"gpt-5.2-pro","output":[]}}`
	delta     = `{"type":"response.output_text.delta","delta":"a"}`
	completed = `{"type":"response.completed","response":{"id":"resp_1","model":"gpt-5.2-pro","output":[],"usage":{"total_tokens":3}}}`
)
