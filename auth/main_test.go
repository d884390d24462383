package auth

import (
	"os"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	// Whatever a test forgets to redirect ends here and not at OpenAI.
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		_ = os.Setenv(name, "http://127.0.0.1:1")
	}
	testcheck.Main(m)
}

// canary is in every fake token and key of these tests. It must not appear in
// what they print, in an error or in a status.
const canary = testcheck.Canary
