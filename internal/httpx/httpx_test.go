package httpx

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

func TestRetryAfter(t *testing.T) {
	const most = 1000 * 24 * time.Hour
	tests := []struct {
		ms, value string
		want      time.Duration
	}{
		{"", "", 0},
		{"", "7", 7 * time.Second},
		{"", "1.5", 1500 * time.Millisecond},
		{"250", "7", 250 * time.Millisecond},
		{"x", "7", 7 * time.Second},
		{"", "-1", 0},
		{"", "NaN", 0},
		{"", "soon", 0},
		{"", "Inf", most},
		{"", "1e300", most},
		{"", "Wed, 21 Oct 2015 07:28:00 GMT", 0},
	}
	for _, tt := range tests {
		h := http.Header{}
		h.Set("Retry-After-Ms", tt.ms)
		h.Set("Retry-After", tt.value)
		assert.Equal(t, tt.want, RetryAfter(h), "%q %q", tt.ms, tt.value)
	}
	h := http.Header{"Retry-After": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}
	assert.InDelta(t, time.Hour, RetryAfter(h), float64(2*time.Second))
}

func TestDuration(t *testing.T) {
	assert.Equal(t, 90*time.Second, Duration(1.5, time.Minute))
	for _, n := range []float64{0, -1, math.NaN(), math.Inf(-1)} {
		assert.Zero(t, Duration(n, time.Second))
	}
}
