package issuer

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/transport"
	"github.com/signalbox-dev/signalbox/protocol"
)

// PKCE and state (RFC 7636, 4.1 and 4.2; RFC 6749, 10.12): long enough, of the
// right alphabet, and new for each login.
func TestPKCE(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		p, state := NewPKCE(), NewState()
		assert.Regexp(t, `^[A-Za-z0-9_-]{86}$`, p.Verifier)
		assert.Regexp(t, `^[A-Za-z0-9_-]{43}$`, p.Challenge)
		assert.Regexp(t, `^[A-Za-z0-9_-]{43}$`, state)
		for _, text := range []string{p.Verifier, p.Challenge, state} {
			assert.False(t, seen[text])
			seen[text] = true
		}
	}
}

// The answer to an exchange must be a key: a token must not be used as one.
func TestExchangeAcceptsOnlyAKey(t *testing.T) {
	answer := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
	defer server.Close()
	direct := transport.New(transport.Options{Direct: true})
	defer direct.CloseIdleConnections()
	c := Client{Endpoint: Endpoint{URL: server.URL}, Transport: direct}
	for text, ok := range map[string]bool{
		`{"access_token":"sk-` + canary + `-1"}`: true, `{"access_token":" sk-proj-x\n"}`: true,
		`{}`: false, `{"access_token":""}`: false, `{"access_token":null}`: false, `{"access_token":7}`: false,
		`{"access_token":"` + raw(`{}`) + `"}`: false, `{"access_token":"opaque"}`: false, `{"access_token":"sk-a b"}`: false, `{"access_token":"sk-a\nb"}`: false,
	} {
		answer = text
		key, err := c.Exchange(t.Context(), "app", protocol.NewSecret(raw(`{}`)))
		assert.Equal(t, ok, err == nil)
		assert.Equal(t, ok, !key.IsZero())
		if err != nil {
			e, isError := errors.AsType[*Error](err)
			require.True(t, isError)
			assert.Equal(t, Refused, e.Verdict)
		}
	}
}
