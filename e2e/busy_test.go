//go:build unix && !race

package e2e

import "time"

// busy is the room that tests of promised times leave for a machine that
// does other work too.
const busy = time.Second

// slowBinary: the promises of memory are not those of this binary.
const slowBinary = false
