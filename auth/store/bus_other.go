//go:build unix && !darwin && !linux

package store

import "net"

// checkPeer asks nothing: the folder of the socket keeps other users away.
func checkPeer(*net.UnixConn) error { return nil }
