//go:build unix

package testcheck

import (
	"os"
	"syscall"
)

// passedOn are the signals that the child gets too: who interrupts a test, or
// asks it for its stacks when it hangs, knows only the process in front.
var passedOn = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP}
