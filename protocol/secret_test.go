package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestSecretShowsNothing(t *testing.T) {
	secret := NewSecret("sk-" + testcheck.Canary)
	holder := struct {
		Value   Secret
		Pointer *Secret
		hidden  Secret
	}{secret, &secret, secret}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10.3s", "%c", "%08b"} {
		for _, value := range []any{secret, &secret, holder, []Secret{secret}, map[string]Secret{"k": secret}} {
			_, _ = fmt.Fprintf(&out, verb+"\n", value)
		}
	}
	_, _ = fmt.Fprintln(&out, secret, fmt.Errorf("wrapped: %v", secret))
	for _, value := range []any{secret, holder, map[Secret]int{secret: 1}} {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		out.Write(text)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("log", "secret", secret, "holder", holder)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("log", "secret", secret, "holder", holder)
	require.NotContains(t, out.String(), testcheck.Canary)
	require.NotContains(t, out.String(), fmt.Sprintf("%x", testcheck.Canary))
	require.Contains(t, out.String(), redacted)
	require.Equal(t, "sk-"+testcheck.Canary, secret.Reveal())
}
