package rpc

import "os"

// parent is the process that has started this one; nil when that has ended already,
// or is not to be seen.
type parent struct{ *process }

func findParent() parent { return parent{findProcess(parentOf(os.Getpid()))} }

// isGone reports whether it has ended.
func (p parent) isGone() bool { return p.process != nil && !p.alive() }
