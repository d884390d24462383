package engine

import (
	"net/http"
	"strings"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/mask"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
	"github.com/signalbox-dev/signalbox/protocol"
	"github.com/stretchr/testify/require"
)

// What the upstream says is bounded wherever it is passed on, and no piece of a
// secret is left at the cut.
//
// Faults: U5.
func TestWordsOfTheUpstreamAreBounded(t *testing.T) {
	secret := testcheck.Canary + strings.Repeat("0123456789", 30)
	var m mask.Masker
	m.Add(protocol.NewSecret(secret))
	require.Equal(t, "[redacted]", brief(m.Mask, secret), "it is masked before it is cut")
	for _, text := range []string{strings.Repeat("x", 90) + secret, strings.Repeat("word ", maxMasked/5) + secret, strings.Repeat(secret+" ", 200), secret + strings.Repeat("y", 1<<20)} {
		got := brief(m.Mask, text)
		require.LessOrEqual(t, len(got), maxWord+len("…"))
		require.False(t, strings.Contains(got, testcheck.Canary), "a piece of a secret is left")
	}
	long := strings.Repeat("é", 1<<20)
	r := newRecord(&Request{Model: "m"}, m.Mask)
	r.answered(200, http.Header{"X-Request-Id": {long}, "Openai-Model": {long}})
	r.named(long + "b")
	e := r.snapshot()
	require.LessOrEqual(t, len(*e.UpstreamRequestID), maxID+3)
	require.LessOrEqual(t, len(*e.EffectiveModel), maxID+3)
	h := http.Header{}
	for i := range 1000 {
		h.Set("X-Codex-"+strings.Repeat("a", i), strings.Repeat("b ", 10_000))
	}
	visible := (&call{record: r, engine: &Engine{cfg: Config{Mask: &m}}}).visible(h)
	require.LessOrEqual(t, len(visible), maxHeaders)
	for _, value := range visible {
		require.LessOrEqual(t, len(value), maxHeader+3)
	}
}
