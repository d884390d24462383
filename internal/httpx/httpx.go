// Package httpx reads headers of HTTP answers: how long one asks to wait, and its id.
package httpx

import (
	"cmp"
	"math"
	"net/http"
	"strconv"
	"time"
)

// RequestID returns the id by which OpenAI's support finds the request of an answer,
// or the edge's own id if the edge answered.
func RequestID(h http.Header) string {
	return cmp.Or(h.Get("X-Request-Id"), h.Get("X-Oai-Request-Id"), h.Get("X-Openai-Request-Id"), h.Get("Cf-Ray"))
}

// RetryAfter returns how long the other side asks to wait, 0 if it does not: the
// milliseconds that OpenAI adds, else a number of seconds or a date (RFC 9110
// section 10.2.3).
func RetryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return Duration(ms, time.Millisecond)
	}
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		return Duration(seconds, time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// Duration returns n units, between 0 and a thousand days.
func Duration(n float64, unit time.Duration) time.Duration {
	if math.IsNaN(n) || n <= 0 {
		return 0
	}
	const most = 1000 * 24 * time.Hour
	return time.Duration(min(n, float64(most/unit)) * float64(unit))
}
