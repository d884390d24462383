package simulator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// trusting makes the client one of a Server with TLS.
func (c client) trusting() client {
	pool := x509.NewCertPool()
	require.True(c.t, pool.AppendCertsFromPEM(c.Certificate()))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	c.t.Cleanup(transport.CloseIdleConnections)
	c.http = &http.Client{Transport: transport}
	return c
}

func TestURLs(t *testing.T) {
	c := start(t, Config{})
	issuer, err := url.Parse(c.IssuerURL())
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1", issuer.Hostname())
	assert.Equal(t, c.IssuerURL()+"/backend-api/codex", c.ChatGPTURL())
	assert.Equal(t, c.IssuerURL()+"/v1", c.PlatformURL())
	assert.Nil(t, c.Certificate())
}

func TestTLSNegotiatesHTTP2(t *testing.T) {
	c := start(t, Config{TLS: true})
	_, err := c.http.Do(c.request(t.Context(), http.MethodGet, c.IssuerURL(), ""))
	require.Error(t, err, "nobody else trusts the certificate")

	c = c.trusting()
	assert.Regexp(t, `^https://127\.0\.0\.1:`, c.IssuerURL())
	r := c.chatgpt(chatgptBody)
	assert.Equal(t, 2, r.ProtoMajor)
	assert.Equal(t, spoken, types(r.events(t)))
	assert.Equal(t, "HTTP/2.0", c.Requests()[0].Proto)

	r = c.chatgpt(chatgptBody, "x-signalbox-simulate", "cut")
	assert.Error(t, r.err)
	assert.Equal(t, http.StatusOK, c.chatgpt(chatgptBody).StatusCode)
}

func TestRequestsAreRecorded(t *testing.T) {
	c := start(t, Config{})
	assert.Empty(t, c.Requests())
	before := time.Now()
	c.chatgpt(chatgptBody, "x-test", "one")
	c.do(http.MethodGet, c.IssuerURL()+"/nowhere?a=b", "")
	requests := c.Requests()
	require.Len(t, requests, 2)
	first, second := requests[0], requests[1]
	assert.Equal(t, "POST", first.Method)
	assert.Equal(t, "/backend-api/codex/responses", first.Path)
	assert.Equal(t, "one", first.Header.Get("x-test"))
	assert.Equal(t, chatgptBody, string(first.Body))
	assert.Equal(t, "HTTP/1.1", first.Proto)
	assert.WithinRange(t, first.At, before, time.Now())
	assert.False(t, first.Aborted)
	assert.Equal(t, "/nowhere", second.Path)
	assert.Equal(t, "a=b", second.Query)
}

func TestRequestLogIsBounded(t *testing.T) {
	var l requestLog
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/", nil)
	require.NoError(t, err)

	large := make([]byte, maxRequestBody/2)
	for range 4 {
		l.add(r, large)
	}
	all := l.all()
	require.Len(t, all, 4)
	assert.Nil(t, all[1].Body)
	assert.Len(t, all[2].Body, len(large), "the newest keep theirs")
	assert.Len(t, all[3].Body, len(large))

	for i := range maxRequests + 10 {
		l.add(r, fmt.Appendf(nil, "%d", i))
	}
	all = l.all()
	require.Len(t, all, maxRequests)
	assert.Equal(t, "10", string(all[0].Body), "the oldest went")
	total := 0
	for _, request := range all {
		total += len(request.Body)
	}
	assert.Equal(t, total, l.bytes)
	assert.Zero(t, l.bodyless)
}

func TestConcurrentRequests(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg Config
		n   int
	}{
		"HTTP/1.1": {Config{}, 1000},
		"HTTP/2":   {Config{TLS: true}, 200}, // as many as share one connection
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, tc.cfg)
			if tc.cfg.TLS {
				c = c.trusting()
			}
			c.platform(platformBody) // so that there is a connection to share
			failures := make(chan error, tc.n)
			var all sync.WaitGroup
			for i := range tc.n {
				all.Go(func() {
					body := fmt.Sprintf(`{"model":"m","input":"%d","stream":%t}`, i, i%2 == 0)
					response, err := c.http.Do(c.request(context.Background(), http.MethodPost, c.PlatformURL()+"/responses", body,
						"content-type", "application/json", "authorization", "Bearer "+c.Login().PlatformKey))
					if err != nil {
						failures <- err
						return
					}
					defer response.Body.Close()
					content, err := io.ReadAll(response.Body)
					if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(content), fmt.Sprintf(`You asked: \"%d\"`, i)) {
						failures <- fmt.Errorf("%d: %s, error %v", i, response.Status, err)
					}
				})
			}
			all.Wait()
			close(failures)
			for err := range failures {
				assert.NoError(t, err)
			}
			assert.Equal(t, 1+tc.n, len(c.Requests()))
		})
	}
}

func TestCloseEndsRunningStreams(t *testing.T) {
	for name, cfg := range map[string]Config{"HTTP/1.1": {Scenario: "slow"}, "HTTP/2": {Scenario: "slow", TLS: true}} {
		t.Run(name, func(t *testing.T) {
			c := start(t, cfg)
			if cfg.TLS {
				c = c.trusting()
			}
			var bodies []io.ReadCloser
			for range 8 {
				response, err := c.http.Do(c.request(t.Context(), http.MethodPost, c.ChatGPTURL()+"/responses", chatgptBody, c.chatgptHeader()...))
				require.NoError(t, err)
				bodies = append(bodies, response.Body)
			}
			began := time.Now()
			c.Close()
			assert.Less(t, time.Since(began), time.Second)
			for _, body := range bodies {
				_, err := io.ReadAll(body)
				assert.Error(t, err, "a stream that was given up does not look complete")
				_ = body.Close()
			}
			for _, request := range c.Requests() {
				assert.False(t, request.Aborted, "it was not the client that left")
			}
			c.Close() // again is no error
			_, err := c.http.Do(c.request(t.Context(), http.MethodGet, c.IssuerURL(), ""))
			assert.Error(t, err)
		})
	}
}
