package rpc

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// process is another process, told from a later one with the same id by its
// start time.
type process struct {
	pid   int
	start string
}

// findProcess returns the process if it is alive, else nil.
func findProcess(pid int) *process {
	start, alive := readStat(pid)
	if !alive {
		return nil
	}
	return &process{pid, start}
}

// alive reports whether the process still runs; a zombie does not.
func (p *process) alive() bool {
	start, alive := readStat(p.pid)
	return alive && start == p.start
}

// readStat reads the state and the start time from /proc (proc(5)); without
// /proc it falls back on kill(2).
func readStat(pid int) (start string, alive bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		if _, err := os.Stat("/proc/self/stat"); err == nil {
			return "", false
		}
		err := syscall.Kill(pid, 0)
		return "", err == nil || err == syscall.EPERM
	}
	// The name in parentheses may hold anything, so the fields are counted from
	// the last parenthesis: state is the 3rd, starttime the 22nd.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 || fields[0][0] == 'Z' || fields[0][0] == 'X' {
		return "", false
	}
	return string(fields[19]), true
}
