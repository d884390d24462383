package auth

import (
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzAnswer: no query but one with the state, once, counts as an answer; and
// nothing of the query comes back in the reason why another one does not.
func FuzzAnswer(f *testing.F) {
	const state, issuer = "0123456789012345678901234567890123456789012", "https://auth.openai.com"
	for _, seed := range []string{
		"", "code=c", "state=" + state, "code=c&state=" + state, "code=c&state=" + state + "&state=" + state, "error=e&state=" + state,
		"code=c&state=" + state + entrypointSuffix + "life_sciences", "code=c&state=" + state + "x", "code=c&state=" + state + "&iss=x",
		"code=c&state=" + state + "&iss=" + issuer + "/", "code=c;state=" + state, "code=%zz&state=" + state, "State=" + state + "&code=c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		query, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		a, err := readAnswer(query, state, issuer)
		var stranger strangerError
		switch {
		case errors.As(err, &stranger):
			for _, values := range query {
				if len(values[0]) > 20 {
					require.NotContains(t, stranger.Error(), values[0])
				}
			}
			return
		case err != nil:
			require.ErrorIs(t, err, errWrongIssuer)
			require.NotEqual(t, issuer, query.Get("iss"))
		default:
			require.True(t, a.code != "" || a.failure != "")
		}
		require.Len(t, query["state"], 1)
		require.True(t, query.Get("state") == state || strings.HasPrefix(query.Get("state"), state+entrypointSuffix))
	})
}

// A page holds what it is given, escaped, and nothing that runs.
func TestPageIsEscaped(t *testing.T) {
	const hostile = `</h1><script>alert("x&y")</script>'`
	text := page{status: 200, title: hostile, text: hostile, action: hostile}.html()
	assert.NotContains(t, text, "<script")
	assert.Equal(t, 1, strings.Count(text, "</h1>"))
	assert.Equal(t, 4, strings.Count(text, "&lt;script&gt;alert(&#34;x&amp;y&#34;)&lt;/script&gt;&#39;"))
}

// Ports that the system reserves are in use by nobody, so there is nothing to end.
func TestReservedPortsAreNamed(t *testing.T) {
	busy, reserved := errors.New("in use"), &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", errReserved)}
	for name, test := range map[string]struct {
		failed       []error
		says, action string
	}{
		"busy":     {[]error{busy, reserved}, "The ports 1455 and 1457 of localhost are in use by another program, and the browser has to come back there.", "End that program, or log in with the method \"device\"."},
		"reserved": {[]error{reserved, reserved}, "The ports 1455 and 1457 of localhost are reserved by the system, and the browser has to come back there.", "Log in with the method \"device\"."},
	} {
		err := noPort([]int{1455, 1457}, "localhost", test.failed)
		assert.Equal(t, test.says, err.Message, name)
		assert.Equal(t, test.action, err.Data.Action, name)
		assert.Equal(t, protocol.ReasonPortBusy, err.Data.Reason, name)
	}
}
