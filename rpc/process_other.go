//go:build !linux && !windows

package rpc

import (
	"errors"
	"os"
	"syscall"
)

// process is another process.
type process struct{ handle *os.Process }

// findProcess returns the process if it is alive, else nil.
func findProcess(pid int) *process {
	handle, err := os.FindProcess(pid)
	if err != nil {
		return nil
	}
	p := &process{handle}
	if !p.alive() {
		return nil
	}
	return p
}

// alive reports whether the process still runs.
func (p *process) alive() bool {
	err := p.handle.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}
