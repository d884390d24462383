package rpc

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

// TestNamesAreThoseOfTheProtocol holds the method table against the documented
// one.
func TestNamesAreThoseOfTheProtocol(t *testing.T) {
	names := func(list []protocol.Message) (names []string) {
		for _, m := range list {
			names = append(names, m.Name)
		}
		return names
	}
	require.ElementsMatch(t, names(protocol.Methods), New(Config{}, nil, nil).methodNames())
	require.Equal(t, names(protocol.ServerNotifications), notificationNames())
}

func TestMethodNotFoundNamesTheNearest(t *testing.T) {
	s := New(Config{}, nil, nil)
	for name, want := range map[string]string{
		"response/create":  "responses/create",
		"responses/Create": "responses/create",
		"auth/state":       "auth/status",
		"pong":             "ping",
		"":                 "ping",
	} {
		e := s.methodNotFound(name)
		require.Len(t, e.Data.Similar, 3)
		require.Equal(t, want, e.Data.Similar[0], name)
		require.Equal(t, name, e.Data.Method)
	}
	long := string(make([]byte, 5000))
	require.Less(t, len(s.methodNotFound(long).Data.Method), 100, "a long name is cut")
}
