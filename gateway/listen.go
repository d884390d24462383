package gateway

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// DefaultListen is where the gateway listens; programs store its URL.
const DefaultListen = "127.0.0.1:4517"

// ErrAddress is the error about an address that the gateway never listens on.
var ErrAddress = errors.New("--listen takes 127.0.0.1:PORT, [::1]:PORT, localhost:PORT or unix:PATH")

// Place is where a gateway listens, and how programs call it.
type Place struct {
	network, address string
	// BaseURL is what a program is given. On a Unix socket the host in it means
	// nothing.
	BaseURL string
	// Socket is the path of the Unix socket; "" on loopback.
	Socket string
}

// ParsePlace reads an address. The error is ErrAddress.
func ParsePlace(listen string) (Place, error) {
	if path, ok := strings.CutPrefix(listen, "unix:"); ok {
		if path == "" || strings.ContainsAny(path, "\x00\n") {
			return Place{}, ErrAddress
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			return Place{}, ErrAddress
		}
		return Place{"unix", absolute, "http://localhost/v1", absolute}, nil
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil || !IsLoopback(host) {
		return Place{}, ErrAddress
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return Place{}, ErrAddress
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	return Place{network: "tcp", address: net.JoinHostPort(host, port), BaseURL: "http://" + net.JoinHostPort(host, port) + "/v1"}, nil
}

// Listen listens at a place, and completes its BaseURL where the system chooses the
// port. The error is one sentence.
func (p *Place) Listen() (net.Listener, error) {
	if p.network == "unix" {
		return p.listenUnix()
	}
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		if holder := holderOf(p.address); holder != "" {
			return nil, fmt.Errorf("%s is in use by %s; end it, or choose another port with --listen", p.address, holder)
		}
		return nil, fmt.Errorf("%s cannot be listened on (%w); choose another port with --listen", p.address, cause(err))
	}
	p.BaseURL = "http://" + l.Addr().String() + "/v1"
	return l, nil
}

// cause returns the innermost error.
func cause(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// listenUnix listens on a socket in a folder that is closed to other users. A socket
// that nobody serves any more is replaced; what is no socket is left alone.
func (p *Place) listenUnix() (net.Listener, error) {
	folder := filepath.Dir(p.address)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("the folder of the socket cannot be made: %w", cause(err))
	}
	info, err := os.Stat(folder)
	if err != nil || !isPrivateFolder(info) {
		return nil, fmt.Errorf("the folder %s must be yours and closed to other users: chmod 700 %s", folder, folder)
	}
	switch info, err := os.Lstat(p.address); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("%s cannot be looked at: %w", p.address, cause(err))
	case info.Mode()&fs.ModeSocket == 0:
		return nil, fmt.Errorf("%s is not a socket; choose another path with --listen", p.address)
	default:
		if conn, err := net.Dial("unix", p.address); err == nil {
			_ = conn.Close()
			return nil, fmt.Errorf("%s is in use by another gateway; end it, or choose another path with --listen", p.address)
		}
		if err := os.Remove(p.address); err != nil {
			return nil, fmt.Errorf("the old socket %s cannot be removed: %w", p.address, cause(err))
		}
	}
	l, err := net.Listen("unix", p.address)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be listened on: %w", p.address, cause(err))
	}
	if err := os.Chmod(p.address, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("%s cannot be closed to others: %w", p.address, cause(err))
	}
	return l, nil
}

// Inherited returns the listener that systemd has passed on (sd_listen_fds(3)), or nil.
// It must be on loopback or a Unix socket.
func Inherited(getenv func(string) string) (net.Listener, *Place, error) {
	if getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) || getenv("LISTEN_FDS") == "" {
		return nil, nil, nil
	}
	if getenv("LISTEN_FDS") != "1" {
		return nil, nil, errors.New("the gateway takes one socket of systemd")
	}
	file := os.NewFile(3, "socket of systemd")
	defer func() { _ = file.Close() }()
	l, err := net.FileListener(file)
	if err != nil {
		return nil, nil, fmt.Errorf("the socket of systemd cannot be used: %w", cause(err))
	}
	switch addr := l.Addr().(type) {
	case *net.TCPAddr:
		if IsLoopback(addr.IP.String()) {
			return l, &Place{BaseURL: "http://" + addr.String() + "/v1"}, nil
		}
	case *net.UnixAddr:
		return l, &Place{BaseURL: "http://localhost/v1", Socket: addr.Name}, nil
	}
	_ = l.Close()
	return nil, nil, errors.New("the socket of systemd is neither on loopback nor a Unix socket")
}
