package cli

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// lockHolders returns the processes that hold a flock on the file at path, as
// /proc/locks has them: "process 12 (codex)". Nothing is locked or opened for that.
func lockHolders(path string) []string {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	locks, _ := os.ReadFile("/proc/locks") // without it nobody is known
	var holders []string
	for line := range strings.Lines(string(locks)) {
		// 1: FLOCK  ADVISORY  WRITE 708 00:1b:23 0 EOF
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[1] != "FLOCK" || !strings.HasSuffix(fields[5], fmt.Sprintf(":%d", stat.Ino)) {
			continue
		}
		holder := "process " + fields[4]
		if name, err := os.ReadFile("/proc/" + fields[4] + "/comm"); err == nil {
			holder += " (" + strings.TrimSpace(string(name)) + ")"
		}
		holders = append(holders, holder)
	}
	return holders
}
