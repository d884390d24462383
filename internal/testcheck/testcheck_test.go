package testcheck

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { Main(m) }

func TestScannerFindsTheCanaryInPieces(t *testing.T) {
	var out bytes.Buffer
	s := &Scanner{To: &out}
	for _, c := range []byte("a b " + Canary[:5]) {
		_, _ = s.Write([]byte{c})
	}
	require.False(t, s.Found())
	_, _ = s.Write([]byte(Canary[5:] + " c"))
	require.True(t, s.Found())
	require.Equal(t, "a b "+Canary+" c", out.String())
}

func TestForeignSeesALeak(t *testing.T) {
	stop := make(chan struct{})
	started := make(chan struct{})
	go func() { close(started); <-stop }()
	<-started
	require.Contains(t, foreign(), "TestForeignSeesALeak")
	close(stop)
}
