//go:build unix

package rpc

import "os"

// parent is the process that has started this one, by its id.
type parent int

func findParent() parent { return parent(os.Getppid()) }

// isGone reports whether it has ended, so that another process is our parent now. The
// first process of the system never ends.
func (p parent) isGone() bool { return p != 1 && os.Getppid() != int(p) }
