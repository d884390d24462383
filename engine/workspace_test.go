package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/auth"
	"github.com/signalbox-dev/signalbox/internal/simulator"
	"github.com/signalbox-dev/signalbox/protocol"
)

// checked is an answer of accounts/check that binds fakeAccount.
func checked(origin, override string) string {
	return fmt.Sprintf(`{"accounts":[{"id":"other","workspace_backend_origin":"https://other.chatgpt.com","account_routing_override":"us_cr"},
		{"id":%q,"workspace_backend_origin":%q,"account_routing_override":%q}]}`, fakeAccount, origin, override)
}

// backend is a ChatGPT backend at its real addresses: whatever is sent to
// chatgpt.com or below arrives here, and nothing leaves the machine.
type backend struct {
	*Engine
	mu     sync.Mutex
	hosts  []string // of the model calls
	checks atomic.Int64
	sent   http.Header // of the last model call
}

func newBackend(t *testing.T, check http.HandlerFunc, edit ...func(*setting)) *backend {
	b := &backend{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Header.Get("X-Test-Host")
		if strings.HasSuffix(r.URL.Path, "/wham/accounts/check") {
			b.checks.Add(1)
			assert.Equal(t, "chatgpt.com", host, "the check itself goes to the configured base")
			check(w, r)
			return
		}
		b.mu.Lock()
		b.hosts, b.sent = append(b.hosts, host), r.Header
		b.mu.Unlock()
		respond(w, streamOf(strings.ReplaceAll(completed, "gpt-5.2-pro", "gpt-5.2-codex")))
	}))
	t.Cleanup(server.Close)
	b.Engine = newEngine(t, "", append([]func(*setting){func(s *setting) {
		s.ChatGPTBaseURL = auth.DefaultChatGPT
		real := s.Transport
		s.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.Header.Set("X-Test-Host", r.URL.Host)
			if r.URL.Scheme != "https" || r.URL.Host != "chatgpt.com" && !strings.HasSuffix(r.URL.Host, ".chatgpt.com") {
				return nil, errors.New("a request went to " + r.URL.Host)
			}
			r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(server.URL, "http://")
			return real.RoundTrip(r)
		})
	}}, edit...)...)
	return b
}

func TestWorkspaceRouting(t *testing.T) {
	for _, tt := range []struct {
		name, check    string
		status         int
		host, override string
	}{
		{"unconstrained", checked("NO_CONSTRAINT", "NO_CONSTRAINT"), 200, "chatgpt.com", ""},
		{"origin", checked("https://us.chatgpt.com", "us"), 200, "us.chatgpt.com", "us"},
		{"origin with a slash", checked("https://eu.chatgpt.com/", "NO_CONSTRAINT"), 200, "eu.chatgpt.com", ""},
		{"override alone", checked("https://chatgpt.com", "us_cr"), 200, "chatgpt.com", "us_cr"},
		{"unknown override", checked("NO_CONSTRAINT", "mars"), 200, "chatgpt.com", ""},
		{"override that would inject", checked("NO_CONSTRAINT", "us\r\nx-evil: 1"), 200, "chatgpt.com", ""},
		{"foreign origin", checked("https://evil.example", "us"), 200, "chatgpt.com", "us"},
		{"lookalike origin", checked("https://evilchatgpt.com", "NO_CONSTRAINT"), 200, "chatgpt.com", ""},
		{"plain http", checked("http://us.chatgpt.com", "NO_CONSTRAINT"), 200, "chatgpt.com", ""},
		{"with a path", checked("https://us.chatgpt.com/x", "NO_CONSTRAINT"), 200, "chatgpt.com", ""},
		{"with a port", checked("https://us.chatgpt.com:8443", "NO_CONSTRAINT"), 200, "chatgpt.com", ""},
		{"with a user", checked("https://us.chatgpt.com@evil.example", "NO_CONSTRAINT"), 200, "chatgpt.com", ""},
		{"with another user", checked("https://evil@us.chatgpt.com", "NO_CONSTRAINT"), 200, "chatgpt.com", ""},
		{"with a fragment", checked("https://us.chatgpt.com#", "NO_CONSTRAINT"), 200, "chatgpt.com", ""},
		{"account missing", `{"accounts":[{"id":"other","workspace_backend_origin":"https://us.chatgpt.com"}]}`, 200, "chatgpt.com", ""},
		{"account twice", `{"accounts":[{"id":"` + fakeAccount + `","workspace_backend_origin":"https://us.chatgpt.com"},{"id":"` + fakeAccount + `"}]}`, 200, "chatgpt.com", ""},
		{"members of other types", `{"accounts":[{"id":"` + fakeAccount + `","workspace_backend_origin":7,"account_routing_override":"us"}]}`, 200, "chatgpt.com", "us"},
		{"no JSON", `<html>`, 200, "chatgpt.com", ""},
		{"refused", `{"detail":"Unauthorized"}`, 401, "chatgpt.com", ""},
		{"redirect", ``, 302, "chatgpt.com", ""},
		{"failed", ``, 503, "chatgpt.com", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBackend(t, func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "Bearer "+fakeToken(""), r.Header.Get("Authorization"))
				assert.Equal(t, []string{fakeAccount}, r.Header["Chatgpt-Account-Id"])
				assert.Empty(t, r.Header["Originator"])
				w.Header().Set("Location", "https://us.chatgpt.com/")
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.check))
			})
			for range 3 {
				result, err := (&host{}).create(t, t.Context(), b.Engine, askChatGPT)
				require.NoError(t, err)
				assert.Equal(t, "https://"+tt.host+"/backend-api/codex", *result.Evidence.BaseURL)
				assert.Equal(t, tt.override, result.Evidence.RoutingOverride)
				assert.Equal(t, tt.override, b.sent.Get("x-openai-account-routing-override"))
			}
			assert.Equal(t, []string{tt.host, tt.host, tt.host}, b.hosts)
			assert.EqualValues(t, 1, b.checks.Load(), "asked once per account")
		})
	}
}

