package auth

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// establishedState is TCP_ESTABLISHED in /proc/net/tcp.
const establishedState = "01"

// isPeerAllowed reports whether the other end of a connection on this machine
// belongs to uid or to root, by /proc/net/tcp and tcp6. A socket that its owner has
// closed already has no owner, and is refused. An end that is in no table is not on
// this machine (a virtual machine whose host shares loopback) if ours is still
// established after the tables were read; a table that cannot be read refuses
// nobody.
func isPeerAllowed(conn net.Conn, uid int) bool {
	peer, own := addrPort(conn.RemoteAddr()), addrPort(conn.LocalAddr())
	for try := range 2 {
		socket, isThere, err := findSocket(peer, own)
		switch {
		case err != nil:
			return true
		case isThere:
			return socket.inode != "0" && (socket.uid == uid || socket.uid == 0)
		case try == 0:
			continue // its absence counts only if ours is found after it
		}
	}
	socket, isThere, err := findSocket(own, peer)
	return err != nil || isThere && socket.state == establishedState
}

// socketRow is a row of /proc/net/tcp.
type socketRow struct {
	state, inode string
	uid          int
}

// findSocket returns the socket with a local and a remote address.
func findSocket(local, remote netip.AddrPort) (socketRow, bool, error) {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		row, found, err := findIn(table, local, remote)
		if found || err != nil && table == "/proc/net/tcp" { // without IPv6 there is no tcp6
			return row, found, err
		}
	}
	return socketRow{}, false, nil
}

func findIn(table string, local, remote netip.AddrPort) (socketRow, bool, error) {
	f, err := os.Open(table)
	if err != nil {
		return socketRow{}, false, err
	}
	defer func() { _ = f.Close() }()
	isSix := strings.HasSuffix(table, "6")
	from, to := socketAddress(local, isSix), socketAddress(remote, isSix)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || fields[1] != from || fields[2] != to {
			continue
		}
		uid, err := strconv.Atoi(fields[7])
		if err != nil {
			return socketRow{}, false, err
		}
		return socketRow{state: fields[3], uid: uid, inode: fields[9]}, true, nil
	}
	return socketRow{}, false, lines.Err()
}

// socketAddress writes an address as the kernel does: words in the order of the
// machine, then the port.
func socketAddress(a netip.AddrPort, isSix bool) string {
	var bytes []byte
	if v4 := a.Addr().Unmap(); !isSix && v4.Is4() {
		b := v4.As4()
		bytes = b[:]
	} else {
		b := a.Addr().As16()
		bytes = b[:]
	}
	var text strings.Builder
	for ; len(bytes) > 0; bytes = bytes[4:] {
		_, _ = fmt.Fprintf(&text, "%08X", binary.NativeEndian.Uint32(bytes))
	}
	return fmt.Sprintf("%s:%04X", text.String(), a.Port())
}

func addrPort(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort()
	}
	return netip.AddrPort{}
}
