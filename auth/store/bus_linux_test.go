package store

import (
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/internal/testcheck"
)

// listenAs listens on an abstract socket as another user, who is the peer that
// whoever connects sees.
func listenAs(t *testing.T, uid uintptr, name string) net.Listener {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const same = ^uintptr(0)
	become := func(uid uintptr) {
		_, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, same, uid, same) // of this thread alone
		require.Zero(t, errno)
	}
	become(uid)
	listener, err := net.Listen("unix", name)
	become(0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// A bus of another user is sent nothing, not even the first byte of the handshake.
//
// Faults: U11.
func TestBusOfAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		testcheck.Missing(t, "root, who can be two users")
	}
	name := "signalbox-" + t.Name() + "-" + time.Now().Format("150405.000000000")
	listener := listenAs(t, 65534, "@"+name)
	got := make(chan int, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			got <- -1
			return
		}
		n, _ := conn.Read(make([]byte, 64))
		_ = conn.Close()
		got <- n
	}()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:abstract="+name+",guid=0")
	_, _, err := openSecretService(t.Context())
	require.ErrorIs(t, err, errForeignBus)
	assert.Zero(t, <-got, "bytes that another user got")
}

// The addresses of a bus are tried in order, as the D-Bus Specification has it.
func TestBusAddresses(t *testing.T) {
	path := t.TempDir() + "/a b"
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	for address, reached := range map[string]bool{
		"unix:path=" + path: true,
		"unix:guid=1,path=" + t.TempDir() + "/none;unix:path=" + path: true,
		"unix:path=" + t.TempDir() + "/none":                          false,
		"unix:path=" + path[:len(path)-2] + "%20b":                    true,
		"unix:tmpdir=/tmp;;unix:path=%zz":                             false,
		"autolaunch:":                                                 false,
	} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
		bus, err := dialBus(t.Context())
		if assert.Equal(t, reached, err == nil, "%s: %v", address, err) && reached {
			_ = bus.Close()
		}
	}
}