// Of an overridden base the host stays; the header is sent all the same. The
// FedRAMP header also goes with the check.
func TestWorkspaceOfAnOverriddenBase(t *testing.T) {
	var check http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/x/wham/accounts/check":
			check = r.Header
			_, _ = w.Write([]byte(checked("https://us.chatgpt.com", "us")))
		case "/x/codex/responses":
			assert.Equal(t, "us", r.Header.Get("x-openai-account-routing-override"))
			respond(w, streamOf(completed))
		default:
			t.Error(r.URL.Path)
		}
	}))
	defer server.Close()
	e := newEngine(t, "", func(s *setting) {
		s.ChatGPTBaseURL = server.URL + "/x/codex"
		s.auth.AccessToken = protocol.NewSecret(fakeToken(`,"chatgpt_account_is_fedramp":true`))
	})
	result, err := (&host{}).create(t, t.Context(), e, askChatGPT)
	require.NoError(t, err)
	assert.Equal(t, server.URL+"/x/codex", *result.Evidence.BaseURL)
	assert.Equal(t, "true", check.Get("x-openai-fedramp"))
}

// A check without an answer holds the first requests up for workspaceWait in all,
// and no later one; its answer counts when it comes.
func TestWorkspaceCheckNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var overrides []string
		e := newEngine(t, "http://upstream/codex", func(s *setting) {
			s.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
				respond := func(body string) (*http.Response, error) {
					recorder := httptest.NewRecorder()
					_, _ = recorder.WriteString(body)
					return recorder.Result(), nil
				}
				if r.Method == http.MethodGet {
					time.Sleep(8 * time.Second)
					return respond(checked("NO_CONSTRAINT", "us"))
				}
				overrides = append(overrides, r.Header.Get("X-Openai-Account-Routing-Override"))
				return respond(streamOf(completed))
			})
		})
		start := time.Now()
		for range 2 {
			_, err := (&host{}).create(t, t.Context(), e, askChatGPT)
			require.NoError(t, err)
			assert.Equal(t, workspaceWait, time.Since(start))
		}
		time.Sleep(10 * time.Second)
		_, err := (&host{}).create(t, t.Context(), e, askChatGPT)
		require.NoError(t, err)
		assert.Equal(t, []string{"", "", "us"}, overrides)
	})
}

// A check that failed is made again a minute later, without anybody waiting for
// it; a constraint that was seen is kept.
func TestWorkspaceCheckAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checks := 0
		e := newEngine(t, "http://upstream/codex", func(s *setting) {
			s.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
				recorder := httptest.NewRecorder()
				if r.Method == http.MethodGet {
					time.Sleep(time.Millisecond)
					if checks++; checks == 1 {
						recorder.WriteHeader(500)
					} else {
						_, _ = recorder.WriteString(checked("NO_CONSTRAINT", "us"))
					}
				} else {
					_, _ = recorder.WriteString(streamOf(completed))
				}
				return recorder.Result(), nil
			})
		})
		ask := func() string {
			result, err := (&host{}).create(t, t.Context(), e, askChatGPT)
			require.NoError(t, err)
			return result.Evidence.RoutingOverride
		}
		assert.Empty(t, ask())
		time.Sleep(workspaceAgain - time.Second)
		assert.Empty(t, ask())
		assert.Equal(t, 1, checks)
		time.Sleep(time.Second)
		assert.Empty(t, ask())
		time.Sleep(time.Second)
		assert.Equal(t, "us", ask())
		time.Sleep(24 * time.Hour)
		assert.Equal(t, "us", ask())
		assert.Equal(t, 2, checks)
	})
}

// A workspace of the simulator that refuses what lacks the header of its region.
func TestRegionBoundWorkspace(t *testing.T) {
	_, e := simulate(t, simulator.Config{Scenario: "region-bound"})
	result, err := (&host{}).create(t, t.Context(), e, askChatGPT)
	require.NoError(t, err)
	assert.Equal(t, "us", result.Evidence.RoutingOverride)
}

func TestParentURL(t *testing.T) {
	for base, want := range map[string]string{
		auth.DefaultChatGPT:        "https://chatgpt.com/backend-api",
		"http://127.0.0.1:1/codex": "http://127.0.0.1:1",
		"http://127.0.0.1:1":       "http://127.0.0.1:1",
		"http://127.0.0.1:1/a/b/c": "http://127.0.0.1:1/a/b",
	} {
		assert.Equal(t, want, parentURL(base))
	}
}

// A request that is refused by its body asks for no region.
func TestRefusedBodyAsksForNoRegion(t *testing.T) {
	server, e := simulate(t, simulator.Config{})
	_, failure := (&host{}).failure(t, e, `{"model":"gpt-5.2-codex","input":"hi","previous_response_id":"r"}`)
	assert.Equal(t, protocol.CodeUnsupportedParameter, failure.Code)
	assert.Empty(t, server.Requests())
}

// A cancel during the check ends the request, and nothing is sent.
func TestCancelDuringTheCheck(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodGet, r.Method)
		close(begun)
		<-release
	}))
	defer server.Close()
	defer close(release)
	e := newEngine(t, server.URL)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-begun
		cancel(cause)
	}()
	result, err := (&host{}).create(t, ctx, e, askChatGPT)
	assert.Equal(t, cause, err)
	assert.Empty(t, result.Evidence.Attempts)
	assert.NotNil(t, result.Evidence.BaseURL)
}
