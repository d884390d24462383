//go:build unix

package e2e

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/protocol"
)

// connectProxy is a proxy for CONNECT that leads every tunnel to one address of
// this machine, or says no.
type connectProxy struct {
	address string
	mu      sync.Mutex
	targets []string // of CONNECT, in order
	logins  []string // Proxy-Authorization of each
}

func newConnectProxy(t *testing.T, to, answer string) *connectProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &connectProxy{address: listener.Addr().String()}
	var open sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); open.Wait() })
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { p.serve(conn, to, answer) })
		}
	})
	return p
}

func (p *connectProxy) serve(conn net.Conn, to, answer string) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	r, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	p.mu.Lock()
	p.targets = append(p.targets, r.Method+" "+r.Host)
	p.logins = append(p.logins, r.Header.Get("Proxy-Authorization"))
	p.mu.Unlock()
	_, _ = io.WriteString(conn, answer)
	if !strings.HasPrefix(answer, "HTTP/1.1 200") {
		return
	}
	upstream, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(upstream, in)
		_ = upstream.Close()
	}()
	_, _ = io.Copy(conn, upstream)
	_ = upstream.Close()
}

func (p *connectProxy) seen() (targets, logins []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.targets...), append([]string(nil), p.logins...)
}

const tunnelled = "HTTP/1.1 200 Connection established\r\n\r\n"

// Through a proxy, with its user and password, and a private authority: both
// routes, at the hosts that are the default, over HTTP/2. What the proxy is told
// is in no output.
func TestThroughAProxy(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	ca := newAuthority(t)
	server := newFront(t, sim, ca.certificate(time.Now().Add(time.Hour), "chatgpt.com", "api.openai.com"))
	proxy := newConnectProxy(t, "127.0.0.1:"+server.port, tunnelled)
	home := t.TempDir()
	require.NoError(t, sim.WriteHome(home))
	password := testcheck.Canary + "/@:1"
	trace := filepath.Join(t.TempDir(), "trace")
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		h := spawn(t, options{home: home, args: []string{"--log-level=debug", "--trace=" + trace + name}, env: []string{
			"HTTPS_PROXY=", "https_proxy=", // of asMain
			name + "=http://user:" + strings.NewReplacer("/", "%2F", "@", "%40", ":", "%3A").Replace(password) + "@" + proxy.address,
			"CODEX_CA_CERTIFICATE=" + ca.file,
		}})
		for i, model := range []string{codexModel, proModel} {
			o := h.create(fmt.Sprint(i), fmt.Sprintf(`{"model":%q,"input":"Hello.","stream":true}`, model))
			require.Equal(t, "completed", o.status(), "%s", o.answer.Raw)
			assert.Contains(t, string(o.answer.Raw), []string{"https://chatgpt.com/backend-api/codex", "https://api.openai.com/v1"}[i])
		}
		require.NoError(t, h.in.Close())
		assert.Equal(t, 0, h.exit())
		assert.NotEmpty(t, readTrace(t, trace+name))
	}
	targets, logins := proxy.seen()
	assert.Contains(t, targets, "CONNECT chatgpt.com:443")
	assert.Contains(t, targets, "CONNECT api.openai.com:443")
	for _, login := range logins {
		assert.True(t, login == "Basic "+base64.StdEncoding.EncodeToString([]byte("user:"+password)))
	}
	requests := server.requests()
	assert.Contains(t, requests, "HTTP/2.0 chatgpt.com/backend-api/codex/responses")
	assert.Contains(t, requests, "HTTP/2.0 api.openai.com/v1/responses")
}

// NO_PROXY names hosts that are asked directly; loopback always is. An address
// that is not on loopback leads here all the same.
func TestNoProxy(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	ca := newAuthority(t)
	server := newFront(t, sim, ca.certificate(time.Now().Add(time.Hour), "localhost", "127.0.0.1", "0.0.0.0"))
	for _, row := range []struct {
		host, noProxy string
		tunnels       bool
	}{
		{"0.0.0.0", "", true},
		{"0.0.0.0", "example.com,0.0.0.0", false},
		{"0.0.0.0", "*", false},
		{"0.0.0.0", "0.0.0.0:1", true},
		{"localhost", "", false},
		{"127.0.0.1", "", false},
	} {
		proxy := newConnectProxy(t, "127.0.0.1:"+server.port, tunnelled)
		base := "https://" + net.JoinHostPort(row.host, server.port) + "/v1"
		h := spawn(t, options{args: []string{"--platform-base-url=" + base}, env: []string{
			"OPENAI_API_KEY=" + sim.Login().PlatformKey, "HTTPS_PROXY=" + proxy.address, "NO_PROXY=" + row.noProxy,
			"SSL_CERT_FILE=" + ca.file, "ALL_PROXY=http://127.0.0.1:1",
		}})
		o := h.create("1", `{"model":"gpt-5.2-pro","input":"Hello.","stream":true}`)
		assert.Equal(t, "completed", o.status(), "%s", o.answer.Raw)
		targets, _ := proxy.seen()
		assert.Equal(t, row.tunnels, len(targets) > 0, "%+v", row)
	}
}

