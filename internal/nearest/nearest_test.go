package nearest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

func TestMain(m *testing.M) { testcheck.Main(m) }

func TestDistance(t *testing.T) {
	require.Equal(t, 0, Distance("abc", "abc"))
	require.Equal(t, 3, Distance("", "abc"))
	require.Equal(t, 3, Distance("kitten", "sitting"))
	require.Equal(t, 2, Distance("abcd", "bcda"))
	require.Equal(t, 1, Distance("aks", "ask"))
	require.Equal(t, 1, Distance("stauts", "status"))
	require.Equal(t, 3, Distance("ca", "abc"), "no part is changed twice")
	require.Equal(t, 2, Distance("ab", ""))
}

func TestNamesReturnsTheMostSimilarFirst(t *testing.T) {
	names := []string{"status", "login", "logout", "ask"}
	require.Equal(t, []string{"logout", "login"}, Names("logut", names, 2))
	require.Equal(t, []string{"ask"}, Names("", names, 1), "the shortest")
	require.Equal(t, []string{"ask", "status", "login", "logout"}, Names("ask", names, 9))
	require.Equal(t, []string{"status", "login", "logout", "ask"}, names, "the list stays as it was")
}
