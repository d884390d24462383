//go:build unix

package auth

import (
	"os/exec"
	"syscall"
)

// detach takes the terminal away from a child: it gets a session of its own, so
// that a text browser cannot read keys and Ctrl-C does not end a browser.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
