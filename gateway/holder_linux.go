package gateway

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// holderOf names the process that listens on an address: "process 12 (nginx)"; "" where
// it cannot be seen.
func holderOf(address string) string {
	want, err := netip.ParseAddrPort(address)
	if err != nil {
		return ""
	}
	inode := ""
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table)
		for line := range strings.Lines(string(text)) {
			// sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == "0A" && isAt(fields[1], want) {
				inode = fields[9]
			}
		}
	}
	if inode == "" {
		return ""
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == "socket:["+inode+"]" {
			pid := strings.Split(link, "/")[2]
			name, _ := os.ReadFile("/proc/" + pid + "/comm")
			return fmt.Sprintf("process %s (%s)", pid, strings.TrimSpace(string(name)))
		}
	}
	return "another program"
}

// isAt reports whether a local address of /proc/net/tcp takes the port that is wanted.
func isAt(local string, want netip.AddrPort) bool {
	host, port, _ := strings.Cut(local, ":")
	raw, err := hex.DecodeString(port)
	if err != nil || len(raw) != 2 || uint16(raw[0])<<8|uint16(raw[1]) != want.Port() {
		return false
	}
	return strings.Trim(host, "0") == "" || strings.EqualFold(host, "0100007F") && want.Addr().Is4() || want.Addr().Is6()
}
