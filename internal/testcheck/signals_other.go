//go:build !unix

package testcheck

import "os"

// passedOn are the signals that the child gets too.
var passedOn = []os.Signal{os.Interrupt}
