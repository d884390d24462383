package auth

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

const stranger = 65534

// visitAs asks for the callback as another user and returns what that user reads;
// with early it closes its end at once.
func visitAs(t *testing.T, uid int, port string, early bool) string {
	t.Helper()
	script := `exec 3<>/dev/tcp/127.0.0.1/` + port + `; printf 'GET ` + callbackPath + `?code=x&state=y HTTP/1.1\r\nHost: 127.0.0.1:` + port + `\r\n\r\n' >&3`
	if !early {
		script += `; cat <&3`
	}
	cmd := exec.Command("bash", "-c", script)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	out, _ := cmd.Output()
	return string(out)
}

// A connection of another user is refused and changes nothing, also if that user
// closes it before anybody looks; one of this user and one of root are accepted.
//
// Faults: E26.
func TestOtherUsersCannotFinishALogin(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("two users are needed, and only root can be both")
	}
	for _, row := range []struct {
		name         string
		owner, guest int
		accepted     bool
	}{
		{"root's login, root", 0, 0, true},
		{"root's login, another user", 0, stranger, false},
		{"a user's login, the user", stranger, stranger, true},
		{"a user's login, root", stranger, 0, true},
		{"a user's login, another user", stranger, stranger - 1, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := listen([]int{0}, "localhost")
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range c.listeners {
				l.(*guardedListener).uid = row.owner
			}
			var arrived atomic.Int32
			c.serve(newStartPage("https://x"), func(url.Values) page { arrived.Add(1); return savedPage("ada") }, reusedPage)
			defer c.close()
			got := visitAs(t, row.guest, c.port, false)
			if row.accepted {
				equal(t, "arrived", arrived.Load(), 1)
				equal(t, "answered", strings.HasPrefix(got, "HTTP/1.1 200"), true)
				return
			}
			for range 50 {
				visitAs(t, row.guest, c.port, true)
			}
			time.Sleep(50 * time.Millisecond)
			equal(t, "arrived", arrived.Load(), 0)
			equal(t, "answer", got, "")
		})
	}
}

// The owner is found for both kinds of sockets, and not for one that is closed.
//
// Faults: E26.
func TestSocketIsFound(t *testing.T) {
	for _, network := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
		l, err := net.Listen("tcp", network)
		if err != nil {
			continue // there is no IPv6
		}
		defer func() { _ = l.Close() }()
		to := l.Addr().String()
		if network == "[::]:0" { // a client of IPv6 that means 127.0.0.1
			to = fmt.Sprintf("127.0.0.1:%d", l.Addr().(*net.TCPAddr).Port)
		}
		client, err := net.Dial("tcp", to)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		equal(t, network+": allowed", isPeerAllowed(conn, os.Getuid()), true)
		_ = client.Close()
		equal(t, network+": allowed once closed", isPeerAllowed(conn, os.Getuid()), false)
	}
}

// Of many connections at once 32 are kept; the others are closed, and there is room
// again once these end.
//
// Faults: E27.
func TestConnectionsOfALoginAreBounded(t *testing.T) {
	c, err := listen([]int{0}, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	c.serve(newStartPage("https://x"), func(url.Values) page { return savedPage("") }, reusedPage)
	defer c.close()
	var conns []net.Conn
	for range maxCallbackConns + 20 {
		conn, err := net.Dial("tcp", "127.0.0.1:"+c.port)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	var refused atomic.Int32
	var all sync.WaitGroup
	for _, conn := range conns { // all at once: the listener drops silent ones after 5 s
		all.Go(func() {
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			if _, err := conn.Read(make([]byte, 1)); !os.IsTimeout(err) {
				refused.Add(1)
			}
		})
	}
	all.Wait()
	equal(t, "refused", refused.Load(), 20)
	for _, conn := range conns {
		_ = conn.Close()
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		resp, err := http.Get("http://127.0.0.1:" + c.port + callbackPath)
		if err == nil {
			_ = resp.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// For localhost a port that somebody holds on [::1] alone is refused.
//
// Faults: E28.
func TestLocalhostNeedsBothAddresses(t *testing.T) {
	six, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("there is no IPv6")
	}
	defer func() { _ = six.Close() }()
	port := six.Addr().(*net.TCPAddr).Port
	_, err = listen([]int{port}, "localhost")
	equal(t, "reason", reasonOf(t, err, protocol.CodeLoginFailed), "port_busy")
	c, err := listen([]int{port, 0}, "localhost")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "listeners", len(c.listeners), 2)
	c.release()
}
