//go:build !linux

package auth

import "net"

// isPeerAllowed is true: the system does not say whose a connection is.
func isPeerAllowed(net.Conn, int) bool { return true }
