//go:build unix && race

package e2e

import "time"

// busy: the promises are not those of a binary that is many times slower.
const busy = 10 * time.Second

// slowBinary: the promises of memory are not those of this binary.
const slowBinary = true
