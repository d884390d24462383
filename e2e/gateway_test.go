//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// httpGateway is `signalbox gateway` and a program that speaks HTTP with it.
type httpGateway struct {
	t      *testing.T
	cmd    *exec.Cmd
	home   string
	base   string // http://127.0.0.1:PORT
	token  string
	file   string
	client *http.Client
	stderr syncBuffer
	ended  chan struct{}
}

// startGateway starts a gateway in front of sim, on a free port unless args say
// otherwise.
func startGateway(t *testing.T, sim *simulator.Server, args ...string) *httpGateway {
	t.Helper()
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	return gatewayAt(t, sim, home, args...)
}

func gatewayCommand(t *testing.T, sim *simulator.Server, home string, args ...string) *exec.Cmd {
	t.Helper()
	all := append([]string{"gateway", "--chatgpt-base-url=" + sim.ChatGPTURL(), "--platform-base-url=" + sim.PlatformURL(), "--issuer=" + sim.IssuerURL()}, args...)
	if !slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--listen") }) {
		all = append(all, "--listen=127.0.0.1:0")
	}
	cmd := exec.Command(os.Args[0], all...)
	cmd.Env = slices.Concat(asMain, []string{"HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "CODEX_HOME=" + home})
	return cmd
}

func gatewayAt(t *testing.T, sim *simulator.Server, home string, args ...string) *httpGateway {
	t.Helper()
	g := &httpGateway{t: t, home: home, cmd: gatewayCommand(t, sim, home, args...), ended: make(chan struct{})}
	stdout, err := g.cmd.StdoutPipe()
	require.NoError(t, err)
	g.cmd.Stderr = &g.stderr
	require.NoError(t, g.cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err, g.stderr.String())
	go func() {
		_ = g.cmd.Wait()
		close(g.ended)
	}()
	t.Cleanup(func() {
		_ = g.cmd.Process.Kill()
		<-g.ended
		assert.NotContains(t, g.stderr.String(), testcheck.Canary)
		assert.NotContains(t, g.stderr.String(), g.token)
	})
	var ready struct {
		BaseURL string `json:"base_url"`
		File    string `json:"token_file"`
		Socket  string `json:"socket"`
	}
	require.NoError(t, json.Unmarshal([]byte(line), &ready), line)
	text, err := os.ReadFile(ready.File)
	require.NoError(t, err)
	g.base, g.file, g.token = strings.TrimSuffix(ready.BaseURL, "/v1"), ready.File, strings.TrimSpace(string(text))
	assert.NotContains(t, line, g.token)
	transport := &http.Transport{}
	if ready.Socket != "" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", ready.Socket)
		}
	}
	g.client = &http.Client{Transport: transport}
	t.Cleanup(transport.CloseIdleConnections)
	return g
}

// reply is what a program gets.
type httpReply struct {
	status int
	header http.Header
	body   string
	error  struct {
		Message string
		Type    string
		Code    *string
		Param   *string
	}
}

