package rpc

import (
	"testing"

	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The address is taken as people paste it.
//
// Faults: E30.
func TestPastedAddress(t *testing.T) {
	const query = "code=ac_a-b_c&scope=openid+email&state=s-t_u"
	const whole = "http://127.0.0.1:1455/auth/callback?" + query
	for _, pasted := range []string{
		whole, `"` + whole + `"`, "'" + whole + "'", "`" + whole + "`", "<" + whole + ">", " <" + whole + "> ", "\u201c" + whole + "\u201d",
		"\r\n\t " + whole + " \r\n", whole[:50] + "\n" + whole[50:], whole + "#", whole + "#_=_",
		"127.0.0.1:1455/auth/callback?" + query, "localhost:1455/auth/callback?" + query, "//127.0.0.1:1455/auth/callback?" + query,
		"/auth/callback?" + query, "?" + query, query, "&" + query, `"?` + query + `"`,
		`http://127.0.0.1:1455/auth/callback\?code\=ac_a-b_c\&scope\=openid+email\&state\=s-t_u`,
		"http://127.0.0.1:1455/auth/callback?code=ac_a-b_c&amp;scope=openid+email&amp;state=s-t_u",
	} {
		got, err := callbackQuery(&protocol.CompleteLoginParams{RedirectURL: pasted})
		require.NoError(t, err, pasted)
		assert.Equal(t, []string{"ac_a-b_c", "openid email", "s-t_u"}, []string{got.Get("code"), got.Get("scope"), got.Get("state")}, pasted)
		assert.Len(t, got, 3, pasted)
	}
	for _, bad := range []string{"nonsense", "http://127.0.0.1/auth/callback", "http://127.0.0.1/code=c&state=s", "?", `""`, "?x=y", "?%zz&state=s"} {
		_, err := callbackQuery(&protocol.CompleteLoginParams{RedirectURL: bad})
		assert.Error(t, err, bad)
	}
}