// A proxy that says no, is not there, or is no proxy: 1104 proxy with what to do, and
// not a word of its password.
func TestProxyFailures(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := listener.Addr().String()
	require.NoError(t, listener.Close())
	user := "user:" + testcheck.Canary + "@"
	for name, row := range map[string]struct {
		answer, proxy   string
		message, action string
		retryable       bool
	}{
		"407":           {answer: "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", message: "asks for a user name and a password", action: "user name"},
		"403":           {answer: "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", message: "refused", action: "HTTPS_PROXY"},
		"502":           {answer: "HTTP/1.1 502 Bad Gateway\r\n\r\n" + testcheck.Canary, message: "refused", action: "HTTPS_PROXY"},
		"gone":          {answer: "", message: "did not lead to", action: "HTTPS_PROXY"},
		"no HTTP":       {answer: "SSH-2.0-" + testcheck.Canary + "\r\n", message: "did not lead to", action: "HTTPS_PROXY"},
		"not there":     {proxy: "http://" + user + closed, message: "could not be reached", action: "HTTPS_PROXY"},
		"socks":         {proxy: "socks5://" + user + closed, message: "could not be reached", action: "HTTPS_PROXY"},
		"not a URL":     {proxy: "%zz" + testcheck.Canary, message: "not the URL of a proxy", action: "HTTPS_PROXY"},
		"half a URL":    {proxy: "http://" + user + "[::bad", message: "not the URL of a proxy", action: "HTTPS_PROXY"},
		"another kind":  {proxy: "ftp://" + user + closed, message: "not the URL of a proxy", action: "HTTPS_PROXY"},
		"without https": {proxy: "https://" + user + closed, message: "could not be reached", action: "HTTPS_PROXY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if row.proxy == "" {
				row.proxy = "http://" + user + newConnectProxy(t, "127.0.0.1:1", row.answer).address
			}
			trace := filepath.Join(t.TempDir(), "trace")
			h := spawn(t, options{args: []string{"--trace=" + trace, "--log-level=debug"}, env: []string{
				"OPENAI_API_KEY=sk-" + testcheck.Canary, "HTTPS_PROXY=" + row.proxy, "https_proxy=" + row.proxy,
			}})
			e := refused(t, h.create("1", `{"model":"gpt-5.2-pro","input":"Hello.","stream":true}`).answer, 1104, "upstream_unavailable", "proxy")
			assert.Contains(t, e.Message, row.message)
			assert.Contains(t, e.Data.Action, row.action)
			assert.Equal(t, 0, e.Data.HTTPStatus)
			h.ping()
			require.NoError(t, h.in.Close())
			h.exit()
			readTrace(t, trace)
		})
	}
}

// What is wrong with TLS is named, nothing is sent, and nothing is tried again.
func TestTLSFailuresAreNamed(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	ca, other := newAuthority(t), newAuthority(t)
	soon := time.Now().Add(time.Hour)
	plain, _ := strings.CutPrefix(sim.IssuerURL(), "http://127.0.0.1:")
	for name, row := range map[string]struct {
		port, message, action string
	}{
		"unknown authority": {newFront(t, sim, other.certificate(soon, "localhost")).port, "unknown authority", "CODEX_CA_CERTIFICATE"},
		"expired":           {newFront(t, sim, ca.certificate(time.Now().Add(-time.Hour), "localhost")).port, "expired", "clock"},
		"another host":      {newFront(t, sim, ca.certificate(soon, "other.example")).port, "another host", "base URL"},
		"not TLS":           {plain, "not TLS", "base URL"},
	} {
		h := spawn(t, options{
			args: []string{"--platform-base-url=https://localhost:" + row.port + "/v1"},
			env:  []string{"OPENAI_API_KEY=sk-" + testcheck.Canary, "CODEX_CA_CERTIFICATE=" + ca.file},
		})
		o := h.create("1", `{"model":"gpt-5.2-pro","input":"Hello.","stream":true}`)
		e := refused(t, o.answer, 1104, "upstream_unavailable", "tls")
		assert.Contains(t, e.Message, row.message, name)
		assert.Contains(t, e.Data.Action, row.action, name)
		assert.False(t, e.Data.Retryable)
		assert.Len(t, o.completed.Evidence.Attempts, 1)
	}
	assert.Empty(t, paths(sim), "nothing was sent")
}

