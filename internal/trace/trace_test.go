package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// open makes a trace that knows no secret: what keeps them out of it here are its
// allow-lists alone.
func open(t *testing.T) (*File, func() []record) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trace")
	f, err := Create(path, func(s string) string { return s }, func(err error) { t.Error(err) })
	require.NoError(t, err)
	return f, func() []record {
		f.Close()
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.False(t, bytes.Contains(text, []byte(testcheck.Canary)), "a secret is in the trace")
		var all []record
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			var r record
			require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
			all = append(all, r)
		}
		return all
	}
}

// send does one request and reads its answer.
func send(t *testing.T, transport http.RoundTripper, method, to, contentType, body string) {
	t.Helper()
	r, err := http.NewRequest(method, to, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", "Bearer "+testcheck.Canary)
	r.Header.Set("Cookie", testcheck.Canary)
	r.Header.Set("X-Oai-Token", testcheck.Canary)
	resp, err := transport.RoundTrip(r)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
}

// Of the traffic with the issuer only what the allow-lists name is written: no
// token of a refresh, an exchange or a login, in no direction, also when it goes
// through the transport of the backends by mistake.
func TestIssuerByAllowList(t *testing.T) {
	sim, err := simulator.Start(simulator.Config{})
	require.NoError(t, err)
	t.Cleanup(sim.Close)
	for name, wrap := range map[string]func(*File) http.RoundTripper{
		"issuer":   func(f *File) http.RoundTripper { return f.Issuer(http.DefaultTransport) },
		"upstream": func(f *File) http.RoundTripper { return f.Upstream(http.DefaultTransport) },
	} {
		t.Run(name, func(t *testing.T) {
			f, end := open(t)
			login := sim.Login()
			quoted, _ := json.Marshal(map[string]string{
				"grant_type": "refresh_token", "client_id": "app_EMoamEEZ73f0CkXaXp7hrann", "refresh_token": login.RefreshToken,
			})
			token := sim.IssuerURL() + "/oauth/token"
			send(t, wrap(f), http.MethodPost, token, "application/json", string(quoted)) // new tokens, or refresh_token_reused
			send(t, wrap(f), http.MethodPost, token, "application/x-www-form-urlencoded", url.Values{
				"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "client_id": {"app_EMoamEEZ73f0CkXaXp7hrann"},
				"requested_token": {"openai-api-key"}, "subject_token": {login.IDToken},
				"subject_token_type": {"urn:ietf:params:oauth:token-type:id_token"},
			}.Encode())
			send(t, wrap(f), http.MethodPost, token, "application/x-www-form-urlencoded", "grant_type=authorization_code&code="+testcheck.Canary+"&code_verifier="+testcheck.Canary)
			send(t, wrap(f), http.MethodPost, sim.IssuerURL()+"/oauth/revoke", "application/json", `{"token":"`+login.AccessToken+`","token_type_hint":"access_token"}`)
			send(t, wrap(f), http.MethodPost, token, "application/json", `["`+testcheck.Canary+`"]`)
			send(t, wrap(f), http.MethodPost, token+"?a="+testcheck.Canary, "text/plain", testcheck.Canary)
			all := end()
			var bodies []string
			for _, r := range all {
				if r.Kind == "request" {
					assert.Equal(t, "issuer", r.Traffic)
					assert.Equal(t, "Bearer [redacted]", r.Headers["authorization"])
				}
				if r.Kind == "request.body" {
					bodies = append(bodies, r.Text)
				}
			}
			assert.Equal(t, []string{
				`{"client_id":"app_EMoamEEZ73f0CkXaXp7hrann","grant_type":"refresh_token","refresh_token":"[redacted]"}`,
				`client_id=app_EMoamEEZ73f0CkXaXp7hrann&grant_type=urn:ietf:params:oauth:grant-type:token-exchange&requested_token=openai-api-key&subject_token=[redacted]&subject_token_type=urn:ietf:params:oauth:token-type:id_token`,
				`code=[redacted]&code_verifier=[redacted]&grant_type=authorization_code`,
				`{"token":"[redacted]","token_type_hint":"access_token"}`,
				`[20 bytes left out]`,
				`[16 bytes left out]`,
			}, bodies)
		})
	}
}

// Params and results of auth/… go by an allow-list; an error goes as it is.
func TestAuthMessagesByAllowList(t *testing.T) {
	f, end := open(t)
	f.Message(false, []byte(`"1"`), "auth/login", "params", []byte(`{"method":"apiKey","apiKey":"`+testcheck.Canary+`","persist":true,"x":{"y":1}}`))
	f.Message(false, []byte("2"), "auth/login/complete", "params", []byte(`{"loginId":"l","redirectUrl":"http://127.0.0.1/?code=`+testcheck.Canary+`"}`))
	f.Message(false, []byte("3"), "auth/login", "params", []byte(`["`+testcheck.Canary+`"]`))
	f.Message(true, nil, "auth/loginPrompt", "params", []byte(`{"loginId":"l","userCode":"`+testcheck.Canary+`"}`))
	f.Message(true, []byte("2"), "auth/login/complete", "error", []byte(`{"code":1005}`))
	f.Message(false, []byte("4"), "ping", "params", nil)
	f.Message(false, []byte("5"), "login", "params", []byte(`{"apiKey":"`+testcheck.Canary+`"}`))
	f.Message(false, []byte("6"), "routes/resolve", "params", []byte(`{"model":"m"}`))
	var lines []string
	for _, r := range end() {
		lines = append(lines, r.Kind+" "+string(r.ID)+" "+r.Method+" "+r.Text)
	}
	assert.Equal(t, []string{
		`rpc.in "1" auth/login params {"apiKey":"[redacted]","method":"apiKey","persist":true,"x":"[redacted]"}`,
		`rpc.in 2 auth/login/complete params {"loginId":"l","redirectUrl":"[redacted]"}`,
		`rpc.in 3 auth/login params [20 bytes left out]`,
		`rpc.out  auth/loginPrompt params {"loginId":"l","userCode":"[redacted]"}`,
		`rpc.out 2 auth/login/complete error {"code":1005}`,
		`rpc.in 4 ping `,
		`rpc.in 5 login params {"apiKey":"[redacted]"}`,
		`rpc.in 6 routes/resolve params {"model":"m"}`,
	}, lines)
}

// A stream is written line by line, each line whole, whatever the pieces it comes
// in; what is longer than the bound is cut at a blank or a quote and counted; a
// body in a content encoding is left out.
func TestBodies(t *testing.T) {
	long := `data: {"a":"` + strings.Repeat("x", maxText) + `"}` + "\n"
	for name, tt := range map[string]struct {
		contentType, encoding string
		pieces                []string
		texts                 []string
		omitted               int64
	}{
		"stream":   {"text/event-stream", "", []string{"data: o", "ne\n\nda", "ta: two\n\n"}, []string{"data: one\n\n", "data: two\n\n"}, 0},
		"no end":   {"text/event-stream", "", []string{"data: one"}, []string{"data: one"}, 0},
		"json":     {"application/json", "", []string{`{"a"`, `:1}`}, []string{`{"a":1}`}, 0},
		"long":     {"text/event-stream", "", []string{long, "data: x\n"}, []string{`data: {"a":"`, "data: x\n"}, int64(len(long)) - 12},
		"nothing":  {"application/json", "", nil, nil, 0},
		"encoding": {"text/event-stream", "gzip", []string{testcheck.Canary, "\n"}, []string{""}, int64(len(testcheck.Canary)) + 1},
	} {
		t.Run(name, func(t *testing.T) {
			f, end := open(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", tt.contentType)
				if tt.encoding != "" {
					w.Header().Set("Content-Encoding", tt.encoding)
				}
				for _, piece := range tt.pieces {
					_, _ = io.WriteString(w, piece)
					_ = http.NewResponseController(w).Flush()
				}
			}))
			defer server.Close()
			transport := &http.Transport{DisableCompression: true}
			defer transport.CloseIdleConnections()
			send(t, f.Upstream(transport), http.MethodGet, server.URL+"/responses", "", "")
			var text strings.Builder
			var omitted int64
			for _, r := range end() {
				if r.Kind == "response.body" {
					text.WriteString(r.Text)
					omitted += r.Omitted
					if tt.contentType == "text/event-stream" && name != "no end" && name != "long" && r.Text != "" {
						assert.True(t, strings.HasSuffix(r.Text, "\n"), "whole lines: %q", r.Text)
					}
				}
			}
			assert.Equal(t, strings.Join(tt.texts, ""), text.String())
			assert.Equal(t, tt.omitted, omitted)
		})
	}
}

