//go:build unix

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Bad certificates are named and never accepted; SSL_CERT_FILE counts.
//
// Faults: C15.
func TestUpstreamThatCannotBeReached(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		names   []net.IP
		expired bool
		trusted bool
		good    bool
	}{
		{"good", []net.IP{{127, 0, 0, 1}}, false, true, true},
		{"unknown authority", []net.IP{{127, 0, 0, 1}}, false, false, false},
		{"expired", []net.IP{{127, 0, 0, 1}}, true, true, false},
		{"another host", []net.IP{{127, 0, 0, 2}}, false, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				sent.Add(1)
				_, _ = w.Write(sse(lastEvent))
			}))
			pair, authority := certificateFor(t, tt.names, tt.expired)
			server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			t.Cleanup(server.Close)
			o := options{env: []string{"OPENAI_API_KEY=sk-" + testcheck.Canary}, args: []string{"--platform-base-url=" + server.URL}}
			if tt.trusted {
				file := t.TempDir() + "/ca.pem"
				require.NoError(t, os.WriteFile(file, authority, 0o600))
				o.env = append(o.env, "CODEX_CA_CERTIFICATE="+file)
			}
			got := spawn(t, o).create("1", createPro)
			if tt.good {
				assert.Equal(t, "completed", got.status())
				return
			}
			e := refused(t, got.answer, 1104, "upstream_unavailable", "tls")
			assert.False(t, e.Data.Retryable)
			assert.Equal(t, 1, attempts(t, got.answer))
			assert.Zero(t, sent.Load())
		})
	}
	for name, base := range map[string]string{"connect": "http://127.0.0.1:1", "dns": "https://no-such-host.invalid"} {
		o := options{env: []string{"OPENAI_API_KEY=sk-" + testcheck.Canary, "NO_PROXY=.invalid"}, args: []string{"--platform-base-url=" + base}}
		e := refused(t, spawn(t, o).create("1", createPro).answer, 1104, "upstream_unavailable", name)
		assert.True(t, e.Data.Retryable)
	}
}

// certificateFor makes a certificate that signs itself.
func certificateFor(t *testing.T, names []net.IP, expired bool) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "fault"}, IPAddresses: names, DNSNames: []string{"upstream.invalid"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if expired {
		template.NotAfter = time.Now().Add(-24 * time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pemOf(der)
}

// HTTPS_PROXY and NO_PROXY count; a proxy that refuses is named, and its password
// stays out of every message (the canary is in it).
//
// Faults: C22.
func TestProxyIsHonoured(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header["Proxy-Authorization"])
		_, _ = w.Write(sse(firstEvent, lastEvent))
	}))
	pair, authority := certificateFor(t, nil, false)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	t.Cleanup(server.Close)
	file := t.TempDir() + "/ca.pem"
	require.NoError(t, os.WriteFile(file, authority, 0o600))
	targets := make(chan string, 10)
	proxy := proxyFor(t, server.Listener.Addr().String(), "me:"+testcheck.Canary, targets)
	begin := func(base string, env ...string) *host {
		return spawn(t, options{
			env:  append(env, "OPENAI_API_KEY=sk-"+testcheck.Canary, "CODEX_CA_CERTIFICATE="+file),
			args: []string{"--platform-base-url=" + base},
		})
	}
	const base = "https://upstream.invalid/v1"
	got := begin(base, "HTTPS_PROXY=http://me:"+testcheck.Canary+"@"+proxy).create("1", createPro)
	assert.Equal(t, "completed", got.status(), "%s", got.answer.Raw)
	assert.Equal(t, "upstream.invalid:443", <-targets)

	e := refused(t, begin(base, "HTTPS_PROXY=http://me:wrong-"+testcheck.Canary+"@"+proxy).create("1", createPro).answer, 1104, "upstream_unavailable", "proxy")
	assert.NotContains(t, e.Message, proxy)
	refused(t, begin(base, "HTTPS_PROXY=http://me:"+testcheck.Canary+"@127.0.0.1:1").create("1", createPro).answer, 1104, "upstream_unavailable", "proxy")
	refused(t, begin(base, "HTTPS_PROXY=http://"+proxy, "NO_PROXY=.invalid").create("1", createPro).answer, 1104, "upstream_unavailable", "dns")
	assert.Empty(t, targets)
}

// proxyFor is a CONNECT proxy that asks for a password and leads every tunnel to
// one address.
func proxyFor(t *testing.T, to, credentials string, targets chan<- string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") != want {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		targets <- r.Host
		tunnel(w, to)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// tunnel joins the connection of w with one to an address.
func tunnel(w http.ResponseWriter, to string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	up, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = up.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(up, conn) }()
	_, _ = io.Copy(conn, up)
}
