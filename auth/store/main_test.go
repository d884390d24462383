package store

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	assert.Equal(t, want, got, what)
}
