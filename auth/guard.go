package auth

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// maxCallbackConns bounds the connections to the listener of a login at one time.
const maxCallbackConns = 32

// guardedListener serves only connections of this user and of root, where the
// system tells whose they are, and at most maxCallbackConns at once. Others are
// closed unread. The check is made at the first read of a connection, on its own
// goroutine: one that is slow holds up no other.
type guardedListener struct {
	net.Listener
	open *atomic.Int32 // shared by the listeners of one login
	uid  int           // whose connections are served beside those of root
}

func guard(l net.Listener, open *atomic.Int32) *guardedListener {
	return &guardedListener{l, open, os.Geteuid()}
}

// Accept implements net.Listener.
func (g *guardedListener) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &guardedConn{Conn: conn, listener: g}, nil
}

// admit reports whether the connection may be served, and counts it then.
func (g *guardedListener) admit(conn net.Conn) bool {
	if !isPeerAllowed(conn, g.uid) {
		return false
	}
	if g.open.Add(1) > maxCallbackConns {
		g.open.Add(-1)
		return false
	}
	return true
}

// guardedConn is a connection that is checked before it is read, and counts from
// then until it is closed.
type guardedConn struct {
	net.Conn
	listener *guardedListener

	mu       sync.Mutex
	checked  bool
	admitted bool // and counted
	closed   bool
}

// Read implements net.Conn. A connection that is not admitted has ended.
func (c *guardedConn) Read(b []byte) (int, error) {
	c.mu.Lock()
	if !c.checked && !c.closed {
		c.checked, c.admitted = true, c.listener.admit(c.Conn)
	}
	admitted := c.admitted
	c.mu.Unlock()
	if !admitted {
		return 0, io.EOF
	}
	return c.Conn.Read(b)
}

// Close implements net.Conn.
func (c *guardedConn) Close() error {
	c.mu.Lock()
	if c.admitted && !c.closed {
		c.listener.open.Add(-1)
	}
	c.closed = true
	c.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite ends our side alone, so that net/http can send the whole of a refusal
// before it closes on a client that still sends.
func (c *guardedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
