package rpc

import (
	"syscall"
	"unsafe"
)

// queryLimited is PROCESS_QUERY_LIMITED_INFORMATION, which package syscall does not
// name.
const queryLimited = 0x1000

// process is another process, by a handle: its id is not used again while we hold
// it. It is held until our own end.
type process struct{ handle syscall.Handle }

// findProcess returns the process if it is alive, else nil.
func findProcess(pid int) *process {
	if pid <= 0 {
		return nil
	}
	handle, err := syscall.OpenProcess(syscall.SYNCHRONIZE|queryLimited, false, uint32(pid))
	if err != nil {
		return nil
	}
	p := &process{handle}
	if !p.alive() {
		_ = syscall.CloseHandle(handle)
		return nil
	}
	return p
}

// alive reports whether the process still runs.
func (p *process) alive() bool {
	event, err := syscall.WaitForSingleObject(p.handle, 0)
	return err == nil && event == syscall.WAIT_TIMEOUT
}

// started is when the process was created, in units of the system; 0 when that is
// not known.
func (p *process) started() int64 {
	var created, exited, kernel, user syscall.Filetime
	if syscall.GetProcessTimes(p.handle, &created, &exited, &kernel, &user) != nil {
		return 0
	}
	return created.Nanoseconds()
}

// parentOf returns the parent of a process; 0 when that is not known. Windows keeps
// the id of a parent that has ended, and gives it to others: a process that is younger
// than its child is no parent.
func parentOf(pid int) int {
	snapshot, err := syscall.CreateToolhelp32Snapshot(syscall.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return 0
	}
	defer func() { _ = syscall.CloseHandle(snapshot) }()
	var entry syscall.ProcessEntry32
	entry.Size = uint32(unsafe.Sizeof(entry))
	for err = syscall.Process32First(snapshot, &entry); err == nil; err = syscall.Process32Next(snapshot, &entry) {
		if int(entry.ProcessID) == pid {
			if isOlder(int(entry.ParentProcessID), pid) {
				return int(entry.ParentProcessID)
			}
			return 0
		}
	}
	return 0
}

// isOlder reports whether both processes are alive, and one began before the other.
func isOlder(one, other int) bool {
	a, b := findProcess(one), findProcess(other)
	if a != nil {
		defer func() { _ = syscall.CloseHandle(a.handle) }()
	}
	if b != nil {
		defer func() { _ = syscall.CloseHandle(b.handle) }()
	}
	return a != nil && b != nil && a.started() <= b.started()
}
