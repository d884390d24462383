package wire

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// The number of an event is what strconv makes of it, whether it is the next one
// or any other.
func TestEventNumber(t *testing.T) {
	template := &EventTemplate{}
	for seq := range int64(120_000) {
		if got := string(template.number(seq)); got != strconv.FormatInt(seq, 10) {
			t.Fatalf("%d becomes %s", seq, got)
		}
	}
	for _, seq := range []int64{5, 6, 6, 999_999_999, 1_000_000_000, 0, 1, 9, 10, 7} {
		require.Equal(t, strconv.FormatInt(seq, 10), string(template.number(seq)))
	}
}
