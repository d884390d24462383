//go:build !unix

package cli

import (
	"os"

	"github.com/signalbox-dev/signalbox/internal/pipe"
)

// openNonblock has no meaning here.
const openNonblock = 0

// privateStdout returns stdout for frames alone: what Go code prints from now on
// goes to stderr.
func privateStdout() (*pipe.File, error) {
	stdout := os.Stdout
	os.Stdout = os.Stderr
	return pipe.New(stdout), nil
}
