package pipe

import (
	"os"
	"testing"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		child()
		os.Exit(0)
	}
	testcheck.Main(m)
}
