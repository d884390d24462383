package auth

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// maxCallbackConns bounds the connections to the listener of a login at one time.
const maxCallbackConns = 32

// guardedListener accepts only connections of this user and of root, where the
// system tells whose they are, and at most maxCallbackConns at once. Others are
// closed unread.
type guardedListener struct {
	net.Listener
	open *atomic.Int32 // shared by the listeners of one login
	uid  int           // whose connections are accepted beside those of root
}

func guard(l net.Listener, open *atomic.Int32) *guardedListener {
	return &guardedListener{l, open, os.Geteuid()}
}

// Accept implements net.Listener.
func (g *guardedListener) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !isPeerAllowed(conn, g.uid) {
			_ = conn.Close()
			continue
		}
		if g.open.Add(1) > maxCallbackConns {
			g.open.Add(-1)
			_ = conn.Close()
			continue
		}
		return &countedConn{Conn: conn, end: sync.OnceFunc(func() { g.open.Add(-1) })}, nil
	}
}

// countedConn counts until it is closed.
type countedConn struct {
	net.Conn
	end func()
}

// Close implements net.Conn.
func (c *countedConn) Close() error {
	c.end()
	return c.Conn.Close()
}

// CloseWrite ends our side alone, so that net/http can send the whole of a refusal
// before it closes on a client that still sends.
func (c *countedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
