// Package rpc is the server that hosts talk to: the methods of package protocol
// over a wire.Conn, one file per method family, and the life of the process
// (lifetime.go).
package rpc
