package sse

import (
	"testing"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) { testcheck.Main(m) }
