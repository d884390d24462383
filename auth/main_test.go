package auth

import (
	"testing"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

// canary is in every fake token and key of these tests. It must not appear in
// what they print, in an error or in a status.
const canary = testcheck.Canary
