//go:build unix

package e2e

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/require"
)

// simulated starts a simulator that is held against the end of the test.
func simulated(t *testing.T, cfg simulator.Config) *simulator.Server {
	t.Helper()
	sim, err := simulator.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(sim.Close)
	return sim
}

// serving returns the options of a process whose Platform is a handler, over
// HTTP/1.1 or over TLS and HTTP/2.
func serving(t *testing.T, tls bool, handler http.HandlerFunc) options {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	o := options{env: []string{"OPENAI_API_KEY=sk-" + testcheck.Canary}}
	if tls {
		if runtime.GOOS == "darwin" {
			t.Skip("crypto/x509 does not read SSL_CERT_FILE on macOS")
		}
		server.EnableHTTP2 = true
		server.StartTLS()
		file := filepath.Join(t.TempDir(), "ca.pem")
		require.NoError(t, os.WriteFile(file, pemOf(server.Certificate().Raw), 0o600))
		o.env = append(o.env, "SSL_CERT_FILE="+file)
	} else {
		server.Start()
	}
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	o.args = []string{"--platform-base-url=" + server.URL}
	return o
}

// pemOf is a certificate as a file holds it.
func pemOf(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}) }

// kilobytes reads a figure of kB in /proc/PID/status (proc(5)); 0 where there is
// none.
func (h *host) kilobytes(name string) int {
	h.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.cmd.Process.Pid))
	if err != nil {
		require.NotEqual(h.t, "linux", runtime.GOOS)
		return 0
	}
	figure := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(text)
	require.NotNil(h.t, figure)
	n, err := strconv.Atoi(string(figure[1]))
	require.NoError(h.t, err)
	return n
}

var goroutine = regexp.MustCompile(`(?m)^goroutine \d+ `)

// goroutines ends the process, which prints its goroutines at that.
func (h *host) goroutines() int {
	h.t.Helper()
	require.NoError(h.t, h.cmd.Process.Signal(syscall.SIGQUIT))
	h.wait(patience)
	n := len(goroutine.FindAllString(h.stderr.String(), -1))
	require.Positive(h.t, n)
	return n
}

// proxied serves the path of base under another path, and nothing beside it.
func proxied(t *testing.T, base, path string) string {
	t.Helper()
	to, err := url.Parse(base)
	require.NoError(t, err)
	server := httptest.NewServer(&httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			rest, ok := strings.CutPrefix(r.In.URL.Path, path)
			if !ok {
				rest = "/absent"
			}
			r.Out.URL.Path = to.Path + rest
			r.Out.URL.Host, r.Out.URL.Scheme = to.Host, to.Scheme
			r.Out.Host = to.Host
		},
	})
	t.Cleanup(server.Close)
	return server.URL + path
}
