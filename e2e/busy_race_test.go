//go:build unix && race

package e2e

import "time"

// busy: the promises are not those of a binary that is many times slower.
const busy = 10 * time.Second

// slowBinary: what takes much work is done with less of it.
const slowBinary = true
