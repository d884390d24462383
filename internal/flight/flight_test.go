package flight_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/flight"
	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

func TestCallersShareOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var group flight.Group[string, int]
		release := make(chan struct{})
		runs := 0
		work := func() int {
			runs++
			<-release
			return runs
		}
		var starts sync.Map
		for i := range 10 {
			go func() {
				call, started := group.Join("a", work)
				if started {
					starts.Store(i, true)
				}
				require.Equal(t, 1, call.Value())
			}()
		}
		synctest.Wait()
		require.NotNil(t, group.Running("a"))
		require.Nil(t, group.Running("b"))
		close(release)
		synctest.Wait()
		require.Nil(t, group.Running("a"))
		count := 0
		starts.Range(func(any, any) bool { count++; return true })
		require.Equal(t, 1, count)
	})
}

func TestKeysRunSideBySide(t *testing.T) {
	var group flight.Group[int, int]
	second := make(chan struct{})
	first, _ := group.Join(1, func() int { <-second; return 1 })
	other, _ := group.Join(2, func() int { close(second); return 2 })
	require.Equal(t, 1, first.Value())
	require.Equal(t, 2, other.Value())
}

func TestWhoeverJoinsAfterTheEndStartsAnew(t *testing.T) {
	var group flight.Group[int, int]
	runs := 0
	for want := range 3 {
		call, started := group.Join(0, func() int { runs++; return runs })
		require.True(t, started)
		<-call.Done()
		require.Equal(t, want+1, call.Value())
	}
}