// The file is new and the user's own.
func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace")
	f, err := Create(path, strings.ToUpper, nil)
	require.NoError(t, err)
	f.Close()
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	_, err = Create(path, strings.ToUpper, nil)
	assert.ErrorContains(t, err, "exists")
	link := path + ".link"
	require.NoError(t, os.Symlink(path+".absent", link))
	_, err = Create(link, strings.ToUpper, nil)
	assert.Error(t, err, "a link is followed by nobody")
	_, err = Create(filepath.Join(path, "below"), strings.ToUpper, nil)
	assert.Error(t, err)
}

// The id of an account that a header names is left out of bodies as well, and
// what the mask knows of ids and methods.
//
// Faults: U10.
func TestAccountsAreLeftOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace")
	f, err := Create(path, func(s string) string { return strings.ReplaceAll(s, "secret-id", redacted) }, func(err error) { t.Error(err) })
	require.NoError(t, err)
	x := &exchange{file: f}
	f.add(record{Kind: "request", Headers: x.headers(http.Header{"Chatgpt-Account-Id": {"account-0123"}})})
	f.add(record{Kind: "response.body", Text: `{"accounts":[{"id":"account-0123"}]}`})
	f.Message(false, []byte(`"secret-id"`), "secret-id", "params", nil)
	f.Close()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(text), "account-0123")
	require.NotContains(t, string(text), "secret-id")
	require.Contains(t, string(text), `"id":"[redacted]"`)
}