// The file of authorities: CODEX_CA_CERTIFICATE, else SSL_CERT_FILE; one that is
// useless is a warning, and does not keep the process from its start.
func TestFileOfAuthorities(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{})
	ca, other := newAuthority(t), newAuthority(t)
	server := newFront(t, sim, ca.certificate(time.Now().Add(time.Hour), "localhost"))
	dir := t.TempDir()
	garbage, pipe := filepath.Join(dir, "garbage"), filepath.Join(dir, "pipe")
	require.NoError(t, os.WriteFile(garbage, []byte("-----BEGIN CERTIFICATE-----\n"+testcheck.Canary), 0o600))
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, row := range []struct {
		codex, ssl string
		trusted    bool
		warning    string
	}{
		{ca.file, "", true, ""},
		{"", ca.file, true, ""},
		{ca.file, garbage, true, ""},
		{ca.file, other.file, true, ""},
		{other.file, "", false, ""},
		{"", other.file, false, ""},
		{garbage, "", false, "CODEX_CA_CERTIFICATE is not used: there is no certificate in " + garbage},
		{dir + "/absent", "", false, "CODEX_CA_CERTIFICATE is not used: stat " + dir + "/absent"},
		{"", garbage, false, "SSL_CERT_FILE is not used: "},
		{"", dir + "/absent", false, "SSL_CERT_FILE is not used: "},
		{dir, "", false, "CODEX_CA_CERTIFICATE is not used: " + dir + " is not a file"},
		{pipe, "", false, "CODEX_CA_CERTIFICATE is not used: " + pipe + " is not a file"},
	} {
		h := spawn(t, options{
			args: []string{"--platform-base-url=https://localhost:" + server.port + "/v1"},
			env:  []string{"OPENAI_API_KEY=" + sim.Login().PlatformKey, "CODEX_CA_CERTIFICATE=" + row.codex, "SSL_CERT_FILE=" + row.ssl},
		})
		var auth protocol.AuthStatus
		require.NoError(t, json.Unmarshal(h.call("0", "auth/status", "").Result, &auth))
		all := strings.Join(auth.Warnings, "\n")
		assert.Equal(t, row.warning != "", strings.Contains(all, "is not used"), "%+v: %s", row, all)
		assert.Contains(t, all, row.warning)
		o := h.create("1", `{"model":"gpt-5.2-pro","input":"Hello.","stream":true}`)
		if row.trusted {
			assert.Equal(t, "completed", o.status(), "%+v", row)
		} else {
			refused(t, o.answer, 1104, "upstream_unavailable", "tls")
		}
	}
	assert.Contains(t, server.requests(), "HTTP/2.0 localhost:"+server.port+"/v1/responses")
}

// A refresh takes the same way as a model call: through the proxy, with the same
// authorities, and its failures have the same names.
func TestIssuerThroughAProxy(t *testing.T) {
	t.Parallel()
	sim := simulated(t, simulator.Config{Scenario: "expired"})
	ca := newAuthority(t)
	server := newFront(t, sim, ca.certificate(time.Now().Add(time.Hour), "chatgpt.com", "auth.openai.com"))
	stolen := newFront(t, sim, newAuthority(t).certificate(time.Now().Add(time.Hour), "chatgpt.com", "auth.openai.com"))
	for name, row := range map[string]struct {
		to, answer  string
		code        int
		kind, wants string
	}{
		"renewed":           {server.port, tunnelled, 0, "", ""},
		"unknown authority": {stolen.port, tunnelled, 1004, "auth_unavailable", "unknown authority"},
		"407":               {server.port, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 1004, "auth_unavailable", "user name and a password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := editedHome(t, sim, func(auth object) {
				tokens(auth)["oauth_provenance"].(object)["issuer"] = "https://auth.openai.com"
			})
			proxy := newConnectProxy(t, "127.0.0.1:"+row.to, row.answer)
			trace := filepath.Join(t.TempDir(), "trace")
			h := spawn(t, options{home: home, args: []string{"--trace=" + trace}, env: []string{
				"HTTPS_PROXY=http://user:" + testcheck.Canary + "@" + proxy.address, "CODEX_CA_CERTIFICATE=" + ca.file,
			}})
			o := h.create("1", `{"model":"gpt-5.2-codex","input":"Hello.","stream":true}`)
			targets, _ := proxy.seen()
			require.NotEmpty(t, targets)
			assert.Equal(t, "CONNECT auth.openai.com:443", targets[0])
			if row.code == 0 {
				assert.Equal(t, "completed", o.status(), "%s", o.answer.Raw)
				assert.Contains(t, server.requests(), "HTTP/2.0 auth.openai.com/oauth/token")
			} else {
				e := o.answer.failure()
				assert.Equal(t, row.code, e.Code, "%s", o.answer.Raw)
				assert.Equal(t, row.kind, e.Data.Kind)
				assert.Contains(t, e.Message, row.wants)
			}
			require.NoError(t, h.in.Close())
			h.exit()
			issuer := 0
			for _, l := range readTrace(t, trace) {
				if l.Kind == "request" && l.URL == "https://auth.openai.com/oauth/token" {
					issuer++
				}
				if l.Kind == "request.body" && strings.Contains(l.Text, "refresh_token") {
					assert.Contains(t, l.Text, `"refresh_token":"[redacted]"`)
				}
			}
			assert.Positive(t, issuer)
		})
	}
}