// ask sends a request with the token; edit changes it.
func (g *httpGateway) ask(method, path, body string, edit ...func(*http.Request)) httpReply {
	g.t.Helper()
	r, err := http.NewRequest(method, g.base+path, strings.NewReader(body))
	require.NoError(g.t, err)
	r.Header.Set("Authorization", "Bearer "+g.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, e := range edit {
		e(r)
	}
	resp, err := g.client.Do(r)
	require.NoError(g.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(g.t, err, "the body does not end soundly")
	reply := httpReply{status: resp.StatusCode, header: resp.Header, body: string(text)}
	var failure struct{ Error json.RawMessage }
	if json.Unmarshal(text, &failure) == nil && failure.Error != nil {
		_ = json.Unmarshal(failure.Error, &reply.error)
	}
	assert.NotContains(g.t, reply.body, testcheck.Canary)
	return reply
}

// create sends a request of the Responses API.
func (g *httpGateway) create(body string) httpReply {
	g.t.Helper()
	return g.ask(http.MethodPost, "/v1/responses", body)
}

// end waits for the exit code.
func (g *httpGateway) end() int {
	g.t.Helper()
	select {
	case <-g.ended:
	case <-time.After(patience):
		require.Fail(g.t, "it does not end")
	}
	return shellCode(g.cmd.ProcessState)
}

// A whole answer and a stream, over both routes: bytes as they came, the head with what
// proves who answered, the evidence at the end.
func TestGatewayAnswers(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	g := startGateway(t, sim)
	for model, route := range map[string]string{"gpt-5.2-codex": "chatgpt", "gpt-5.2-pro": "platform"} {
		whole := g.create(`{"model":"` + model + `","input":"What is 2+2?"}`)
		require.Equal(t, 200, whole.status, whole.body)
		assert.Equal(t, "application/json", whole.header.Get("Content-Type"))
		assert.Contains(t, whole.body, `"text":"2 + 2 = 4."`)
		assert.Equal(t, model, whole.header.Get("X-Signalbox-Model")) // of a stream it may be known at its end only
		stream := g.create(`{"model":"` + model + `","input":"What is 2+2?","stream":true}`)
		require.Equal(t, 200, stream.status, stream.body)
		assert.True(t, strings.HasPrefix(stream.header.Get("Content-Type"), "text/event-stream"))
		assert.True(t, strings.HasPrefix(stream.body, "event: response.created\ndata: {\"type\":\"response.created\","), "%.200s", stream.body)
		assert.Regexp(t, `(?s)event: response\.completed\ndata: \{.*"output":\[\{.*2 \+ 2 = 4\..*\n\n: evidence \{"requested_model":"`+model+`".*\}\n\n$`, stream.body)
		for _, r := range []httpReply{whole, stream} {
			assert.Equal(t, route, r.header.Get("X-Signalbox-Route"))
			assert.NotEmpty(t, r.header.Get("X-Request-Id"))
			assert.True(t, json.Valid([]byte(r.header.Get("X-Signalbox-Evidence"))), r.header.Get("X-Signalbox-Evidence"))
			assert.Empty(t, r.header.Get("X-Codex-Turn-State"))
			assert.Empty(t, r.header.Get("Access-Control-Allow-Origin"))
		}
	}
	models := g.ask(http.MethodGet, "/v1/models", "")
	var list struct {
		Object string
		Data   []struct {
			ID, Object string
			Created    *int64
			OwnedBy    *string `json:"owned_by"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(models.body), &list), models.body)
	assert.Equal(t, "list", list.Object)
	seen := map[string]bool{}
	for _, m := range list.Data {
		assert.False(t, seen[m.ID], m.ID)
		seen[m.ID] = true
		assert.Equal(t, "model", m.Object)
		require.NotNil(t, m.Created)
		require.NotNil(t, m.OwnedBy)
	}
	assert.True(t, seen["gpt-5.2-codex"])
}

// The defaults of programs work: parameters that the route does not take are dropped,
// memory is on, and what they send beside it counts as on the pipe.
func TestGatewayTakesWhatProgramsSend(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	g := startGateway(t, sim)
	one := g.create(`{"model":"gpt-5.2-codex","input":"One.","temperature":0.5,"max_output_tokens":9}`)
	require.Equal(t, 200, one.status, one.body)
	assert.Contains(t, one.header.Get("X-Signalbox-Evidence"), `{"field":"temperature","action":"dropped"`)
	var first struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(one.body), &first))
	two := g.create(`{"model":"gpt-5.2-codex","input":"Two.","previous_response_id":"` + first.ID + `"}`)
	require.Equal(t, 200, two.status, two.body)
	unstored := g.create(`{"model":"gpt-5.2-codex","input":"One.","store":false}`)
	require.NoError(t, json.Unmarshal([]byte(unstored.body), &first))
	three := g.create(`{"model":"gpt-5.2-codex","input":"Two.","previous_response_id":"` + first.ID + `"}`)
	assert.Equal(t, 400, three.status)
	assert.Equal(t, "not_remembered", *three.error.Code)
	assert.Equal(t, "previous_response_id", *three.error.Param)
	refused := g.create(`{"model":"gpt-5.2-codex","input":"x","temperature":1,"_meta":{"onUnsupported":"refuse"}}`)
	assert.Equal(t, 400, refused.status)
	assert.Equal(t, "temperature", *refused.error.Param)
	// Of the headers only those that may.
	g.ask(http.MethodPost, "/v1/responses", `{"model":"gpt-5.2-codex","input":"x"}`, func(r *http.Request) {
		r.Header.Set("Idempotency-Key", "key-1")
		r.Header.Set("X-Client-Request-Id", "mine")
		r.Header.Set("X-Evil", "no")
		r.Header.Set("Originator", "no")
	})
	calls := sim.Calls()
	sent := calls[len(calls)-1].Header
	assert.Equal(t, []string{"key-1", "mine", "", "signalbox"}, []string{sent.Get("Idempotency-Key"), sent.Get("X-Client-Request-Id"), sent.Get("X-Evil"), sent.Get("Originator")})

	assert.Equal(t, 400, startGateway(t, sim, "--on-unsupported=refuse").create(`{"model":"gpt-5.2-codex","input":"x","temperature":1}`).status)
	assert.Equal(t, "platform", startGateway(t, sim, "--route=platform").create(`{"model":"gpt-5.5","input":"x","temperature":1}`).header.Get("X-Signalbox-Route"))
}

// Each error has its status, one shape, and whether to try again.
func TestGatewayErrors(t *testing.T) {
	t.Parallel()
	for scenario, want := range map[string]string{
		"usage-limit":          "429 usage_limit false",
		"rate-limit":           "429 rate_limit_exceeded true",
		"logged-out":           "401 no_credentials false",
		"server-error":         "502 server_error false",
		"not-found":            "404",
		"context-length":       "400 context_length_exceeded false",
		"no-terminal":          "200", // the head is out
		"model-unavailable":    "400",
		"forbidden":            "403",
		"blocked":              "403",
		"overloaded":           "502 server_is_overloaded false",
		"disconnect":           "502 connect false",
		"redirect":             "502 redirect false",
		"not-sse":              "200",
		"missing-organization": "403 invalid_subject_token false",
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, simulator.Config{Scenario: scenario})
			g := startGateway(t, sim)
			model := "gpt-5.2-codex"
			if scenario == "missing-organization" || scenario == "rate-limit" || scenario == "context-length" {
				model = "gpt-5.2-pro"
			}
			r := g.create(`{"model":"` + model + `","input":"Hello.","stream":true}`)
			got := fmt.Sprint(r.status)
			if r.status != 200 {
				assert.Equal(t, "application/json", r.header.Get("Content-Type"))
				require.NotNil(t, r.error.Code, r.body)
				got += " " + *r.error.Code + " " + r.header.Get("X-Should-Retry")
				assert.NotEmpty(t, r.error.Message)
				assert.NotEmpty(t, r.error.Type)
			} else {
				assert.Equal(t, 1, strings.Count(r.body, "event: error\n"), r.body)
			}
			assert.True(t, strings.HasPrefix(got, want), "%s: %s", got, r.body)
			if r.header.Get("X-Should-Retry") == "true" {
				assert.NotEmpty(t, r.header.Get("Retry-After-Ms"))
			}
		})
	}
}

// What goes wrong in a stream is one event that the SDKs raise, above all numbers that
// were sent; the body ends soundly.
func TestGatewayErrorInAStream(t *testing.T) {
	t.Parallel()
	for scenario, kinds := range map[string]string{
		"cut": "error", "no-terminal": "error", "bad-event": "error", "error-event": "error", "failed": "response.failed",
	} {
		sim := simulated(t, simulator.Config{Scenario: scenario})
		g := startGateway(t, sim)
		r := g.create(`{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`)
		require.Equal(t, 200, r.status, "%s: %s", scenario, r.body)
		var failures []string
		highest := -1
		for block := range strings.SplitSeq(r.body, "\n\n") {
			kind, rest, found := strings.Cut(strings.TrimPrefix(block, "event: "), "\n")
			if !found || !strings.HasPrefix(block, "event: ") {
				continue
			}
			var e struct {
				Type     string
				Sequence *int             `json:"sequence_number"`
				Message  *string          `json:"message"`
				Code     *json.RawMessage `json:"code"`
				Error    *struct{ Message, Type *string }
			}
			require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(rest, "data: ")), &e), rest)
			assert.Equal(t, kind, e.Type)
			if kind == "error" {
				require.NotNil(t, e.Sequence)
				assert.Greater(t, *e.Sequence, highest)
				require.NotNil(t, e.Error, rest)
				require.NotNil(t, e.Error.Message)
				require.NotNil(t, e.Error.Type)
				require.NotNil(t, e.Message)
			}
			if e.Sequence != nil {
				highest = max(highest, *e.Sequence)
			}
			if kind == "error" || kind == "response.failed" {
				failures = append(failures, kind)
			}
		}
		assert.Equal(t, kinds, strings.Join(failures, ","), "%s: %s", scenario, r.body)
		assert.Contains(t, r.body, ": evidence {", scenario)
	}
}

// The order of the checks: who may ask comes before what is asked, and nothing of it
// costs a request upstream.
func TestGatewayChecks(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	g := startGateway(t, sim)
	before := len(sim.Requests())
	with := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			if name == "Host" {
				r.Host = value
				return
			}
			r.Header.Set(name, value)
		}
	}
	without := func(name string) func(*http.Request) { return func(r *http.Request) { r.Header.Del(name) } }
	port := g.base[strings.LastIndexByte(g.base, ':'):]
	ask := `{"model":"gpt-5.2-codex","input":"x"}`
	for name, c := range map[string]struct {
		method, path, body string
		edit               []func(*http.Request)
		status             int
		code               string
	}{
		"DNS rebinding":              {"POST", "/v1/responses", ask, []func(*http.Request){with("Host", "evil.example"+port)}, 403, "forbidden_host"},
		"another port":               {"POST", "/v1/responses", ask, []func(*http.Request){with("Host", "127.0.0.1:1")}, 403, "forbidden_host"},
		"no port":                    {"POST", "/v1/responses", ask, []func(*http.Request){with("Host", "127.0.0.1")}, 403, "forbidden_host"},
		"a page, with the token":     {"POST", "/v1/responses", ask, []func(*http.Request){with("Origin", "http://localhost"+port)}, 403, "forbidden_origin"},
		"a page of null":             {"GET", "/healthz", "", []func(*http.Request){with("Origin", "null")}, 403, "forbidden_origin"},
		"a preflight":                {"OPTIONS", "/v1/responses", "", nil, 403, "forbidden_origin"},
		"Host before the token":      {"GET", "/healthz", "", []func(*http.Request){with("Host", "evil.example"), without("Authorization")}, 403, "forbidden_host"},
		"no token":                   {"POST", "/v1/responses", ask, []func(*http.Request){without("Authorization")}, 401, "invalid_api_key"},
		"another token":              {"POST", "/v1/responses", ask, []func(*http.Request){with("Authorization", "Bearer "+strings.Repeat("x", 43))}, 401, "invalid_api_key"},
		"a part of the token":        {"POST", "/v1/responses", ask, []func(*http.Request){with("Authorization", "Bearer "+g.token[:42])}, 401, "invalid_api_key"},
		"another scheme":             {"POST", "/v1/responses", ask, []func(*http.Request){with("Authorization", "Basic "+g.token)}, 401, "invalid_api_key"},
		"the token before the path":  {"GET", "/nothing", "", []func(*http.Request){without("Authorization")}, 401, "invalid_api_key"},
		"models need the token":      {"GET", "/v1/models", "", []func(*http.Request){without("Authorization")}, 401, "invalid_api_key"},
		"chat completions":           {"POST", "/v1/chat/completions", `{}`, nil, 404, "unknown_url"},
		"another path":               {"GET", "/v1/files", "", nil, 404, "unknown_url"},
		"a slash more":               {"POST", "/v1/responses/", ask, nil, 404, "unknown_url"},
		"two slashes":                {"POST", "//v1/responses", ask, nil, 404, "unknown_url"},
		"dots":                       {"POST", "/v1/x/../responses", ask, nil, 404, "unknown_url"},
		"an encoded letter":          {"POST", "/v1/%72esponses", ask, nil, 404, "unknown_url"},
		"upper case":                 {"POST", "/V1/responses", ask, nil, 404, "unknown_url"},
		"GET of responses":           {"GET", "/v1/responses", "", nil, 405, "method_not_allowed"},
		"DELETE of models":           {"DELETE", "/v1/models", "", nil, 405, "method_not_allowed"},
		"the method before the type": {"PUT", "/v1/responses", "x", []func(*http.Request){with("Content-Type", "text/plain")}, 405, "method_not_allowed"},
		"a form":                     {"POST", "/v1/responses", ask, []func(*http.Request){with("Content-Type", "application/x-www-form-urlencoded")}, 415, "unsupported_media_type"},
		"no type":                    {"POST", "/v1/responses", ask, []func(*http.Request){without("Content-Type")}, 415, "unsupported_media_type"},
		"compressed":                 {"POST", "/v1/responses", ask, []func(*http.Request){with("Content-Encoding", "gzip")}, 415, "unsupported_media_type"},
		"no JSON":                    {"POST", "/v1/responses", `{`, nil, 400, "invalid_params"},
		"a list":                     {"POST", "/v1/responses", `[]`, nil, 400, "invalid_params"},
		"no body":                    {"POST", "/v1/responses", "", []func(*http.Request){with("Content-Type", "application/json")}, 400, "invalid_params"},
		"no model":                   {"POST", "/v1/responses", `{"input":"x"}`, nil, 400, "invalid_params"},
		"background":                 {"POST", "/v1/responses", `{"model":"gpt-5.2-codex","input":"x","background":true}`, nil, 400, "unsupported_parameter"},
	} {
		r := g.ask(c.method, c.path, c.body, c.edit...)
		assert.Equal(t, c.status, r.status, "%s: %s", name, r.body)
		if assert.NotNil(t, r.error.Code, name) {
			assert.Equal(t, c.code, *r.error.Code, name)
		}
		assert.Empty(t, r.header.Get("Access-Control-Allow-Origin"), name)
	}
	for _, host := range []string{"127.0.0.1" + port, "localhost" + port, "LOCALHOST" + port, "[::1]" + port} {
		r := g.ask(http.MethodGet, "/healthz", "", with("Host", host), without("Authorization"))
		assert.Equal(t, []any{200, "{\"status\":\"ok\"}\n"}, []any{r.status, r.body}, host)
	}
	assert.Equal(t, 200, g.ask(http.MethodGet, "/v1/models", "", without("Authorization"), with("Api-Key", g.token)).status)
	assert.Equal(t, 200, g.ask(http.MethodHead, "/v1/models", "").status)
	posted := 0
	for _, r := range sim.Requests()[before:] {
		if r.Method == http.MethodPost {
			posted++
		}
	}
	assert.Zero(t, posted, "something was sent")
}

// raw sends bytes over a connection of its own, and returns all that comes.
func (g *httpGateway) raw(text string) string {
	g.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.base, "http://"))
	require.NoError(g.t, err)
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, text)
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// Shapes that two readers of HTTP could read in two ways are refused, and a program that
// expects 100 gets none before it may ask.
func TestGatewayAgainstOddRequests(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	g := startGateway(t, sim)
	host := "Host: " + strings.TrimPrefix(g.base, "http://") + "\r\n"
	token := "Authorization: Bearer " + g.token + "\r\n"
	body := `{"model":"gpt-5.2-codex","input":"What is 2+2?"}`
	post := "POST /v1/responses HTTP/1.1\r\n" + host + token + "Content-Type: application/json\r\nConnection: close\r\n"
	for name, request := range map[string]string{
		"two hosts":                post[:len("POST /v1/responses HTTP/1.1\r\n")] + host + host + token + "\r\n",
		"no host":                  "POST /v1/responses HTTP/1.1\r\n" + token + "\r\n",
		"two lengths":              post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
		"length and chunks":        post + "Content-Length: 3\r\nTransfer-Encoding: chunked, identity\r\n\r\nabc",
		"a header that is folded":  post + "X: a\r\n b\x00: c\r\n\r\n",
		"a control character":      post + "X: a\x00b\r\n\r\n",
		"a head of 100 KiB":        post + "X: " + strings.Repeat("x", 100<<10) + "\r\n\r\n",
		"many headers":             post + strings.Repeat("X: y\r\n", 20000) + "\r\n",
		"no HTTP":                  "hello\r\n\r\n",
		"HTTP/2 without TLS":       "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"expects, without a token": "POST /v1/responses HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
	} {
		answer := g.raw(request)
		assert.NotContains(t, answer, "100 Continue", name)
		assert.Regexp(t, `^(HTTP/1\.[01] (400|401|403|413|431|501|505)|$)`, answer, name)
	}
	ten := g.raw("POST /v1/responses HTTP/1.0\r\n" + host + token + "Content-Type: application/json\r\nContent-Length: " + fmt.Sprint(len(body)) + "\r\n\r\n" + body)
	assert.Contains(t, ten, "200 OK")
	streamed := strings.Replace(body, `{`, `{"stream":true,`, 1)
	ten = g.raw("POST /v1/responses HTTP/1.0\r\n" + host + token + "Content-Type: application/json\r\nContent-Length: " + fmt.Sprint(len(streamed)) + "\r\n\r\n" + streamed)
	assert.NotContains(t, ten, "Transfer-Encoding")
	assert.Contains(t, ten, "\r\n\r\nevent: response.created\n")
	expects := g.raw(post + "Expect: 100-continue\r\nContent-Length: " + fmt.Sprint(len(body)) + "\r\n\r\n" + body)
	assert.Contains(t, expects, "200 OK")
	chunked := g.raw(post + "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body))
	assert.Contains(t, chunked, "200 OK")
	piped := strings.Replace(post, "Connection: close\r\n", "", 1) + "Content-Length: " + fmt.Sprint(len(body)) + "\r\n\r\n" + body
	last := post + "Content-Length: " + fmt.Sprint(len(body)) + "\r\n\r\n" + body
	assert.Equal(t, 3, strings.Count(g.raw(piped+piped+last), "HTTP/1.1 200 OK"))
	upgrade := g.raw("GET /healthz HTTP/1.1\r\n" + host + "Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n")
	assert.Contains(t, upgrade, "200 OK")
}

// Bodies are bounded, whether they say how long they are or not.
func TestGatewayBodyIsBounded(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	g := startGateway(t, sim)
	big := `{"model":"gpt-5.2-codex","input":"` + strings.Repeat("x", 63<<20) + `"}`
	r := g.create(big)
	assert.NotEqual(t, 413, r.status)
	host := "Host: " + strings.TrimPrefix(g.base, "http://") + "\r\n"
	head := "POST /v1/responses HTTP/1.1\r\n" + host + "Authorization: Bearer " + g.token + "\r\nContent-Type: application/json\r\n"
	assert.Contains(t, g.raw(head+"Content-Length: 67108865\r\n\r\n"), "413 ")
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 1<<20, strings.Repeat(" ", 1<<20))
	assert.Contains(t, g.raw(head+"Transfer-Encoding: chunked\r\n\r\n"+strings.Repeat(chunk, 65)), "413 ")
}

// The client's end cancels the request upstream, and a client that does not read stops
// its own upstream only.
func TestGatewayClientLeaves(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{Scenario: "idle"})
	g := startGateway(t, sim)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.base+"/v1/responses", strings.NewReader(`{"model":"gpt-5.2-codex","input":"x","stream":true}`))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+g.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := g.client.Do(r)
	require.NoError(t, err)
	_, err = resp.Body.Read(make([]byte, 100))
	require.NoError(t, err)
	cancel()
	require.Eventually(t, func() bool { calls := sim.Calls(); return calls[len(calls)-1].Aborted }, patience, 5*time.Millisecond)
	_ = resp.Body.Close()
}

// Files: a token that is kept, made anew, refused; a second gateway; sockets.
func TestGatewayToken(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	g := startGateway(t, sim)
	info, err := os.Stat(g.file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.Equal(t, g.home, filepath.Dir(g.file))
	assert.Len(t, g.token, 43)
	require.NoError(t, g.cmd.Process.Kill())
	<-g.ended
	again := gatewayAt(t, sim, g.home)
	assert.Equal(t, g.token, again.token, "kept over SIGKILL")
	anew := gatewayAt(t, sim, g.home, "--new-token")
	assert.NotEqual(t, g.token, anew.token)
	assert.Equal(t, 401, anew.ask(http.MethodGet, "/v1/models", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+g.token) }).status)

	fails := func(says string, args ...string) {
		t.Helper()
		cmd := gatewayCommand(t, sim, g.home, args...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		_ = cmd.Run()
		assert.Equal(t, 1, cmd.ProcessState.ExitCode(), stderr.String())
		assert.Contains(t, stderr.String(), says)
		assert.Empty(t, stdout.String())
	}
	dir := t.TempDir()
	link, open, short := filepath.Join(dir, "link"), filepath.Join(dir, "open"), filepath.Join(dir, "short")
	require.NoError(t, os.Symlink(anew.file, link))
	require.NoError(t, os.WriteFile(open, []byte(anew.token), 0o644))
	require.NoError(t, os.WriteFile(short, []byte("short"), 0o600))
	fails("is a symbolic link", "--token-file="+link)
	fails("can be read by other users", "--token-file="+open)
	fails("holds no token", "--token-file="+short)
	fails("is a symbolic link", "--token-file="+link, "--new-token")
	fails("is not a regular file", "--token-file="+dir)
	fails("is in use by process", "--listen="+strings.TrimPrefix(anew.base, "http://"))
	for _, bad := range []string{"0.0.0.0:1", "192.168.0.1:1", "example.com:1", "127.0.0.2:1", ":1", "4517", "unix:", "127.0.0.1:99999", "[::]:1"} {
		cmd := gatewayCommand(t, sim, g.home, "--listen="+bad)
		_ = cmd.Run()
		assert.Equal(t, 2, cmd.ProcessState.ExitCode(), bad)
	}
	// Several that start at once end with one token.
	home := filepath.Join(t.TempDir(), "home")
	var all []*httpGateway
	cmds := make([]*exec.Cmd, 6)
	for i := range cmds {
		cmds[i] = gatewayCommand(t, sim, home, "--print=env")
		require.NoError(t, cmds[i].Start())
	}
	for _, cmd := range cmds {
		require.NoError(t, cmd.Wait())
	}
	all = append(all, gatewayAt(t, sim, home), gatewayAt(t, sim, home))
	assert.Equal(t, all[0].token, all[1].token)
	left, err := os.ReadDir(home)
	require.NoError(t, err)
	assert.Len(t, left, 1, "temporary files are left")
}

// A Unix socket: in a closed folder, whatever the Host; a stale one is replaced, a
// living one and what is no socket are left alone.
func TestGatewaySocket(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home, _ := storedHome(t, sim)
	dir, err := os.MkdirTemp("", "sb")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	g := gatewayAt(t, sim, home, "--listen=unix:"+path)
	r := g.ask(http.MethodPost, "/v1/responses", `{"model":"gpt-5.2-codex","input":"What is 2+2?"}`, func(r *http.Request) { r.Host = "anything" })
	assert.Equal(t, 200, r.status, r.body)
	assert.Equal(t, 401, g.ask(http.MethodGet, "/v1/models", "", func(r *http.Request) { r.Header.Del("Authorization") }).status)
	fails := func(listen, says string) {
		t.Helper()
		cmd := gatewayCommand(t, sim, home, "--listen=unix:"+listen)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		_ = cmd.Run()
		assert.Equal(t, 1, cmd.ProcessState.ExitCode())
		assert.Contains(t, stderr.String(), says)
	}
	fails(path, "is in use by another gateway")
	require.NoError(t, g.cmd.Process.Kill())
	<-g.ended
	assert.Equal(t, 200, gatewayAt(t, sim, home, "--listen=unix:"+path).ask(http.MethodGet, "/v1/models", "").status)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	fails(file, "is not a socket")
	open := filepath.Join(dir, "open")
	require.NoError(t, os.Mkdir(open, 0o755))
	fails(filepath.Join(open, "s"), "closed to other users")
}

// The first signal lets what runs end, and tells the others; a stream that outlives the
// drain ends with an error event and exit code 3; a second signal ends it at once.
func TestGatewayEnds(t *testing.T) {
	t.Parallel()
	open := func(g *httpGateway, scenario string) *bufio.Reader {
		r, err := http.NewRequest(http.MethodPost, g.base+"/v1/responses", strings.NewReader(`{"model":"gpt-5.2-codex","input":"hello","stream":true}`))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+g.token)
		r.Header.Set("Content-Type", "application/json")
		resp, err := g.client.Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { _ = resp.Body.Close() })
		reader := bufio.NewReader(resp.Body)
		_, err = reader.ReadString('\n')
		require.NoError(t, err)
		return reader
	}
	sim := simulated(t, simulator.Config{Scenario: "slow"})
	g := startGateway(t, sim)
	stream := open(g, "slow")
	require.NoError(t, g.cmd.Process.Signal(syscall.SIGTERM))
	rest, err := io.ReadAll(stream)
	require.NoError(t, err)
	assert.Contains(t, string(rest), "event: response.completed\n")
	assert.Equal(t, 0, g.end())
	_, err = net.Dial("tcp", strings.TrimPrefix(g.base, "http://"))
	assert.Error(t, err)

	idle := simulated(t, simulator.Config{Scenario: "idle"})
	g = startGateway(t, idle, "--drain-timeout=300ms")
	stream = open(g, "idle")
	require.NoError(t, g.cmd.Process.Signal(syscall.SIGINT))
	rest, err = io.ReadAll(stream)
	require.NoError(t, err)
	assert.Contains(t, string(rest), "event: error\ndata: {\"type\":\"error\"")
	assert.Equal(t, 3, g.end())

	g = startGateway(t, idle)
	open(g, "idle")
	require.NoError(t, g.cmd.Process.Signal(syscall.SIGINT))
	time.Sleep(100 * time.Millisecond) // two signals at once may be one
	require.NoError(t, g.cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 3, g.end())
	g = startGateway(t, idle)
	require.NoError(t, g.cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 0, g.end())
}

// Each program's settings name the file, never the token; curl's run as they stand.
func TestGatewayPrints(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	g := startGateway(t, sim)
	listen := "--listen=" + strings.TrimPrefix(g.base, "http://")
	print := func(host string) (string, int) {
		cmd := gatewayCommand(t, sim, g.home, listen, "--print="+host)
		out, _ := cmd.Output()
		return string(out), cmd.ProcessState.ExitCode()
	}
	for _, host := range []string{"ai-sdk", "aider", "avante", "codecompanion", "continue", "curl", "dify", "env", "gptel", "librechat", "litellm", "llm", "n8n", "openai-node", "openai-python", "vscode", "zed"} {
		text, code := print(host)
		assert.Equal(t, 0, code, host)
		assert.Contains(t, text, g.file, host)
		assert.NotContains(t, text, g.token, host)
		assert.Contains(t, text, strings.TrimPrefix(g.base, "http://"), host)
	}
	_, code := print("nothing")
	assert.Equal(t, 2, code)
	curl, err := exec.LookPath("curl")
	if err != nil {
		testcheck.Missing(t, "curl")
	}
	text, _ := print("curl")
	out, err := exec.Command("sh", "-c", "PATH="+filepath.Dir(curl)+":$PATH\n"+text).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "2 + 2 = 4.")
}

// A socket of systemd is used as it is passed on (sd_listen_fds(3)).
func TestGatewayInheritsASocket(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	file, err := listener.(*net.TCPListener).File()
	require.NoError(t, err)
	cmd := gatewayCommand(t, sim, home, "--listen=127.0.0.1:1") // which counts for nothing
	cmd.Args = append([]string{"sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	cmd.ExtraFiles = []*os.File{file}
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	require.NoError(t, listener.Close())
	require.NoError(t, file.Close())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, listener.Addr().String())
	resp, err := http.Get("http://" + listener.Addr().String() + "/healthz")
	require.NoError(t, err)
	_ = resp.Body.Close()
	assert.Equal(t, 200, resp.StatusCode)
}

// A gateway that is simulated by the variable alone says so.
func TestGatewaySimulatedByVariable(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "gateway", "--listen=127.0.0.1:0")
	cmd.Env = slices.Concat(asMain, []string{"HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "SIGNALBOX_SIMULATE=ok"})
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	hangs := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, `"base_url"`)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	_ = cmd.Wait()
	assert.True(t, hangs.Stop())
	assert.Equal(t, "signalbox: SIGNALBOX_SIMULATE is set: OpenAI is simulated, and nothing is sent to it.\n", stderr.String())
}
