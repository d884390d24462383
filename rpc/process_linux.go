package rpc

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
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
	stat := readStat(pid)
	if !stat.alive {
		return nil
	}
	return &process{pid, stat.start}
}

// alive reports whether the process still runs; a zombie does not.
func (p *process) alive() bool {
	stat := readStat(p.pid)
	return stat.alive && stat.start == p.start
}

// parentOf returns the parent of a process; 0 when that is not known.
func parentOf(pid int) int { return readStat(pid).parent }

// stat is what the system says about a process.
type stat struct {
	alive  bool
	start  string
	parent int
}

// readStat reads the state of a process from /proc (proc(5)); without /proc it
// falls back on kill(2).
func readStat(pid int) stat {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		if _, err := os.Stat("/proc/self/stat"); err == nil {
			return stat{}
		}
		err := syscall.Kill(pid, 0)
		return stat{alive: err == nil || err == syscall.EPERM}
	}
	// The name in parentheses may hold anything, so the fields are counted from
	// the last parenthesis: state is the 3rd, ppid the 4th, starttime the 22nd.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 || fields[0][0] == 'Z' || fields[0][0] == 'X' {
		return stat{}
	}
	parent, _ := strconv.Atoi(string(fields[1]))
	return stat{true, string(fields[19]), parent}
}
