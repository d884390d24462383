//go:build unix && !darwin

package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// errForeignBus is a session bus that is another user's: whoever listens where the
// bus should be would be given the login.
var errForeignBus = fmt.Errorf("%w: the session bus belongs to another user", errNoKeyring)

// dialBus connects to the session bus, as the D-Bus Specification has it ("Server
// Addresses"; no daemon is started), and checks that its other end is this user's.
// The first address that answers counts. The entry must not go to another machine,
// so every address is that of a local socket.
func dialBus(ctx context.Context) (*net.UnixConn, error) {
	noBus := fmt.Errorf("%w: D-Bus cannot be reached", errNoKeyring)
	for address := range strings.SplitSeq(busAddress(), ";") {
		if address == "" {
			continue
		}
		keys, isLocal := strings.CutPrefix(address, "unix:")
		if !isLocal {
			return nil, fmt.Errorf("%w: DBUS_SESSION_BUS_ADDRESS is not a local socket", errNoKeyring)
		}
		name, ok := socketName(keys)
		if !ok {
			continue
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", name)
		if err != nil {
			continue
		}
		bus := conn.(*net.UnixConn)
		if err := checkPeer(bus); err != nil {
			_ = bus.Close()
			return nil, err
		}
		return bus, nil
	}
	return nil, noBus
}

// busAddress returns the addresses of the session bus, split by semicolons: those
// of the environment, else that of the user's runtime folder; "" for none.
func busAddress() string {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
		return address
	}
	folder := filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
	socket := filepath.Join(folder, "bus")
	if _, err := os.Stat(socket); !errors.Is(err, fs.ErrNotExist) {
		return "unix:path=" + url.PathEscape(socket)
	}
	text, _ := os.ReadFile(filepath.Join(folder, "dbus-session")) // absent in most
	address, _ := strings.CutPrefix(strings.TrimSpace(string(text)), "DBUS_SESSION_BUS_ADDRESS=")
	return address
}

// socketName returns the name of the socket that the keys of an address name, as
// package net has it, or false for an address with none.
func socketName(keys string) (name string, ok bool) {
	for pair := range strings.SplitSeq(keys, ",") {
		key, value, _ := strings.Cut(pair, "=")
		value, err := url.PathUnescape(value)
		if err != nil || value == "" {
			continue
		}
		switch key {
		case "path":
			return value, true
		case "abstract":
			return "@" + value, true
		}
	}
	return "", false
}
