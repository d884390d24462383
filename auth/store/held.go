package store

import (
	"fmt"
	"time"

	"github.com/signalbox-dev/signalbox/protocol"
)

const (
	// heldWait is how long a commit waits for a program that has auth.json open in
	// a way that forbids to replace it, which only Windows knows: as long as for
	// Codex's locks.
	heldWait = commitLockWait
	// heldPause and maxHeldPause are the first and the longest pause between tries.
	heldPause    = 10 * time.Millisecond
	maxHeldPause = 250 * time.Millisecond
)

// whileHeld calls do, which replaces, moves or removes path, until no other program
// forbids it, at most for heldWait. Then the error is 1003 in_use.
func whileHeld(path string, do func() error) error {
	deadline := time.Now().Add(heldWait)
	for pause := heldPause; ; pause = min(2*pause, maxHeldPause) {
		err := do()
		switch {
		case err == nil || !mayBeHeld(err):
			return err
		case time.Now().Before(deadline):
			time.Sleep(pause)
		case isHeld(path):
			return inUse(path, "replaced")
		default:
			return err
		}
	}
}

// inUse is the 1003 of a file that cannot be read or replaced because of another
// program.
func inUse(path, what string) *protocol.Error {
	e := refusedStore(protocol.ReasonInUse, path, fmt.Sprintf("cannot be %s, because another program has it open", what),
		"Close the program that has "+path+" open, an editor for example")
	e.Data.Retryable = true
	return e
}
