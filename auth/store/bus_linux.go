package store

import (
	"net"
	"os"
	"syscall"
)

// checkPeer returns an error unless the process that made the other end of bus
// listen is this user's (unix(7), SO_PEERCRED).
func checkPeer(bus *net.UnixConn) error {
	raw, err := bus.SyscallConn()
	if err != nil {
		return errForeignBus
	}
	var peer *syscall.Ucred
	controlErr := raw.Control(func(fd uintptr) {
		peer, err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if controlErr != nil || err != nil || int(peer.Uid) != os.Geteuid() {
		return errForeignBus
	}
	return nil
}
