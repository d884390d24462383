package rpc

import "golang.org/x/sys/unix"

// parentOf returns the parent of a process; 0 when that is not known.
func parentOf(pid int) int {
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return 0
	}
	return int(info.Eproc.Ppid)
}
